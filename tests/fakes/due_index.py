"""Pointers and cursors in memory."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.adapters.table_layout import (
    CURSORS,
    DUE_PAGE_MAX,
    SHARDS,
    Lately,
    bucket_of,
    instant_text,
    shard_of,
    whole_ms,
)
from shared.domain.keys import CaseKey
from shared.ports import DuePointer, Waiting
from tests.fakes.table import FakeTable


def put_pointer(table: FakeTable, key: CaseKey, at: datetime) -> None:
    """Put a pointer; putting it twice changes nothing."""
    shard, pointer = shard_of(key), (at, str(key))
    pointers = table.pointers[shard]
    place = bisect_left(pointers, pointer)
    if place == len(pointers) or pointers[place] != pointer:
        insort(pointers, pointer)
    table.wrote(bucket_of(shard, at))


class FakeDueIndex:
    """Behaves as DynamoDueIndex does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self._lately = Lately()
        self.shards = SHARDS

    def cursor(self, shard: int) -> datetime | None:
        """Up to when this shard has been swept."""
        return self.table.cursors.get(shard)

    def reached(self, shard: int, since: datetime, until: datetime) -> Sequence[DuePointer]:
        """Give a page of pointers, never cut within one instant."""
        pointers = self.table.pointers[shard]
        page: list[DuePointer] = []
        for place in range(bisect_left(pointers, (since, "")), len(pointers)):
            at, key = pointers[place]
            if at > until or (len(page) >= DUE_PAGE_MAX and at != page[-1].at):
                break
            page.append(DuePointer(CaseKey.parse(key), at))
        return page

    def look(self, keys: Sequence[CaseKey]) -> Mapping[CaseKey, Waiting]:
        """Say what existing cases wait for."""
        known = {key: self.table.cases[key] for key in keys if key in self.table.cases}
        return {key: Waiting(stored.due, stored.armed, stored.held) for key, stored in known.items()}

    def arm(self, pointers: Sequence[DuePointer]) -> None:
        """Put pointers."""
        fresh = self._lately.new([DuePointer(key, whole_ms(at)) for key, at in pointers])
        for key, at in fresh:
            put_pointer(self.table, key, at)
        self._lately.add(fresh)

    def advance(self, shard: int, until: datetime) -> None:
        """Store that the shard has been swept up to `until`."""
        self.table.cursors[shard] = datetime.fromisoformat(instant_text(until))
        self.table.wrote(CURSORS)
