"""When is a platform's own deadline read again? Platforms move it without a word, before holidays above all.

Orders and refunds that wait for the merchant ask; a reading has no effect.
"""

from datetime import datetime, timedelta

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
