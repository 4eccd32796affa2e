"""Reads a merchant's routing when it is saved, and refuses what could not be carried out, or never would be.

    bytes ─▶ JSON, strictly ─▶ few enough of everything ─▶ conditions ─▶ models, part by part ─▶ no dead rules

A stored routing is read without this. Everything that is wrong is told at once, up to ten problems, with their paths.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.conditions import Problem, Unfit, test_problems, unknown
from shared.domain.hours import SPECIAL_DAYS_MAX, BusinessHours
from shared.domain.routing import (
    AGENTS_MAX,
    DEPTH_MAX,
    GROUPS_MAX,
    ITEMS_MAX,
    PROBLEMS_MAX,
    RULES_MAX,
    SHIFTS_MAX,
    TESTS_MAX,
    Action,
    Agent,
    Group,
    ModeWindow,
    Routing,
    Rule,
    Shift,
)
from shared.rules.routing.document import RoutingRefused, join, read_document
from shared.rules.routing.reach import dead_rules

TESTS_IN_ALL_MAX = 800

_FORMS = frozenset({"all", "any", "not"})

_MOST: dict[str | int, int] = {
    "rules": RULES_MAX,
    "groups": GROUPS_MAX,
    "agents": AGENTS_MAX,
    "shifts": SHIFTS_MAX,
    "modes": SHIFTS_MAX,
    "hot_items": ITEMS_MAX,
    "categories": ITEMS_MAX,
    "closed": SPECIAL_DAYS_MAX,
    "extra": SPECIAL_DAYS_MAX,
}
_MOST_ELSE = 64
_SLICE = 200  # categories are looked at a few at a time
_FEW = 50


def load_routing(document: str | bytes) -> Routing:
    """Read a routing that is to be saved.

    Raises:
        RoutingRefused: everything that is wrong with it.
    """
    return routing_from(read_document(document))


def routing_from(tree: object) -> Routing:
    """Read a routing that is part of a larger document, as `read_document` gives it.

    Raises:
        RoutingRefused: everything that is wrong with it.
    """
    if not isinstance(tree, dict):
        raise RoutingRefused([Problem("", f"a routing is an object; its keys: {', '.join(Routing.model_fields)}")])
    _refuse(chain(_unknown_keys(tree, Routing), _sizes(tree)), tree)
    _refuse(_bare_problems(_without_conditions(tree)), tree)
    _refuse(_conditions(tree.get("rules", ())), tree)
    try:
        routing = Routing.model_validate(tree)
    except ValidationError as error:
        raise RoutingRefused(list(islice(_problems_in(error, Routing), PROBLEMS_MAX))) from None
    _refuse(dead_rules(routing), tree)
    return routing


def _refuse(problems: Iterable[Problem], tree: Mapping[str, Any]) -> None:
    found = [_named(problem, tree) for problem in islice(problems, PROBLEMS_MAX)]
    if found:
        raise RoutingRefused(found)


def _named(problem: Problem, tree: Mapping[str, Any]) -> Problem:
    """Say in the message which rule it is about: people know rules by their names."""
    place = re.match(r"rules\[(\d+)\]", problem.path)
    rule = tree["rules"][int(place[1])] if place else None
    name = rule.get("rule") if isinstance(rule, dict) else None
    if not isinstance(name, str) or problem.message.startswith("rule "):
        return problem
    return Problem(problem.path, f"rule {name[:64]!r}: {problem.message}")


def _without_conditions(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give the document without what takes most of the time to read."""
    rules = tree.get("rules")
    if not isinstance(rules, list):
        return dict(tree)
    bare = [{key: rule[key] for key in rule if key != "when"} if isinstance(rule, dict) else rule for rule in rules]
    return {**tree, "rules": bare}


def _unknown_keys(tree: Mapping[str, object], model: type[BaseModel]) -> Iterator[Problem]:
    for key in tree:
        if key not in model.model_fields:
            yield Problem(key, unknown("key", key, tuple(model.model_fields)))


