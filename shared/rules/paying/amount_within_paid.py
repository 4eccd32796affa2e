"""Is the refund, with those already paid for the order, no more than what the buyer paid?"""

from shared.domain.decision import Objection
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase


def amount_within_paid(refund: RefundCase, order: OrderCase | None, policy: Policy) -> Objection | None:
    """Object when the amount exceeds what is left of the payment, or when nobody knows what was paid."""
    del policy
    paid_fen = order.paid_fen if order else None
    refunded_fen = sum(other.amount_fen for other in order.refunds if other.refund != refund.name) if order else 0
    if paid_fen is not None and 0 < refund.amount_fen <= paid_fen - refunded_fen:
        return None
    return Objection(
        rule="amount_within_paid",
        code="above_paid",
        facts={"amount_fen": refund.amount_fen, "paid_fen": paid_fen, "refunded_fen": refunded_fen},
        threshold="0 < amount_fen <= paid_fen - refunded_fen",
    )
