"""However a case's deadline moves, and whoever saves it while a sweep is looking: no sweep passes a deadline over."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.keys import CaseKey, order_key
from shared.domain.lanes import Lane
from shared.ports import StoredCase, Waiting
from shared.workflows.watch_deadlines import watch_deadlines
from tests.fakes import FakeCaseStore, FakeClock, FakeDueIndex, FakeQueue, FakeTable
from tests.unit.rules.build import MERCHANT, MINUTE, NOW, order

KEY = order_key(MERCHANT, "sim", "O1")


class Interrupted(FakeDueIndex):
    """Between looking at cases and pointing to them, something happens."""

    moves: Callable[[], object] = list

    def look(self, keys: Sequence[CaseKey]) -> Mapping[CaseKey, Waiting]:
        """Look, and let it happen."""
        seen = super().look(keys)
        self.moves()
        return seen


class Watched:
    """One case, its store and the sweep."""

    def __init__(self) -> None:
        self.table, self.clock = FakeTable(), FakeClock(NOW)
        self.store, self.index, self.queue = FakeCaseStore(self.table), Interrupted(self.table), FakeQueue()
        self.woken = False  # a wake is under way
        watch_deadlines(self.index, self.queue, self.clock)

    @property
    def stored(self) -> StoredCase:
        """The case."""
        return self.table.cases.get(KEY, StoredCase(KEY))

    def wait(self, minutes: int | None, *, by_clock: bool = False) -> None:
        """Save the case with a deadline so many minutes ahead; `by_clock` as after a tick."""
        before = self.stored._replace(due=None, held=None) if by_clock else self.stored
        due = None if minutes is None else self.clock.now() + minutes * MINUTE
        self.store.save(before, order(), outbox=(), due=due, draw=None, now=self.clock.now())

    def sweep(self, moves: Sequence[int | None] = ()) -> None:
        """Sweep while the case moves, and once more, behind what is read twice; what is due and stays so is woken."""
        self._sweep(moves)
        self.clock.advance(MINUTE)
        self._sweep(())

    def _sweep(self, moves: Sequence[int | None]) -> None:
        self.index.moves = lambda: [self.wait(minutes) for minutes in moves]
        was_due = self.is_due
        watch_deadlines(self.index, self.queue, self.clock)
        self.woken |= bool(self.queue.take(Lane.REFUNDS, self.clock.now()))
        assert self.woken or not (was_due and self.is_due), self.stored

    def handle(self, minutes: int | None) -> None:
        """Take the wake that is under way; one that comes early only sees to it that a pointer lies ahead."""
        due, armed, now = self.stored.due, self.stored.armed, self.clock.now()
        if self.woken and (due is None or due <= now):
            self.wait(minutes, by_clock=True)
        elif self.woken and due and not (armed and now < armed <= due):
            self.wait((due - now) // MINUTE, by_clock=True)
        self.woken = False

    @property
    def is_due(self) -> bool:
        """Whether its deadline has passed."""
        return bool(self.stored.due and self.stored.due <= self.clock.now())


DUES = st.sampled_from([None, 2, 5, 50, 100, 120, 200, 400])
STEPS = st.one_of(
    st.tuples(st.just("wait"), DUES),
    st.tuples(st.just("pass"), st.sampled_from([1, 2, 5, 50, 100])),
    st.tuples(st.just("handle"), DUES),
    st.tuples(st.just("sweep"), st.lists(DUES, max_size=2)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_no_sweep_passes_a_deadline_over(steps: list[Any]) -> None:
    watched = Watched()
    for what, more in steps:
        if what == "pass":
            watched.clock.advance(more * MINUTE)
        else:
            getattr(watched, what)(more)
    watched.woken = watched.woken and watched.is_due
    for _ in range(300):
        watched.sweep()
        watched.clock.advance(MINUTE)


def test_a_deadline_that_moves_on_is_held_so_that_an_earlier_one_needs_no_pointer() -> None:
    """A pointer of the sweep's is not written into the case; what moved on from it is."""
    watched = Watched()
    watched.wait(10)
    watched.wait(100)
    watched.clock.advance(10 * MINUTE)
    watched.sweep()  # points to a hundred
    watched.wait(200)  # holds to a hundred
    pointers = sum(map(len, watched.table.pointers))
    watched.wait(120)
    assert sum(map(len, watched.table.pointers)) == pointers
    watched.wait(80)
    assert sum(map(len, watched.table.pointers)) == pointers + 1


def test_what_is_held_is_pointed_to_by_the_sweep_though_its_case_waits_for_longer() -> None:
    watched = Watched()
    watched.wait(5)
    watched.wait(100)
    watched.clock.advance(5 * MINUTE)
    watched.wait(200)  # holds to a hundred, which the pointer at five guards
    watched.sweep()
    watched.wait(120)
    watched.clock.advance(120 * MINUTE)
    watched.sweep()
    assert watched.woken, "the sweep went by the deadline of then, which nothing guards"
