"""The busiest minutes of a promotion: how hot does the hottest partition get?

A fleet tells which writes an average shipment causes and how far ahead its pointers lie. From that come the writes of
5,000 scans a second, second by second and partition by partition, and with them those of a sweep that has more to do
than it can, which puts its pointers in bursts.
"""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from shared.adapters.table_layout import bucket_of, instant_text, open_pk, pointer_needed, shard_of, to_ms, whole_ms
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey, parcel_key
from shared.ports import DuePointer, StoredCase
from tests.benchmarks.paper import Case, waiting
from tests.benchmarks.sweeps import Tower
from tests.fakes import FakeTable
from tests.simulation.fleet.fleet import Fleet
from tests.simulation.fleet.journeys import make_journey
from tests.simulation.fleet.notebook import Notebook

SCANS_PER_S = 5_000
SHOP_SHARE = 0.1  # of all shipments, at the busiest shop
SHIPMENTS = 1_500  # that are looked at
BEGIN = datetime(2026, 11, 11, 2, 10, tzinfo=UTC)  # the pointers of ten minutes lie within one hour


class Habits(NamedTuple):
    """What an average shipment does, by so many that were looked at."""

    shipments: int
    scans: float
    saves: float
    pointers: list[timedelta]  # put by saves, so far ahead
    armed: list[timedelta]  # put by the sweep, so far ahead
    met: float  # pointers that the sweep meets
    woken: float
    register: float  # writes to the register of cases that need people


class _Tracer(Notebook):
    """Notes how far ahead the pointers lie."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.saves = 0
        self.ahead: list[timedelta] = []

    def save(self, before: StoredCase, case: AnyCase, **more: Any) -> None:
        """Save, and note."""
        due, now = more["due"], more["now"]
        pointer = pointer_needed(None if due is None else whole_ms(due), before, now)
        super().save(before, case, **more)
        self.saves += 1
        if pointer:
            self.ahead.append(pointer - now)


def habits_of(shipments: int = SHIPMENTS, seed: int = 3) -> Habits:
    """Let a fleet travel and look at what it writes."""
    fleet = Fleet([make_journey(seed, number) for number in range(shipments)], notebook=_Tracer)
    book = fleet.store
    assert isinstance(book, _Tracer)
    book.sampled = set(fleet.travels)
    armed: list[timedelta] = []
    arm = fleet.index.arm

    def note(pointers: Sequence[DuePointer]) -> None:
        before = fleet.index.armed.total()
        arm(pointers)
        fresh = fleet.index.armed.total() - before
        armed.extend(pointer.at - fleet.clock.now() for pointer in list(pointers)[:fresh])

    fleet.index.arm = note  # type: ignore[method-assign]
    fleet.run()
    return Habits(
        shipments=shipments,
        scans=sum(len(travel.scans) for travel in fleet.travels.values()) / shipments,
        saves=book.saves / shipments,
        pointers=book.ahead,
        armed=armed,
        met=(len(book.ahead) + len(armed)) / shipments,
        woken=len(fleet.wakes) / shipments,
        register=sum(weight.register_units for weight in book.weights.values()) / shipments,
    )


class Heat(NamedTuple):
    """The most write units in one second on one partition of pointers, and of the busiest shop's register."""

    pointers: int
    bucket: str
    register: int


def heat_of(minutes: int = 10, habits: Habits | None = None) -> Heat:
    """Write for so many minutes, and find the hottest second."""
    habits = habits or habits_of()
    dice = random.Random(5)
    rate = SCANS_PER_S / habits.scans  # shipments a second
    writes = _sweeps(dice, habits, rate, minutes)
    per_s = rate * len(habits.pointers) / habits.shipments
    number = 0
    register = Counter[tuple[int, str]]()
    for second in range(60 * minutes):
        now = BEGIN + timedelta(seconds=second)
        stamp = int(now.timestamp())
        for _ in range(_about(dice, per_s)):
            number += 1
            at = now + dice.choice(habits.pointers)
            writes[stamp, bucket_of(shard_of(_parcel(number)), at)] += 1
        register[stamp, open_pk("busiest")] += _about(dice, rate * SHOP_SHARE * habits.register)
    (_, bucket), most = max(writes.items(), key=lambda one: one[1])
    return Heat(most, bucket, max(register.values()))


def _sweeps(dice: random.Random, habits: Habits, rate: float, minutes: int) -> Counter[tuple[int, str]]:
    """Sweep with more to do than time: each minute's pointers wait for it, and it puts its own in bursts."""
    tower = Tower()
    tower.clock.instant = BEGIN
    tower.paper.swept_until(tower.index.shards, instant_text(BEGIN - timedelta(minutes=minutes)))
    count = min(int(rate * habits.met * 60 * minutes), 60_000 * minutes)
    tower.paper.load(_meets(dice, habits, count, timedelta(minutes=minutes)))
    for minute in range(minutes):
        tower.sweep(BEGIN + timedelta(minutes=minute))
    return Counter({place: cost for place, cost in tower.paper.writes.items() if place[1].count("|") > 1})


def _meets(dice: random.Random, habits: Habits, count: int, span: timedelta) -> list[tuple[CaseKey, datetime, Case]]:
    rearmed, woken = len(habits.armed) / habits.shipments / habits.met, habits.woken / habits.met
    met = []
    for number in range(count):
        at = whole_ms(BEGIN - span * dice.random())
        chance = dice.random()
        if chance < rearmed:
            case = waiting(BEGIN + dice.choice(habits.armed))
        else:
            case = Case(to_ms(at)) if chance < rearmed + woken else waiting(None)
        met.append((_parcel(10**9 + number), at, case))
    return met


def _parcel(number: int) -> CaseKey:
    return parcel_key(f"shop-{number % 50}", "zto", f"75{number:012d}")


def _about(dice: random.Random, mean: float) -> int:
    """A Poisson draw, near enough for means above a dozen."""
    return max(0, round(dice.gauss(mean, mean**0.5)))
