"""The order's own clock: from payment to shipping. Everything later is watched by its parcels."""

from collections.abc import Sequence
from datetime import datetime

from shared.domain.decision import Decision
from shared.domain.events import TicketTaken
from shared.domain.keys import order_key
from shared.domain.messages import Message
from shared.domain.order import OrderCase, OrderStatus
from shared.domain.policy import Policy
from shared.domain.watching import Span
from shared.domain.why import Why
from shared.rules import authority
from shared.rules.deadlines import Deadline, Running, Scope, deadline_of
from shared.rules.rereading import READ_EVERY, reading_of, reread_at
from shared.rules.ticketing import LIMIT_MOVED, SETTLES_IN, Subject, follow, next_change, notice, overdue
from shared.rules.wording import moment


def watched(
    order: OrderCase, outbox: Sequence[Message], merchant: str, policy: Policy, now: datetime, *, by_clock: bool = False
) -> Decision[OrderCase]:
    """Close a decision about an order: its tickets, what staff hear of them, and when to look again."""
    deadlines = ship_deadlines(order, policy)
    findings = overdue(deadlines, now)
    tickets, news = follow(order.tickets, findings, policy.watching, now, by_clock=by_clock)
    subject = _subject(order, merchant, policy)
    said: list[Message] = [one for one in (notice(subject, one, policy, now) for one in news) if one]
    order = order.model_copy(update={"tickets": tickets})
    read_at = _reread_at(order, deadlines)
    if by_clock and read_at and now >= read_at:
        order = order.model_copy(update={"read_at": now})
        why = Why(rule="daily_reading", policy_version=policy.version, facts={"ship_by": str(order.ship_by)})
        said.append(reading_of(merchant, order.platform, order.order_id, why, now))
        read_at = _reread_at(order, deadlines)
    if read_at and read_at <= now:
        read_at = now + SETTLES_IN
    change_at = next_change(tickets, findings, deadlines, policy.watching, now)
    return Decision(order, (*outbox, *said), due=min(filter(None, (change_at, read_at)), default=None))


def _reread_at(order: OrderCase, deadlines: Sequence[Deadline]) -> datetime | None:
    """When to read an order that waits to be shipped: once a day, first of all before a warning by our own limit.

    A platform's push need not name its limit, and the one that tells of the shipping can be lost.
    """
    if not deadlines or order.paid_at is None:
        return None
    [limit] = deadlines
    if order.read_at or order.ship_by:
        return reread_at(order.read_at or order.paid_at, limit.breach_at)
    return min(limit.ask_at, order.paid_at + READ_EVERY)


def _subject(order: OrderCase, merchant: str, policy: Policy) -> Subject:
    facts = {"paid_at": moment(order.paid_at, policy.zone) if order.paid_at else None, "region": order.region}
    about = str(order_key(merchant, order.platform, order.order_id))
    part = "（部分已发货）" if order.status is OrderStatus.PARTLY_SHIPPED else ""
    name = f"订单：{order.platform} {order.order_id}{part}"
    return Subject(merchant, about, name, (), facts, over=LIMIT_MOVED if _is_to_ship(order) else "已恢复")


def ship_deadlines(order: OrderCase, policy: Policy) -> list[Deadline]:
    """Give the deadline for shipping while something is still to be shipped; the platform's own wins."""
    if order.paid_at is None or not _is_to_ship(order):
        return []
    scope = Scope(order.platform, "", order.region, order.paid_at, order.paid_fen or 0)
    found = deadline_of(Running(Span.PAY_TO_SHIP, order.paid_at), scope, policy.watching, platform_at=order.ship_by)
    return [found] if found else []


def _is_to_ship(order: OrderCase) -> bool:
    """Whether nothing was shipped, or by the platform's word only a part that is not known to be all.

    What is refunded in full is not shipped any more.
    """
    if order.backfilled or 0 < (order.paid_fen or 0) <= sum(share.amount_fen for share in order.refunds):
        return False
    if order.status is not OrderStatus.PARTLY_SHIPPED:
        return order.status is OrderStatus.PAID and not order.shipments
    sent = {line for shipment in order.shipments for line in shipment.line_ids}
    return not order.lines or not order.line_ids <= sent


def marked_if_backfilled(before: OrderCase | None, order: OrderCase, policy: Policy, now: datetime) -> OrderCase:
    """Mark an order whose payment is news to us, and old; a platform's limit that lies ahead keeps it alive."""
    if order.paid_at is None or (before and before.paid_at):
        return order
    is_old = now - max(order.paid_at, order.ship_by or order.paid_at) > policy.watching.backfill_after
    return order.model_copy(update={"backfilled": True}) if is_old else order


def take_ticket(
    order: OrderCase, event: TicketTaken, merchant: str, policy: Policy, now: datetime
) -> Decision[OrderCase]:
    """A person deals with a ticket of an order, or asks somebody who may."""
    tickets, step = authority.taken(order.tickets, event, policy, now)
    said = [
        authority.approval_notice(_subject(order, merchant, policy), ticket, step, policy)
        for ticket in tickets
        if step and ticket.anomaly is event.anomaly
    ]
    return watched(order.model_copy(update={"tickets": tickets}), said, merchant, policy, now)
