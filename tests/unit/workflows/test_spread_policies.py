"""A new policy reaches every open case of its merchant: the next days first, through crashes, races and long walks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.keys import CaseKey, order_key, parcel_key
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.ports import DuePointer, PolicyChange
from shared.workflows import spread_policies as module
from shared.workflows.spread_policies import HORIZON, spread_policies
from shared.workflows.watch_deadlines import OVERLAP
from tests.fakes import FakeClock, FakeDueIndex, FakePolicyChanges, FakePolicyStore, FakeQueue, FakeTable
from tests.fakes import due_index as fake_due_index
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, SECOND, policy

SHARDS = FakeDueIndex(FakeTable()).shards
LAP = SHARDS * (HORIZON // DAY + 1)


class Crash(BaseException):
    """The function dies."""


class Town:
    """Merchants with waiting cases, and the walk that tells them of new policies."""

    def __init__(self) -> None:
        self.crash_at = 0
        self.table = FakeTable(self._crash)
        self.index: Any = FakeDueIndex(self.table)
        self.changes = FakePolicyChanges(self.table)
        self.policies = FakePolicyStore(self.table)
        self.queue = FakeQueue(self.table)
        self.clock = FakeClock(NOW)
        self.swept = NOW

    def _crash(self, number: int, what: str) -> None:
        if number == self.crash_at:
            raise Crash(what)

    def change(self, *merchants: str) -> None:
        """Put another version of these merchants' policies."""
        for merchant in merchants:
            known = self.policies.policy(merchant)
            version = known.version + 1 if known else 1
            for number in range(version, max(version, 2) + 1):
                self.policies.put_policy(policy(merchant=merchant, version=number))

    def wait(self, merchant: str, numbers: Iterable[int], each: timedelta = HOUR) -> set[str]:
        """Let parcels wait, the next each so much longer."""
        keys = [parcel_key(merchant, "zto", f"W{number}") for number in numbers]
        for place, key in enumerate(keys, start=1):
            self.index.arm([DuePointer(key, self.swept + place * each)])
        return set(map(str, keys))

    def tick(self, lasts: timedelta = MINUTE, after: timedelta = MINUTE) -> int:
        """Go on for a tick; the next one comes a minute later."""
        found = spread_policies(
            self.changes, self.index, self.queue, self.clock, since=self.swept, until=self.clock.now() + lasts
        )
        self.clock.advance(after)
        self.swept = self.clock.now()
        return found

    def woken(self) -> list[str]:
        """Whom the word has reached."""
        return [parse_message(body).about for lane in Lane for _, body in self.queue.take(lane)]  # type: ignore[union-attr]


def test_without_a_change_a_tick_costs_one_read() -> None:
    town = Town()
    town.wait(MERCHANT, range(10))
    writes, town.index = town.table.writes, None
    assert town.tick() == 0
    assert town.table.writes == writes


def test_the_first_policy_is_no_change() -> None:
    town = Town()
    town.policies.put_policy(policy(version=1))
    assert list(town.changes.changes()) == []


def test_a_change_reaches_every_case_of_its_merchant_and_no_other_s() -> None:
    town = Town()
    mine = town.wait(MERCHANT, range(700), each=2 * HOUR)
    order = order_key(MERCHANT, "sim", "O1")
    town.index.arm([DuePointer(order, NOW + 3 * DAY)])
    town.wait("other", range(100))
    town.change(MERCHANT)
    assert town.tick() == 701
    assert set(town.woken()) == mine | {str(order)}
    assert [(one.laps, one.began) for one in town.changes.changes()] == [(1, None)]


def test_the_way_is_gone_twice_for_those_who_wrote_behind_it_and_then_never_again() -> None:
    town = Town()
    town.change(MERCHANT)
    town.tick()
    late = town.wait(MERCHANT, [1], each=HOUR)
    town.tick()
    assert set(town.woken()) == late
    assert list(town.changes.changes()) == []
    town.tick()
    assert town.woken() == []


def test_the_second_lap_begins_when_every_writer_who_read_the_old_policy_has_ended() -> None:
    town = Town()
    mine = town.wait(MERCHANT, range(3))
    town.change(MERCHANT)
    for passed, woken in ((timedelta(0), mine), (OVERLAP - SECOND, set()), (SECOND, mine)):
        town.clock.advance(passed)
        town.tick(lasts=MINUTE, after=timedelta(0))
        assert set(town.woken()) == woken


def test_of_two_clocks_that_walk_at_once_one_goes_on_and_nobody_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_due_index, "DUE_PAGE_MAX", 10)
    town = Town()
    mine = town.wait(MERCHANT, range(200), each=SECOND)
    town.change(MERCHANT)
    original, looks = town.index.reached, iter(range(5 * LAP))

    def look(shard: int, since: datetime, until: datetime) -> Any:
        if next(looks) == 10:  # another clock begins, and has come three steps when this one goes on
            monkeypatch.setattr(module, "_STEPS_MAX", 3)
            town.tick(after=timedelta(0))
        return original(shard, since, until)

    town.index.reached = look
    town.tick(after=timedelta(0))
    town.index.reached = original
    monkeypatch.undo()
    town.tick()
    woken = town.woken()
    assert set(woken) == mine
    assert len(woken) - len(mine) in range(1, 30), "only the step that both took is gone twice"


