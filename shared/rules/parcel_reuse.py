"""Whose scan is this? Couriers hand numbers out again, and a parcel must not inherit what happened to an earlier one.

A use of a number is what was told of it without a gap of 30 days: orders by when they shipped it, couriers by their
scans. What is older than the present use is passed over, whenever it arrives; a parcel that was signed for is over,
and one that was not may still go on after a long silence, unless another order has the number by then. What was signed
for before any order was paid and shipped is nobody's of ours, however short the time between.
"""

from datetime import datetime, timedelta

from shared.domain.parcel import Content, Interception, ParcelCase, Scan, Stage

GAP = timedelta(days=30)
EARLIER_USE = "earlier_use"
"""What operators count where news are passed over."""
_INSTANTS = ("heard_at", "picked_up_at", "moved_at", "out_at", "held_at", "return_scan_at")


def at_scan(case: ParcelCase, scan: Scan) -> tuple[ParcelCase, bool]:
    """Give the case as the scan finds it, and whether the scan is its own."""
    first, heard = case.picked_up_at or case.heard_at, case.heard_at
    marks = [at - GAP for at in (first, case.shipped_at) if at]
    if any(scan.at < mark for mark in marks) or (case.earlier_until and scan.at <= case.earlier_until):
        return _after_late_end(case, scan), False
    if case.contents and scan.stage is Stage.DELIVERED and _is_strange(case, scan.at):
        return _since(case, scan.at), False
    if heard is None or scan.at - heard <= GAP:
        return case, True
    if case.is_finished:
        return _anew(case, scan.at - GAP, ended=_end_of(case)), True
    stays = ("return_scan_at",) if case.wishes else ()  # what was sent back for us is on its way back still
    return case.model_copy(update=dict.fromkeys({"last_scan", *_INSTANTS}.difference(stays))), True


def at_content(case: ParcelCase, content: Content, at: datetime | None) -> tuple[ParcelCase, bool]:
    """Give the case as an order's (or a returning buyer's) word of `at` finds it, and whether it is about this use."""
    if at is None or any(content.is_of_same_order(known) for known in case.contents):
        return case, True
    if case.earlier_until and at <= case.earlier_until:
        return case, False
    if was_signed_before(case, content) and case.last_scan and _is_strange(case, case.last_scan.at):
        case = _since(case, case.last_scan.at)
    dated = [known.shipped_at for known in case.contents if known.shipped_at]
    dated += [case.returned_from] if case.returned_from else []
    if dated and min(dated) - at > GAP and not _bridged(case, at, min(dated)):
        return case, False
    begins = at - max(dated) > GAP and not _bridged(case, max(dated), at) if dated else _was_silent_before(case, at)
    if begins:
        case = _anew(case, at - GAP)
    if case.earlier_until and case.earlier_until < at - GAP:  # the order's date says the same
        case = case.model_copy(update={"earlier_until": None})
    return case, True


def _bridged(case: ParcelCase, begin: datetime, end: datetime) -> bool:
    """Whether scans leave no gap between two orders."""
    first, heard = case.picked_up_at or case.heard_at, case.heard_at
    return first is not None and heard is not None and first - begin <= GAP and end - heard <= GAP


def _was_silent_before(case: ParcelCase, at: datetime) -> bool:
    return case.heard_at is not None and at - case.heard_at > GAP


def was_signed_before(case: ParcelCase, content: Content) -> bool:
    """Whether the parcel was signed for when an order was neither paid nor shipped."""
    return case.last_scan is not None and case.stage is Stage.DELIVERED and _begins_after(content, case.last_scan.at)


def _begins_after(content: Content, at: datetime) -> bool:
    """Whether an order was neither paid nor shipped by then: either of the two may be told late."""
    told = (content.paid_at, content.shipped_at)
    return all(begun and at < begun for begun in told)


def _is_strange(case: ParcelCase, signed_at: datetime) -> bool:
    return not case.is_return and all(_begins_after(content, signed_at) for content in case.contents)


def _since(case: ParcelCase, at: datetime) -> ParcelCase:
    """Forget what happened up to a stranger's signature."""
    past: dict[str, object] = {name: None for name in _INSTANTS if (known := getattr(case, name)) and known <= at}
    if case.last_scan and case.last_scan.at <= at:
        past["last_scan"] = None
    return case.model_copy(update={**past, "earlier_until": max(at, case.earlier_until or at)})


def _after_late_end(case: ParcelCase, scan: Scan) -> ParcelCase:
    """Take a scan of an earlier use: only its signature counts, which ends what had been shipped by then."""
    if scan.stage is not Stage.DELIVERED or case.is_return:
        return case
    if any(content.shipped_at and content.shipped_at <= scan.at for content in case.contents):
        return _anew(case, scan.at, ended=scan.at)
    if case.shipped_at and scan.at < case.shipped_at - GAP:  # the order's date says the same
        return case
    return case.model_copy(update={"earlier_until": max(scan.at, case.earlier_until or scan.at)})


def _end_of(case: ParcelCase) -> datetime | None:
    signed = case.last_scan.at if case.last_scan else None
    return max(filter(None, (signed, case.received_at)), default=case.heard_at)


def _anew(case: ParcelCase, since: datetime, ended: datetime | None = None) -> ParcelCase:
    """Forget what is older. Commands go on being numbered; tickets and answers stay for facts and people to close."""
    kept = {name: at for name in _INSTANTS if (at := getattr(case, name)) and at >= since}
    return ParcelCase(
        carrier=case.carrier,
        waybill=case.waybill,
        contents=tuple(content for content in case.contents if content.shipped_at and content.shipped_at > since),
        last_scan=case.last_scan if case.last_scan and case.last_scan.at >= since else None,
        interception=Interception(step=case.interception.step),
        tickets=case.tickets,
        unmatched=case.unmatched,
        settled=case.settled,
        earlier_until=max(filter(None, (ended, case.earlier_until)), default=None),
        lag_s=case.lag_s,
        handled_s=case.handled_s,
        handled_part=case.handled_part,
        **kept,
    )
