"""The desk's board on a terminal, for any deployment: the standard library and the HTTP API, nothing else."""
