"""Somebody else pays, or says so: the goods are followed and nobody is paid twice."""

from typing import Any

import pytest

from shared.domain.parcel import Progress
from shared.domain.refund import Outcome, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    HOUR,
    NOW,
    REFUND_KEY,
    Run,
    order,
    order_stopped,
    progressed,
    reported,
    tickets,
    types,
)
from tests.unit.rules.refunds import agreed, agreeing, answer, failed, reviewing

# ---- somebody else pays ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("certain", [True, False])
@pytest.mark.parametrize("begin", [reviewing, agreeing])
def test_goods_paid_for_by_another_hand_are_followed_whatever_becomes_of_our_call(begin: Any, *, certain: bool) -> None:
    run = begin()
    run.take(reported(RefundStatus.REFUNDED, 2))
    assert run.case.phase is RefundPhase.FOLLOWING
    assert tickets(run.take(failed(run, certain=certain))) == []
    assert run.case.phase is RefundPhase.FOLLOWING
    assert run.case.outcome is None


def test_a_push_that_overtakes_our_own_answer_leaves_us_the_payer() -> None:
    run = agreeing()
    run.take(reported(RefundStatus.REFUNDED, 2), agreed(run))
    assert run.case.agreed_by_us
    assert run.case.phase is RefundPhase.FOLLOWING


def test_a_push_that_overtakes_our_answer_for_an_order_unknown_to_the_erp_ends_it() -> None:
    run = Run(decide_refund, unsynced_order="refund")
    run.order = order()
    run.take(reported(), order_stopped("not_synced", f"{REFUND_KEY}#1"))
    run.take(answer(run))
    assert types(run.take(reported(RefundStatus.REFUNDED, 2))) == ["order_refunded"]
    run.take(agreed(run))
    assert (run.case.outcome, run.case.agreed_by_us) == (Outcome.REFUNDED, True)


@pytest.mark.parametrize("status", [RefundStatus.PENDING, RefundStatus.IN_PROGRESS])
def test_a_refund_that_was_paid_is_never_paid_again_whatever_the_platform_says(status: RefundStatus) -> None:
    run = agreeing()
    run.take(agreed(run))
    assert run.take(reported(status, 5), reported(status, 6)) == []
    run.take(progressed(Progress.RECEIVED, at=NOW + HOUR))
    assert run.take(reported(status, 7)) == []
    assert run.case.outcome is Outcome.RECOVERED


@pytest.mark.parametrize("end", [RefundStatus.CLOSED, RefundStatus.REFUSED])
def test_goods_that_were_paid_for_are_not_let_go_whatever_the_platform_says(end: RefundStatus) -> None:
    run = agreeing()
    run.take(agreed(run))
    assert "interception_released" not in types(run.take(reported(end, 5)))
    assert run.case.phase is RefundPhase.FOLLOWING
