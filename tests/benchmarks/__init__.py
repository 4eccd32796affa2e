"""What the stack costs, as exact counts and ratios: `python -m tests.benchmarks --help`."""
