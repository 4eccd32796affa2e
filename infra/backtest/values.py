"""Cells of a CSV file as times and sums; what cannot be meant is None and counted as dirt."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")  # as spreadsheets write
_YEAR_MIN, _YEAR_MAX = 2000, 2100
_AMOUNT_MAX = 10**9


class NoZone(ValueError):
    """A time names no zone, and none was given for such times."""


def read_time(text: str, zone: ZoneInfo | None) -> datetime | str:
    """Give a UTC instant, or the kind of dirt that the text is.

    Raises:
        NoZone: the text names no zone, and `zone` is None.
    """
    try:
        at = datetime.fromisoformat(text) if len(text) > len("2024-01-01") else None
    except ValueError:
        at = None
    try:
        at = at or _loosely(text)
    except ValueError:
        at = None
    if at is None:
        return "time_unreadable"
    if not _YEAR_MIN < at.year < _YEAR_MAX:
        return "time_implausible"
    if at.tzinfo is None:
        if zone is None:
            raise NoZone(text)
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _loosely(text: str) -> datetime | None:
    found = _LOOSE.fullmatch(text)
    return datetime(*(int(part or 0) for part in found.groups())) if found else None  # type: ignore[arg-type]  # noqa: DTZ001


def read_fen(texts: list[str]) -> int | str | None:
    """Add up sums of money in main units; None where one is missing, or the kind of dirt that they are."""
    if not texts or not all(texts):
        return None
    try:
        total = sum((Decimal(text.lstrip("¥￥$").replace(",", "")) for text in texts), Decimal(0))
    except InvalidOperation:
        return "amount_unreadable"
    if not total.is_finite() or not 0 <= total <= _AMOUNT_MAX:
        return "amount_unreadable"
    return int((total * 100).to_integral_value())


def read_weight(text: str) -> float | None:
    """Give how many orders a row stands for; None where the text does not say."""
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if 0 < weight < _AMOUNT_MAX else None
