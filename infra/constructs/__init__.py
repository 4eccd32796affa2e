"""Building blocks of the stack, each defined once; the stack only puts them together."""
