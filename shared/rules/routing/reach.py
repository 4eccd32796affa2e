"""Which of a merchant's rules never decide anything? Pure thought, asked when a routing is saved.

A condition is written out as alternatives, each a box: it says for some fields which of their values are left. A rule
is dead where it has no box, or where those of active rules before it cover its own. Every step of this is exact, and
where it would be long nothing is said: no rule is refused that could decide something.

Not noticed: a rule that is only covered by several rules together which look at other fields than it does (unless each
looks at the same one field alone), a condition of more than 32 alternatives, and what is left when the steps are used
up. That facts go together (no order, so no order's status) is not known here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.domain.conditions import Condition, Problem, size
from shared.domain.routing import Routing
from shared.rules.routing.boxes import Box, Space, TooLong

_NAMED_MAX = 5


class _Named(NamedTuple):
    """A condition and whose it is."""

    name: str
    when: Condition
    shadow: bool = False


def dead_rules(routing: Routing) -> Iterator[Problem]:
    """Say which rules and welcomes never decide, and which always do although they test something; in their order."""
    yield from _dead("rule", [_Named(rule.rule, rule.when, rule.shadow) for rule in routing.rules])
    yield from _dead("welcome", [_Named(one.welcome, one.when) for one in routing.welcomes])


def _dead(what: str, rules: Sequence[_Named]) -> Iterator[Problem]:
    space = Space(rule.when for rule in rules)
    before = _Before(space)
    for place, rule in enumerate(rules):
        space.clashes.clear()
        try:
            boxes = space.boxes(rule.when)
            message = _of_its_own(rule, boxes, space) or before.message(rule, boxes)
        except TooLong:
            continue
        if message:
            yield Problem(f"{what}s[{place}].when", f"{what} {rule.name} {message}")
        if not rule.shadow:
            before.add(rule, boxes)


def _of_its_own(rule: _Named, boxes: Sequence[Box], space: Space) -> str:
    """Say that a condition holds never or always."""
    if not boxes:
        fields = ", ".join(space.clashes)
        return (
            f"never fits: its tests of {fields} exclude each other"
            if fields
            else "never fits: it has no alternative that could"
        )
    if (len(boxes) > 1 or not boxes[0]) and size(rule.when)[1] and not space.left({}, boxes):
        return "always fits, whatever it tests: leave `when` out if that is meant"
    return ""


class _Known(NamedTuple):
    """An alternative of an active rule."""

    rule: str
    dims: int
    box: Box


def _dims(box: Box) -> int:
    """Give the dimensions of a box as bits."""
    return sum(1 << dim for dim in box)


class _Before:
    """What the active rules cover so far."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: list[_Known] = []
        self._alone: Box = {}  # by dimension: what the alternatives cover that look at nothing else
        self._alone_rules: dict[int, list[str]] = {}

    def add(self, rule: _Named, boxes: Sequence[Box]) -> None:
        """Remember an active rule."""
        for box in boxes:
            self._known.append(_Known(rule.name, _dims(box), box))
            if len(box) == 1:
                [(dim, bits)] = box.items()
                self._alone[dim] = self._alone.get(dim, 0) | bits
                self._alone_rules.setdefault(dim, []).append(rule.name)

    def message(self, rule: _Named, boxes: Sequence[Box]) -> str:
        """Say which rules before it decide whenever this one fits; nothing where some message is left for it."""
        names: dict[str, None] = {}
        for box in boxes:
            found = self._covering(box)
            if not found:
                return ""
            names.update(dict.fromkeys(found))
        shown = ", ".join(list(names)[:_NAMED_MAX]) + (" …" if len(names) > _NAMED_MAX else "")
        decides = "decides" if len(names) == 1 else "together decide"
        return f"is never asked: before it {shown} {decides} whenever it fits"

    def _covering(self, box: Box) -> list[str]:
        """Give the rules that cover a box: one if one does, all of one field, or all that look at its fields alone."""
        others = ~_dims(box)
        self._space.spend(1 + len(self._known) // 8)
        near = [known for known in self._known if not known.dims & others]
        for known in near:
            if all(not box[dim] & ~bits for dim, bits in known.box.items()):
                return [known.rule]
        for dim, bits in self._alone.items():
            if not box.get(dim, self._space.full(dim)) & ~bits:
                return self._alone_rules[dim]
        touching = [known for known in near if all(box[dim] & bits for dim, bits in known.box.items())]
        if touching and not self._space.left(box, (known.box for known in touching)):
            return [known.rule for known in touching]
        return []
