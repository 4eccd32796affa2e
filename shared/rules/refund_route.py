"""Where a refund request goes first: to the ERP, to the parcels, or to a person."""

from shared.domain.notices import TicketKind
from shared.domain.order import OrderCase
from shared.domain.refund import Outcome, RefundKind, RefundPhase, RefundStatus
from shared.rules.decide_order import shipped_content
from shared.rules.paying.amount_within_paid import amount_within_paid
from shared.rules.paying.full_amount import full_amount
from shared.rules.refund_draft import Fact, RefundDraft


def route(draft: RefundDraft) -> None:
    """Send the request on its way, from whatever is known by now."""
    case, order = draft.case, draft.order
    if case.kind is not RefundKind.REFUND_ONLY:
        draft.enter(RefundPhase.BY_HAND, "refund_only", case.kind)
        return
    if order is None or not order.is_complete:
        draft.ask(RefundPhase.AWAITING_ORDER, "order_needed", {"known": order is not None})
        return
    partial = full_amount(case, order, draft.policy)
    if case.status is RefundStatus.REFUNDED and partial:
        draft.close(Outcome.REFUNDED, partial.rule)
        return
    objection = partial or amount_within_paid(case, order, draft.policy)
    if objection and case.status is not RefundStatus.REFUNDED:
        draft.ask_person_about(objection)
        return
    if order.shipments_with(draft.lines):
        stop_parcels(draft, order)
    else:
        facts: Fact = {"order_status": order.status, "whole": draft.is_whole_order}
        draft.ask(RefundPhase.STOPPING_ORDER, "not_shipped", facts)


def order_learned(draft: RefundDraft) -> None:
    """Go on with the order that was asked for; what the platform does not tell, a person must."""
    if draft.case.phase is not RefundPhase.AWAITING_ORDER:
        return
    if draft.order is None or not draft.order.is_complete:
        draft.ask_person(TicketKind.CALL_FAILED, {"reason": "order_incomplete"})
    else:
        route(draft)


def stop_parcels(draft: RefundDraft, order: OrderCase) -> None:
    """Ask every parcel that holds refunded lines to be stopped."""
    refunded = draft.case.status is RefundStatus.REFUNDED
    draft.enter(RefundPhase.FOLLOWING if refunded else RefundPhase.STOPPING_PARCELS, "on_the_road")
    shipped: set[str] = set()
    for shipment in order.shipments_with(draft.lines):
        content = shipped_content(order, shipment)
        shipped.update(content.line_ids)
        draft.want(shipment.carrier, shipment.waybill, content)
    left = draft.lines - shipped
    if left:
        draft.ticket(TicketKind.HELD_IN_PART, {"lines_not_shipped": len(left)})
        if not refunded:
            draft.enter(RefundPhase.BY_HAND, "shipped_in_part")


def goods_are_stopped(draft: RefundDraft, order: OrderCase) -> bool:
    """Whether all that is refunded is in parcels that were stopped, as far as the order knows parcels at all.

    Parcels and lines that were not known when the request was routed are found here, right before money leaves.
    """
    stopped = {(parcel.carrier, parcel.waybill) for parcel in draft.case.parcels}
    on_the_road = order.shipments_with(draft.lines)
    shipped = {line for shipment in on_the_road for line in order.contents(shipment)}
    return not on_the_road or (
        all((shipment.carrier, shipment.waybill) in stopped for shipment in on_the_road) and draft.lines <= shipped
    )
