"""What the buyers of a parcel hear of its trouble, unasked: that it is there, how far it has come, that it is over.

Of each kind of trouble they hear once, whatever comes again: of the first ticket that breaks, at the moments that the
policy names. The time to solve it runs from the breach and is as long as the last escalation's, in business hours.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from shared.domain.commands import TellBuyer
from shared.domain.events import BuyerTold, CommandFailed
from shared.domain.parcel import Content, Stage
from shared.domain.tickets import ANOMALIES, Anomaly, BuyerMoment, Ticket
from shared.rules.parcel_draft import Fact, ParcelDraft
from shared.rules.ticketing import BROKEN, Finding
from shared.rules.wording import BUYER_CLOSE, BUYER_DELIVERED, BUYER_HALF, BUYER_SETTLED, moment, parcel_name

_OPEN, _HALF, _CLOSE = BuyerMoment
_AT_THE_DOOR = (Stage.OUT_FOR_DELIVERY, Stage.HELD_AT_PICKUP_POINT, Stage.DELIVERED)
_GOES_ON = (Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB, *_AT_THE_DOOR)
_WELL = {
    Anomaly.STALLED: _GOES_ON,
    Anomaly.PICKUP_POINT_OVERDUE: (Stage.OUT_FOR_DELIVERY, Stage.DELIVERED),
    Anomaly.SUSPECTED_LOST: _GOES_ON,
    Anomaly.DELIVERY_FAILED: _AT_THE_DOOR,
}
"""Where a parcel is if its trouble ended well."""


def tell_of(draft: ParcelDraft, ticket: Ticket, facts: Fact) -> None:
    """Tell of trouble that goes on; who hears of it late does not hear in the same breath how far it has come."""
    if ticket.told < BROKEN or not _is_for_buyers(draft):
        return
    reached = [step for step in (_OPEN, _HALF) if _is_news(draft, ticket, step) and _is_reached(draft, ticket, step)]
    if not reached:
        return
    _remember(draft, ticket, *reached)
    first = reached[0]
    text = ANOMALIES[ticket.anomaly].buyer if first is _OPEN else _half_text(draft, ticket)
    _tell(draft, ticket, first, text, facts)


def tell_end(draft: ParcelDraft, ended: Iterable[Ticket], findings: Sequence[Finding], facts: Fact) -> None:
    """Tell that the facts have ended trouble: only where a scan says so, and no other trouble takes its place.

    What ends together is told once, by the ticket that broke last.
    """
    mine = sorted(filter(_was_heard_of, ended), key=lambda ticket: ticket.breach_at, reverse=True)
    in_trouble = any(ANOMALIES[found.anomaly].buyer and found.breach_at <= draft.now for found in findings)
    well = [] if in_trouble else [ticket for ticket in mine if _ended_well(draft, ticket)]
    for ticket in well[:1]:
        is_there = draft.case.stage is Stage.DELIVERED
        _tell_over(draft, ticket, BUYER_DELIVERED if is_there else BUYER_CLOSE[ticket.anomaly], facts)
    _remember_over(draft, *mine)


def tell_settled(draft: ParcelDraft, ticket: Ticket, facts: Fact) -> None:
    """Tell that a person has seen to it, unless there is other trouble that the buyer has heard of."""
    others = [one for one in draft.case.tickets if one.anomaly is not ticket.anomaly and _was_heard_of(one)]
    if _was_heard_of(ticket):
        if not others:
            _tell_over(draft, ticket, BUYER_SETTLED, facts)
        _remember_over(draft, ticket)


def next_at(draft: ParcelDraft) -> datetime | None:
    """When a buyer is to be told how far it has come."""
    if not _is_for_buyers(draft) or not any(_listeners(draft)):
        return None
    mine = [ticket for ticket in draft.case.tickets if not ticket.closed and _is_news(draft, ticket, _HALF)]
    return min(filter(None, (_half_at(draft, ticket) for ticket in mine)), default=None)


def buyer_told(draft: ParcelDraft, event: BuyerTold) -> None:
    """The message is out, or the buyer wants none, now or ever."""
    if event.accepted:
        return
    contents = tuple(
        content.model_copy(update={"buyer_quiet": True}) if _was_for(draft, event, content) else content
        for content in draft.case.contents
    )
    draft.change(contents=contents)


def failed(draft: ParcelDraft, event: CommandFailed) -> None:
    """What a platform does not pass on, people tell."""
    for content in draft.case.contents:
        if _was_for(draft, event, content):
            reason: Fact = {"order": content.order_id, "code": event.code, "text": event.text}
            draft.note("买家消息未送达，请人工联系买家", "buyer_not_told", reason)


def _was_for(draft: ParcelDraft, event: BuyerTold | CommandFailed, content: Content) -> bool:
    return any(event.answers == _tell_id(draft, mark, content) for mark in draft.case.buyer_told)


# ---- what is still to be said ------------------------------------------------------------------------------------


def _is_reached(draft: ParcelDraft, ticket: Ticket, step: BuyerMoment) -> bool:
    half_at = _half_at(draft, ticket) if step is _HALF else None
    return step is _OPEN or (half_at is not None and half_at <= draft.now)


def _half_at(draft: ParcelDraft, ticket: Ticket) -> datetime | None:
    """Give the middle of the time to solve a broken ticket; None where that has no end or is over."""
    watching = draft.policy.watching
    if not watching.escalations or ticket.told < BROKEN or draft.now >= _limit_at(draft, ticket):
        return None
    return watching.hours.add(ticket.breach_at, watching.escalations[-1].after / 2)


def _limit_at(draft: ParcelDraft, ticket: Ticket) -> datetime:
    watching = draft.policy.watching
    return watching.hours.add(ticket.breach_at, watching.escalations[-1].after)


def _is_news(draft: ParcelDraft, ticket: Ticket, step: BuyerMoment) -> bool:
    """Whether buyers are to hear of this moment, have not yet, and have not been told that it is over."""
    said = {_mark(ticket, step), _mark(ticket, _CLOSE)}
    wanted = step in draft.policy.watching.buyer_progress
    return wanted and bool(ANOMALIES[ticket.anomaly].buyer) and said.isdisjoint(draft.case.buyer_told)


def _is_for_buyers(draft: ParcelDraft) -> bool:
    """Whether the goods still go to the buyers; who wants the money back is told of that, and not of delays."""
    return not (draft.case.is_return or draft.case.wishes)


def _listeners(draft: ParcelDraft) -> Iterator[Content]:
    platforms = draft.policy.watching.buyer_platforms
    return (one for one in draft.case.contents if not one.buyer_quiet and one.platform in platforms)


def _was_heard_of(ticket: Ticket) -> bool:
    return ticket.told >= BROKEN and not ticket.closed and bool(ANOMALIES[ticket.anomaly].buyer)


def _ended_well(draft: ParcelDraft, ticket: Ticket) -> bool:
    """Whether a scan shows it; a ticket also ends with another policy, another courier, or our patience."""
    case = draft.case
    was_heard = case.heard_at is not None and ticket.since is not None and case.heard_at > ticket.since
    return was_heard and not case.moved_to and case.stage in _WELL[ticket.anomaly]


# ---- saying it ---------------------------------------------------------------------------------------------------


def _tell_over(draft: ParcelDraft, ticket: Ticket, text: str, facts: Fact) -> None:
    if _is_for_buyers(draft) and _is_news(draft, ticket, _CLOSE):
        _tell(draft, ticket, _CLOSE, text, facts)


def _remember_over(draft: ParcelDraft, *tickets: Ticket) -> None:
    """Note, where more than a beginning is told, that buyers have heard all of these; nothing new of a kind follows."""
    if set(draft.policy.watching.buyer_progress) - {_OPEN}:
        for ticket in tickets:
            _remember(draft, ticket, _CLOSE)


def _half_text(draft: ParcelDraft, ticket: Ticket) -> str:
    return BUYER_HALF[ticket.anomaly].format(limit=moment(_limit_at(draft, ticket), draft.policy.zone))


def _remember(draft: ParcelDraft, ticket: Ticket, *steps: BuyerMoment) -> None:
    marks = {_mark(ticket, step) for step in steps}
    draft.change(buyer_told=tuple(sorted({*draft.case.buyer_told, *marks})))


def _mark(ticket: Ticket, step: BuyerMoment) -> str:
    return ticket.anomaly.value if step is _OPEN else f"{ticket.anomaly}:{step}"


def _tell(draft: ParcelDraft, ticket: Ticket, step: BuyerMoment, text: str, facts: Fact) -> None:
    """Tell the buyer of every order inside."""
    for content in _listeners(draft):
        draft.say(
            TellBuyer(
                merchant=draft.merchant,
                command_id=_tell_id(draft, _mark(ticket, step), content),
                reply_to=draft.key,
                why=draft.why(ticket.rule, facts),
                platform=content.platform,
                order_id=content.order_id,
                carrier=draft.case.carrier,
                waybill=draft.case.waybill,
                topic=ticket.anomaly,
                moment=step,
                text=f"{text}（{parcel_name(draft.case.carrier, draft.case.waybill)}）",
            )
        )


def _tell_id(draft: ParcelDraft, mark: str, content: Content) -> str:
    return f"{draft.key}#tell-{mark}-{content.order_id}"
