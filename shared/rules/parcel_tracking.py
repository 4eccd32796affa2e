"""Where the parcel is: scans in any order, the way back under its own number, the warehouse."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.events import (
    ParcelScanned,
    ParcelShipped,
    ParcelTraced,
    ReturnLegLinked,
    ReturnLegScanned,
    ReturnReceived,
    ReturnShipped,
)
from shared.domain.messages import AnyEvent
from shared.domain.parcel import UNDOING, InterceptionPhase, ParcelCase, Scan, Stage
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_interception import add_content, react_to_stage

_STAGES = tuple(Stage)


REUSED_AFTER = timedelta(days=30)
"""A number that was silent for so long, and is handed out again, is another parcel."""

_EARLY_MAX = timedelta(days=15)


def begin_anew_if_reused(draft: ParcelDraft, event: AnyEvent) -> None:
    """Forget the parcel that had this number before: couriers hand numbers out again."""
    if isinstance(event, ParcelShipped):
        at, known = event.content.shipped_at, draft.case.contents
        mine = {(content.platform, content.order_id) for content in known}
        if not known or (event.content.platform, event.content.order_id) in mine:
            at = at if draft.case.last_scan and not known else None  # scans that came before, perhaps another's
    elif isinstance(event, ParcelScanned | ParcelTraced):
        scans = (event.scan,) if isinstance(event, ParcelScanned) else event.scans
        at = max((scan.at for scan in scans), default=None) if draft.case.is_finished else None
    else:
        return
    last = max(filter(None, (draft.case.heard_at, draft.case.shipped_at)), default=None)
    if at and last and at - last > REUSED_AFTER:
        draft.case = ParcelCase(carrier=draft.case.carrier, waybill=draft.case.waybill)


def scanned(draft: ParcelDraft, scans: Sequence[Scan], return_waybill: str | None) -> None:
    """Take scans; what counts is where they were made on the way, and when, whatever the order of arrival."""
    shipped_at = draft.case.shipped_at
    for scan in scans:
        if shipped_at is None or scan.at >= shipped_at - _EARLY_MAX:  # older ones are of another parcel's time
            _take(draft, scan)
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
    if draft.case != draft.before:
        _forward_scan(draft)
        react_to_stage(draft)


def _take(draft: ParcelDraft, scan: Scan) -> None:
    case = draft.case
    last = case.last_scan
    if last is None or _weight(case, scan) > _weight(case, last):
        draft.change(last_scan=scan)
    if case.heard_at is None or scan.at > case.heard_at:
        draft.change(heard_at=scan.at, lag_s=max(0, int((draft.now - scan.at).total_seconds())))
    if scan.stage.leg >= Stage.PICKED_UP.leg:
        draft.change(picked_up_at=_first(case.picked_up_at, scan.at))
    if scan.stage.leg > Stage.PICKED_UP.leg:
        draft.change(moved_at=_first(case.moved_at, scan.at))
    if scan.stage in (Stage.RETURNING, Stage.RETURNED):
        draft.change(return_scan_at=_first(case.return_scan_at, scan.at))


def sent_back(draft: ParcelDraft, event: ReturnShipped) -> None:
    """A buyer says that this parcel brings the goods of a refund back."""
    if not draft.case.return_for:
        draft.change(return_for=event.refund, returned_from=event.at)
        add_content(draft, event.content)


def become_return_leg_of(draft: ParcelDraft, original: str) -> None:
    """Follow this number as another parcel's way back."""
    if draft.case.return_of or original == draft.case.waybill:
        return
    draft.change(return_of=original)
    _forward_scan(draft)
    _forward_receipt(draft)


def received(draft: ParcelDraft, at: datetime) -> None:
    """The warehouse has the goods, under this number or the original's."""
    if draft.case.received_at:
        return
    draft.change(received_at=at)
    if draft.case.return_for:
        draft.note("买家退货已入库，可处理退款", "return_received", {"refund": draft.case.return_for})
    if draft.case.wishes:
        draft.enter(InterceptionPhase.SUCCEEDED)
    _forward_receipt(draft)


def _forward_receipt(draft: ParcelDraft) -> None:
    """Tell the parcel whose way back this is that the warehouse has it, whichever was known first."""
    original, at = draft.case.return_of, draft.case.received_at
    if original and at:
        draft.say(ReturnReceived(merchant=draft.merchant, carrier=draft.case.carrier, waybill=original, at=at))


def _forward_scan(draft: ParcelDraft) -> None:
    """Tell the parcel whose way back this is."""
    scan = draft.case.last_scan
    if draft.case.return_of is None or scan is None:
        return
    stage = Stage.RETURNED if scan.stage in (Stage.DELIVERED, Stage.RETURNED) else Stage.RETURNING
    draft.say(
        ReturnLegScanned(
            merchant=draft.merchant,
            carrier=draft.case.carrier,
            waybill=draft.case.return_of,
            scan=scan.model_copy(update={"stage": stage}),
        )
    )


def _weight(case: ParcelCase, scan: Scan) -> tuple[int, datetime, int, str]:
    leg = 0 if case.carrier in UNDOING else scan.stage.leg
    return leg, scan.at, _STAGES.index(scan.stage), scan.code


def _first(known: datetime | None, told: datetime) -> datetime:
    return told if known is None else min(known, told)
