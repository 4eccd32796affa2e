"""Would the same rules decide the same again, and what would others have decided? Disputes, audits, backtests ask.

A decision is stored with all that its rules looked at, so that it can be made anew at any time and compared.
"""

from collections.abc import Mapping
from typing import NamedTuple

from shared.domain.conditions import FIELDS, ChatFacts, FieldKind
from shared.domain.routing import OWN_NAMES, Routing
from shared.domain.session import Routed
from shared.rules.routing.compile import Hit, Router

Document = dict[str, str | int | bool | tuple[str, ...]]

_TYPES = {FieldKind.WORD: str, FieldKind.NUMBER: int, FieldKind.FLAG: bool}


def to_document(facts: ChatFacts) -> Document:
    """Write facts as they are stored: plain values, sets in order, and nothing that is as always."""
    usual = ChatFacts._field_defaults
    given = {name: value for name, value in facts._asdict().items() if value != usual[name]}
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: object) -> str | int | bool | tuple[str, ...]:
    if isinstance(value, frozenset):
        return tuple(sorted(str(word) for word in value))
    return value if isinstance(value, int) else str(value)


def from_document(document: Mapping[str, object]) -> ChatFacts:
    """Read what `to_document` wrote.

    Raises:
        ValueError: these are no facts, or facts of a later version.
    """
    values: dict[str, object] = {}
    for name, value in document.items():
        kind = FIELDS.get(name)
        if kind is FieldKind.WORDS and isinstance(value, list | tuple):
            values[name] = frozenset(str(word) for word in value)
        elif kind is not None and kind is not FieldKind.WORDS and type(value) is _TYPES[kind]:
            values[name] = value
        else:
            raise ValueError(f"{name!r:.40} is no fact, or its value is none")
    return ChatFacts(**values)  # type: ignore[arg-type]  # each has the type of its field


# ---- again -------------------------------------------------------------------------------------------------------


class Change(NamedTuple):
    """What is different: `rule`, `bot`, `group`, `agent` or `shadows`, as it was and as it would be."""

    what: str
    was: object
    now: object


def replay(routed: Routed, routing: Routing | Router) -> tuple[Change, ...]:
    """Decide anew from the stored facts; empty where rule, action and shadow rules are the same.

    What people handed over was no rule's decision, and stays as it is.

    Raises:
        ValueError: what is stored are no facts.
    """
    if not is_by_rule(routed):
        return ()
    router = routing if isinstance(routing, Router) else Router(routing)
    return changes_to(routed, router.decide(from_document(routed.facts)))


def is_by_rule(routed: Routed) -> bool:
    """Whether a rule decided it, and not a person."""
    return routed.rule not in OWN_NAMES


def changes_to(routed: Routed, hit: Hit) -> tuple[Change, ...]:
    """Give what is different between a stored decision and another one."""
    then = hit.action
    was = (routed.rule, routed.bot, routed.group, routed.agent, routed.shadows)
    now = (hit.rule, then.bot, then.group, then.agent, hit.shadows)
    names = ("rule", "bot", "group", "agent", "shadows")
    return tuple(Change(*one) for one in zip(names, was, now, strict=True) if one[1] != one[2])
