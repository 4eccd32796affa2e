"""What a command says to its vendor: questions asked freely, and talks of several requests."""

import pytest

from shared.domain.events import RefundAgreed
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


def test_a_question_is_never_claimed_and_may_be_asked_any_number_of_times() -> None:
    desk = Desk()
    desk.calls = [AGREED, AGREED]
    assert desk.carry_out(READ) == desk.carry_out(READ) == AGREED
    assert desk.told() == [AGREED, AGREED]


@pytest.mark.parametrize("trouble", [LOST, REFUSED_CONNECTION])
def test_a_question_without_an_answer_is_asked_again(trouble: Exception) -> None:
    desk = Desk()
    desk.calls = [trouble]
    with pytest.raises(Retryable):
        desk.carry_out(READ, attempt=99)


def test_a_question_that_is_refused_is_an_outcome() -> None:
    desk = Desk()
    desk.calls = [Permanent("no_rights")]
    assert desk.carry_out(READ).code == "no_rights"


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
