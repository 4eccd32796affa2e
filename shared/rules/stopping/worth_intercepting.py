"""Is stopping the parcel worth the courier's fee? The merchant's policy draws the line."""

from shared.domain.decision import Objection
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy


def worth_intercepting(parcel: ParcelCase, policy: Policy) -> Objection | None:
    """Object when the goods that are refunded are worth less than the policy's minimum."""
    worth_fen = sum(wish.amount_fen for wish in parcel.wishes)
    if worth_fen >= policy.intercept_amount_min_fen:
        return None
    return Objection(
        rule="worth_intercepting",
        code="not_worth_it",
        facts={"refunded_fen": worth_fen},
        threshold=f"intercept_amount_min_fen={policy.intercept_amount_min_fen}",
        may_pass=True,
    )
