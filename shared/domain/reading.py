"""Strict reading of what vendors send: no rounding, no guessing, no exception but `Unreadable`.

Used as `read.fen(fields, "pay_amount")`.
Standard library only: the webhook function uses this during its cold start.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
"""China has no daylight saving time; its vendors send local times without a zone."""

FEN_MAX = 10**11
INT64_MAX = 2**63 - 1
LABEL_MAX = 60
_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
_HEX = "[0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"\\(?:u[dD][89abAB]{_HEX}\\u[dD][c-fC-F]{_HEX}|(u[dD][89a-fA-F]{_HEX})|.)", re.DOTALL)
_YEARS = range(2000, 2100)  # outside of it stand the sentinels: 0001-01-01, 1970-01-01, 9999-12-31

Fields = Mapping[str, object]


class Unreadable(ValueError):
    """A field or document is not what the manual promises. The text is safe to log: it names fields, not contents."""


def any_json(raw: str | bytes) -> object:
    """Parse JSON; integers stay integers, NaN and Infinity are refused, half an emoji becomes U+FFFD.

    Raises:
        Unreadable: invalid, not UTF-8, or nested too deeply.
    """
    try:
        # decode() rather than the parser's own guess: UTF-16 would be read differently from how it was signed
        text = raw.decode() if isinstance(raw, bytes) else raw
        if "\\ud" in text or "\\uD" in text:
            text = _ESCAPE.sub(_whole, text)
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable("JSON is nested too deeply") from None
    except ValueError:
        raise Unreadable("not JSON in UTF-8") from None
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _whole(escape: re.Match[str]) -> str:
    """Replace half of a pair, which is left where a text was cut and which nothing can store or send on."""
    return r"\ufffd" if escape[1] else escape[0]


def document(raw: str | bytes) -> Fields:
    """Parse a JSON object."""
    return as_object(any_json(raw), "body")


def as_object(value: object, name: str) -> Fields:
    """Take a value as an object with fields."""
    if not isinstance(value, dict):
        raise Unreadable(f"{name}: object expected, got {_kind(value)}")
    return value


def nested(fields: Fields, name: str) -> Fields:
    """Read a nested object; an absent one or null is empty."""
    value = fields.get(name)
    return {} if value is None else as_object(value, name)


def objects(fields: Fields, name: str) -> Sequence[Fields]:
    """Read a list of objects; an absent one or null is empty."""
    return [as_object(value, name) for value in items(fields, name)]


def items(fields: Fields, name: str) -> Sequence[object]:
    """Read a list; an absent one or null is empty."""
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{name}: list expected, got {_kind(value)}")
    return value


def integer(fields: Fields, name: str, at_least: int = -INT64_MAX, at_most: int = INT64_MAX) -> int:
    """Read an integer; a float, a text or a boolean is none."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"{name}: integer expected, got {_kind(value)}")
    if not at_least <= value <= at_most:
        raise Unreadable(f"{name}: not a plausible number")
    return value


def fen(fields: Fields, name: str) -> int:
    """Read money: an integer of fen. Yuan come as texts or floats, so neither is taken."""
    return integer(fields, name, 0, FEN_MAX)


def identifier(fields: Fields, name: str) -> str:
    """Read an identifier, sent as text or as a positive integer of any size."""
    return as_identifier(fields.get(name), name)


def as_identifier(value: object, name: str) -> str:
    """Take a value as an identifier."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else value
    if not isinstance(written, str) or not _ID.fullmatch(written):
        raise Unreadable(f"{name}: identifier expected, got {_kind(value)}")
    return written


def text(fields: Fields, name: str) -> str:
    """Read a text; an absent one or null is empty."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{name}: text expected, got {_kind(value)}")
    return value


def epoch_s(fields: Fields, name: str) -> datetime:
    """Read epoch seconds."""
    return _plausible(lambda: datetime.fromtimestamp(integer(fields, name), UTC), name)


def iso(fields: Fields, name: str) -> datetime:
    """Read an ISO 8601 instant; one without an offset is refused."""
    value = text(fields, name)
    at = _plausible(lambda: datetime.fromisoformat(value), name)
    if at.tzinfo is None:
        raise Unreadable(f"{name}: time without an offset")
    return at.astimezone(UTC)


def beijing(fields: Fields, name: str) -> datetime:
    """Read `yyyy-MM-dd HH:mm:ss` without a zone as Beijing time."""
    value = text(fields, name)
    return _plausible(
        lambda: datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC), name
    )


def label(value: object) -> str:
    """Give a short printable form of an outside value for logs and alarms."""
    if isinstance(value, int) and -(10**18) < value < 10**18:
        return str(value)
    if isinstance(value, str):
        return "".join(char if char.isprintable() else "?" for char in value[:LABEL_MAX])
    return _kind(value)


def _plausible(read: Callable[[], datetime], name: str) -> datetime:
    try:
        at = read()
    except Unreadable:
        raise
    except (ValueError, OverflowError, OSError):
        raise Unreadable(f"{name}: not a time") from None
    if at.year not in _YEARS:
        raise Unreadable(f"{name}: not a plausible time")
    return at


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
