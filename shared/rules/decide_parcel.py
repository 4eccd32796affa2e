"""What happens to one parcel: where it is, whether it can be stopped, what its refunds are told.

    none ──wanted──▶ waiting ◀─┐                              ┌──▶ failed, cancelled
      │  rules allow    │ scan │ not before the first scan    │
      └─────────────────┴─▶ requested ──▶ accepted ──query/scan──▶ succeeded ──▶ (returning, received)
                                └──▶ refused

Interception is asynchronous: accepted is not stopped. One interception at a time, however many refunds want it.
"""

from datetime import datetime

from shared.domain.decision import Decision, Facts
from shared.domain.events import (
    BuyerTold,
    CarrierCorrected,
    CarrierDoubted,
    CommandFailed,
    CourierAnswered,
    CourierUrged,
    DeadlineReached,
    InterceptionAccepted,
    InterceptionCancelled,
    InterceptionRefused,
    InterceptionReleased,
    InterceptionReported,
    InterceptionWanted,
    ParcelScanned,
    ParcelShipped,
    ParcelTraced,
    ReturnLegLinked,
    ReturnLegScanned,
    ReturnReceived,
    ReturnShipped,
    TicketTaken,
    TrackingEnded,
    TrackingSubscribed,
    TroubleFiled,
    WorkOrderReported,
)
from shared.domain.keys import CaseKind
from shared.domain.messages import AnyEvent
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.rules import parcel_buyers, parcel_filings, parcel_tickets, parcel_urging, parcel_watch
from shared.rules.parcel_clock import look_at_clock, next_due
from shared.rules.parcel_correction import corrected
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_interception import accepted, cancelled, failed, refused, release, reported, want
from shared.rules.parcel_spans import deadlines
from shared.rules.parcel_tracking import become_return_leg_of, received, scanned, sent_back, shipped


def decide_parcel(facts: Facts[ParcelCase], policy: Policy, now: datetime) -> Decision[ParcelCase]:
    """Give the parcel's next state, what to ask the courier and what to tell the refunds."""
    case = facts.case or _new_case(facts.event)
    if case is None:
        return Decision(None)
    draft = ParcelDraft(facts.merchant, policy, now, case)
    if facts.event is not None:
        _take(draft, facts.event)
    parcel_watch.begin(draft)
    running = deadlines(draft.case, policy)
    look_at = parcel_watch.look(draft, running)
    change_at = parcel_tickets.settle(draft, running, by_clock=isinstance(facts.event, DeadlineReached))
    return draft.decision(min(filter(None, (next_due(draft), look_at, change_at)), default=None))


_ABOUT_KNOWN_CASES = (DeadlineReached, CommandFailed, TicketTaken)


def _new_case(event: AnyEvent | None) -> ParcelCase | None:
    if event is None or event.case.kind is not CaseKind.PARCEL or isinstance(event, _ABOUT_KNOWN_CASES):
        return None
    carrier, waybill = event.case.id.split(":", 1)
    return ParcelCase(carrier=carrier, waybill=waybill)


def _take(draft: ParcelDraft, event: AnyEvent) -> None:  # noqa: PLR0912, PLR0915 - a line per event
    match event:
        case ParcelShipped():
            shipped(draft, event.content)
            parcel_watch.looked(draft, event.looked_at)
        case ParcelScanned():
            scanned(draft, (event.scan,), event.return_waybill)
            parcel_watch.pushed(draft, draft.before.heard_at)
        case ParcelTraced():
            scanned(draft, event.scans, event.return_waybill, asked=bool(event.answers))
            if event.answers:
                parcel_watch.answered(draft, event.answers, draft.before.heard_at)
            else:
                parcel_watch.pushed(draft, draft.before.heard_at)
        case InterceptionWanted():
            want(draft, event.content, event.wish)
        case InterceptionReleased():
            release(draft, event.refund)
        case InterceptionAccepted():
            accepted(draft, event.answers, event.number)
        case InterceptionRefused():
            refused(draft, event.answers, f"{event.code} {event.text}".strip(), wait=event.retry_after_scan)
        case InterceptionReported():
            reported(draft, event.answers, event.state)
        case InterceptionCancelled():
            cancelled(draft, event.answers)
        case CommandFailed():
            failed(draft, event)
            parcel_watch.failed(draft, event)
            parcel_urging.failed(draft, event)
            parcel_buyers.failed(draft, event)
        case ReturnLegLinked():
            become_return_leg_of(draft, event.original)
        case ReturnLegScanned():
            scanned(draft, (event.scan,), None)
        case ReturnReceived():
            received(draft, event.at)
        case DeadlineReached():
            look_at_clock(draft)
        case TrackingSubscribed():
            parcel_watch.subscribed(draft, event.answers)
        case TrackingEnded():
            parcel_watch.ended(draft, event)
        case CarrierCorrected():
            corrected(draft, event)
        case CarrierDoubted():
            parcel_watch.doubted(draft, event)
        case ReturnShipped():
            sent_back(draft, event)
        case CourierUrged():
            parcel_urging.urged(draft, event)
        case CourierAnswered():
            parcel_filings.answered(draft, event)
        case TroubleFiled():
            parcel_filings.filed(draft, event)
        case WorkOrderReported():
            parcel_urging.reported(draft, event)
        case TicketTaken():
            parcel_tickets.taken(draft, event)
        case BuyerTold():
            parcel_buyers.buyer_told(draft, event)
        case _:
            raise TypeError(f"{event.type} is not about a parcel")
