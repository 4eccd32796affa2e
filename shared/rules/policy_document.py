"""Reads a merchant's policy when it is to be saved, and refuses what could not be carried out or would mean nothing.

The document is what merchants write: a policy without `merchant` and `version`, which huhang gives. `$schema` is for
editors. A stored policy is read without this. Everything that is wrong is told at once, up to ten problems.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import ValidationError

from shared.domain.conditions import Problem, unknown
from shared.domain.policy import Policy
from shared.domain.routing import PROBLEMS_MAX
from shared.errors import Permanent
from shared.rules.policy_names import Known, name_problems
from shared.rules.policy_words import problems_in
from shared.rules.routing.document import RoutingRefused, read_document
from shared.rules.routing.load import routing_from

ENTRIES_MAX = 500
"""How much a list or an object of the document may hold; a routing has limits of its own."""

GIVEN = ("merchant", "version")
"""What huhang gives; a document that says it too is one that was shown by huhang."""

ANYBODY = "merchant"
"""Whose policy a document is that names no merchant, as long as it is only looked at."""

FIELDS = tuple(name for name in Policy.model_fields if name not in {*GIVEN, "paces"})
"""The keys of a document."""

_SENTENCE_MAX = 300


class PolicyRefused(Permanent):
    """A policy that cannot be saved: everything that is wrong with it, up to ten problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.sentences = tuple(_sentence(problem) for problem in self.problems)
        super().__init__("policy_refused", "; ".join(self.sentences))


def load_policy(text: str | bytes, merchant: str, version: int, known: Known | None = None) -> Policy:
    """Read a policy document that is to become a merchant's policy of this version.

    `known` are the names that it may use; without, names of vendors and accounts are not looked at.

    Raises:
        PolicyRefused: everything that is wrong with it, each in a sentence for the merchant.
    """
    tree = _own_part(_read(text), merchant)
    _refuse(_too_many(tree))
    given = {"merchant": merchant, "version": version}
    rest = {name: value for name, value in tree.items() if name in FIELDS and name != "routing"}
    _refuse([*_unknown(tree), *_problems({**rest, **given}), *_routing_problems(tree.get("routing", {}))])
    _refuse(_problems({**tree, **given}))
    policy = Policy.model_validate_json(json.dumps({**tree, **given}))
    _refuse([*_senseless(policy), *(name_problems(policy, known) if known else ())])
    return policy


def identity_of(text: str | bytes) -> tuple[str, int]:
    """Give the merchant and the version that a document names, as one does that huhang has shown; else a stand-in."""
    try:
        tree = _read(text)
    except PolicyRefused:
        tree = {}
    merchant, version = tree.get("merchant"), tree.get("version")
    return merchant if isinstance(merchant, str) else ANYBODY, version if type(version) is int else 1


def _read(text: str | bytes) -> Mapping[str, Any]:
    try:
        tree = read_document(text)
    except RoutingRefused as error:
        raise PolicyRefused(Problem(path, f"读不懂 cannot be read: {why}") for path, why in error.problems) from None
    if not isinstance(tree, dict):
        raise PolicyRefused([Problem("", f"策略是一个对象 a policy is an object; keys: {', '.join(FIELDS)}")])
    return tree


def _own_part(tree: Mapping[str, Any], merchant: str) -> dict[str, Any]:
    """Give the document without what is not the merchant's to say."""
    if (other := tree.get("merchant", merchant)) != merchant:
        whose = f"这是另一家商户的策略 this is the policy of {other!r:.40}, not of {merchant}"
        raise PolicyRefused([Problem("merchant", whose)])
    return {name: value for name, value in tree.items() if name not in {*GIVEN, "$schema"}}


def _too_many(tree: Mapping[str, Any]) -> Iterator[Problem]:
    waiting = [(name, value) for name, value in tree.items() if name != "routing"]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | list):
            if len(value) > ENTRIES_MAX:
                yield Problem(path, f"最多 {ENTRIES_MAX} 项 {len(value):,} entries, at most {ENTRIES_MAX} are read")
            else:
                waiting += [(path, part) for part in (value.values() if isinstance(value, dict) else value)]


def _unknown(tree: Mapping[str, Any]) -> Iterator[Problem]:
    for name in tree:
        if name not in FIELDS:
            yield Problem(name, f"没有这一项 {unknown('key', name, FIELDS)}")


def _routing_problems(tree: object) -> Iterator[Problem]:
    try:
        routing_from(tree)
    except RoutingRefused as error:
        for path, why in error.problems:
            yield Problem(f"routing.{path}" if path else "routing", f"分流设置有误 {why}")


def _problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong, strictly: a number is no duration, and a text no number."""
    try:
        Policy.model_validate_json(json.dumps(tree), strict=True)
    except ValidationError as error:
        yield from problems_in(error)


def _senseless(policy: Policy) -> Iterator[Problem]:
    first, second = policy.escalate_before
    if first <= second:
        yield Problem("escalate_before", "先写较早的一次 write the earlier warning first: the longer time comes first")
    if policy.robots and policy.desk not in policy.robots:
        why = unknown("robot of the group", policy.desk, tuple(policy.robots))
        yield Problem("desk", f"这个群没有机器人，工单无人会看到 nobody would hear of tickets: {why}")


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(islice(problems, PROBLEMS_MAX + 1))
    if found:
        more = [Problem("", "还有更多问题 and there is more")] if len(found) > PROBLEMS_MAX else []
        raise PolicyRefused([*found[:PROBLEMS_MAX], *more])


def _sentence(problem: Problem) -> str:
    text = f"{problem.path or '策略 policy'}: {problem.message}"
    return text if len(text) <= _SENTENCE_MAX else text[:_SENTENCE_MAX] + "…"
