"""Which clocks run for a parcel, and what else is the matter with it. Facts only; nothing is decided here."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from shared.domain.order import UNKNOWN_CARRIER
from shared.domain.packs import Pack, pack_for
from shared.domain.parcel import Content, InterceptionPhase, ParcelCase, Stage
from shared.domain.policy import Policy
from shared.domain.tickets import Anomaly
from shared.domain.watching import Span
from shared.rules.deadlines import NO_PACE, Deadline, Running, Scope, deadline_of
from shared.rules.stopping.other_goods import lines_to_arrive
from shared.rules.ticketing import Finding

STALLS = (Span.STAGNATION, Span.PICKUP_TO_MOVEMENT)
"""Standing still on the way to the buyer: platforms let the buyer have the money back for it."""

_WAY_BACK = (Span.RETURN_PICKUP, Span.RETURN_STAGNATION, Span.RETURN_RECEIPT)
_STOPPING = (InterceptionPhase.ACCEPTED, InterceptionPhase.SUCCEEDED)
_TROUBLE = {
    Stage.DELIVERY_FAILED: Anomaly.DELIVERY_FAILED,
    Stage.REFUSED: Anomaly.REFUSED,
    Stage.DAMAGED: Anomaly.DAMAGED,
    Stage.SUSPECTED_LOST: Anomaly.SUSPECTED_LOST,
}
_AS_WANTED = (Stage.DELIVERY_FAILED, Stage.REFUSED)
"""No trouble with a parcel that is being stopped."""


def running(case: ParcelCase) -> Iterator[Running]:
    """Give the clocks that run; several can."""
    scan, heard = case.last_scan, case.heard_at
    if case.is_finished or case.return_waybill:
        return
    if case.is_return:
        yield from _way_home(case)
    elif scan and case.stage is Stage.RETURNED:
        yield Running(Span.RETURN_RECEIPT, scan.at)
    elif scan and heard and case.stage is Stage.RETURNING:
        yield Running(Span.RETURN_STAGNATION, heard)
    else:
        yield from _way_out(case)


def _way_home(case: ParcelCase) -> Iterator[Running]:
    if _is_with_buyer(case):
        return
    if case.last_scan and case.stage in (Stage.DELIVERED, Stage.RETURNED):
        yield Running(Span.RETURN_RECEIPT, case.last_scan.at)
    elif case.heard_at and case.picked_up_at:
        yield Running(Span.RETURN_STAGNATION, case.heard_at)
    elif case.shipped_at:  # a buyer still has to hand it over; what the courier turned round is on its way
        yield Running(Span.RETURN_PICKUP if case.return_for else Span.RETURN_STAGNATION, case.shipped_at)


def _is_with_buyer(case: ParcelCase) -> bool:
    """Whether a buyer gave the number of what we had sent: signed for, and nothing shows that it turned round."""
    return bool(case.return_for) and case.stage is Stage.DELIVERED and any(one.shipped_at for one in case.contents)


def _way_out(case: ParcelCase) -> Iterator[Running]:
    paid_at = min((content.paid_at for content in case.contents if content.paid_at), default=None)
    if paid_at:
        yield Running(Span.PAY_TO_SIGN, paid_at)
    scan, heard = case.last_scan, case.heard_at
    if scan is None or heard is None or case.picked_up_at is None:
        if case.shipped_at:
            yield Running(Span.SHIP_TO_PICKUP, case.shipped_at)
        return
    if case.stage is Stage.HELD_AT_PICKUP_POINT:
        yield Running(Span.PICKUP_POINT, case.held_at or scan.at)
        return
    if case.stage is Stage.OUT_FOR_DELIVERY:
        yield Running(Span.OUT_FOR_DELIVERY, heard)
    elif case.stage is Stage.PICKED_UP and heard <= scan.at:  # a later sign of life is movement, whatever it says
        yield Running(Span.PICKUP_TO_MOVEMENT, case.picked_up_at)
    else:
        yield Running(Span.STAGNATION, heard)
    yield Running(Span.SILENCE, heard)


def is_being_stopped(case: ParcelCase) -> bool:
    """Whether its standing still is our own doing: it is not to arrive, and before its pickup not to leave.

    A courier that was only asked may refuse within seconds: what people know of a parcel goes on until it has agreed.
    """
    stopping = case.interception
    waits = stopping.phase is InterceptionPhase.WAITING and stopping.reason != "not_worth_it"
    return bool(case.wishes) and (stopping.phase in _STOPPING or (waits and not lines_to_arrive(case)))


def deadlines(case: ParcelCase, policy: Policy) -> list[Deadline]:
    """Give the deadlines of all running clocks; of several orders inside the earliest one's, at the cost of all."""
    return _deadlines_of(running(case), case, policy)