def _sizes(tree: Mapping[str, object]) -> Iterator[Problem]:
    """Say what has too many parts to be looked at; conditions are measured by themselves."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if len(value) > (most := _MOST.get(path[-1] if path else "", _MOST_ELSE)):
            yield Problem(join(*path), f"{len(value):,} entries, at most {most:,} are read")
        elif isinstance(value, list):
            waiting += [((*path, place), part) for place, part in enumerate(value) if isinstance(part, dict | list)]
        elif isinstance(value, dict):
            held = [(name, part) for name, part in value.items() if isinstance(part, dict | list) and name != "when"]
            waiting += [((*path, name), part) for name, part in held]


# ---- conditions --------------------------------------------------------------------------------------------------


def _conditions(rules: Iterable[Mapping[str, object]]) -> Iterator[Problem]:
    tests, before = 0, None
    for place, rule in enumerate(rules):
        if "when" not in rule:
            continue
        found: list[Problem] = []
        own = _condition(rule["when"], 1, found)
        if own > TESTS_MAX:
            found.append(Problem("", f"more tests than {TESTS_MAX}"))
        elif rule["when"] == before:
            found.append(Problem("", "the same condition as the rule before, which decides"))
        before = None if rule.get("shadow") else rule["when"]
        yield from (Problem(join("rules", place, "when", inner), why) for inner, why in found)
        tests += own
        if tests > TESTS_IN_ALL_MAX:
            yield Problem("rules", f"more tests in all than {TESTS_IN_ALL_MAX:,}")
            return


def _condition(value: object, depth: int, found: list[Problem]) -> int:
    """Add what is wrong with a condition, and give how many tests it has, counted as far as is allowed."""
    if depth > DEPTH_MAX:
        found.append(Problem("", f"nested more than {DEPTH_MAX} deep"))
    elif not isinstance(value, dict):
        found.append(Problem("", 'a condition is an object: a test with "field", or one of "all", "any" and "not"'))
    elif "field" in value or not (forms := value.keys() & _FORMS):
        found += test_problems(value)
    elif len(value) > 1:
        keys = ", ".join(list(value)[:5])
        found.append(Problem("", f'"{min(forms)}" stands alone in its object; keys here: {keys:.200}'))
    elif "not" in value:
        return _several(value.items(), depth + 1, found)
    else:
        [(form, parts)] = value.items()
        if not isinstance(parts, list):
            found.append(Problem(form, "this is a list of conditions"))
            return 1
        before = len(found)
        tests = _several(enumerate(parts), depth + 1, found)
        found[before:] = (Problem(f"{form}{path}", why) for path, why in found[before:])
        return tests
    return 1


def _several(parts: Iterable[tuple[str | int, object]], depth: int, found: list[Problem]) -> int:
    tests = 0
    for step, part in parts:
        before = len(found)
        tests += _condition(part, depth, found)
        if len(found) > before:
            found[before:] = (Problem(join(step, path), why) for path, why in found[before:])
        if tests > TESTS_MAX or len(found) >= PROBLEMS_MAX:
            break
    return max(tests, 1)


# ---- models ------------------------------------------------------------------------------------------------------


def _bare_problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with anything but conditions."""
    try:
        Routing.model_validate(tree)
    except ValidationError as error:
        few = error.error_count() <= _FEW
        yield from _problems_in(error, Routing) if few else _part_problems(tree)


def _part_problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with one part after the other: all problems at once may be very many."""
    kinds: tuple[tuple[str, type[BaseModel]], ...] = (("groups", Group), ("rules", Rule), ("modes", ModeWindow))
    for key, model in kinds:
        for step, part in _entries(tree.get(key)):
            yield from _told(model, part, key, step)
    categories = _entries(tree.get("categories"))
    while some := dict(islice(categories, _SLICE)):
        yield from _told(Routing, {"categories": some})


def _entries(parts: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(parts, dict):
        yield from parts.items()
    elif isinstance(parts, list):
        yield from enumerate(parts)


def _told(model: type[BaseModel], raw: object, *path: str | int) -> Iterator[Problem]:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        yield from _problems_in(error, model, *path)


_HOLDERS: dict[str, type[BaseModel]] = {
    "groups": Group,
    "agents": Agent,
    "shifts": Shift,
    "hours": BusinessHours,
    "rules": Rule,
    "then": Action,
    "modes": ModeWindow,
}


def _problems_in(error: ValidationError, model: type[BaseModel], *path: str | int) -> Iterator[Problem]:
    """Give a model's problems with their paths, and the keys that are allowed where one is not."""
    for one in error.errors(include_url=False, include_input=False):
        steps = (*path, *one["loc"])
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, Unfit):
            yield from (Problem(join(*steps, inner), why) for inner, why in cause.problems)
        elif one["type"] == "extra_forbidden":
            holders = [_HOLDERS[step] for step in steps[:-1] if isinstance(step, str) and step in _HOLDERS]
            yield Problem(join(*steps), unknown("key", steps[-1], tuple((holders or [model])[-1].model_fields)))
        else:
            yield Problem(join(*steps), one["msg"])
