"""The demo: one simulated afternoon of refunds, played through the real doors of a local cloud."""
