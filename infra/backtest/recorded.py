"""Recorded states hold two things: what the world told, and what the rules then made of it. Takes the former only."""

from datetime import datetime
from typing import Any

from infra.backtest.stories import Seen, Watched
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase, Watch
from shared.domain.tickets import Anomaly, Ticket

_DECIDED = frozenset(
    {"tickets", "troubles", "watch", "buyer_told", "broken", "stalled_since", "handled_s", "handled_part"}
)
_FROM_SOURCES = ("source", "ended", "retry_at", "lost_at", "gave_up_at")
_FROM_PEOPLE = ("taken_by", "closed", "answer", "answered_at", "answered_by", "approvals", "urge_number")


def with_facts(held: Watched | None, seen: Seen, now: datetime) -> Watched:
    """Give the replayed case with what the recorded one learned by now; `held` None: it begins here."""
    after = seen.after
    facts = {name: getattr(after, name) for name in type(after).model_fields if name not in _DECIDED}
    tickets = _with_answers(held.tickets if held else (), seen)
    if isinstance(after, OrderCase):
        order = held if isinstance(held, OrderCase) else _blank_order(after)
        return order.model_copy(update={**facts, "tickets": tickets})
    parcel = held if isinstance(held, ParcelCase) else ParcelCase(carrier=after.carrier, waybill=after.waybill)
    if _is_new_life(seen):
        parcel = ParcelCase(
            carrier=after.carrier, waybill=after.waybill, handled_s=parcel.handled_s, handled_part=parcel.handled_part
        )
    watch = _with_sources(parcel.watch, seen, now)
    return parcel.model_copy(update={**facts, "tickets": tickets, "watch": watch})


def opened(seen: Seen) -> list[Anomaly]:
    """Name the tickets that were really opened with this state."""
    known = {ticket.anomaly: ticket for ticket in seen.before.tickets} if seen.before else {}
    return [
        ticket.anomaly
        for ticket in seen.after.tickets
        if ticket.anomaly not in known or is_another(known[ticket.anomaly].since, ticket.since)
    ]


def is_another(since: datetime | None, later: datetime | None) -> bool:
    """Whether a ticket of the same kind is about trouble that began later than the one before."""
    return since is not None and later is not None and later > since


def _blank_order(after: OrderCase) -> OrderCase:
    return OrderCase(platform=after.platform, order_id=after.order_id, updated_at=after.updated_at)


def _is_new_life(seen: Seen) -> bool:
    """Whether a parcel's number was given to another parcel: facts only grow within one life."""
    before, after = seen.before, seen.after
    if not isinstance(before, ParcelCase) or not isinstance(after, ParcelCase):
        return False
    forgot_news = before.heard_at is not None and (after.heard_at is None or after.heard_at < before.heard_at)
    return forgot_news or after.watch.step < before.watch.step or not _orders(before) <= _orders(after)


def _orders(case: ParcelCase) -> set[tuple[str, str]]:
    return {(content.platform, content.order_id) for content in case.contents}


def _with_sources(mine: Watch, seen: Seen, now: datetime) -> Watch:
    """What sources did is a fact, and so is what followed from it at once; what the clock did is decided again."""
    before = seen.before.watch if isinstance(seen.before, ParcelCase) else Watch()
    after = seen.after.watch if isinstance(seen.after, ParcelCase) else Watch()
    by_clock = after.asks > before.asks or bool(before.retry_at and now >= before.retry_at)
    if not mine.step or by_clock:
        return mine
    update = {
        name: value
        for name, value in _changed(before, after, _FROM_SOURCES).items()
        if not value or not getattr(mine, name) or name in ("source", "retry_at")
    }
    if after.tries < before.tries:
        update["tries"] = after.tries
    if before.step < after.step and mine.step < after.step:
        update |= {"step": after.step, "tries": after.tries, "asked_at": after.asked_at}
    return mine.model_copy(update=update)


def _with_answers(mine: tuple[Ticket, ...], seen: Seen) -> tuple[Ticket, ...]:
    """What people and couriers said about a ticket is a fact, if the replayed rules have opened it too."""
    before = {ticket.anomaly: ticket for ticket in seen.before.tickets} if seen.before else {}
    told = {
        ticket.anomaly: _changed(before[ticket.anomaly], ticket, _FROM_PEOPLE)
        for ticket in seen.after.tickets
        if ticket.anomaly in before
    }
    return tuple(ticket.model_copy(update=told.get(ticket.anomaly, {})) for ticket in mine)


def _changed(before: Any, after: Any, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
