"""When shifts change, and when nobody has one although the shop is open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.hours import BusinessHours
from shared.domain.routing import Group
from shared.rules.routing.facts import uncovered_hours

_DAYS_MAX = 8
_INSTANT = timedelta(seconds=1)  # a gap that begins just then is ahead too


def next_change(group: Group, now: datetime) -> datetime | None:
    """When the next shift of a group begins or ends, or in a week if none does; None without shifts."""
    if not group.shifts:
        return None
    found: datetime | None = None
    for days in range(-1, _DAYS_MAX):
        ahead = min((at for at in _edges(group, now + timedelta(days=days)) if at > now), default=None)
        if found and ahead:
            return min(found, ahead)  # a shift over midnight may end behind the next day's beginning
        if found:
            return found
        found = ahead
    return found or now + timedelta(days=_DAYS_MAX - 1)


def gap_ahead(group: Group, hours: BusinessHours, now: datetime, ahead: timedelta) -> datetime | None:
    """When the shop begins to be open without anybody of the group on shift, or now if it is; None if never."""
    for begin, end in uncovered_hours(group, now, ahead + _INSTANT):
        for opens, _ in hours._windows(begin, end):
            return opens
    return None


def is_one_gap(group: Group, begin: datetime, now: datetime) -> bool:
    """Whether nobody was on shift all the time from `begin` to `now`."""
    return begin == now or uncovered_hours(group, begin, now - begin) == ((begin, now),)


def _edges(group: Group, at: datetime) -> Iterator[datetime]:
    """Give the beginnings and ends of a group's shifts of one day."""
    for shift in group.shifts:
        zone = ZoneInfo(shift.hours.zone)
        day = at.astimezone(zone).date()
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for span in shift.hours.spans(day):
            yield (midnight + timedelta(minutes=span.begin_minute)).astimezone(UTC)
            yield (midnight + timedelta(minutes=span.end_minute)).astimezone(UTC)
