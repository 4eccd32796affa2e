"""Where the parcel is: scans in any order, the way back under its own number, the warehouse."""

from collections.abc import Sequence
from datetime import datetime

from shared.domain.events import ReturnLegLinked, ReturnLegScanned, ReturnReceived, ReturnShipped
from shared.domain.parcel import UNDOING, Content, InterceptionPhase, ParcelCase, Scan, Stage
from shared.rules import parcel_reuse
from shared.rules.parcel_correction import pass_on
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_interception import ORDERS_MAX, TURNED_AWAY, add_content, react_to_stage

_STAGES = tuple(Stage)


def shipped(draft: ParcelDraft, content: Content) -> None:
    """An order says what is inside."""
    if draft.case.moved_to:
        pass_on(draft, content)
        return
    draft.case, is_meant = parcel_reuse.at_content(draft.case, content, content.shipped_at)
    if not is_meant:
        draft.counts.append(parcel_reuse.EARLIER_USE)
        return
    add_content(draft, content)
    _doubt_signed_before(draft)


def _doubt_signed_before(draft: ParcelDraft) -> None:
    """Let the desk look at orders that were paid after their parcel was signed for, whichever is heard first."""
    told = _signed_before(draft.before)
    for order_id in _signed_before(draft.case):
        if order_id not in told:
            draft.note("单号在订单付款前已签收，请核对单号", "signed_before", {"order": order_id})


def _signed_before(case: ParcelCase) -> Sequence[str]:
    return [content.order_id for content in case.contents if parcel_reuse.was_signed_before(case, content)]


def scanned(draft: ParcelDraft, scans: Sequence[Scan], return_waybill: str | None, *, asked: bool = False) -> None:
    """Take scans; what counts is where they were made on the way, and when, whatever the order of arrival.

    How late a source tells is measured by what it pushes of a parcel that it knew, not by what it was `asked` for.
    """
    heard_before = draft.case.heard_at
    for scan in sorted(scans, key=lambda one: one.at):
        draft.case, is_own = parcel_reuse.at_scan(draft.case, scan)
        if is_own:
            _take(draft, scan)
        elif parcel_reuse.EARLIER_USE not in draft.counts:
            draft.counts.append(parcel_reuse.EARLIER_USE)
    heard, watch = draft.case.heard_at, draft.case.watch
    is_older = watch.step == 1 and watch.asked_at is not None and heard is not None and heard < watch.asked_at
    if heard and heard != heard_before and not asked and not is_older:
        draft.change(lag_s=max(1, int((draft.now - heard).total_seconds())))
    if return_waybill and return_waybill != draft.case.waybill and not draft.case.return_waybill:
        draft.change(return_waybill=return_waybill)
        draft.say(
            ReturnLegLinked(
                merchant=draft.merchant,
                carrier=draft.case.carrier,
                waybill=return_waybill,
                original=draft.case.waybill,
            )
        )
    if draft.case is not draft.before:
        _doubt_signed_before(draft)
        _forward_scans(draft, draft.before)
        react_to_stage(draft)


def _take(draft: ParcelDraft, scan: Scan) -> None:
    case = draft.case
    news: dict[str, object] = {}
    if case.last_scan is None or _weight(case, scan) > _weight(case, case.last_scan):
        news["last_scan"] = scan
    if case.heard_at is None or scan.at > case.heard_at:
        news["heard_at"] = scan.at
    for name in _milestones(scan.stage):
        known: datetime | None = getattr(case, name)
        if known is None or scan.at < known:
            news[name] = scan.at
    if news:
        draft.change(**news)


def _milestones(stage: Stage) -> Sequence[str]:
    """Name the instants of which a scan may be the first."""
    if stage.leg < Stage.PICKED_UP.leg:
        return ()
    names = ["picked_up_at"]
    if stage.leg > Stage.PICKED_UP.leg:
        names.append("moved_at")
    if stage is Stage.OUT_FOR_DELIVERY:
        names.append("out_at")
    if stage is Stage.HELD_AT_PICKUP_POINT:
        names.append("held_at")
    if stage in (Stage.RETURNING, Stage.RETURNED):
        names.append("return_scan_at")
    return names


def sent_back(draft: ParcelDraft, event: ReturnShipped) -> None:
    """A buyer says that this parcel brings the goods of a refund back; it may bring those of several."""
    before = draft.case
    draft.case, is_meant = parcel_reuse.at_content(draft.case, event.content, event.at)
    refunds = sorted({event.refund, *draft.case.returned_refunds})
    if not is_meant:
        return
    if len(refunds) > ORDERS_MAX:
        draft.counts.append(TURNED_AWAY)
        return
    since = min(filter(None, (draft.case.returned_from, event.at)))
    draft.change(return_for=refunds[0], returns_also=tuple(refunds[1:]), returned_from=since)
    add_content(draft, event.content)
    if draft.case.moved_to and draft.case != before:
        draft.say(event.model_copy(update={"carrier": draft.case.moved_to}))


def become_return_leg_of(draft: ParcelDraft, original: str) -> None:
    """Follow this number as another parcel's way back."""
    if draft.case.return_of or original == draft.case.waybill:
        return
    draft.change(return_of=original, returned_from=draft.case.returned_from or draft.now)
    _forward_scans(draft, None)
    _forward_receipt(draft)


def received(draft: ParcelDraft, at: datetime) -> None:
    """The warehouse has the goods, under this number or the original's."""
    if draft.case.received_at:
        return
    draft.change(received_at=at)
    if draft.case.return_for:
        refunds = ",".join(draft.case.returned_refunds)
        draft.note("买家退货已入库，可处理退款", "return_received", {"refund": refunds})
    if draft.case.wishes:
        draft.enter(InterceptionPhase.SUCCEEDED)
    _forward_receipt(draft)


def _forward_receipt(draft: ParcelDraft) -> None:
    """Tell the parcel whose way back this is that the warehouse has it, whichever was known first."""
    original, at = draft.case.return_of, draft.case.received_at
    if original and at:
        draft.say(ReturnReceived(merchant=draft.merchant, carrier=draft.case.carrier, waybill=original, at=at))


def _forward_scans(draft: ParcelDraft, before: ParcelCase | None) -> None:
    """Tell the parcel whose way back this is when that began, when it was last heard of, and when it was signed for."""
    told, known = _way_back(draft.case), _way_back(before) if before else ()
    for stage, at in told:
        if (stage, at) not in known:
            about = {"merchant": draft.merchant, "carrier": draft.case.carrier, "waybill": draft.case.return_of}
            scan = Scan(stage=stage, at=at, code="return_leg")
            draft.say(ReturnLegScanned.model_validate({**about, "scan": scan}))


def _way_back(case: ParcelCase) -> Sequence[tuple[Stage, datetime]]:
    """Give what matters of a return leg: a label alone brings nothing back."""
    first, heard, last = case.picked_up_at, case.heard_at, case.last_scan
    if case.return_of is None or first is None or heard is None or last is None:
        return ()
    signed = [(Stage.RETURNED, last.at)] if last.stage in (Stage.DELIVERED, Stage.RETURNED) else []
    moved = [(Stage.RETURNING, at) for at in sorted({first, heard}) if (Stage.RETURNED, at) not in signed]
    return [*moved, *signed]


def _weight(case: ParcelCase, scan: Scan) -> tuple[int, datetime, int, str, bool, str]:
    leg = min(scan.stage.leg, 1) if case.carrier in UNDOING else scan.stage.leg  # what says nothing undoes nothing
    return leg, scan.at, _STAGES.index(scan.stage), scan.code, scan.zone_assumed, scan.at_text
