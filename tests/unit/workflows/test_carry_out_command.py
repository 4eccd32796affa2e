"""Claim, call, record: every claim with every ending, and a crash between any two steps."""

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Permanent, Retryable, Waiting
from shared.ports import Claim
from shared.workflows.carry_out_command import LEASE
from tests.fakes import FakeHttp
from tests.unit.workflows.vendor import (
    AGREE,
    AGREED,
    LOST,
    MERCHANT,
    NOW,
    OK,
    REFUSED_CONNECTION,
    STALE,
    Desk,
)


class Crash(BaseException):
    """The function dies."""


def _done(desk: Desk) -> Any:
    return desk.ledger.claim(MERCHANT, AGREE.command_id, desk.clock.now(), desk.clock.now() + LEASE)


# ---- the first attempt -------------------------------------------------------------------------------------------


def test_a_command_is_carried_out_once_and_its_outcome_told_again() -> None:
    desk = Desk()
    desk.calls = [AGREED]
    assert desk.carry_out() == AGREED
    assert desk.carry_out() is None
    assert desk.carry_out() is None
    assert desk.asked == ["call"]
    assert desk.told() == [AGREED] * 3


def test_a_refusal_is_an_outcome_and_certain() -> None:
    desk = Desk()
    desk.calls = [Permanent("20309541", "状态不允许")]
    outcome = desk.carry_out()
    assert (outcome.type, outcome.code, outcome.text, outcome.certain) == (
        "command_failed",
        "20309541",
        "状态不允许",
        True,
    )
    assert (outcome.reply_to, outcome.answers) == (AGREE.reply_to, AGREE.command_id)
    assert _done(desk) is Claim.DONE


def test_a_call_that_never_left_is_tried_again_as_if_nobody_had_tried() -> None:
    desk = Desk()
    desk.calls = [REFUSED_CONNECTION, AGREED]
    with pytest.raises(Retryable) as error:
        desk.carry_out()
    assert error.value.after == timedelta(seconds=30)
    desk.later(error.value.after)
    assert desk.carry_out(attempt=2) == AGREED
    assert desk.asked == ["call", "call"]


def test_a_postponed_command_is_not_called_before_its_time() -> None:
    desk = Desk()
    desk.calls = [REFUSED_CONNECTION]
    with pytest.raises(Retryable):
        desk.carry_out()
    with pytest.raises(Retryable):
        desk.carry_out()
    assert desk.asked == ["call"]


def test_a_command_that_somebody_is_at_is_left_alone() -> None:
    desk = Desk()
    desk.ledger.claim(MERCHANT, AGREE.command_id, NOW, NOW + LEASE)
    with pytest.raises(Retryable) as error:
        desk.carry_out()
    assert error.value.after == LEASE
    assert desk.asked == []


# ---- after an unclear attempt ------------------------------------------------------------------------------------


def _unclear() -> Desk:
    desk = Desk()
    desk.calls = [LOST]
    with pytest.raises(Retryable) as error:
        desk.carry_out()
    assert error.value.after == LEASE
    desk.later()
    return desk


def test_an_unclear_call_is_asked_about_before_anything_else() -> None:
    desk = _unclear()
    desk.finds = [AGREED]
    assert desk.carry_out(attempt=2) == AGREED
    assert desk.asked == ["call", "find"]


def test_an_unclear_call_that_certainly_had_no_effect_is_made_again() -> None:
    desk = _unclear()
    desk.finds, desk.calls = [None], [AGREED]
    assert desk.carry_out(attempt=2) == AGREED
    assert desk.asked == ["call", "find", "call"]


def test_a_first_attempt_that_arrives_late_makes_the_second_fail_and_is_found() -> None:
    desk = _unclear()
    desk.finds, desk.calls = [None, AGREED], [Permanent("not_pending")]
    assert desk.carry_out(attempt=2) == AGREED
    assert desk.asked == ["call", "find", "call", "find"]


