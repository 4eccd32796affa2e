"""What the rules may look at about one line: the session, the buyer's orders and refunds, the shop's clock."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.domain.chat_events import LineReceived
from shared.domain.conditions import ChatFacts
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase, RefundPhase
from shared.domain.session import SessionCase
from shared.rules.routing.compile import Router
from shared.rules.routing.facts import mode_at, on_shift, period_of


def router_of(policy: Policy) -> Router:
    """Give the compiled rules of a policy; compiled once per version."""
    known = _ROUTERS.get(policy.merchant)
    if known is None or known[0] != policy.version:
        known = _ROUTERS[policy.merchant] = (policy.version, Router(policy.routing))
    return known[1]


_ROUTERS: dict[str, tuple[int, Router]] = {}


def facts_of(
    case: SessionCase,
    event: LineReceived,
    orders: Iterable[OrderCase],
    refunds: Iterable[RefundCase],
    policy: Policy,
    at: datetime,
) -> ChatFacts:
    """Put together what the rules may look at; of several orders the one with trouble counts, else the latest."""
    routing, zone = policy.routing, ZoneInfo(policy.zone)
    local = at.astimezone(zone)
    known = sorted(orders, key=lambda order: (bool(order.troubles), order.paid_at or order.updated_at))
    order = known[-1] if known else None
    paid_at = order.paid_at or order.updated_at if order else None
    open_cases = {what for one in known for trouble in one.troubles for what in trouble.what}
    if any(refund.phase is not RefundPhase.CLOSED for refund in refunds):
        open_cases.add("refund")
    item = event.item or ""
    group = routing.groups.get(routing.aftersale_group or routing.presale_group or next(iter(routing.groups), ""))
    return ChatFacts(
        period=period_of(paid_at, at, zone, routing.after_sales_days),
        order_status=order.status if order else "unknown",
        order_age_days=(local.date() - paid_at.astimezone(zone).date()).days if paid_at else 0,
        item=item,
        category=routing.categories.get(item, ""),
        price_fen=(order.paid_fen or 0) if order else 0,
        hot=item in routing.hot_items,
        buyer_tier=event.shopper.tier,
        buyer_tags=frozenset(event.shopper.tags),
        channel=event.channel,
        live_room=event.live_room or "",
        intent=event.intent,
        tone=event.tone,
        negative_lines=case.negative_lines,
        repeated=case.repeated,
        open_cases=frozenset(open_cases),
        mode=mode_at(routing, event.channel, at),
        hour=local.hour,
        weekday=local.weekday(),
        staffed=bool(group and on_shift(group, at)),
        hops=case.hops,
    )
