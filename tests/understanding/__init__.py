"""How well buyers' messages are understood: labelled sentences, and the scores of whatever stands behind the port."""
