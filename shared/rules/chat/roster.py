"""When shifts change, and when nobody has one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.routing import Group
from shared.rules.routing.facts import on_shift

_AHEAD = timedelta(days=2)


def next_change(group: Group, now: datetime) -> datetime | None:
    """When the next shift of a group begins or ends; None without shifts."""
    return min((at for at in _edges(group, now) if at > now), default=None)


def uncovered_at(group: Group, now: datetime, ahead: timedelta) -> datetime | None:
    """When within `ahead` the group begins to be without anybody on shift, or now if it is; None if never."""
    if not group.shifts:
        return None
    for at in sorted({now, *_edges(group, now)}):
        if now <= at <= now + ahead and not on_shift(group, at):
            return at
    return None


def _edges(group: Group, now: datetime) -> Iterator[datetime]:
    for shift in group.shifts:
        zone = ZoneInfo(shift.hours.zone)
        for days in range(-1, _AHEAD.days + 1):
            day = (now + timedelta(days=days)).astimezone(zone).date()
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            for span in shift.hours.spans(day):
                yield midnight + timedelta(minutes=span.begin_minute)
                yield midnight + timedelta(minutes=span.end_minute)
