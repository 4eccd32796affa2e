"""The sweep on paper: what it costs however many parcels are in flight, and how it catches up after an outage."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from functions.watch_deadlines.handler import SPREADS_FOR
from shared.adapters.dynamo_deadlines import DynamoDueIndex
from shared.adapters.sqs_queue import SqsQueue
from shared.adapters.table_layout import from_ms, instant_text
from shared.domain.keys import CaseKey, parcel_key
from shared.ports import PolicyChange
from shared.workflows.spread_policies import spread_policies
from shared.workflows.watch_deadlines import watch_deadlines
from tests.benchmarks.paper import CALL_TAKES, SETTINGS, TABLE, Case, Paper, waiting
from tests.fakes import FakeClock, FakePolicyChanges, FakeTable

BEGIN = datetime(2026, 11, 11, 12, 7, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DUE_PER_MINUTE = 200
RUNG_AFTER = timedelta(seconds=3)  # from a change to the clock that it rings for: the stream, and two cold starts
BEHIND = 107_843  # pointers of two hours and a million parcels
LATER, OVER = 0.40, 0.30  # of the pointers that come due: their case waits longer by now, or for nothing any more


class Tower:
    """The real sweep over a table on paper."""

    def __init__(self) -> None:
        self.clock = FakeClock(BEGIN)
        self.paper = Paper(self.clock)
        client: Any = self.paper
        self.index = DynamoDueIndex(client, TABLE)
        self.queue = SqsQueue(client, SETTINGS, self.clock, self.paper.side_by_side)
        self.paper.swept_until(self.index.shards, instant_text(BEGIN))
        self.told: list[str] = []

    def sweep(self, at: datetime) -> datetime:
        """Sweep once, at an instant or when the last one has ended; give how far behind it is afterwards."""
        self.clock.instant = max(at, self.clock.now())
        self._listen()
        behind = watch_deadlines(self.index, self.queue, self.clock).behind
        self._listen()
        return behind

    def _listen(self) -> None:
        """Let the cases that were woken tell what is due; they wait for nothing any more."""
        for name in self.paper.take_woken():
            due = self.paper.cases[name].due
            if due is not None and from_ms(due) <= self.clock.now():
                self.told.append(name)
                self.paper.cases[name] = waiting(None)


def _parcel(number: int) -> CaseKey:
    return parcel_key(f"shop-{number % 50}", "zto", f"75{number:012d}")


def _met(dice: random.Random, number: int, at: datetime) -> tuple[CaseKey, datetime, Case]:
    """A pointer that the sweep will meet, and what its case waits for by then."""
    chance = dice.random()
    if chance < LATER:
        return _parcel(number), at, waiting(at + dice.uniform(0.2, 2) * DAY)
    return _parcel(number), at, waiting(None if chance < LATER + OVER else at)


class Cost(NamedTuple):
    """What a minute of the clock costs."""

    calls: float
    read_units: float
    write_units: float


def cost_of_a_minute(in_flight: int, minutes: int = 30) -> Cost:
    """Sweep for a while, with the same number of deadlines a minute however many parcels are in flight."""
    dice, tower = random.Random(in_flight), Tower()
    due = DUE_PER_MINUTE * minutes
    tower.paper.load(_met(dice, number, BEGIN + minutes * MINUTE * number / due) for number in range(due))
    tower.paper.load(_far_ahead(dice, number) for number in range(due, in_flight))
    for minute in range(1, minutes + 1):
        tower.sweep(BEGIN + minute * MINUTE)
    paper = tower.paper
    return Cost(paper.calls.total() / minutes, paper.read_units / minutes, paper.writes.total() / minutes)


def _far_ahead(dice: random.Random, number: int) -> tuple[CaseKey, datetime, Case]:
    at = BEGIN + dice.uniform(0.1, 3) * DAY
    return _parcel(number), at, waiting(at, at)


class CatchUp(NamedTuple):
    """How an outage was made up for."""

    backlog: int
    ticks: int
    minutes: float
    lost: int
    doubled: int
    disorder: timedelta  # by how much a later deadline was woken before an earlier one, at most
    read_units_max: int  # of one tick
    calls_max: int


def catch_up(in_flight: int = 1_000_000, pointers_per_shipment: float = 4.4, days: float = 3.4) -> CatchUp:
    """Let the sweep stand still for two hours and then catch up, while deadlines go on falling due."""
    dice, tower = random.Random(2), Tower()
    per_minute = in_flight * pointers_per_shipment / (days * DAY / MINUTE)
    outage, after = 120, 30
    met = list(_meets(dice, int(per_minute * (outage + after)), (outage + after) * MINUTE))
    tower.paper.load(met)
    wanted = {str(key): from_ms(case.due) for key, at, case in met if case.due and from_ms(case.due) == at}
    seen = tower.told
    back, reads_max, calls_max, minutes, ticks = BEGIN + outage * MINUTE, 0, 0, 0.0, 0
    behind = BEGIN
    for tick in range(after):
        now = back + tick * MINUTE
        reads, calls = tower.paper.read_units, tower.paper.calls.total()
        behind = tower.sweep(now)
        reads_max = max(reads_max, tower.paper.read_units - reads)
        calls_max = max(calls_max, tower.paper.calls.total() - calls)
        if behind >= now and not ticks:
            ticks, minutes = tick + 1, (tower.clock.now() - back) / MINUTE
    due = {name for name, at in wanted.items() if at <= behind}
    return CatchUp(
        backlog=int(per_minute * outage),
        ticks=ticks or after,
        minutes=minutes or float(after),
        lost=len(due - set(seen)),
        doubled=len(seen) - len(set(seen)),
        disorder=_disorder([wanted[name] for name in seen]),
        read_units_max=reads_max,
        calls_max=calls_max,
    )


class Spread(NamedTuple):
    """How the word of a new policy came to all open cases of its shop."""

    walks: int
    seconds: float  # from the change, which had just missed a tick, to the last case that was woken


def spread(open_cases: int, *, backlog: bool) -> Spread:
    """Change a policy of a shop with so many open cases; with a backlog, the clock had stood still for two hours.

    The change rings for the clock; what it leaves is left to the ticks.
    """
    dice, tower = random.Random(open_cases), Tower()
    names = {str(_open(number)) for number in range(open_cases)}
    ahead = (BEGIN + dice.uniform(0.1, 3) * DAY for _ in range(open_cases))
    tower.paper.load((_open(number), at, waiting(at, at)) for number, at in enumerate(ahead))
    if backlog:
        tower.paper.swept_until(tower.index.shards, instant_text(BEGIN - 2 * HOUR))
        tower.paper.load((key, at - 2 * HOUR, case) for key, at, case in _meets(dice, BEHIND, 2 * HOUR))
    changes = _Notes(tower.clock)
    changes.table.policy_changes["open"] = PolicyChange("open", 2)
    for walk, at in enumerate([BEGIN + RUNG_AFTER, *(BEGIN + tick * MINUTE for tick in range(1, 60))], start=1):
        behind = tower.sweep(at)
        spread_policies(changes, tower.index, tower.queue, tower.clock, since=behind, until=at + SPREADS_FOR)
        told = {name: at for at, name in tower.paper.woken if name in names}
        names -= told.keys()
        if not names:
            return Spread(walk, (max(told.values()) - BEGIN).total_seconds())
    raise AssertionError(f"{len(names)} cases were never told")


def _open(number: int) -> CaseKey:
    return parcel_key("open", "zto", f"75{number:012d}")


class _Notes(FakePolicyChanges):
    """Changes of policies; each call takes as long as one of the paper's."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(FakeTable())
        self._clock = clock

    def changes(self) -> Sequence[PolicyChange]:
        """Give what is noted."""
        self._clock.advance(CALL_TAKES)
        return super().changes()

    def keep(self, change: PolicyChange) -> bool:
        """Store how far the word has come."""
        self._clock.advance(CALL_TAKES)
        return super().keep(change)


def _meets(dice: random.Random, count: int, span: timedelta) -> Iterator[tuple[CaseKey, datetime, Case]]:
    for number in range(count):
        at = BEGIN + timedelta(milliseconds=int(span / timedelta(milliseconds=1) * dice.random()))
        yield _met(dice, number, at)


def _disorder(dues: list[datetime]) -> timedelta:
    latest, worst = dues[0], timedelta(0)
    for due in dues:
        worst = max(worst, latest - due)
        latest = max(latest, due)
    return worst
