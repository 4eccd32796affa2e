"""One file per vendor: who may call, what the call does to the world, and how this vendor words its answers."""
