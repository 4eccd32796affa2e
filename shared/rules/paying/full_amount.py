"""Is the buyer giving the goods back for their full price? Part of the price means that the buyer keeps them."""

from shared.domain.decision import Objection
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase


def full_amount(refund: RefundCase, order: OrderCase | None, policy: Policy) -> Objection | None:
    """Object when less is asked for than the refunded lines cost: nothing is stopped, a person decides."""
    del policy
    wanted = frozenset(refund.line_ids)
    lines = [line for line in order.lines if not wanted or line.line_id in wanted] if order else []
    price_fen = sum(line.amount_fen for line in lines)
    if refund.amount_fen >= price_fen:
        return None
    return Objection(
        rule="full_amount",
        code="partial_amount",
        facts={"amount_fen": refund.amount_fen, "price_fen": price_fen},
        threshold="不少于所退商品的价格",
    )