@pytest.mark.parametrize("ahead", [timedelta(0), MINUTE, DAY, HORIZON - SECOND])
def test_cases_are_found_however_far_ahead_they_wait(ahead: timedelta) -> None:
    town = Town()
    key = parcel_key(MERCHANT, "zto", "W1")
    town.index.arm([DuePointer(key, NOW + ahead)])
    town.change(MERCHANT)
    town.tick()
    assert str(key) in town.woken()


def test_what_the_sweep_has_not_come_to_yet_is_found_too() -> None:
    town = Town()
    town.swept = NOW - 3 * HOUR
    key = parcel_key(MERCHANT, "zto", "W1")
    town.index.arm([DuePointer(key, NOW - 3 * HOUR - OVERLAP)])
    town.change(MERCHANT)
    town.tick()
    assert town.woken() == [str(key)]


def test_the_next_days_come_first_on_every_shard() -> None:
    town = Town()
    for number in range(300):
        town.index.arm([DuePointer(parcel_key(MERCHANT, "zto", f"W{number}"), NOW + (number % 30) * DAY)])
    seen: list[datetime] = []
    original = town.index.reached

    def watch(shard: int, since: datetime, until: datetime) -> Any:
        seen.append(until)
        return original(shard, since, until)

    town.index.reached = watch
    town.change(MERCHANT)
    town.tick()
    assert seen == sorted(seen)


class SlowClock(FakeClock):
    """Every look takes a while."""

    def now(self) -> datetime:
        return self.advance(SECOND)


def test_a_walk_that_is_too_long_goes_on_at_the_next_tick() -> None:
    town = Town()
    town.clock = SlowClock(NOW)
    mine = town.wait(MERCHANT, range(1000))
    town.change(MERCHANT)
    ticks, woken = 0, set()
    while list(town.changes.changes()):
        town.tick(lasts=20 * SECOND)
        woken |= set(town.woken())
        ticks += 1
    assert woken == mine
    assert 2 * LAP / 20 <= ticks < 2 * LAP / 10


def test_a_crowded_stretch_is_left_and_gone_on_with_in_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_due_index, "DUE_PAGE_MAX", 10)
    town = Town()
    town.clock = SlowClock(NOW)
    mine = town.wait(MERCHANT, range(400), each=SECOND)
    town.change(MERCHANT)
    woken: list[str] = []
    for _ in range(30):
        town.tick(lasts=4 * SECOND)
        woken += town.woken()
    assert set(woken) == mine
    assert len(woken) == len(mine), "no page is gone through twice in a lap"


def test_merchants_that_change_at_the_same_time_walk_together() -> None:
    town = Town()
    both = town.wait(MERCHANT, range(20)) | town.wait("other", range(20))
    looks: list[int] = []
    original = town.index.reached

    def watch(shard: int, since: datetime, until: datetime) -> Any:
        looks.append(shard)
        return original(shard, since, until)

    town.index.reached = watch
    town.change(MERCHANT, "other")
    town.tick()
    alone = len(looks)
    assert set(town.woken()) == both
    assert alone <= LAP + 2 * 20


def test_a_newcomer_s_next_days_come_before_another_s_far_ones() -> None:
    town = Town()
    town.clock = SlowClock(NOW)
    town.wait(MERCHANT, range(50))
    town.change(MERCHANT)
    town.tick(lasts=50 * SECOND)
    first = next(iter(town.changes.changes()))
    town.woken()
    theirs = town.wait("other", range(50), each=MINUTE)
    town.change("other")
    town.tick(lasts=50 * SECOND)
    assert theirs <= set(town.woken())
    assert first.stretch > 20


def test_a_newer_policy_begins_anew() -> None:
    town = Town()
    town.clock = SlowClock(NOW)
    mine = town.wait(MERCHANT, range(30))
    town.change(MERCHANT)
    town.tick(lasts=100 * SECOND)
    assert set(town.woken()) == mine
    town.change(MERCHANT)
    assert next(iter(town.changes.changes())) == PolicyChange(MERCHANT, 3)
    town.tick(lasts=100 * SECOND)
    assert set(town.woken()) == mine


def test_who_walks_for_an_older_policy_does_not_take_the_newer_one_s_note_away() -> None:
    town = Town()
    town.change(MERCHANT)
    town.tick()
    old = next(iter(town.changes.changes()))
    town.change(MERCHANT)
    assert not town.changes.keep(old)
    town.changes.done(old)
    assert [change.version for change in town.changes.changes()] == [3]


@pytest.mark.parametrize("write", [1, 2, 3, 10, LAP, LAP + 1, LAP + 20, 2 * LAP])
def test_a_crash_after_any_write_reaches_everybody_all_the_same(write: int) -> None:
    town = Town()
    mine = town.wait(MERCHANT, range(60), each=DAY)
    town.change(MERCHANT)
    town.crash_at = town.table.writes + write
    woken: set[str] = set()
    for _ in range(4):
        try:
            town.tick()
        except Crash:
            continue
        finally:
            woken |= set(town.woken())
    assert woken == mine
    assert list(town.changes.changes()) == []


def test_one_tick_takes_a_bounded_number_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEPS_MAX", 5)
    town = Town()
    town.change(MERCHANT)
    town.tick()
    assert next(iter(town.changes.changes())).stretch == 5


def test_a_case_with_several_pointers_in_a_page_is_woken_once() -> None:
    town = Town()
    key: CaseKey = parcel_key(MERCHANT, "zto", "W1")
    for number in range(5):
        town.index.arm([DuePointer(key, NOW + number * MINUTE)])
    town.change(MERCHANT)
    assert town.tick() == 1
