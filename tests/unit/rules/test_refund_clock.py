"""The platform's time limit and our own: told in time, once each, in every phase that waits; read anew every day."""

from datetime import timedelta

import pytest

from shared.domain.events import CommandFailed
from shared.domain.notices import TicketKind
from shared.domain.parcel import Progress
from shared.domain.refund import RefundKind, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    DAY,
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    REFUND_KEY,
    Run,
    order,
    progressed,
    reported,
    tick,
    tickets,
    types,
)

NEAR, VERY_NEAR = TicketKind.DEADLINE_NEAR, TicketKind.DEADLINE_VERY_NEAR


def _waiting(**told: object) -> Run:
    """A refund that a person must decide."""
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(**told), progressed(Progress.FAILED))
    assert run.case.phase is RefundPhase.BY_HAND
    return run


def _told(run: Run, hours: float) -> list[TicketKind]:
    run.now = NOW + hours * HOUR
    return tickets(run.take(tick()))


def test_the_limit_is_told_after_24_and_33_of_36_hours_once_each() -> None:
    run = _waiting()
    assert run.last.due == NOW + 24 * HOUR
    assert _told(run, 23.99) == []
    assert _told(run, 24) == [NEAR]
    assert run.last.due == NOW + 33 * HOUR
    assert _told(run, 32.99) == []
    assert _told(run, 33) == [VERY_NEAR]
    assert [_told(run, hours) for hours in (33, 35, 36, 48)] == [[], [], [], []]
    assert run.last.due == NOW + 72 * HOUR, "only the day's reading is left"


def test_a_limit_missed_for_hours_is_told_by_its_last_warning_alone() -> None:
    run = _waiting()
    assert _told(run, 35) == [VERY_NEAR]
    assert _told(run, 36) == []


def test_the_platform_s_own_limit_counts() -> None:
    run = _waiting(deadline_at=NOW + 13 * HOUR)
    assert run.last.due == NOW + HOUR
    assert _told(run, 1) == [NEAR]
    assert _told(run, 10) == [VERY_NEAR]


def test_a_later_limit_is_told_again() -> None:
    run = _waiting(deadline_at=NOW + 13 * HOUR)
    assert _told(run, 1) == [NEAR]
    run.take(reported(version=2, deadline_at=NOW + 40 * HOUR))
    assert _told(run, 27.99) == []
    assert run.last.due == NOW + 28 * HOUR
    assert _told(run, 28) == [NEAR]
    *_, first, second = (m.notice for m in run.said if m.type == "notice_raised")
    assert first != second, "a digest leaves out what it has told before"
    assert _told(run, 37) == [VERY_NEAR]


def test_a_limit_that_moves_by_seconds_again_and_again_is_told_once_more_at_most() -> None:
    run = _waiting(deadline_at=NOW + 13 * HOUR)
    told = _told(run, 1)
    for version in range(2, 20):
        run.take(reported(version=version, deadline_at=NOW + 13 * HOUR + timedelta(seconds=version)))
        told += _told(run, 1.01)
    assert told == [NEAR, NEAR]


def test_an_earlier_limit_is_told_sooner() -> None:
    run = _waiting()
    run.take(reported(version=2, deadline_at=NOW + 20 * HOUR))
    assert run.last.due == NOW + 8 * HOUR


def test_every_warning_shows_the_limit() -> None:
    run = _waiting()
    _told(run, 24)
    *_, warning = (m.notice for m in run.said if m.type == "notice_raised")
    assert any("11-12 20:00" in line for line in warning.lines)


@pytest.mark.parametrize("kind", [RefundKind.RETURN_AND_REFUND, RefundKind.OTHER])
def test_requests_left_to_the_desk_have_their_limit_told_too(kind: RefundKind) -> None:
    run = Run(decide_refund)
    run.take(reported(kind=kind))
    assert _told(run, 24) == [NEAR]


def test_a_refund_that_is_paid_has_no_limit() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(RefundStatus.REFUNDED))
    for hours in range(1, 40):
        assert not {NEAR, VERY_NEAR} & set(_told(run, hours))


@pytest.mark.parametrize("end", [RefundStatus.CLOSED, RefundStatus.REFUSED])
def test_a_request_that_is_over_has_no_limit(end: RefundStatus) -> None:
    run = _waiting()
    run.take(reported(end, 2))
    assert _told(run, 24) == []


