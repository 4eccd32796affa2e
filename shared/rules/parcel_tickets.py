"""What is done about a parcel's anomalies: tickets, the courier urged, staff and buyer told."""

from datetime import datetime

from shared.domain.commands import TellBuyer, UrgeCourier
from shared.domain.events import CourierAnswered, CourierUrged, TicketTaken
from shared.domain.tickets import ANOMALIES, Anomaly, Ticket
from shared.rules.deadlines import Deadline
from shared.rules.parcel_draft import Fact, ParcelDraft
from shared.rules.parcel_spans import trouble
from shared.rules.ticketing import BROKEN, News, follow, next_level_at, notice, overdue

_URGED = (
    Anomaly.NOT_PICKED_UP,
    Anomaly.NOT_MOVING,
    Anomaly.STALLED,
    Anomaly.DELIVERY_SLOW,
    Anomaly.SUSPECTED_LOST,
    Anomaly.RETURN_STALLED,
    Anomaly.DELIVERY_FAILED,
)
_ANSWER_MAX = 200


def settle(draft: ParcelDraft, deadlines: list[Deadline]) -> None:
    """Let the tickets follow the facts, and do what a ticket demands."""
    if not draft.case.watch.step and not draft.case.tickets:
        return
    findings = [*overdue(deadlines, draft.now), *trouble(draft.case, draft.now)]
    unique = {found.anomaly: found for found in sorted(findings, key=lambda one: one.breach_at, reverse=True)}
    tickets, news = follow(draft.case.tickets, unique.values(), draft.policy.watching, draft.now)
    draft.change(tickets=tickets)
    for one in news:
        _tell_staff(draft, one)
        if one.level == 0:
            _measure(draft, one.ticket)
        if one.level == BROKEN:
            draft.change(broken=tuple(sorted({*draft.case.broken, one.ticket.anomaly})))
    for ticket in tickets:
        _urge(draft, ticket)
        _tell_buyers(draft, ticket)


def next_change(draft: ParcelDraft, deadlines: list[Deadline]) -> datetime | None:
    """When a ticket opens or reaches its next level."""
    if not draft.case.watch.step:
        return None
    open_now = {ticket.anomaly for ticket in draft.case.tickets}
    times = [one.warn_at for one in deadlines if one.span.anomaly not in open_now]
    times += [at for one in deadlines for at in one.breaches if at > draft.now]
    level = next_level_at(draft.case.tickets, draft.policy.watching)
    return min([*times, level] if level else times, default=None)


def taken(draft: ParcelDraft, event: TicketTaken) -> None:
    """A person deals with a ticket."""
    said = {"answer": event.text[:_ANSWER_MAX], "answered_at": draft.now} if event.text else {}
    _change(draft, event.anomaly, taken_by=event.by, closed=event.closed, **said)


def urged(draft: ParcelDraft, event: CourierUrged) -> None:
    """The courier took our question."""
    for ticket in draft.case.tickets:
        if event.answers == _urge_id(draft, ticket):
            _change(draft, ticket.anomaly, urge_number=event.number[:64])


def courier_answered(draft: ParcelDraft, event: CourierAnswered) -> None:
    """The courier's answer goes into the tickets that asked; one that nobody asked for is told to the desk."""
    asked = [ticket for ticket in draft.case.tickets if ticket.urged_at]
    for ticket in asked:
        if ticket.answered_at is None or ticket.answered_at < event.at:
            _change(draft, ticket.anomaly, answer=event.text[:_ANSWER_MAX], answered_at=event.at)
    if not asked:
        draft.note(
            "快递反馈（无对应工单）", "unmatched_answer", {"source": event.source, "text": event.text[:_ANSWER_MAX]}
        )


def _facts(draft: ParcelDraft) -> Fact:
    risk = draft.forced_refund_at
    return {
        "stage": draft.case.stage,
        "heard_at": str(draft.case.heard_at or ""),
        "zone_assumed": "yes" if draft.case.last_scan and draft.case.last_scan.zone_assumed else None,
        "forced_refund_at": str(risk) if risk else None,
    }


def _tell_staff(draft: ParcelDraft, news: News) -> None:
    subject = f"快递单号：{draft.case.carrier} {draft.case.waybill}"
    said = notice(draft.merchant, draft.policy, draft.key, subject, news, _facts(draft))
    if said:
        draft.say(said)


def _urge(draft: ParcelDraft, ticket: Ticket) -> None:
    source = draft.policy.watching.urge_by.get(draft.case.carrier)
    if source is None or ticket.urged_at or ticket.anomaly not in _URGED:
        return
    _change(draft, ticket.anomaly, urged_at=draft.now)
    draft.say(
        UrgeCourier(
            merchant=draft.merchant,
            command_id=_urge_id(draft, ticket),
            reply_to=draft.key,
            why=draft.why(ticket.rule, _facts(draft)),
            source=source,
            carrier=draft.case.carrier,
            waybill=draft.case.waybill,
            anomaly=ticket.anomaly,
            text=f"{ANOMALIES[ticket.anomaly].title}，请核实并尽快处理。",
        )
    )


def _urge_id(draft: ParcelDraft, ticket: Ticket) -> str:
    return f"{draft.key}#urge-{ticket.anomaly}-{ticket.opened_at:%m%d%H%M}"


def _tell_buyers(draft: ParcelDraft, ticket: Ticket) -> None:
    """Tell the buyer of every order inside, once per kind of trouble, in their words."""
    text = ANOMALIES[ticket.anomaly].buyer
    if not text or ticket.told < BROKEN or ticket.anomaly in draft.case.buyer_told:
        return
    draft.change(buyer_told=tuple(sorted({*draft.case.buyer_told, ticket.anomaly.value})))
    for content in draft.case.contents:
        if content.buyer_quiet or content.platform not in draft.policy.watching.buyer_platforms:
            continue
        draft.say(
            TellBuyer(
                merchant=draft.merchant,
                command_id=f"{draft.key}#tell-{ticket.anomaly}-{content.order_id}",
                reply_to=draft.key,
                why=draft.why(ticket.rule, _facts(draft)),
                platform=content.platform,
                order_id=content.order_id,
                carrier=draft.case.carrier,
                waybill=draft.case.waybill,
                topic=ticket.anomaly,
                text=text,
            )
        )


def _measure(draft: ParcelDraft, ticket: Ticket) -> None:
    """Remember how long the courier took from the moment that somebody could have called."""
    moved_at, asked_at = draft.case.heard_at, ticket.urged_at or ticket.opened_at
    if moved_at and moved_at > asked_at:
        draft.change(handled_s=max(draft.case.handled_s, int((moved_at - asked_at).total_seconds())))


def _change(draft: ParcelDraft, anomaly: Anomaly, **fields: object) -> None:
    draft.change(
        tickets=tuple(
            ticket.model_copy(update=fields) if ticket.anomaly is anomaly else ticket for ticket in draft.case.tickets
        )
    )
