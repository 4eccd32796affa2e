"""When is a platform asked again what it says of an order or refund? A reading has no effect.

Platforms move their deadlines without a word, before holidays above all, and not all that matters is in their pushes.
"""

from datetime import datetime, timedelta

from shared.domain.commands import FetchOrder
from shared.domain.keys import order_key
from shared.domain.why import Why

READ_EVERY = timedelta(days=1)
READ_FOR = timedelta(days=7)
"""How long after the deadline a case is still read: what nobody ends must be forgotten one day."""


def reread_at(last: datetime, deadline: datetime) -> datetime | None:
    """Give when to read again, a day after the last time; None where that is too late for this deadline."""
    at = last + READ_EVERY
    return at if at <= deadline + READ_FOR else None


def reread_id(case: str, read_at: datetime) -> str:
    """Name the reading of a day."""
    return f"{case}#read-{read_at:%y%m%d}"


def reading_of(merchant: str, platform: str, order_id: str, why: Why, now: datetime) -> FetchOrder:
    """Ask for an order on its own behalf, once a day at most."""
    key = str(order_key(merchant, platform, order_id))
    return FetchOrder(
        merchant=merchant,
        command_id=reread_id(key, now),
        reply_to=key,
        why=why,
        platform=platform,
        order_id=order_id,
    )
