"""Operators' tools for messages that nobody could handle."""
