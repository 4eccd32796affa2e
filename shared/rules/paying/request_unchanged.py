"""Is the request, read again right before paying, one that waits for our agreement?"""

from shared.domain.decision import Objection
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase, RefundKind, RefundStatus


def request_unchanged(refund: RefundCase, order: OrderCase | None, policy: Policy) -> Objection | None:
    """Object unless the request is pending and for the money only."""
    del order, policy
    if refund.status is RefundStatus.PENDING and refund.kind is RefundKind.REFUND_ONLY:
        return None
    return Objection(
        rule="request_unchanged",
        code="request_changed",
        facts={"status": refund.status, "kind": refund.kind},
        threshold="待处理的仅退款",
    )
