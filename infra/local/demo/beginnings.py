"""How most scenes begin and end: an order on the road, a refund half an hour later, a person at the desk."""

from infra.local.demo.cast import act, ask, order, ship
from infra.local.demo.plans import Plan
from infra.local.demo.scenes import NOT_PAID, Cue, RefundEnd

FEN = 5900
UNSHIPPED = "refund_only_unshipped"
SHIPPED_AT = 1.0  # minutes since the afternoon began
ASKED_AT = 30.0
DESK_AT = 90.0


def on_the_road(plan: Plan, *more: Cue, sync_platform: bool = True) -> tuple[Cue, ...]:
    """An order that is shipped at once, and what follows."""
    return (Cue(0, order(1, FEN)), Cue(SHIPPED_AT, ship(plan, sync_platform=sync_platform)), *more)


def asked(plan: Plan, *more: Cue, sync_platform: bool = True) -> tuple[Cue, ...]:
    """The same, with a refund half an hour later."""
    return on_the_road(plan, Cue(ASKED_AT, ask()), *more, sync_platform=sync_platform)


def by_desk(action: str, minute: float = DESK_AT) -> Cue:
    """A person at the desk decides on the platform's page."""
    return Cue(minute, act(action, {"agree_by_hand": "人工同意", "refuse_by_hand": "人工拒绝"}[action]))


def with_ticket(*tickets: str, agreed: bool = False, fen: int = FEN) -> RefundEnd:
    """A person decided, after these tickets."""
    if agreed:
        return RefundEnd("refunded", tickets, "merchant_hand", fen)
    return NOT_PAID._replace(tickets=tickets)
