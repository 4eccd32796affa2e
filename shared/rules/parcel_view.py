"""What is known of one parcel, in the order in which it happened, and what is left of each limit. The board calls it.

The case holds the newest state and the milestones on the way to it; every single scan is in the archive.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from shared.domain.board import STAGE_TEXTS, ArrivalTime, Band, Basis, Moment, ParcelView, RunningLimit
from shared.domain.keys import CaseKey
from shared.domain.packs import Bands, pack_for
from shared.domain.parcel import Content, ParcelCase, Stage
from shared.domain.policy import Policy
from shared.domain.scores import Days, Scores
from shared.domain.tickets import ANOMALIES, SAID, Anomaly
from shared.domain.watching import Span
from shared.rules.open_tickets import hours_between, open_tickets
from shared.rules.parcel_spans import deadlines, heeded
from shared.rules.scorecard import region_of
from shared.rules.wording import COURIERS, speaker

_HOUR = timedelta(hours=1)
_BEFORE_SCANS = (Span.SHIP_TO_PICKUP, Span.PAY_TO_SIGN, Span.RETURN_PICKUP)
"""Clocks that begin with what a platform or a buyer says."""
_LONG: Days = 30  # the days of the averages that expectations rest on


def parcel_view(key: CaseKey, case: ParcelCase, policy: Policy, scores: Scores | None, now: datetime) -> ParcelView:
    """Give all that is known of a parcel."""
    return ParcelView(
        merchant=key.merchant,
        as_of=now,
        carrier=case.carrier,
        carrier_text=COURIERS.get(case.carrier, case.carrier),
        waybill=case.waybill,
        stage=case.stage,
        stage_text=STAGE_TEXTS[case.stage],
        finished=case.is_finished,
        moved_to=case.moved_to or "",
        return_waybill=case.return_waybill or "",
        watched_by=case.watch.source or "",
        watched_by_text=speaker(case.watch.source or ""),
        watch_ended=case.watch.ended,
        lag_s=case.lag_s,
        timeline=tuple(sorted(dict.fromkeys(_moments(case, now)), key=lambda moment: moment.at)),
        limits=_limits(case, policy, now),
        arrivals=tuple(_arrivals(case, scores, now)),
        tickets=tuple(open_tickets(key, case, policy, now)),
        broken_once=case.broken,
        broken_once_texts=tuple(ANOMALIES[anomaly].title for anomaly in case.broken),
    )


# ---- what happened -----------------------------------------------------------------------------------------------


def _moments(case: ParcelCase, now: datetime) -> Iterator[Moment]:
    for content in case.contents:
        if content.paid_at:
            yield Moment(at=content.paid_at, what="paid", text=f"买家付款 {content.platform} {content.order_id}")
        if content.shipped_at:
            yield Moment(at=content.shipped_at, what="shipped", text=f"发货 {content.platform} {content.order_id}")
    for at, what, text in _milestones(case):
        if at:
            yield Moment(at=at, what=what, text=text)
    for one in case.unmatched:
        said = "反馈" if one.anomaly is Anomaly.COURIER_ANSWER else ANOMALIES[one.anomaly].title
        yield Moment(at=one.at, what="answered", text=f"{said} {speaker(one.source)} {one.text}")
    for ticket in case.tickets:
        if ticket.anomaly in SAID:
            continue
        title, warned = ANOMALIES[ticket.anomaly].title, ticket.opened_at < ticket.breach_at
        yield Moment(at=ticket.opened_at, what="ticket_opened", text=f"{'预警' if warned else '工单'} {title}")
        if warned and ticket.breach_at <= now:
            yield Moment(at=ticket.breach_at, what="limit_broken", text=f"超时 {title}")
        if ticket.urged_at:
            said = f"催促快递 {title} {ticket.urge_number}".strip()
            yield Moment(at=ticket.urged_at, what="courier_urged", text=said)
        if ticket.answered_at:
            said = f"反馈 {speaker(ticket.answered_by)} {ticket.answer}"
            yield Moment(at=ticket.answered_at, what="answered", text=said)


def _milestones(case: ParcelCase) -> Iterator[tuple[datetime | None, str, str]]:
    stopping, scan = case.interception, case.last_scan
    yield case.watch.asked_at, "watched", f"订阅轨迹 {speaker(case.watch.source or '')}"
    yield case.picked_up_at, Stage.PICKED_UP, STAGE_TEXTS[Stage.PICKED_UP]
    yield case.moved_at, Stage.IN_TRANSIT, "首次中转"
    yield case.out_at, Stage.OUT_FOR_DELIVERY, STAGE_TEXTS[Stage.OUT_FOR_DELIVERY]
    yield case.held_at, Stage.HELD_AT_PICKUP_POINT, STAGE_TEXTS[Stage.HELD_AT_PICKUP_POINT]
    yield stopping.wanted_at, "interception_wanted", "退款要求拦截"
    yield stopping.accepted_at, "interception_accepted", "快递受理拦截"
    yield stopping.succeeded_at, "interception_succeeded", "快递称已拦下"
    yield case.return_scan_at, Stage.RETURNING, "首次退回扫描"
    yield case.returned_from, "sent_back", "买家寄回" if case.return_for else "快递换单退回"
    yield case.received_at, "received", "仓库收货"
    told = (case.picked_up_at, case.moved_at, case.out_at, case.held_at, case.return_scan_at)
    if scan and (scan.at not in told or scan.stage in (Stage.DELIVERED, Stage.RETURNED)):
        yield scan.at, scan.stage, STAGE_TEXTS[scan.stage]


# ---- what is left ------------------------------------------------------------------------------------------------


def _limits(case: ParcelCase, policy: Policy, now: datetime) -> tuple[RunningLimit, ...]:
    zone_assumed = case.last_scan is not None and case.last_scan.zone_assumed
    found = sorted(heeded(case, deadlines(case, policy)), key=lambda one: (one.breach_at, one.rule))
    return tuple(
        RunningLimit(
            span=one.span,
            rule=one.rule,
            since=one.since,
            limit_hours=round(one.limit / _HOUR, 2),
            warn_at=one.warn_at,
            breach_at=one.breach_at,
            hours_left=hours_between(now, one.breach_at),
            exposure_fen=one.exposure_fen,
            alert=one.alert,
            zone_assumed=zone_assumed and one.span not in _BEFORE_SCANS,
        )
        for one in found
    )


def _arrivals(case: ParcelCase, scores: Scores | None, now: datetime) -> Iterator[ArrivalTime]:
    """Give the time of every order inside from payment to signature; a parcel that turned back has none."""
    if case.is_return or case.return_scan_at or case.moved_to:
        return
    signed_at = case.last_scan.at if case.last_scan and case.stage is Stage.DELIVERED else None
    for content in case.contents:
        if content.paid_at:
            yield _arrival(content, content.paid_at, signed_at, _average(case, scores), now)


def _arrival(
    content: Content,
    paid_at: datetime,
    signed_at: datetime | None,
    average: tuple[timedelta, Basis] | None,
    now: datetime,
) -> ArrivalTime:
    used = max(timedelta(0), (signed_at or now) - paid_at)
    expected, basis = used, Basis.SIGNED if signed_at else Basis.ELAPSED
    if average and not signed_at and average[0] > used:
        expected, basis = average
    bands = pack_for(content.platform, paid_at).bands
    return ArrivalTime(
        platform=content.platform,
        order_id=content.order_id,
        region=content.region,
        paid_at=paid_at,
        signed_at=signed_at,
        hours_used=round(used / _HOUR, 2),
        hours_left_for_5=round((bands.five - used) / _HOUR, 2),
        hours_left_for_4=round((bands.four - used) / _HOUR, 2),
        expected_hours=round(expected / _HOUR, 2),
        expected_band=band_of(expected, bands),
        basis=basis,
    )


def band_of(took: timedelta, bands: Bands) -> Band:
    """Give the band of a time from payment to signature."""
    if took <= bands.five:
        return Band.FIVE
    return Band.FOUR if took <= bands.four else Band.LESS


def _average(case: ParcelCase, scores: Scores | None) -> tuple[timedelta, Basis] | None:
    """Find the shop's average for such a parcel, as narrow as anything was measured."""
    places: Sequence[tuple[str, Basis]] = ((region_of(case), Basis.REGION), ("", Basis.COURIER))
    for region, basis in places:
        row = scores.row(_LONG, case.carrier, region) if scores and (region or basis is Basis.COURIER) else None
        if row and row.arrivals:
            return timedelta(minutes=row.arrival_minutes) / row.arrivals, basis
    return None
