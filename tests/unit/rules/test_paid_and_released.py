"""What the first afternoon in the local cloud has shown: after money or wishes are gone, nothing begins anew."""

import pytest

from shared.domain.order import OrderLine, OrderStatus, Shipment
from shared.domain.parcel import Content, Progress
from shared.domain.refund import Outcome, RefundPhase, RefundStatus
from shared.rules.decide_order import decide_order
from shared.rules.decide_refund import decide_refund
from shared.rules.stopping.other_goods import other_goods
from tests.unit.rules.build import (
    PAID,
    REFUND_KEY,
    Run,
    content,
    order,
    order_reported,
    order_stopped,
    parcel,
    policy,
    progressed,
    refund,
    reported,
    tickets,
    types,
)


@pytest.mark.parametrize("phase", [RefundPhase.CLOSED, RefundPhase.FOLLOWING])
def test_the_platforms_own_agreed_after_our_agreement_changes_nothing(phase: RefundPhase) -> None:
    paid = refund(phase, status=RefundStatus.REFUNDED, refunded_at=reported().at, outcome=Outcome.REFUNDED)
    run = Run(decide_refund, paid)
    run.order = order()
    assert run.take(reported(RefundStatus.IN_PROGRESS, version=2)) == []
    assert run.case == paid


def test_a_refund_that_a_person_paid_for_an_order_unknown_to_the_erp_is_closed() -> None:
    run = Run(decide_refund)
    run.order = order()
    run.take(reported(), order_stopped("not_synced", f"{REFUND_KEY}#1"))
    assert run.case.phase is RefundPhase.BY_HAND
    run.take(reported(RefundStatus.REFUNDED, version=2), order_stopped("not_synced", f"{REFUND_KEY}#2"))
    assert (run.case.phase, run.case.outcome) == (RefundPhase.CLOSED, Outcome.REFUNDED)
    assert len(run.case.tickets) == 1


def test_parcels_that_were_let_go_are_not_wanted_again_when_part_of_the_price_is_paid() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(), progressed(Progress.ACCEPTED))
    said = run.take(reported(version=2, amount_fen=PAID // 2))
    assert (types(said), tickets(said)) == (["interception_released"], ["partial_amount"])
    said = run.take(reported(RefundStatus.REFUNDED, version=3, amount_fen=PAID // 2))
    assert "interception_wanted" not in types(said)
    assert (run.case.phase, run.case.outcome) == (RefundPhase.CLOSED, Outcome.REFUNDED)
    assert run.last.due is None


def test_a_parcel_hears_of_an_order_inside_before_its_lines_are_known() -> None:
    run = Run(decide_order)
    shipment = Shipment(carrier="zto", waybill="W1")
    said = run.take(order_reported(status=OrderStatus.SHIPPED, shipments=(shipment,)))
    assert [message.content.line_ids for message in said] == [()]
    said = run.take(order_reported(lines=(OrderLine(line_id="L1", amount_fen=PAID),)))
    assert [message.content.line_ids for message in said] == [("L1",)]


def test_an_order_inside_whose_lines_nobody_has_told_keeps_the_parcel_going() -> None:
    untold = Content(platform="sim", order_id="O2", line_ids=())
    objection = other_goods(parcel(contents=(content(), untold)), policy())
    assert objection
    assert (objection.code, objection.facts["lines_to_arrive"], objection.may_pass) == ("other_goods_inside", 1, True)
