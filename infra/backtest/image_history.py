"""The archive of case images as stories: one per order and one per parcel, told by the states that it really had."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from infra.backtest.archive_files import ArchiveFiles
from infra.backtest.dirt import Dirt
from infra.backtest.progress import Progress
from infra.backtest.spool import Spool, State
from infra.backtest.stories import HistoryRefused, Seen, Step, Story, Watched
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.watching import Span

_MODELS: dict[CaseKind, type[OrderCase] | type[ParcelCase]] = {
    CaseKind.ORDER: OrderCase,
    CaseKind.PARCEL: ParcelCase,
}


@dataclass
class ImageHistory:
    """Objects of the archive, as files or folders of them. Refunds and conversations are passed over."""

    paths: Sequence[Path]
    merchant: str
    zone_name: str
    progress: Progress
    dirt: Dirt = field(default_factory=Dirt)
    sparse: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """Whose days the report counts."""
        return ZoneInfo(self.zone_name)

    @property
    def silent(self) -> frozenset[Span]:
        """It has all that was known."""
        return frozenset()

    @cached_property
    def _archive(self) -> ArchiveFiles:
        return ArchiveFiles(self.paths, self.progress)

    @cached_property
    def until(self) -> datetime:
        """When the last state was stored.

        Raises:
            HistoryRefused: a file is damaged, or all are another merchant's.
        """
        others: set[str] = set()
        last: datetime | None = None
        for line, _ in self._archive.lines("looking for the end"):
            if line.merchant != self.merchant:
                others.add(line.merchant)
            elif last is None or line.at > last:
                last = line.at
        if last is None:
            there = f"; it holds {', '.join(sorted(others)[:5])}" if others else ""
            raise HistoryRefused(f"{self._archive.files[0]}: nothing of the policy's merchant {self.merchant!r}{there}")
        return last

    def stories(self) -> Iterator[Story]:
        """Give a story per case.

        Raises:
            HistoryRefused: a file is damaged.
        """
        with Spool() as spool:
            for line, where in self._archive.lines("reading the archive"):
                if line.merchant != self.merchant:
                    self.dirt.add("other_merchant", where)
                elif CaseKind(line.kind) in _MODELS:
                    key = CaseKey(line.merchant, CaseKind(line.kind), line.id)
                    spool.put(key, State(line.v, line.at.isoformat(), where, line.case))
            self.progress.begin("cases", 1000)
            for share, key, states in spool.cases():
                self.progress.at(None, int(1000 * share))
                story = self._story(key, states)
                if story:
                    yield story

    def _story(self, key: CaseKey, states: list[State]) -> Story | None:
        steps: list[Step] = []
        before: Watched | None = None
        for state in states:
            try:
                after = _MODELS[key.kind].model_validate(state.body)
            except ValidationError:
                self.dirt.add("image_unreadable", state.where)
                return None
            known_at = datetime.fromisoformat(state.at)
            steps.append(Step(max(known_at, steps[-1].at) if steps else known_at, Seen(key, before, after)))
            before = after
        adopted = states[0].version != 1
        if adopted:
            self.dirt.add("began_before_history", states[0].where)
        return Story(name=f"{key.kind} {key.id}", steps=tuple(steps), adopted=adopted)
