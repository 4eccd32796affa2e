"""A number that travels with another courier: its goods, its orders and its wishes move to the right parcel."""

from datetime import timedelta

from shared.domain.events import CarrierCorrected, ParcelShipped, ReturnShipped
from shared.domain.order import UNKNOWN_CARRIER
from shared.domain.parcel import Content, InterceptionPhase
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_interception import with_content
from shared.rules.parcel_watch import begin_again

_EARLY_MAX = timedelta(days=2)
"""How long before its shipping is told a parcel may have been scanned; with an older history it is somebody else's."""


def corrected(draft: ParcelDraft, event: CarrierCorrected) -> None:
    """Hand over what we know to the right courier's parcel, and tell it that the number is its own."""
    case = draft.case
    if event.right == case.carrier and case.moved_to:  # where it had moved to, it was told to be ours after all
        draft.change(moved_to=None)
        begin_again(draft, "carrier_corrected")
    if event.right == case.carrier:
        draft.change(buyer_told=tuple(sorted({*case.buyer_told, *event.told})))
    if event.right in (case.carrier, case.moved_to, UNKNOWN_CARRIER):
        return
    if event.first_at and case.shipped_at and event.first_at < case.shipped_at - _EARLY_MAX:
        draft.note(
            "单号在其他快递另有包裹，请核对快递公司", "carrier_doubted", {"said": event.right, "source": event.source}
        )
        return
    if case.return_of:  # the way back of one of its own parcels: the courier knows better than a detector
        draft.note("退件单号的快递公司待核实", "carrier_corrected", {"said": event.right, "source": event.source})
        return
    draft.change(moved_to=event.right)
    draft.say(event.model_copy(update={"carrier": event.right, "told": case.buyer_told}))
    for content in case.contents:
        _hand_over(draft, content, case.return_for)
    for refund in case.returns_also:
        _hand_over(draft, case.contents[0], refund)
    if case.wishes and not case.interception.phase.was_promised:
        draft.enter(InterceptionPhase.REFUSED, "carrier_corrected")


def pass_on(draft: ParcelDraft, content: Content) -> None:
    """An order tells more of a parcel that moved."""
    known = draft.case.contents
    draft.change(contents=with_content(known, content))
    for one in draft.case.contents:
        if one not in known:
            _hand_over(draft, one, draft.case.return_for)


def _hand_over(draft: ParcelDraft, content: Content, refund: str) -> None:
    case = draft.case
    where = {"merchant": draft.merchant, "carrier": case.moved_to, "waybill": case.waybill, "content": content}
    if refund and case.returned_from:
        draft.say(ReturnShipped.model_validate({**where, "refund": refund, "at": case.returned_from}))
    else:
        asked = case.watch.queried_at
        is_lately = asked is not None and draft.now - asked < draft.policy.watching.resubscribe_after
        draft.say(ParcelShipped.model_validate({**where, "looked_at": asked if is_lately else None}))
