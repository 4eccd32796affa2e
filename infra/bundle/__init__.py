"""Makes the two code assets: everything a function needs at run time and nothing else."""
