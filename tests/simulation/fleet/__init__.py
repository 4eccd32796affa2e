"""Thousands of synthetic parcels on a virtual clock: what the watch notices, what it costs, what it is good for."""
