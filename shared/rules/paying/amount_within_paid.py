"""Is the refund, with the order's other refunds, no more than what the buyer paid?"""

from shared.domain.decision import Objection
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase


def amount_within_paid(refund: RefundCase, order: OrderCase | None, policy: Policy) -> Objection | None:
    """Object when the amount exceeds what is left of the payment, or when nobody knows what was paid."""
    del policy
    left_fen = order.left_fen(refund.name) if order else None
    if left_fen is not None and 0 < refund.amount_fen <= left_fen:
        return None
    return Objection(
        rule="amount_within_paid",
        code="above_paid",
        facts={"amount_fen": refund.amount_fen, "paid_fen": order.paid_fen if order else None, "left_fen": left_fen},
        threshold="实付减去其他退款",
    )
