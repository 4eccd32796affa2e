"""The order's own clock: from payment to shipping. Everything later is watched by its parcels."""

from collections.abc import Sequence
from datetime import datetime

from shared.domain.decision import Decision
from shared.domain.events import DeadlineReached, TicketTaken
from shared.domain.keys import order_key
from shared.domain.messages import Message
from shared.domain.order import OrderCase, OrderStatus
from shared.domain.policy import Policy
from shared.domain.watching import Span
from shared.rules.deadlines import Deadline, Running, Scope, deadline_of
from shared.rules.ticketing import follow, next_level_at, notice, overdue


def watched(
    order: OrderCase, outbox: Sequence[Message], merchant: str, policy: Policy, now: datetime
) -> Decision[OrderCase]:
    """Close a decision about an order: its tickets, what staff hear of them, and when to look again."""
    deadlines = ship_deadlines(order, policy)
    tickets, news = follow(order.tickets, overdue(deadlines, now), policy.watching, now)
    about = str(order_key(merchant, order.platform, order.order_id))
    subject = f"订单：{order.platform} {order.order_id}"
    facts = {"paid_fen": order.paid_fen, "paid_at": str(order.paid_at or ""), "region": order.region}
    said = [notice(merchant, policy, about, subject, one, facts) for one in news]
    dues = [one.warn_at for one in deadlines if not tickets]
    dues += [at for one in deadlines for at in one.breaches if at > now]
    level = next_level_at(tickets, policy.watching)
    return Decision(
        order.model_copy(update={"tickets": tickets}),
        (*outbox, *(one for one in said if one)),
        due=min([*dues, level] if level else dues, default=None),
    )


def ship_deadlines(order: OrderCase, policy: Policy) -> list[Deadline]:
    """Give the deadline for shipping while nothing has been shipped; the platform's own wins."""
    if order.paid_at is None or order.shipments or order.status is not OrderStatus.PAID:
        return []
    if order.paid_fen is not None and 0 < order.paid_fen <= sum(share.amount_fen for share in order.refunds):
        return []
    if max(order.paid_at, order.updated_at) + policy.watching.backfill_after < order.updated_at:
        return []
    scope = Scope(order.platform, "", order.region, order.paid_at, order.paid_fen or 0)
    found = deadline_of(Running(Span.PAY_TO_SHIP, order.paid_at), scope, policy.watching, platform_at=order.ship_by)
    return [found] if found else []


def take_ticket(order: OrderCase, event: DeadlineReached | TicketTaken) -> OrderCase:
    """A person deals with a ticket of an order."""
    if not isinstance(event, TicketTaken):
        return order
    said = {"taken_by": event.by, "closed": event.closed, **({"answer": event.text[:200]} if event.text else {})}
    tickets = tuple(
        ticket.model_copy(update=said) if ticket.anomaly is event.anomaly else ticket for ticket in order.tickets
    )
    return order.model_copy(update={"tickets": tickets})
