"""Silence is a symptom: in waking hours, sources that always talk are counted with zero until somebody talks.

At night nothing is counted, and an alarm on zeros rests.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

WAKING = (time(9), time(22))
"""When shops, platforms and couriers in China are at work."""

_ZONE = ZoneInfo("Asia/Shanghai")


def await_pushes(sources: Sequence[str], now: datetime, count_none: Callable[[Sequence[str]], None]) -> None:
    """Count no push of each source, if it is an hour in which it should be talking."""
    begin, end = WAKING
    if sources and begin <= now.astimezone(_ZONE).time() < end:
        count_none(sources)