def _deadlines_of(clocks: Iterable[Running], case: ParcelCase, policy: Policy) -> list[Deadline]:
    pace = policy.paces.get(case.carrier, NO_PACE)
    scopes = [_scope(case, content) for content in case.contents] or [Scope(carrier=case.carrier)]
    found = []
    for clock in clocks:
        mine = [one for scope in scopes if (one := deadline_of(clock, scope, policy.watching, pace))]
        if mine:
            first = min(mine, key=lambda one: (one.breach_at, one.rule))
            found.append(first._replace(exposure_fen=sum(one.exposure_fen for one in mine)))
    return found


def packs_of(case: ParcelCase) -> list[Pack]:
    """Give the rule packs that hold for the orders inside."""
    return [pack_for(content.platform, content.paid_at) for content in case.contents] or [pack_for("", None)]


def heeded(case: ParcelCase, found: Iterable[Deadline]) -> list[Deadline]:
    """Give the deadlines whose breach is anybody's affair: a parcel that we have stopped is late on purpose."""
    stopped = is_being_stopped(case)
    return [one for one in found if not stopped or one.span in _WAY_BACK]


def ended(before: ParcelCase, case: ParcelCase, policy: Policy, running_now: Iterable[Deadline]) -> Iterator[Deadline]:
    """Give the deadlines that were heeded before and are no more, or begin anew.

    What an earlier use of the number left behind is nobody's affair.
    """
    if not before.watch.step or before.earlier_until != case.earlier_until:
        return
    since = {one.span: one.since for one in running_now}
    over = [one for one in running(before) if one.span not in since or one.since < since[one.span]]
    yield from heeded(before, _deadlines_of(over, before, policy))


def end_of(span: Span, since: datetime, case: ParcelCase) -> datetime | None:
    """When did what ended a clock happen, as far as the case tells? None: nothing but that nobody waits any more."""
    scanned_at = case.last_scan.at if case.last_scan else None
    match span:
        case Span.SHIP_TO_PICKUP | Span.RETURN_PICKUP:
            return case.picked_up_at
        case Span.PICKUP_TO_MOVEMENT if case.moved_at:
            return case.moved_at
        case Span.PAY_TO_SIGN:
            return scanned_at if case.stage is Stage.DELIVERED else case.return_scan_at
        case Span.RETURN_RECEIPT:
            return case.received_at
        case Span.PICKUP_POINT:
            return scanned_at if scanned_at and scanned_at > since else None
        case _:
            return case.heard_at if case.heard_at and case.heard_at > since else None


def _scope(case: ParcelCase, content: Content) -> Scope:
    return Scope(content.platform, case.carrier, content.region, content.paid_at, content.paid_fen or 0)


def trouble(case: ParcelCase) -> Iterator[Finding]:
    """Give what is the matter regardless of any clock."""
    if case.is_finished:
        return
    scan, watch = case.last_scan, case.watch
    if scan and case.stage in _TROUBLE and not (case.stage in _AS_WANTED and is_being_stopped(case)):
        is_refused = case.is_return and case.stage is Stage.REFUSED
        yield _finding(Anomaly.RETURN_REFUSED if is_refused else _TROUBLE[case.stage], scan.at)
    unasked = not (case.wishes or case.is_return)
    if case.return_scan_at and unasked and case.stage in (Stage.RETURNING, Stage.RETURNED):
        yield _finding(Anomaly.COMING_BACK, case.return_scan_at)
    if scan and case.returned_from and _is_with_buyer(case):
        yield _finding(Anomaly.WRONG_NUMBER, max(scan.at, case.returned_from))
    elif watch.gave_up_at and case.heard_at is None:
        yield _finding(Anomaly.WRONG_NUMBER, watch.gave_up_at)
    elif watch.lost_at:
        unnamed = case.carrier == UNKNOWN_CARRIER
        yield _finding(Anomaly.CARRIER_UNKNOWN if unnamed else Anomaly.UNWATCHED, watch.lost_at)


def _finding(anomaly: Anomaly, at: datetime) -> Finding:
    return Finding(anomaly, anomaly.value, since=at, opened_at=at, breach_at=at)
