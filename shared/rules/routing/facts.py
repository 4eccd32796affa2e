"""What a shop's clock says about a message: the buyer's period, who speaks first, and who works in a group."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.conditions import Period
from shared.domain.routing import Group, Mode, Routing


def period_of(paid_at: datetime | None, at: datetime, zone: ZoneInfo, days: int) -> Period:
    """Say where the buyer of an order stands; without an order, or one that nobody paid, there is none.

    After-sales time is counted in days of the shop's calendar: it begins with the day of the payment, and the last day
    is wholly in it, at whatever time of day was paid.
    """
    if paid_at is None:
        return Period.NO_ORDER
    return Period.AFTER_SALE if age_days(paid_at, at, zone) <= days else Period.PRE_SALE


def age_days(paid_at: datetime, at: datetime, zone: ZoneInfo) -> int:
    """Count how many midnights of the shop have passed since the payment."""
    return (at.astimezone(zone).date() - paid_at.astimezone(zone).date()).days


def mode_at(routing: Routing, channel: str, at: datetime) -> Mode:
    """Say who speaks first: the first window that is open for the channel, else the merchant's usual mode."""
    for window in routing.modes:
        if channel in (window.channels or (channel,)) and window.hours.is_open(at):
            return window.mode
    return routing.mode


def on_shift(group: Group, at: datetime) -> tuple[str, ...]:
    """Give the agents who work at this instant, in the group's order; without shifts all of them do."""
    working = {agent for shift in group.shifts if shift.hours.is_open(at) for agent in shift.agents}
    return tuple(one.agent for one in group.agents if not group.shifts or one.agent in working)


def uncovered_hours(group: Group, now: datetime, ahead: timedelta) -> tuple[tuple[datetime, datetime], ...]:
    """Give the stretches of the coming time in which nobody of the group works: in order, apart, never empty.

    A shift that begins where another one ends leaves none.
    """
    if not group.shifts:
        return ()
    now, end = now.astimezone(UTC), now.astimezone(UTC) + ahead
    spans = sorted(span for shift in group.shifts for span in shift.hours._windows(now, end))
    gaps: list[tuple[datetime, datetime]] = []
    covered_until = now
    for opens, closes in (*spans, (end, end)):
        if opens > covered_until:
            gaps.append((covered_until, opens))
        covered_until = max(covered_until, closes)
    return tuple(gaps)
