"""Tries routing rules on recorded conversations: `python -m infra.backtest.chats --policy policy.json history/`."""
