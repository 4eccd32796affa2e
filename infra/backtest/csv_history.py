"""Orders as rows of milestones: reads CSV files row by row, tells each row as a story and forgets it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from infra.backtest.csv_rows import CsvOptions, CsvRows
from infra.backtest.dirt import Dirt, told
from infra.backtest.milestones import Cleaner, Milestones
from infra.backtest.progress import Progress
from infra.backtest.stories import HistoryRefused, Story
from infra.backtest.values import is_rounded, read_carrier, read_fen, read_weight
from shared.domain.watching import Span

_MILESTONES = ("paid_at", "shipped_at", "picked_up_at", "moved_at", "out_for_delivery_at", "delivered_at")
_Value = TypeVar("_Value", datetime, int)


@dataclass
class CsvHistory:
    """Files of one kind. Only digests of the order numbers are kept, to find repetitions."""

    paths: Sequence[Path]
    options: CsvOptions
    progress: Progress
    dirt: Dirt = field(default_factory=Dirt)
    sparse: bool = True

    @property
    def zone(self) -> ZoneInfo:
        """Whose days the report counts."""
        return self.options.zone or ZoneInfo("UTC")

    @cached_property
    def silent(self) -> frozenset[Span]:
        """What no row says; of several files, what one of them does not say."""
        spans: frozenset[Span] = frozenset()
        for path in self.paths:
            with CsvRows(path, self.options, self.progress) as rows:
                spans |= rows.columns.silent
        return spans

    @cached_property
    def until(self) -> datetime:
        """The last milestone in the files, found by a pass of its own.

        Raises:
            HistoryRefused: a file cannot be read, or there is no time at all.
        """
        self.progress.begin("looking for the end", self._bytes)
        last: datetime | None = None
        dirt = Dirt()
        for path in self.paths:
            with CsvRows(path, self.options, self.progress, dirt) as rows:
                for row in rows:
                    found = [self._usable(rows.time(row, name), rows, dirt) for name in _MILESTONES]
                    last = max([at for at in (*found, last) if at], default=None)
        if last is None:
            why = told(dirt) or "没有时间列或没有行 no column of times, or no row, is left; see --columns and --where"
            raise HistoryRefused(f"{self.paths[0]}: 没有能用的时间 there is no time that can be read: {why}")
        return last

    def stories(self) -> Iterator[Story]:
        """Give a story per usable row.

        Raises:
            HistoryRefused: a file cannot be read.
        """
        seen: set[bytes] = set()
        self.progress.begin("orders", self._bytes)
        for path in self.paths:
            with CsvRows(path, self.options, self.progress, self.dirt) as rows:
                cleaner = Cleaner(self.options.merchant, self.dirt, rows.columns.places)
                for row in rows:
                    milestones = self._read(rows, row, seen)
                    story = cleaner.story(milestones, rows.where) if milestones else None
                    if story:
                        yield story

    @property
    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self.paths if path.is_file())

    def _read(self, rows: CsvRows, row: list[str], seen: set[bytes]) -> Milestones | None:
        columns, options = rows.columns, self.options
        order_id = columns.text(row, "order_id")
        digest = hashlib.blake2b(order_id.encode(), digest_size=10).digest()
        weight = 1.0 if rows.weight_place is None else read_weight(row[rows.weight_place])
        unusable = "order_id_rounded" if is_rounded(order_id) else "repeated_order" if digest in seen else ""
        if weight is None or unusable or not order_id:
            self.dirt.add("no_order_id" if not order_id else unusable or "weight_unreadable", rows.where)
            return None
        seen.add(digest)
        paid_at, shipped_at, picked_up_at, moved_at, out_at, delivered_at, ship_by = (
            self._usable(rows.time(row, name), rows, self.dirt) for name in (*_MILESTONES, "ship_by")
        )
        status = columns.text(row, "status").casefold()
        return Milestones(
            order_id=order_id,
            paid_at=paid_at,
            shipped_at=shipped_at if columns.has("shipped_at") else picked_up_at,
            picked_up_at=picked_up_at,
            moved_at=moved_at,
            out_for_delivery_at=out_at,
            delivered_at=delivered_at,
            ship_by=ship_by,
            paid_fen=self._usable(read_fen(columns.texts(row, "paid")), rows, self.dirt),
            region=columns.text(row, "region"),
            platform=options.platform,
            carrier=read_carrier(columns.text(row, "carrier")) or options.carrier,
            is_delivered=status in options.delivered,
            is_cancelled=status in options.cancelled,
            weight=weight,
        )

    @staticmethod
    def _usable(value: _Value | str | None, rows: CsvRows, dirt: Dirt) -> _Value | None:
        """Count a cell that cannot be read, and go on as if it were empty."""
        if isinstance(value, str):
            dirt.add(value, rows.where)
            return None
        return value
