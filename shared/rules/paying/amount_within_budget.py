"""Could this refund ever be automatic? One refund above the day's cap never is."""

from shared.domain.decision import Objection
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase


def amount_within_budget(refund: RefundCase, order: OrderCase | None, policy: Policy) -> Objection | None:
    """Object when the amount alone exceeds the day's budget; the store checks what is left of it."""
    del order
    if refund.amount_fen <= policy.budget_amount_max_fen and policy.budget_count_max > 0:
        return None
    return Objection(
        rule="amount_within_budget",
        code="budget_exhausted",
        facts={"amount_fen": refund.amount_fen},
        threshold=f"budget_amount_max_fen={policy.budget_amount_max_fen} budget_count_max={policy.budget_count_max}",
    )
