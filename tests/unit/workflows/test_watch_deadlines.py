"""What is due is woken, whatever was missed: after pages, outages, crashes and clocks that disagree."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.adapters.table_layout import shard_of
from shared.domain.keys import CaseKey, digest_key, order_key, parcel_key, refund_key
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.ports import DuePointer, StoredCase
from shared.workflows.watch_deadlines import AHEAD, OVERLAP, Sweep, watch_deadlines
from tests.fakes import FakeClock, FakeDueIndex, FakeQueue, FakeTable
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, SECOND, order


class Crash(BaseException):
    """The function dies."""


class Tower:
    """A table of deadlines, the sweep over it, and what it woke."""

    def __init__(self) -> None:
        self.crash_at = 0
        self.table = FakeTable(self._crash)
        self.index: Any = FakeDueIndex(self.table)
        self.queue = FakeQueue(self.table)
        self.clock = FakeClock(NOW)

    def _crash(self, number: int, what: str) -> None:
        if number == self.crash_at:
            raise Crash(what)

    def wait(self, key: CaseKey, due: datetime | None, *pointers: datetime) -> None:
        """Let a case wait, with pointers at these instants (by default at its deadline)."""
        self.table.cases[key] = StoredCase(key, 1, order(), due)
        for at in pointers or ((due,) if due else ()):
            self.index.arm([DuePointer(key, at)])

    def sweep(self, after: timedelta = timedelta(0)) -> Sweep:
        """Sweep once."""
        self.clock.advance(after)
        return watch_deadlines(self.index, self.queue, self.clock)

    def woken(self) -> list[str]:
        """Which cases have been woken by now, lane by lane, in order."""
        bodies = [body for lane in Lane for _, body in self.queue.take(lane, self.clock.now())]
        return [parse_message(body).about for body in bodies]  # type: ignore[union-attr]


def _refund(number: int) -> CaseKey:
    return refund_key(MERCHANT, "sim", f"R{number}")


def test_what_is_due_is_woken_on_the_lane_of_its_case() -> None:
    tower = Tower()
    keys = [_refund(1), order_key(MERCHANT, "sim", "O1"), parcel_key(MERCHANT, "zto", "W1"), digest_key(MERCHANT, "d")]
    for key in keys:
        tower.wait(key, NOW)
    assert tower.sweep().woken == 4
    lanes = {lane: len(tower.queue.take(lane)) for lane in (Lane.REFUNDS, Lane.PARCELS, Lane.NOTIFICATIONS)}
    assert lanes == {Lane.REFUNDS: 2, Lane.PARCELS: 1, Lane.NOTIFICATIONS: 1}


def test_what_is_not_due_yet_is_left_alone() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW + AHEAD + SECOND)
    assert tower.sweep() == Sweep(0, 0, 0, NOW)
    tower.sweep(AHEAD + SECOND)
    assert tower.woken() == [str(_refund(1))]


def test_what_falls_due_before_the_next_sweep_is_woken_at_its_very_moment() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW + 30 * SECOND)
    assert tower.sweep() == Sweep(1, 0, 0, NOW)
    tower.clock.advance(29 * SECOND)
    assert tower.woken() == []
    tower.clock.advance(SECOND)
    assert tower.woken() == [str(_refund(1))]


def test_nothing_rests_on_what_was_woken_ahead() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW + 30 * SECOND)
    tower.sweep()
    assert max(tower.table.cursors.values()) == NOW
    tower.queue = FakeQueue(tower.table)  # all that was sent is lost
    assert tower.sweep(MINUTE).woken == 1
    assert tower.woken() == [str(_refund(1))]


def test_a_pointer_written_behind_a_look_ahead_is_found() -> None:
    tower = Tower()
    tower.sweep()
    tower.wait(_refund(1), NOW + 20 * SECOND)
    tower.sweep(MINUTE)
    assert tower.woken() == [str(_refund(1))]


def test_a_pointer_that_is_still_ahead_is_not_moved_on_before_its_time() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW + HOUR, NOW + 30 * SECOND)
    assert tower.sweep() == Sweep(0, 0, 0, NOW)
    assert tower.sweep(MINUTE)[:3] == (0, 1, 0)


def test_sweeps_that_overlap_mean_the_same_deadline() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW + 70 * SECOND)
    tower.sweep()
    tower.sweep(MINUTE)
    tower.clock.advance(10 * SECOND)
    bodies = [body for _, body in tower.queue.take(Lane.REFUNDS, tower.clock.now())]
    assert len(bodies) == 2
    assert len(set(bodies)) == 1


def test_a_case_that_waits_longer_by_now_gets_a_pointer_there() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW + HOUR, NOW)
    assert tower.sweep()[:3] == (0, 1, 0)
    tower.sweep(HOUR / 2)
    assert tower.woken() == []
    tower.sweep(HOUR / 2)
    assert tower.woken() == [str(_refund(1))]


def test_a_case_that_has_a_pointer_ahead_gets_no_other() -> None:
    tower = Tower()
    tower.table.cases[_refund(1)] = StoredCase(_refund(1), 1, order(), NOW + 2 * HOUR, armed=NOW + HOUR)
    tower.index.arm([DuePointer(_refund(1), NOW), DuePointer(_refund(1), NOW + HOUR)])
    assert tower.sweep()[:3] == (0, 0, 1)
    assert tower.sweep(HOUR)[:3] == (0, 1, 0)
    assert tower.sweep(HOUR).woken == 1


@pytest.mark.parametrize("gone", [True, False])
def test_a_case_that_waits_for_nothing_or_is_gone_is_dropped(*, gone: bool) -> None:
    tower = Tower()
    tower.wait(_refund(1), None, NOW)
    if gone:
        tower.table.cases.clear()
    assert tower.sweep()[:3] == (0, 0, 1)


def test_the_oldest_deadline_is_woken_first() -> None:
    tower = Tower()
    for number in range(20):
        tower.wait(_refund(number), NOW - number * MINUTE)
    tower.sweep()
    by_shard: dict[int, list[str]] = {}
    for about in tower.woken():
        by_shard.setdefault(_shard(about), []).append(about)
    for woken in by_shard.values():
        ages = [int(about.rsplit("R", 1)[1]) for about in woken]
        assert ages == sorted(ages, reverse=True)


def _shard(about: str) -> int:
    return shard_of(CaseKey.parse(about))


def test_the_oldest_deadline_of_all_shards_is_read_first() -> None:
    tower = Tower()
    for number in range(4000):
        tower.wait(_refund(number), NOW - number * SECOND)
    tower.sweep()
    firsts = [int(about.rsplit("R", 1)[1]) for about in tower.woken()[: 500 * tower.index.shards]]
    assert min(firsts) > 4000 - 500 * tower.index.shards - 500


class Slow(FakeDueIndex):
    """Reading a page takes seven seconds."""

    clock: FakeClock

    def reached(self, shard: int, since: datetime, until: datetime) -> Sequence[DuePointer]:
        """Give a page, late."""
        self.clock.advance(7 * SECOND)
        return super().reached(shard, since, until)


def test_a_sweep_that_takes_too_long_stops_and_the_next_goes_on_from_there() -> None:
    tower = Tower()
    tower.sweep()
    tower.index = Slow(tower.table)
    tower.index.clock = tower.clock
    for number in range(6000):
        tower.wait(_refund(number), NOW + number * SECOND)
    began = tower.clock.advance(2 * HOUR)
    first = tower.sweep()
    assert tower.clock.now() == began + 21 * SECOND
    assert first.behind < began
    seen, behind = set(tower.woken()), first.behind
    for _ in range(20):
        sweep = tower.sweep(MINUTE)
        assert sweep.behind >= behind
        behind = sweep.behind
        seen |= set(tower.woken())
    assert seen == {str(_refund(number)) for number in range(6000)}


def test_a_sweep_without_time_for_a_shard_leaves_its_cursor_where_it_is() -> None:
    tower = Tower()
    tower.sweep()
    tower.index = Slow(tower.table)
    tower.index.clock = tower.clock
    for number in range(4000):
        tower.wait(_refund(number), NOW + number * SECOND)
    cursors = dict(tower.table.cursors)
    tower.sweep(2 * HOUR)
    assert all(tower.table.cursors[shard] >= cursor for shard, cursor in cursors.items())


def test_more_than_a_page_is_woken_in_one_sweep() -> None:
    tower = Tower()
    for number in range(5000):
        tower.wait(_refund(number), NOW - number * SECOND)
    assert tower.sweep().woken == 5000
    assert len(set(tower.woken())) == 5000


def test_a_thousand_deadlines_of_one_instant_are_all_woken() -> None:
    tower = Tower()
    for number in range(3000):
        tower.wait(_refund(number), NOW)
    assert tower.sweep().woken == 3000


def test_a_case_with_several_pointers_is_woken_once_per_sweep() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW, *(NOW - number * SECOND for number in range(9)))
    assert tower.sweep().woken == 1


@pytest.mark.parametrize("outage", [MINUTE, 6 * HOUR, 3 * DAY, 13 * DAY])
def test_nothing_that_fell_due_during_an_outage_is_missed(outage: timedelta) -> None:
    tower = Tower()
    tower.sweep()
    keys = [_refund(number) for number in range(100)]
    for number, key in enumerate(keys):
        tower.wait(key, NOW + outage * number / 99)
    sweep = tower.sweep(outage)
    assert (sweep.woken, sweep.behind) == (100, tower.clock.now())


def test_a_pointer_written_late_by_another_clock_is_found_within_the_overlap() -> None:
    tower = Tower()
    tower.sweep()
    tower.wait(_refund(1), NOW - OVERLAP + SECOND)
    assert tower.sweep().woken == 1


def test_the_first_sweep_ever_misses_nothing() -> None:
    tower = Tower()
    tower.wait(_refund(1), NOW - 10 * DAY)
    assert tower.sweep().woken == 1


def test_a_sweep_with_too_much_to_do_says_how_far_behind_it_is_and_goes_on() -> None:
    class Endless(FakeDueIndex):
        """Every page holds one more case, one second later."""

        def reached(self, shard: int, since: datetime, until: datetime) -> Sequence[DuePointer]:
            return super().reached(shard, since, until)[:1]

    tower = Tower()
    tower.index = Endless(tower.table)
    for number in range(2000):
        tower.wait(_refund(number), NOW - 2000 * SECOND + number * SECOND)
    first = tower.sweep()
    assert first.behind < NOW
    seen = len(set(tower.woken()))
    for _ in range(200):
        sweep = tower.sweep()
        seen += len(tower.woken())
        if sweep.behind == NOW:
            break
    assert sweep.behind == NOW
    assert seen >= 2000


@pytest.mark.parametrize("write", range(1, 12))
def test_a_crash_after_any_write_wakes_everything_at_the_next_sweep(write: int) -> None:
    tower = Tower()
    for number in range(8):
        tower.wait(_refund(number), NOW)
        tower.wait(parcel_key(MERCHANT, "zto", f"W{number}"), NOW + HOUR, NOW)
        tower.wait(order_key(MERCHANT, "sim", f"O{number}"), NOW + 30 * SECOND)
    tower.crash_at = tower.table.writes + write
    woken: set[str] = set()
    for _ in range(2):
        try:
            tower.sweep()
        except Crash:
            continue
        finally:
            woken |= set(tower.woken())
    assert {str(_refund(number)) for number in range(8)} <= woken
    assert not any("parcel" in about or "order" in about for about in woken)
    tower.clock.advance(30 * SECOND)
    assert {about for about in tower.woken() if "order" in about} == {
        str(order_key(MERCHANT, "sim", f"O{number}")) for number in range(8)
    }
    tower.sweep(HOUR)
    assert len({about for about in tower.woken() if "parcel" in about}) == 8