def test_a_second_attempt_that_is_refused_for_good_is_certain() -> None:
    desk = _unclear()
    desk.finds, desk.calls = [None, None], [Permanent("stale")]
    outcome = desk.carry_out(attempt=2)
    assert (outcome.type, outcome.certain) == ("command_failed", True)


def test_what_the_vendor_says_became_of_it_counts() -> None:
    desk = _unclear()
    desk.finds = [STALE]
    assert desk.carry_out(attempt=2) == STALE
    assert desk.asked == ["call", "find"]


@pytest.mark.parametrize("trouble", [Permanent("no_rights"), REFUSED_CONNECTION, LOST])
def test_a_vendor_that_cannot_be_asked_is_never_called_again(trouble: Exception) -> None:
    desk = _unclear()
    for attempt in range(2, 5):
        desk.finds = [trouble]
        with pytest.raises(Retryable):
            desk.carry_out(attempt=attempt)
        desk.later()
    desk.finds = [trouble]
    outcome = desk.carry_out(attempt=5)
    assert (outcome.type, outcome.code, outcome.certain) == ("command_failed", "unclear", False)
    assert desk.asked.count("call") == 1


@pytest.mark.parametrize("ending", [REFUSED_CONNECTION, LOST])
def test_a_second_call_without_an_answer_is_asked_about_again(ending: Exception) -> None:
    desk = _unclear()
    desk.finds, desk.calls = [None], [ending]
    with pytest.raises(Retryable):
        desk.carry_out(attempt=2)
    desk.later()
    desk.finds = [AGREED]
    assert desk.carry_out(attempt=3) == AGREED
    assert desk.asked[-1] == "find"


def test_an_outcome_recorded_for_certain_is_not_overwritten_by_a_slower_attempt() -> None:
    desk = Desk()
    desk.calls = [AGREED]
    desk.carry_out()
    desk.ledger.record(MERCHANT, AGREE.command_id, STALE)
    assert desk.carry_out() is None
    assert desk.told() == [AGREED, AGREED]


# ---- crashes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [1, 2])
def test_a_crash_after_any_write_never_calls_twice_and_always_tells(write: int) -> None:
    def crash(number: int, what: str) -> None:
        if number == write:
            raise Crash(what)

    desk = Desk(crash)
    desk.calls = [AGREED, AssertionError("called twice")]
    with pytest.raises(Crash):
        desk.carry_out()
    desk.later()
    desk.finds = [AGREED] if desk.asked else [None]
    desk.carry_out(attempt=2)
    assert desk.asked.count("call") == 1
    assert AGREED in desk.told()
    assert _done(desk) is Claim.DONE


def test_a_crash_in_the_middle_of_a_call_is_asked_about() -> None:
    desk = Desk()
    desk.http = FakeHttp(lambda request: (_ for _ in ()).throw(Crash("killed")))
    desk.calls = [AGREED]
    with pytest.raises(Crash):
        desk.carry_out()
    desk.http = FakeHttp(lambda request: OK)
    with pytest.raises(Retryable):
        desk.carry_out(attempt=2)
    desk.later()
    desk.finds = [AGREED]
    assert desk.carry_out(attempt=3) == AGREED
    assert desk.asked == ["call", "find"]


def test_a_bug_in_a_translator_is_not_taken_for_an_answer() -> None:
    desk = Desk()
    desk.calls = [KeyError("data")]
    with pytest.raises(KeyError):
        desk.carry_out()
    assert desk.told() == []


def test_what_may_have_happened_is_still_asked_about_after_the_vendor_was_too_slow_to_be_asked() -> None:
    desk = Desk()
    desk.calls, desk.finds = [LOST], [None, AGREED]
    with pytest.raises(Retryable):
        desk.carry_out()
    desk.later()
    desk.http.script.append(Waiting("sim at vendor"))
    with pytest.raises(Waiting):
        desk.carry_out(attempt=2)
    assert desk.carry_out(attempt=2) == AGREED
    assert desk.asked == ["call", "find", "find"]
