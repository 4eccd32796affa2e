"""How instants are written: epoch seconds and Beijing time. Simulated time comes from the local cloud's clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Clock = Callable[[], datetime]
BEIJING = timezone(timedelta(hours=8))


def real_now() -> datetime:
    """Tell the machine's own time, for the log only."""
    return datetime.now(UTC)


def epoch_s(at: datetime) -> int:
    """Give whole epoch seconds."""
    return int(at.timestamp())


def beijing_text(at: datetime) -> str:
    """Write an instant as the Chinese vendors do: Beijing time, no zone marker."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def parse_beijing(text: str) -> datetime:
    """Read `yyyy-MM-dd HH:mm:ss` as Beijing time.

    Raises:
        ValueError: the text has another form.
    """
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
