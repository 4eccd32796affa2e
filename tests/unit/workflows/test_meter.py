"""What vendors allow is never exceeded, by however many callers; nobody starves; it costs few writes."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.limits import Allowance, RateLimit, parse_limits
from shared.errors import HeldBack, Retryable, Throttled, Unclear
from shared.rules.call_slots import slots_for
from shared.workflows.meter import PAUSES_MAX, Meter, PacedHttp
from tests.fakes import FakeCallTokens, FakeClock, FakeHttp, FakeTable
from tests.unit.workflows.vendor import MERCHANT, NOW, OK, REQUEST

SECOND = timedelta(seconds=1)
JUSHUITAN = Allowance("jushuitan", "jushuitan|all", parse_limits("5/s 100/min"), 1, 4)
STOP = JUSHUITAN._replace(calls=4)


class Fleet:
    """Several processes that call one vendor; each remembers what it has taken."""

    def __init__(self, size: int = 3) -> None:
        self.table = FakeTable()
        self.clock = FakeClock(NOW + 3 * SECOND)  # a slot in which urgent calls go first
        self.usages: list[float] = []
        self.meters = [
            Meter(FakeCallTokens(self.table), self.clock, lambda one: self.usages.append(one.gone / one.calls))
            for _ in range(size)
        ]
        self.calls: list[datetime] = []
        self.after = timedelta()

    def ask(self, allowed: Allowance = JUSHUITAN, *, by: int = 0, urgent: bool = True) -> bool:
        """Ask to call; true when it may."""
        try:
            self.meters[by].admit(MERCHANT, allowed, urgent=urgent)
        except HeldBack as error:
            self.after = error.after
            return False
        self.calls += [self.clock.now()] * allowed.calls
        return True


def most_within(calls: Sequence[datetime], stretch: timedelta) -> int:
    """The most calls in any half-open stretch of time of this length."""
    return max((sum(begin <= at < begin + stretch for at in calls) for begin in set(calls)), default=0)


LIMITS = st.builds(RateLimit, st.integers(1, 40), st.sampled_from([SECOND, 10 * SECOND, 60 * SECOND, 3600 * SECOND]))
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 4), st.sampled_from([0, 1, 50, 400, 1000, 7000])),
    min_size=20,
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LIMITS, min_size=1, max_size=3), STEPS)
def test_no_limit_is_exceeded_in_any_stretch_of_time(
    limits: list[RateLimit], steps: list[tuple[int, bool, int, int]]
) -> None:
    fleet = Fleet()
    for by, urgent, calls, pause_ms in steps:
        slots = slots_for(tuple(limits), 4)
        fleet.ask(Allowance("v", "b", tuple(limits), min(calls, slots.calls), 4), by=by, urgent=urgent)
        fleet.clock.advance(timedelta(milliseconds=pause_ms))
    for limit in limits:
        assert most_within(fleet.calls, limit.per) <= limit.calls


@pytest.mark.parametrize(
    ("text", "least_share"), [("5/s 100/min", 0.75), ("100/min", 0.85), ("1000/min", 0.85), ("30/s 3000/d", 0.6)]
)
def test_most_of_what_is_allowed_can_be_used(text: str, least_share: float) -> None:
    limits = parse_limits(text)
    slots = slots_for(limits, 1)
    slowest = max(limits, key=lambda one: one.per / one.calls)
    assert slots.calls * (slowest.per / slots.length) >= least_share * slowest.calls


def test_callers_that_come_again_when_told_use_all_slots() -> None:
    fleet, done, minute = Fleet(), 0, 60 * SECOND
    while fleet.clock.now() < NOW + 10 * minute:
        if fleet.ask(STOP, by=done % 3):
            done += 1
        else:
            fleet.clock.advance(fleet.after)
    assert done >= 10 * 100 / 4 * 0.6
    assert (most_within(fleet.calls, minute), most_within(fleet.calls, SECOND)) <= (100, 5)


@pytest.mark.parametrize("flood", [True, False])
def test_a_flood_of_one_class_never_starves_the_other(flood: bool) -> None:
    fleet, served = Fleet(), 0
    for _ in range(600):
        while fleet.ask(by=1, urgent=flood):
            pass
        served += fleet.ask(by=2, urgent=not flood)
        fleet.clock.advance(SECOND / 2)
    assert served >= 10


def test_urgent_calls_go_first_when_calls_are_short() -> None:
    """Both want more than there is: the urgent have most of it, though the others come first each time."""
    fleet, served = Fleet(), Counter[bool]()
    for _ in range(600):
        for urgent in (False, True):
            while fleet.ask(by=int(urgent), urgent=urgent):
                served[urgent] += 1
        fleet.clock.advance(SECOND / 2)
    assert served[True] > 2 * served[False] > 0


def test_others_get_everything_while_nothing_is_urgent() -> None:
    fleet = Fleet()
    for _ in range(600):
        while fleet.ask(urgent=False):
            pass
        fleet.clock.advance(SECOND / 2)
    assert len(fleet.calls) >= 5 * 100 * 0.75


def test_a_busy_caller_writes_once_for_several_calls() -> None:
    fleet = Fleet(1)
    allowed = Allowance("v", "b", parse_limits("1000/min"))
    while fleet.clock.now() < NOW + 60 * SECOND:
        if not fleet.ask(allowed):
            fleet.clock.advance(fleet.after)
    assert len(fleet.calls) > 800
    assert fleet.table.writes <= len(fleet.calls) / 3


def test_what_is_known_to_be_used_up_is_not_asked_for_again() -> None:
    fleet = Fleet(1)
    while fleet.ask():
        pass
    writes = fleet.table.writes
    fleet.meters[0]._tokens = None  # type: ignore[assignment]  # nobody is asked
    assert [fleet.ask() for _ in range(100)] == [False] * 100
    assert fleet.table.writes == writes


def test_a_vendor_without_limits_costs_nothing() -> None:
    fleet = Fleet()
    assert all(fleet.ask(Allowance("zto", "zto|all")) for _ in range(1000))
    assert (fleet.table.writes, fleet.usages) == (0, [])


def test_how_much_is_used_is_told_with_every_block() -> None:
    fleet = Fleet()
    fleet.ask()
    fleet.ask(by=1)
    assert fleet.usages == [0.5, 1.0]


# ---- a vendor that asks for fewer calls ---------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [0, 1, 2])
def test_a_throttle_closes_the_bucket_for_all_callers(behind: int) -> None:
    fleet, error = Fleet(), Throttled("200", 60 * SECOND)
    wrapped: list[Exception] = [error, Unclear("after the first request"), Retryable("unclear", SECOND)]
    wrapped[1].__cause__, wrapped[2].__cause__ = error, wrapped[1]
    with (
        pytest.raises(type(wrapped[behind])),
        fleet.meters[0].conversation(MERCHANT, JUSHUITAN, urgent=True),
    ):
        raise wrapped[behind]
    assert [fleet.ask(by=by) for by in range(3)] == [False] * 3
    assert 60 * SECOND < fleet.after <= 70 * SECOND
    fleet.clock.advance(fleet.after)
    assert fleet.ask(by=2, urgent=False) or fleet.ask(by=2)


@pytest.mark.parametrize("error", [Retryable("refused", SECOND), Unclear("lost"), HeldBack("no calls left", SECOND)])
def test_other_trouble_closes_nothing(error: Exception) -> None:
    fleet = Fleet()
    with pytest.raises(type(error)), fleet.meters[0].conversation(MERCHANT, JUSHUITAN, urgent=True):
        raise error
    assert fleet.ask(by=1)


def test_one_merchant_s_calls_are_not_another_s() -> None:
    fleet = Fleet()
    while fleet.ask():
        pass
    fleet.meters[0].admit("other", JUSHUITAN, urgent=True)


# ---- a conversation of any length --------------------------------------------------------------------------------


def test_a_long_conversation_waits_for_its_turns_but_not_for_ever() -> None:
    fleet, sent = Fleet(), 0
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        fleet.clock.advance(timedelta(seconds=seconds))

    http = PacedHttp(FakeHttp(lambda request: OK), fleet.meters[0], MERCHANT, JUSHUITAN, pause)
    while sent < 100:
        try:
            http.send(REQUEST)
        except HeldBack:
            break
        sent += 1
    assert 4 <= sent < 20
    assert 0 < sum(pauses) <= PAUSES_MAX / SECOND
