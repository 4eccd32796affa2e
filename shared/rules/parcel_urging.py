"""Couriers' people: urged once for each ticket, asked for their answer until they have no more to say.

    ticket told ──▶ urged ──number──▶ asked ──a quarter more time has passed──▶ asked again … until heard out
                                        └──▶ the answer, into the ticket

What they say unasked is filed (`parcel_filings.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.domain.commands import QueryWorkOrder, UrgeCourier
from shared.domain.events import CommandFailed, CourierUrged, WorkOrderReported
from shared.domain.parcel import ParcelCase
from shared.domain.tickets import ANOMALIES, ANSWER_MAX, Anomaly, Reply, Ticket
from shared.rules.parcel_draft import Fact, ParcelDraft

_LISTEN_AFTER = timedelta(minutes=15)
_PATIENCE = 4  # the next question comes when so many parts of the time since the urging have passed once more
_URGED = (
    Anomaly.NOT_PICKED_UP,
    Anomaly.NOT_MOVING,
    Anomaly.STALLED,
    Anomaly.DELIVERY_SLOW,
    Anomaly.SUSPECTED_LOST,
    Anomaly.RETURN_STALLED,
    Anomaly.DELIVERY_FAILED,
)


# ---- asking ------------------------------------------------------------------------------------------------------


def urge(draft: ParcelDraft, ticket: Ticket, facts: Mapping[str, str | int | None]) -> None:
    """Let the courier's people look after the parcel, where somebody takes such questions."""
    source = draft.policy.watching.urge_by.get(draft.case.carrier)
    if source is None or ticket.urged_at or ticket.heard_out or ticket.anomaly not in _URGED:
        return
    _change(draft, ticket.anomaly, urged_at=draft.now)
    draft.say(
        UrgeCourier(
            merchant=draft.merchant,
            command_id=_urge_id(draft, ticket),
            reply_to=draft.key,
            why=draft.why(ticket.rule, dict(facts)),
            source=source,
            carrier=draft.case.carrier,
            waybill=draft.case.waybill,
            anomaly=ticket.anomaly,
            text=f"{ANOMALIES[ticket.anomaly].title}，请核实并尽快处理。",
        )
    )


def listen(draft: ParcelDraft) -> None:
    """Ask for the answers that are due."""
    source = draft.policy.watching.urge_by.get(draft.case.carrier)
    for ticket in draft.case.tickets:
        at = _listen_at(ticket)
        if source is None or at is None or draft.now < at:
            continue
        _change(draft, ticket.anomaly, listened_at=draft.now)
        draft.say(
            QueryWorkOrder(
                merchant=draft.merchant,
                command_id=_listen_id(draft, ticket),
                reply_to=draft.key,
                why=draft.why("courier_answer", {"urged_at": str(ticket.urged_at), "number": ticket.urge_number}),
                source=source,
                carrier=draft.case.carrier,
                waybill=draft.case.waybill,
                number=ticket.urge_number,
            )
        )


def listen_at(case: ParcelCase) -> datetime | None:
    """When the courier is asked for an answer next."""
    return min(filter(None, map(_listen_at, case.tickets)), default=None)


def _listen_at(ticket: Ticket) -> datetime | None:
    if ticket.urged_at is None or not ticket.urge_number or ticket.heard_out or ticket.closed:
        return None
    last = ticket.listened_at or ticket.urged_at
    return last + max(_LISTEN_AFTER, (last - ticket.urged_at) / _PATIENCE)


def _urge_id(draft: ParcelDraft, ticket: Ticket) -> str:
    return f"{draft.key}#urge-{ticket.anomaly}-{ticket.since or ticket.opened_at:%y%m%d%H%M%S}"


def _listen_id(draft: ParcelDraft, ticket: Ticket) -> str:
    return f"{_urge_id(draft, ticket)}-answer"


# ---- being answered ----------------------------------------------------------------------------------------------


def urged(draft: ParcelDraft, event: CourierUrged) -> None:
    """The courier took our question."""
    for ticket in draft.case.tickets:
        if event.answers == _urge_id(draft, ticket):
            _change(draft, ticket.anomaly, urge_number=event.number[:64])


def reported(draft: ParcelDraft, event: WorkOrderReported) -> None:
    """The courier's people wrote something under our question, or nothing yet, or have closed it."""
    for ticket in draft.case.tickets:
        if event.answers != _listen_id(draft, ticket):
            continue
        reply = _newest(event.replies)
        if reply and (reply.at or reply.text[:ANSWER_MAX] != ticket.answer):
            fill(draft, ticket.anomaly, reply.text, reply.at or draft.now, event.source)
        if event.done:
            _change(draft, ticket.anomaly, heard_out=True)


def _newest(replies: Sequence[Reply]) -> Reply | None:
    """Give the newest reply; of those without a time, the last one listed."""
    timed = [reply for reply in replies if reply.at]
    return max(timed, key=lambda one: (one.at, one.text), default=None) or (replies[-1] if replies else None)


def failed(draft: ParcelDraft, event: CommandFailed) -> None:
    """Nothing comes by this way: the desk urges the courier, or files its answer, by hand."""
    for ticket in draft.case.tickets:
        if event.answers == _listen_id(draft, ticket):
            _change(draft, ticket.anomaly, heard_out=True)
        elif event.answers == _urge_id(draft, ticket) and event.certain and ticket.urged_at:
            _change(draft, ticket.anomaly, heard_out=True, urged_at=None)
            reason: Fact = {"code": event.code, "text": event.text}
            draft.note("催件未成功，请人工催促", "urge_failed", reason)


def waits_for(tickets: Sequence[Ticket], number: str = "") -> Sequence[Ticket]:
    """Give the tickets that a courier's answer is for: of its work order, else that were urged, else that could be.

    What a person has closed waits for nothing: nobody would see the answer there.
    """
    tickets = [ticket for ticket in tickets if not ticket.closed]
    of_number = [ticket for ticket in tickets if number and ticket.urge_number == number]
    asked = [ticket for ticket in tickets if ticket.urged_at]
    return of_number or asked or [ticket for ticket in tickets if ticket.anomaly in _URGED]


def fill(draft: ParcelDraft, anomaly: Anomaly, text: str, at: datetime, source: str) -> None:
    """Put an answer into a ticket; of two, the later counts, whatever came first."""
    for ticket in draft.case.tickets:
        is_later = ticket.answered_at is None or (ticket.answered_at, ticket.answer) < (at, text[:ANSWER_MAX])
        if ticket.anomaly is anomaly and is_later:
            _change(draft, anomaly, answer=text[:ANSWER_MAX], answered_at=at, answered_by=source)


def _change(draft: ParcelDraft, anomaly: Anomaly, **fields: object) -> None:
    draft.change(
        tickets=tuple(
            ticket.model_copy(update=fields) if ticket.anomaly is anomaly else ticket for ticket in draft.case.tickets
        )
    )
