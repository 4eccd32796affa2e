"""What really happened to a merchant's cases? Reads what `archive_history` has kept, for backtests.

It tolerates nothing: a figure computed over half of a history is wrong and looks right. A line may come twice; it is
the same case and version then.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from shared.workflows.archive_history import GZIP, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT_BYTES_MAX = 64 * 2**20  # of one object, unpacked; a batch of the stream is 6 MiB at most
_FIELDS = {"merchant": str, "kind": str, "id": str, "v": int, "at": str, "case": dict}


class BrokenHistory(ValueError):
    """An object of the archive does not hold what was written there. Find out why before anything is computed."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{name}, line {line}: {problem}" if line else f"{name}: {problem}")
        self.name = name
        self.line = line


class Line(NamedTuple):
    """One state that a case has had: the body of its item as JSON, its version, and when the table took it."""

    merchant: str
    kind: str
    id: str
    v: int
    at: datetime
    case: dict[str, Any]


def read_lines(name: str, data: bytes) -> Iterator[Line]:
    """Read an object; `name` is for the error only.

    Raises:
        BrokenHistory: a line is not as it was written; the message names object and line.
    """
    text = _unpack(name, data)
    if not text.endswith("\n"):
        raise BrokenHistory(name, text.count("\n") + 1, "the last line has no end")
    for number, written in enumerate(text[:-1].split("\n"), start=1):
        try:
            yield _read(written)
        except ValueError as error:
            raise BrokenHistory(name, number, str(error)) from error


def _unpack(name: str, data: bytes) -> str:
    unpacker = zlib.decompressobj(wbits=GZIP)
    try:
        text = unpacker.decompress(data, TEXT_BYTES_MAX).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise BrokenHistory(name, 0, str(error)) from error
    if unpacker.unconsumed_tail:
        raise BrokenHistory(name, 0, f"more than {TEXT_BYTES_MAX} bytes")
    if not unpacker.eof:
        raise BrokenHistory(name, 0, "the end is missing")
    if unpacker.unused_data:
        raise BrokenHistory(name, 0, "something follows its end")
    return text


def _read(written: str) -> Line:
    """Read one line.

    Raises:
        ValueError: it is not what `archive_history` writes.
    """
    fields = json.loads(written, parse_constant=_refuse)
    if not isinstance(fields, dict) or set(fields) != set(_FIELDS):
        raise ValueError(f"is not an object of {', '.join(_FIELDS)}")
    for field, kind in _FIELDS.items():
        if type(fields[field]) is not kind:  # a bool is no version
            raise ValueError(f"{field} is not of type {kind.__name__}")
    if fields["kind"] not in KINDS:
        raise ValueError(f"no case is a {fields['kind']!r}")
    at = datetime.fromisoformat(fields["at"])
    if fields["v"] < 1 or at.tzinfo is not UTC:
        raise ValueError("v is not a version, or at is not in UTC")
    return Line(**(fields | {"at": at}))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
