"""Turns a merchant's rules into functions: every test becomes a closure over one place of `ChatFacts`.

Nothing is evaluated, nothing can loop: a condition is a finished tree of at most 64 tests. A policy is compiled once
and asked for every message.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple, assert_never

from shared.domain.conditions import FIELDS, AllOf, AnyOf, ChatFacts, Condition, FieldKind, Not, Test
from shared.domain.routing import Action, Routing, Welcome
from shared.rules.routing.defaults import defaults

Fits = Callable[[ChatFacts], bool]

_PLACES = {name: place for place, name in enumerate(ChatFacts._fields)}


class Hit(NamedTuple):
    """What was decided, by which rule, and which shadow rules before it would have fitted."""

    rule: str
    action: Action
    shadows: tuple[str, ...] = ()


class Router:
    """The compiled rules of one policy. The first that fits decides; one of the defaults always does."""

    def __init__(self, routing: Routing) -> None:
        self._rules = [(compiled(rule.when), Hit(rule.rule, rule.then), rule.shadow) for rule in routing.rules]
        self._active = {fits: hit for fits, hit, is_shadow in self._rules if not is_shadow}  # no two are one function
        self._has_shadows = len(self._active) < len(self._rules)
        self._defaults = defaults(routing)
        self._welcomes = [(compiled(one.when), one) for one in routing.welcomes]

    def decide(self, facts: ChatFacts) -> Hit:
        """Give the one rule that fits first; a shadow rule is listed and not followed."""
        if self._has_shadows:
            return self._decide_with_shadows(facts)
        for fits in self._active:
            if fits(facts):
                return self._active[fits]
        return self._by_default(facts)

    def _decide_with_shadows(self, facts: ChatFacts) -> Hit:
        shadows: list[str] = []
        for fits, hit, is_shadow in self._rules:
            if fits(facts):
                if not is_shadow:
                    return hit._replace(shadows=tuple(shadows))
                shadows.append(hit.rule)
        return self._by_default(facts)._replace(shadows=tuple(shadows))

    def welcome(self, facts: ChatFacts) -> Welcome | None:
        """Give what a session with these facts begins with."""
        return next((welcome for fits, welcome in self._welcomes if fits(facts)), None)

    def _by_default(self, facts: ChatFacts) -> Hit:
        for default in self._defaults:
            if default.fits(facts):
                return Hit(default.rule, default.action(facts))
        raise AssertionError("the last default fits always")


def compiled(condition: Condition) -> Fits:
    """Give the condition as a function of the facts."""
    match condition:
        case Test():
            return _test(condition)
        case Not():
            return _not(condition.not_)
        case AllOf():
            return _every(condition.all)
        case AnyOf():
            return _any([compiled(part) for part in condition.any])
        case _:
            assert_never(condition)


def _test(test: Test) -> Fits:
    place = _PLACES[test.field]
    match FIELDS[test.field]:
        case FieldKind.FLAG:
            return itemgetter(place) if test.is_ else lambda facts: not facts[place]
        case FieldKind.WORD:
            return _is(place, test.words)
        case FieldKind.WORDS:
            return _has(place, test.words)
        case FieldKind.NUMBER:
            return _between(place, test.from_, test.to)
        case kind:
            assert_never(kind)


def _every(conditions: Sequence[Condition]) -> Fits:
    """Ask for all of them in their order; a word to begin with needs no call of its own, and most rules end there."""
    match conditions:
        case [Test() as test, _, *_] if FIELDS[test.field] is FieldKind.WORD:
            place, rest = _PLACES[test.field], _every(conditions[1:])
            if len(test.words) == 1:
                [word] = test.words
                return lambda facts: facts[place] == word and rest(facts)
            known = frozenset(test.words)
            return lambda facts: facts[place] in known and rest(facts)
    return _all([compiled(part) for part in conditions])


def _is(place: int, words: tuple[str, ...]) -> Fits:
    if len(words) == 1:
        [word] = words
        return lambda facts: facts[place] == word
    known = frozenset(words)
    return lambda facts: facts[place] in known


def _has(place: int, words: tuple[str, ...]) -> Fits:
    if len(words) == 1:
        [word] = words
        return lambda facts: word in facts[place]  # type: ignore[operator]  # by its place it is a set
    known = frozenset(words)
    return lambda facts: not known.isdisjoint(facts[place])  # type: ignore[arg-type]


def _between(place: int, least: int | None, most: int | None) -> Fits:
    if least is None and most is not None:
        return lambda facts: facts[place] <= most  # type: ignore[operator]  # by its place it is a number
    if most is None and least is not None:
        return lambda facts: facts[place] >= least  # type: ignore[operator]
    return lambda facts: least <= facts[place] <= most  # type: ignore[operator]


def _not(condition: Condition) -> Fits:
    fits = compiled(condition)
    return lambda facts: not fits(facts)


def _all(parts: Sequence[Fits]) -> Fits:
    """Ask one after the other until one does not hold; a few at a time, which is quicker than a loop."""
    match parts:
        case []:
            return lambda facts: True
        case [one]:
            return one
        case [one, two]:
            return lambda facts: one(facts) and two(facts)
        case [one, two, three]:
            return lambda facts: one(facts) and two(facts) and three(facts)
        case [one, two, three, four]:
            return lambda facts: one(facts) and two(facts) and three(facts) and four(facts)
        case [one, two, three, *rest]:
            more = _all(rest)
            return lambda facts: one(facts) and two(facts) and three(facts) and more(facts)
    raise AssertionError("a list is one of these")


def _any(parts: Sequence[Fits]) -> Fits:
    """Ask one after the other until one holds."""
    match parts:
        case []:
            return lambda facts: False
        case [one]:
            return one
        case [one, two]:
            return lambda facts: one(facts) or two(facts)
        case [one, two, three]:
            return lambda facts: one(facts) or two(facts) or three(facts)
        case [one, two, three, four]:
            return lambda facts: one(facts) or two(facts) or three(facts) or four(facts)
        case [one, two, three, *rest]:
            more = _any(rest)
            return lambda facts: one(facts) or two(facts) or three(facts) or more(facts)
    raise AssertionError("a list is one of these")
