"""What the rules may look at about one line: the session, the buyer's orders and refunds, the shop's clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.domain.chat_events import LineReceived
from shared.domain.conditions import REFUND_CASE, AllOf, AnyOf, ChatFacts, Condition, Not, Period, Test
from shared.domain.decision import Facts
from shared.domain.policy import Policy
from shared.domain.refund import RefundPhase
from shared.domain.routing import Routing
from shared.domain.session import DeskCase, Presence, SessionCase
from shared.rules.routing.compile import Router
from shared.rules.routing.facts import age_days, mode_at, on_shift, period_of

_ROUTERS_MAX = 200
_routers: dict[str, tuple[Routing, Router]] = {}


def router_of(policy: Policy) -> Router:
    """Give the compiled rules of a policy; compiled once as long as the same policy is asked for."""
    known = _routers.get(policy.merchant)
    if known is None or known[0] is not policy.routing:
        if len(_routers) >= _ROUTERS_MAX:
            del _routers[next(iter(_routers))]
        known = _routers[policy.merchant] = (policy.routing, Router(policy.routing))
    return known[1]


def facts_of(
    case: SessionCase, event: LineReceived, given: Facts[SessionCase], policy: Policy, at: datetime
) -> ChatFacts:
    """Put together what the rules may look at; of several orders the one with trouble counts, else the latest."""
    routing, zone = policy.routing, ZoneInfo(policy.zone)
    known = sorted(given.orders, key=lambda order: (bool(order.troubles), order.paid_at or order.updated_at))
    order = known[-1] if known else None
    paid_at = order.paid_at or order.updated_at if order else None
    open_cases = {what for one in known for trouble in one.troubles for what in trouble.what}
    if any(refund.phase is not RefundPhase.CLOSED for refund in given.refunds):
        open_cases.add(REFUND_CASE)
    item, local = event.item or "", at.astimezone(zone)
    period = period_of(paid_at, at, zone, routing.after_sales_days)
    return ChatFacts(
        period=period,
        order_status=order.status if order else "unknown",
        order_age_days=age_days(paid_at, at, zone) if paid_at else 0,
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
        staffed=_is_staffed(routing, period, given.desks, at),
        hops=case.hops,
    )


def usual_group(routing: Routing, period: Period) -> str | None:
    """Give the group that a buyer of this period gets by default."""
    own = routing.aftersale_group if period is Period.AFTER_SALE else routing.presale_group
    return own or routing.aftersale_group or routing.presale_group or next(iter(routing.groups), None)


def asks_who_is_there(routing: Routing) -> bool:
    """Whether a rule or welcome looks at who is at the desks, so that these have to be read."""
    conditions = (*(rule.when for rule in routing.rules), *(welcome.when for welcome in routing.welcomes))
    return any(_looks_at(when, "staffed") for when in conditions)


def _looks_at(condition: Condition, field: str) -> bool:
    match condition:
        case Test():
            return condition.field == field
        case Not():
            return _looks_at(condition.not_, field)
        case AllOf():
            return any(_looks_at(part, field) for part in condition.all)
        case AnyOf():
            return any(_looks_at(part, field) for part in condition.any)


def _is_staffed(routing: Routing, period: Period, desks: tuple[DeskCase, ...], at: datetime) -> bool:
    """Whether somebody of the usual group is on shift and online; as always where no rule asks."""
    name = usual_group(routing, period)
    if name is None or not asks_who_is_there(routing):
        return name is not None
    desk = next((one for one in desks if one.group == name), None)
    if desk is None:
        return False
    working = on_shift(routing.groups[name], at)
    return any(state.presence is Presence.ONLINE and agent in working for agent, state in desk.agents.items())
