"""Where the parcel is: scans in any order, the way back under its own number, the warehouse."""

from datetime import datetime

from shared.domain.events import ReturnLegLinked, ReturnLegScanned, ReturnReceived
from shared.domain.parcel import InterceptionPhase, Scan, Stage
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_interception import react_to_stage

_STAGES = tuple(Stage)


def scanned(draft: ParcelDraft, scan: Scan, return_waybill: str | None) -> None:
    """Take a scan; the newest counts, whatever the order of arrival."""
    last = draft.case.last_scan
    if last is None or _recency(scan) > _recency(last):
        draft.change(last_scan=scan)
    if scan.stage in (Stage.RETURNING, Stage.RETURNED):
        draft.change(return_scan_at=min(filter(None, (draft.case.return_scan_at, scan.at))))
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


def become_return_leg_of(draft: ParcelDraft, original: str) -> None:
    """Follow this number as another parcel's way back."""
    if draft.case.return_of or original == draft.case.waybill:
        return
    draft.change(return_of=original)
    draft.say_subscribe(original)
    _forward_scan(draft)
    _forward_receipt(draft)


def received(draft: ParcelDraft, at: datetime) -> None:
    """The warehouse has the goods, under this number or the original's."""
    if draft.case.received_at:
        return
    draft.change(received_at=at)
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


def _recency(scan: Scan) -> tuple[datetime, int, str]:
    return scan.at, _STAGES.index(scan.stage), scan.code
