"""Counters of calls at vendors in memory."""

from datetime import datetime

from shared.adapters.table_layout import calls_pk
from shared.ports import SlotState
from tests.fakes.table import FakeTable


class FakeCallTokens:
    """Behaves as DynamoCallTokens does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def take(self, merchant: str, bucket: str, start: datetime, calls: int, gone_max: int) -> SlotState:
        """Take calls of a slot, if they fit."""
        began, gone = self.table.calls.get((merchant, bucket), (start, 0))
        if began < start:
            began, gone = start, 0
        if began > start or gone + calls > gone_max:
            return SlotState(began, gone, granted=False)
        self._put(merchant, bucket, start, gone + calls)
        return SlotState(start, gone + calls, granted=True)

    def close(self, merchant: str, bucket: str, start: datetime) -> None:
        """Begin a slot of the future."""
        known = self.table.calls.get((merchant, bucket))
        if known is None or known[0] < start:
            self._put(merchant, bucket, start, 0)

    def _put(self, merchant: str, bucket: str, start: datetime, gone: int) -> None:
        self.table.calls[merchant, bucket] = start, gone
        self.table.wrote(calls_pk(merchant))
