"""The afternoon's clock face: Beijing time."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
BEGINS = time(13, 0)


def next_afternoon(now: datetime) -> datetime:
    """Give the next one o'clock in Beijing, at least two minutes away."""
    local = now.astimezone(ZONE)
    today = datetime.combine(local.date(), BEGINS, ZONE)
    return (today if today > local + timedelta(minutes=2) else today + timedelta(days=1)).astimezone(now.tzinfo)


def shown(at: datetime | None, since: datetime) -> str:
    """Show an instant as a reader of one afternoon wants it: the time, and on which day after the first."""
    if at is None:
        return "–"
    days = (at.astimezone(ZONE).date() - since.astimezone(ZONE).date()).days
    return f"{at.astimezone(ZONE):%H:%M}" + (f"+{days}天" if days else "")
