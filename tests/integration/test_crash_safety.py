"""Whatever call the process dies after: a case with a deadline has a pointer that the sweep will still meet.

And whatever draws come in whatever order, a day's budget is never exceeded.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.keys import parcel_key
from shared.errors import BudgetExhausted, LostRace
from shared.ports import DuePointer, Waiting
from tests.fakes import FakeCaseStore, FakeDueIndex, FakeTable
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import REFUND, SHOP, draw, parcel_case, refund_case

KEYS = [parcel_key(SHOP, "sf", f"SF{number}") for number in range(3)]
PARCEL = parcel_case()


class Crash(Exception):
    """The process is gone."""


class World:
    """A shop's cases, a clock and a sweep. `swept` is the instant up to which the sweep has come."""

    def __init__(self) -> None:
        self.table = FakeTable(self.crash_after)
        self.cases = FakeCaseStore(self.table)
        self.index = FakeDueIndex(self.table)
        self.now = NOW
        self.swept = NOW - timedelta(seconds=1)
        self.crash_at = 0

    def crash_after(self, number: int, what: str) -> None:
        if number == self.crash_at:
            raise Crash(what)

    def run(self, step, survives: int) -> None:
        """Take a step in a process that dies after `survives` writes (0: never)."""
        self.crash_at = self.table.writes + survives if survives else 0
        with suppress(Crash):
            step()
        self.now += timedelta(seconds=1)

    def save(self, key, due, *, woken: bool = False) -> None:
        before = self.cases.load(SHOP, [key]).cases[key]
        before = before._replace(due=None, held=None) if woken else before
        self.cases.save(before, PARCEL, outbox=(), due=due, draw=None, now=self.now)

    def sweep(self, next_due: timedelta) -> None:
        """What the schedule does: what is due is decided again, what is not gets a pointer at its deadline."""
        for shard in range(self.index.shards):
            for pointer in self.index.reached(shard, self.swept - timedelta(minutes=2), self.now):
                waiting = self.index.look([pointer.key]).get(pointer.key, Waiting())
                if waiting.due is not None and waiting.due <= self.now:
                    self.save(pointer.key, self.now + next_due, woken=True)
                elif waiting.due is not None:
                    is_held = waiting.held is not None and self.now < waiting.held <= waiting.due
                    self.index.arm([DuePointer(pointer.key, waiting.held if is_held else waiting.due)])
        self.swept = self.now

    def check(self) -> None:
        pointers = {(key, at) for shard in self.table.pointers for at, key in shard}
        for key, case in self.table.cases.items():
            if case.due is not None:
                latest = max(case.due, self.now)
                assert any(name == str(key) and self.swept < at <= latest for name, at in pointers)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["save", "save", "save", "silence", "sweep", "wait"]),
        st.sampled_from(KEYS),
        st.integers(-100, 5000),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_a_live_pointer_exists_whatever_write_the_process_dies_after(steps) -> None:
    world = World()
    for kind, key, seconds, survives in steps:
        later = timedelta(seconds=seconds)
        if kind == "save":
            world.run(lambda key=key, later=later: world.save(key, world.now + later), survives)
        elif kind == "silence":
            world.run(lambda key=key: world.save(key, None), survives)
        elif kind == "sweep":
            world.run(lambda later=later: world.sweep(abs(later) + timedelta(seconds=1)), survives)
        else:
            world.now += abs(later)
        world.check()


@pytest.mark.parametrize("survives", [1, 2])
def test_the_pointer_is_written_before_the_case(dynamo: Backend, survives: int) -> None:
    """The same on DynamoDB: after the first call there is an orphan, after the second both."""
    numbers = count(1)

    def crash(**_) -> None:
        if next(numbers) == survives:
            raise Crash

    before = dynamo.cases.load(SHOP, [KEYS[0]]).cases[KEYS[0]]
    dynamo.clients.dynamodb.meta.events.register("after-call.dynamodb.PutItem", crash)
    with pytest.raises(Crash):
        dynamo.cases.save(before, PARCEL, outbox=(), due=NOW, draw=None, now=NOW)
    found = [dynamo.due_index.reached(shard, NOW, NOW) for shard in range(dynamo.due_index.shards)]
    assert sum(map(len, found)) == 1
    assert dynamo.cases.load(SHOP, [KEYS[0]]).cases[KEYS[0]].version == survives - 1


DRAWS = st.lists(st.tuples(st.integers(-400, 700), st.booleans()), max_size=12)


def drawn_after(cases, draws) -> None:
    """Apply draws, some by writers who read too early; what is out at any time must fit the caps."""
    held_fen = held = 0
    stale = cases.load(SHOP, [REFUND]).cases[REFUND]
    for amount_fen, is_stale in draws:
        fresh = cases.load(SHOP, [REFUND]).cases[REFUND]
        taking = draw(amount_fen, refunds=1 if amount_fen > 0 else -1, amount_fen_max=1000, refunds_max=3)
        fits = held_fen + amount_fen <= 1000 and held + taking.refunds <= 3
        try:
            before = stale if is_stale else fresh
            cases.save(before, refund_case(fresh.version), outbox=(), due=None, draw=taking, now=NOW)
        except LostRace:
            assert is_stale
            continue
        except BudgetExhausted:
            assert amount_fen > 0
            assert not fits
            continue
        finally:
            stale = fresh
        if amount_fen > 0 or (held_fen + amount_fen >= 0 and held > 0):
            held_fen, held = held_fen + amount_fen, held + taking.refunds
        assert 0 <= held_fen <= 1000
        assert 0 <= held <= 3


@settings(max_examples=300, deadline=None)
@given(DRAWS)
def test_no_order_of_draws_exceeds_a_budget(draws) -> None:
    drawn_after(FakeCaseStore(FakeTable()), draws)


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_draws_exceeds_a_budget_in_the_table(dynamo: Backend, seed: int) -> None:
    amounts = [(number * 379 + seed * 211) % 1100 - 400 for number in range(12)]
    drawn_after(dynamo.cases, [(amount, number % 4 == 3) for number, amount in enumerate(amounts)])