# ---- the day's reading -------------------------------------------------------------------------------------------


def _readings(run: Run, hours: float) -> list[str]:
    """Let the clock come whenever it is due until so many hours after the beginning; give the ids of what is read."""
    begin = len(run.said)
    while run.last.due and run.last.due <= NOW + hours * HOUR:
        run.take(tick(), after=max(run.last.due - run.now, timedelta(0)))
    run.now = NOW + hours * HOUR
    return [message.command_id for message in run.said[begin:] if message.type == "read_refund"]


def test_a_request_that_waits_is_read_once_a_day_until_a_week_after_its_limit() -> None:
    run = _waiting(deadline_at=NOW + 36 * HOUR)
    assert _readings(run, 23.99) == []
    assert _readings(run, 24) == [f"{REFUND_KEY}#read-261112"]
    assert [_told(run, 24) for _ in range(100)] == [[]] * 100
    assert _readings(run, 47.99) == []
    assert _readings(run, 24 * 60) == [f"{REFUND_KEY}#read-2611{day}" for day in range(13, 20)]
    assert run.last.due is None


def test_a_limit_that_the_platform_shortens_without_a_word_is_known_within_a_day_and_warned_of_in_time() -> None:
    run = _waiting(deadline_at=NOW + 5 * DAY)
    [asked] = _readings(run, 24)
    before = run.case
    run.take(reported(deadline_at=NOW + 38 * HOUR, answers=asked), after=MINUTE)
    assert run.case == before.model_copy(update={"deadline_at": NOW + 38 * HOUR})
    assert run.last.due == NOW + 26 * HOUR
    assert [_told(run, hours) for hours in (26, 35)] == [[NEAR], [VERY_NEAR]]


def test_of_two_days_readings_only_the_last_one_s_answer_counts() -> None:
    run = _waiting(deadline_at=NOW + 5 * DAY)
    first, second = _readings(run, 48)
    for answers, hours in ((second, 96), (first, 38), ("", 38)):
        run.take(reported(deadline_at=NOW + hours * HOUR, answers=answers))
    assert run.case.deadline_at == NOW + 96 * HOUR


def test_a_reading_tells_of_an_end_that_nobody_else_told_of() -> None:
    run = _waiting()
    [asked] = _readings(run, 24)
    run.take(reported(RefundStatus.CLOSED, answers=asked))
    assert (run.case.phase, run.last.due) == (RefundPhase.CLOSED, None)


def test_a_reading_that_fails_changes_nothing_and_comes_again_the_next_day() -> None:
    run = _waiting()
    [asked] = _readings(run, 24)
    before = run.case
    failed = {"merchant": MERCHANT, "reply_to": REFUND_KEY, "answers": asked, "command": "read_refund"}
    assert run.take(CommandFailed(**failed, code="isv.refused")) == []
    assert run.case == before
    assert _readings(run, 48) == [f"{REFUND_KEY}#read-261113"]


def test_a_reading_of_a_refund_that_waits_for_its_parcel_agrees_to_nothing() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(deadline_at=NOW + 5 * DAY))
    [asked] = _readings(run, 24)
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    assert types(run.take(reported(deadline_at=NOW + 4 * DAY, answers=asked))) == []
    assert types(run.take(progressed(Progress.SUCCEEDED))) == ["read_refund"]
    assert types(run.take(reported(deadline_at=NOW + 4 * DAY, answers=asked))) == [], "an old answer agrees to nothing"


def test_a_question_without_an_answer_is_asked_five_times_and_then_left_to_a_person() -> None:
    run = Run(decide_refund)
    run.take(reported())
    asked = []
    while run.case.phase is RefundPhase.AWAITING_ORDER:
        assert run.last.due
        asked += run.take(tick(), after=run.last.due - run.now)
    assert types(asked) == ["fetch_order"] * 4
    assert {m.command_id for m in asked if m.type == "fetch_order"} == {run.said[0].command_id}
    assert tickets(asked) == [TicketKind.NO_ANSWER]
    assert run.now == NOW + 10 * MINUTE


@pytest.mark.parametrize("early", [timedelta(0), MINUTE])
def test_a_tick_before_its_time_changes_nothing(early: timedelta) -> None:
    run = Run(decide_refund)
    run.take(reported())
    before = run.case
    assert run.take(tick(), after=early) == []
    assert run.case == before
