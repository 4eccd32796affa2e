"""Reads a JSON document that may be hostile, in time that its length bounds: what is refused costs little.

Strict where Python's reader is not: no key twice in an object, no NaN, no endless number, no half of a character.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from shared.domain.conditions import Problem
from shared.errors import Refused

BYTES_MAX = 192 * 1024
OBJECTS_MAX = 4_000
"""How many objects and lists there may be, inside of strings too."""
VALUES_MAX = 8_000
"""How many commas."""

NESTED_MAX = 40

_DIGITS_MAX = 20
_STEP_MAX = 64
_PATH_MAX = 300
_TOO_DEEP = f"the document is nested more than {NESTED_MAX} deep"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class RoutingRefused(Refused):
    """A routing that cannot be saved: everything that is wrong with it, up to ten problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("routing_refused", "; ".join(f"{path or 'document'}: {why}" for path, why in self.problems))


class _Twice(dict[str, Any]):
    """An object in which a key stands twice."""

    key = ""


_HOLDERS = (dict, list, _Twice)


def read_document(document: str | bytes) -> object:
    """Give the document's value.

    Raises:
        RoutingRefused: it is too large, or no JSON that everybody reads alike.
    """
    text = _text(document)
    for signs, most, what in (("{[", OBJECTS_MAX, "objects and lists"), (",", VALUES_MAX, "values")):
        count = sum(map(text.count, signs))
        if count > most:
            raise refused("", f"the document has {count:,} {what}, at most {most:,} are read")
    twice: list[_Twice] = []

    def an_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        keys = [key for key, _ in pairs]
        marked = _Twice(found)
        marked.key = next(key for key in keys if keys.count(key) > 1)
        twice.append(marked)
        return marked

    try:
        tree = json.loads(
            text, object_pairs_hook=an_object, parse_constant=_constant, parse_int=_whole, parse_float=_fraction
        )
    except RecursionError:  # how soon depends on the interpreter
        raise refused("", _TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise refused("", f"this is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    _measure_depth(tree)
    if twice:
        steps, found = next((steps, value) for steps, value in _walk(tree) if isinstance(value, _Twice))
        raise refused(join(*steps), f"the key {found.key[:64]!r} stands twice in this object")
    if _HALF.search(text):
        for steps, value in _walk(tree):
            if isinstance(value, str) and not _is_whole(value):
                raise refused(join(*steps), "half of a character: \\ud800 to \\udfff only stand in pairs")
    return tree


def refused(path: str, message: str) -> RoutingRefused:
    """Give the refusal of one problem."""
    return RoutingRefused([Problem(path, message)])


def _text(document: str | bytes) -> str:
    if len(document) <= BYTES_MAX:
        try:
            text, size = (document, len(document.encode())) if isinstance(document, str) else (document.decode(), 0)
        except UnicodeError:
            raise refused("", "the document is not in UTF-8") from None
        if size <= BYTES_MAX:
            return text
    raise refused("", f"the document is longer than {BYTES_MAX // 1024} KB")


def _measure_depth(tree: Any) -> None:
    level = [tree] if type(tree) in _HOLDERS else []
    for _ in range(NESTED_MAX):
        held = (value if type(value) is list else value.values() for value in level)
        level = [part for parts in held for part in parts if type(part) in _HOLDERS]
        if not level:
            return
    raise refused("", _TOO_DEEP)


def _constant(name: str) -> float:
    raise refused("", f"{name} is no number that JSON knows")


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise refused("", f"a number of {len(digits):,} digits, at most {_DIGITS_MAX} are read")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise refused("", f"{digits[:_DIGITS_MAX]} is no number that can be counted with")
    return value


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _walk(tree: object) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Give every value and key with the steps to it, parents first."""
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), tree)]
    while waiting:
        steps, value = waiting.pop()
        yield steps, value
        if isinstance(value, dict):
            waiting += [(steps, key) for key in value]
            waiting += [((*steps, key), part) for key, part in value.items()]
        elif isinstance(value, list):
            waiting += [((*steps, place), part) for place, part in enumerate(value)]


def join(*steps: str | int) -> str:
    """Write a path on: `rules[3].when`. A step may be a path itself, or nothing."""
    path = ""
    for step in steps:
        text = f"[{step}]" if isinstance(step, int) else step if step.isprintable() else repr(step[:_STEP_MAX])
        path += f".{text}" if path and text and not text.startswith("[") else text
    return path if len(path) <= _PATH_MAX else path[:_PATH_MAX] + "…"
