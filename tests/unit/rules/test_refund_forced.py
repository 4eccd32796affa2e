"""The platform refunds by force: nobody asks for the money any more, the goods are followed at once."""

from shared.domain.events import RefundReported
from shared.domain.order import OrderCase, Shipment
from shared.domain.refund import Outcome, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    PAID,
    REFUND_KEY,
    Run,
    order,
    order_stopped,
    reported,
    types,
)

ON_ERP = (Shipment(carrier="zto", waybill="W9"),)


def _opened(known: OrderCase | None, event: RefundReported | None = None, **policy: object) -> Run:
    run = Run(decide_refund, **policy)
    run.order = known
    run.take(event or reported())
    return run


def test_a_forced_refund_of_a_parcel_on_the_road_is_followed_at_once() -> None:
    run = _opened(order("W1"), reported(RefundStatus.REFUNDED))
    assert types(run.said) == ["order_refunded", "interception_wanted"]
    assert run.case.phase is RefundPhase.FOLLOWING


def test_a_forced_refund_of_an_order_that_has_not_left_cancels_it_and_is_over() -> None:
    run = _opened(order(), reported(RefundStatus.REFUNDED))
    assert types(run.said) == ["order_refunded", "stop_order"]
    assert types(run.take(order_stopped("cancelled", f"{REFUND_KEY}#1"))) == []
    assert (run.case.phase, run.case.outcome) == (RefundPhase.CLOSED, Outcome.REFUNDED)


def test_a_forced_refund_of_an_order_that_the_erp_shipped_is_followed() -> None:
    run = _opened(order(), reported(RefundStatus.REFUNDED))
    said = run.take(order_stopped("shipped", f"{REFUND_KEY}#1", shipments=ON_ERP))
    assert types(said) == ["interception_wanted"]
    assert run.case.phase is RefundPhase.FOLLOWING


def test_a_forced_refund_above_what_was_paid_still_stops_the_parcel() -> None:
    run = _opened(order("W1"), reported(RefundStatus.REFUNDED, amount_fen=PAID + 1))
    assert "interception_wanted" in types(run.said)


def test_a_forced_refund_told_without_its_amount_counts_with_the_amount_that_is_read() -> None:
    run = _opened(order("W1"), reported(kind=None, amount_fen=None))
    said = run.take(reported(RefundStatus.REFUNDED, 2, kind=None, amount_fen=None))
    said += run.take(reported(RefundStatus.REFUNDED, 2, answers=f"{REFUND_KEY}#1"))
    [paid] = [message for message in said if message.type == "order_refunded"]
    assert paid.share.amount_fen == PAID
    assert run.case.phase is RefundPhase.FOLLOWING


def test_a_forced_refund_of_part_of_the_price_lets_the_parcel_go() -> None:
    run = _opened(order("W1"), reported(RefundStatus.REFUNDED, amount_fen=PAID - 1))
    assert types(run.said) == ["order_refunded"]
    assert (run.case.phase, run.case.outcome) == (RefundPhase.CLOSED, Outcome.REFUNDED)
