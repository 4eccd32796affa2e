"""Cells of a CSV file as times, sums and couriers; what cannot be meant is None and counted as dirt."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from shared.rules.wording import COURIERS

_DAY = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"  # as spreadsheets write
_LOOSE = re.compile(_DAY + r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")
_ONLY_A_DAY = re.compile(_DAY)
_ONLY_A_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")
_CODES = {name: code for code, name in COURIERS.items()}
_COMPANY = re.compile(r"(?:快递|速递|速运|物流)$")  # 中通快递; 中通快运 is another company
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
        return _what_is_wrong(text)
    if not _YEAR_MIN < at.year < _YEAR_MAX:
        return "time_implausible"
    if at.tzinfo is None:
        if zone is None:
            raise NoZone(text)
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _what_is_wrong(text: str) -> str:
    if _ONLY_A_DAY.fullmatch(text):
        return "time_without_clock"
    return "time_as_number" if _ONLY_A_NUMBER.fullmatch(text) else "time_unreadable"


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


def read_carrier(text: str) -> str:
    """Give the short code of a courier that is called by its name, as shops' exports do; other texts as they are."""
    return _CODES.get(_COMPANY.sub("", text), text)


def is_rounded(order_id: str) -> bool:
    """Say whether a spreadsheet has rounded a number so that many orders share it: 6.92179E+17."""
    return bool(_ROUNDED.fullmatch(order_id))
