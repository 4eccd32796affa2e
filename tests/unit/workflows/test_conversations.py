"""What a command says to its vendor: questions asked freely, and talks of several requests."""

from datetime import timedelta

import pytest

from shared.domain.events import RefundAgreed
from shared.domain.lanes import Lane
from shared.errors import Permanent, Retryable, Unclear
from shared.workflows.carry_out_command import converse
from tests.fakes import FakeHttp
from tests.unit.workflows.vendor import (
    AGREED,
    LOST,
    OK,
    READ,
    REFUSED_CONNECTION,
    Desk,
    requests,
)


def test_a_question_s_answer_goes_straight_to_its_case_every_time_and_into_no_table() -> None:
    desk = Desk()
    desk.calls = [AGREED, AGREED]
    assert desk.caller().call(READ, 1) == desk.caller().call(READ, 1) == AGREED
    assert desk.sent() == [AGREED, AGREED]
    assert (desk.told(), desk.table.commands) == ([], {})


@pytest.mark.parametrize("trouble", [LOST, REFUSED_CONNECTION])
def test_a_question_without_an_answer_is_asked_again(trouble: Exception) -> None:
    desk = Desk()
    desk.calls = [trouble]
    with pytest.raises(Retryable):
        desk.caller().call(READ, 99)
    assert desk.sent() == []


def test_a_question_whose_answer_cannot_be_sent_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(lane: Lane, bodies: object) -> None:
        raise Retryable("full", timedelta(seconds=1))

    desk = Desk()
    desk.calls = [AGREED, AGREED]
    with monkeypatch.context() as patch:
        patch.setattr(desk.queue, "send", full)
        with pytest.raises(Retryable, match="full"):
            desk.caller().call(READ, 1)
    desk.caller().call(READ, 2)
    assert desk.sent() == [AGREED]


@pytest.mark.parametrize(("known", "code"), [(True, "no_rights"), (False, "no_account")])
def test_a_question_that_is_refused_is_an_outcome(code: str, *, known: bool) -> None:
    desk = Desk()
    desk.calls = [Permanent("no_rights")]
    desk.caller(known=known).call(READ, 1)
    [outcome] = desk.sent()
    assert (outcome.code, outcome.certain, outcome.reply_to) == (code, True, READ.reply_to)
    assert desk.table.commands == {}


# ---- conversations of several requests ---------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_a_request_that_never_left_is_unclear_once_another_one_was_answered(answered: int) -> None:
    http = FakeHttp()
    http.script.extend([OK] * answered + [REFUSED_CONNECTION])
    with pytest.raises(Unclear if answered else Retryable):
        converse(requests(3, AGREED), http)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_vendor_s_wait_is_unclear_once_more_than_one_request_was_sent(count: int) -> None:
    with pytest.raises(Retryable if count == 1 else Unclear):
        converse(requests(count, REFUSED_CONNECTION), FakeHttp(lambda request: OK))


def test_a_conversation_without_end_is_ended() -> None:
    http = FakeHttp(lambda request: OK)
    with pytest.raises(Unclear, match="no end after 12"):
        converse(requests(10_000, AGREED), http)
    assert len(http.requests) == 12


def test_a_conversation_may_need_no_request_at_all() -> None:
    outcome: RefundAgreed = converse(requests(0, AGREED), FakeHttp())
    assert outcome == AGREED
