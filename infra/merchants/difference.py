"""What does a change of a policy change, and for whom? Field by field, in the order of the document."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import to_json

from infra.merchants.meanings import Meaning, meaning_of
from shared.domain.conditions import AllOf, AnyOf, Not, Test
from shared.domain.hours import Opening
from shared.domain.policy import Policy
from shared.domain.routing import Agent, Rule, Welcome
from shared.domain.watching import Escalation, Limit
from shared.rules.policy_document import FIELDS
from shared.rules.routing.document import join

_NAMES: dict[type, str] = {Limit: "rule", Escalation: "group", Rule: "rule", Welcome: "welcome", Agent: "agent"}
"""By which field an entry of a list is known; lists of anything else are compared as a whole."""

_WHOLE = (Test, AllOf, AnyOf, Not)
"""A condition is read as a whole."""

_NOTHING = "—"


class Change(NamedTuple):
    """One field that differs. `old` and `new` as they are written in the document; a dash where there is nothing."""

    path: str
    old: str
    new: str
    meaning: Meaning

    @property
    def lines(self) -> tuple[str, str]:
        """What a person reads."""
        return f"{self.path}: {self.old} → {self.new}", f"    {self.meaning.text}（{self.meaning.whom}）"


def difference(old: Policy, new: Policy) -> list[Change]:
    """Give everything that differs between two policies; their merchants and versions are not looked at."""
    return [change for field in FIELDS for change in _field(old, new, field, field)]


def _record(old: BaseModel, new: BaseModel, path: str) -> Iterator[Change]:
    for field in type(old).model_fields:
        yield from _field(old, new, field, join(path, field))


def _field(old: BaseModel, new: BaseModel, field: str, path: str) -> Iterator[Change]:
    before, after = getattr(old, field), getattr(new, field)
    meaning = meaning_of(type(old).__name__, field)
    if before == after:
        return
    if isinstance(before, BaseModel) and type(before) is type(after) and not isinstance(before, _WHOLE):
        yield from _record(before, after, path)
    elif isinstance(before, dict):
        keys = sorted({*before, *after}, key=_rank)
        yield from _entries(before, after, {key: f"{path}.{key}" for key in keys}, meaning)
    elif (was := _by_name(before)) is not None and (now := _by_name(after)) is not None:
        keys = [*was, *(name for name in now if name not in was)]
        yield from _entries(was, now, {key: f"{path}[{key}]" for key in keys}, meaning)
        if isinstance((before or after)[0], Rule | Welcome):
            yield from _order([*was], [*now], path, meaning)
    else:
        yield Change(path, write_value(before, field), write_value(after, field), meaning)


def _entries(
    before: Mapping[Any, Any], after: Mapping[Any, Any], paths: Mapping[Any, str], meaning: Meaning
) -> Iterator[Change]:
    for key, path in paths.items():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, BaseModel) and isinstance(new, BaseModel):
            yield from _record(old, new, path)
        else:
            yield Change(path, write_value(old), write_value(new), meaning)


def _by_name(entries: object) -> dict[str, BaseModel] | None:
    """Give a list's entries by their names; None where they have none, or two the same."""
    if not isinstance(entries, tuple) or not all(type(entry) in _NAMES for entry in entries):
        return None
    named = {str(getattr(entry, _NAMES[type(entry)])): entry for entry in entries}
    return named if len(named) == len(entries) else None


def _order(was: list[str], now: list[str], path: str, meaning: Meaning) -> Iterator[Change]:
    """Say that rules or welcomes that stay are asked in another order."""
    old, new = [name for name in was if name in now], [name for name in now if name in was]
    if old != new:
        yield Change(f"{path} 顺序 order", ", ".join(old), ", ".join(new), meaning)


def _rank(key: object) -> tuple[int, str]:
    """Order keys as their enumeration does, others by their letters."""
    return (list(type(key)).index(key) if isinstance(key, Enum) else 0), str(key)


def write_value(value: object, field: str = "") -> str:
    """Write a value as it stands in a document, money with its yuan; a dash for nothing."""
    if value is None:
        return _NOTHING
    if field.endswith("_fen"):
        return f"{value} (¥{value / 100:,.2f})" if isinstance(value, int) else str(value)
    written = to_json(_plain(value)).decode()
    return written[1:-1] if written.startswith('"') else written


def _plain(value: Any) -> Any:
    """Give a value as it is written in a document."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    if isinstance(value, Opening):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
