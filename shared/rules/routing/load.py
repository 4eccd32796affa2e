"""Reads a merchant's routing when it is saved, and refuses what could not be carried out, or never would be.

    bytes ─▶ JSON, strictly ─▶ few enough of everything ─▶ conditions ─▶ models, part by part ─▶ no dead rules

A stored routing is read without this. Everything that is wrong is told at once, up to ten problems, with their paths.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.conditions import Problem, Unfit, unknown
from shared.domain.hours import SPECIAL_DAYS_MAX, BusinessHours
from shared.domain.routing import (
    AGENTS_MAX,
    GROUPS_MAX,
    ITEMS_MAX,
    PROBLEMS_MAX,
    RULES_MAX,
    SHIFTS_MAX,
    WELCOMES_MAX,
    Action,
    Agent,
    Group,
    ModeWindow,
    Routing,
    Rule,
    Shift,
    Welcome,
)
from shared.rules.routing.document import RoutingRefused, join
from shared.rules.routing.reach import dead_rules
from shared.rules.routing.written import condition_problems

_MOST: dict[str | int, int] = {
    "rules": RULES_MAX,
    "welcomes": WELCOMES_MAX,
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
_WITH_CONDITIONS = ("rules", "welcomes")
_HOLDS = (dict, list)
_SLICE = 200  # categories are looked at a few at a time
_FEW = 50


def routing_from(tree: object) -> Routing:
    """Read a routing that is part of a larger document, as `read_document` gives it.

    Raises:
        RoutingRefused: everything that is wrong with it.
    """
    if not isinstance(tree, dict):
        raise RoutingRefused([Problem("", f"a routing is an object; its keys: {', '.join(Routing.model_fields)}")])
    _refuse(chain(_unknown_keys(tree, Routing), _sizes(tree)), tree)
    _refuse(_bare_problems(_without_conditions(tree)), tree)
    _refuse(chain.from_iterable(condition_problems(tree.get(key, ()), key) for key in _WITH_CONDITIONS), tree)
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
    """Say in the message which rule or welcome it is about: people know them by their names."""
    place = re.match(r"(rule|welcome)s\[(\d+)\]", problem.path)
    if place is None:
        return problem
    what, named = place[1], tree[f"{place[1]}s"][int(place[2])]
    name = named.get(what) if isinstance(named, dict) else None
    if not isinstance(name, str) or problem.message.startswith(f"{what} "):
        return problem
    return Problem(problem.path, f"{what} {name[:64]!r}: {problem.message}")


def _without_conditions(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give the document without what takes most of the time to read."""
    return {**tree, **{key: _bare(tree[key]) for key in _WITH_CONDITIONS if isinstance(tree.get(key), list)}}


def _bare(entries: list[Any]) -> list[Any]:
    return [{key: one[key] for key in one if key != "when"} if isinstance(one, dict) else one for one in entries]


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
            waiting += [((*path, place), part) for place, part in enumerate(value) if type(part) in _HOLDS]
        elif isinstance(value, dict):
            held = [(name, part) for name, part in value.items() if type(part) in _HOLDS and name != "when"]
            waiting += [((*path, name), part) for name, part in held]


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
    kinds: dict[str, type[BaseModel]] = {"groups": Group, "rules": Rule, "welcomes": Welcome, "modes": ModeWindow}
    for key, model in kinds.items():
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
    "welcomes": Welcome,
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
