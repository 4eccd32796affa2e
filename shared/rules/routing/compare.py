"""What would other rules have done with the messages of last month? Runs rule sets over recorded decisions.

Nothing is called and nothing is written: the facts of each decision are stored with it. Shadow rules count along in
daily work; what they would have changed is told here too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.domain.routing import Action, Routing
from shared.domain.session import Routed
from shared.rules.routing.compile import Router
from shared.rules.routing.replay import Change, changes_to, from_document, is_by_rule

SAMPLES_MAX = 20


class Sample(NamedTuple):
    """One decision that would be another one."""

    at: datetime
    changes: tuple[Change, ...]
    facts: Mapping[str, object]


class Trial(NamedTuple):
    """What a rule set would have decided. `changed` counts every difference, `moved` those of the destination.

    `by_hand` are hand-overs by people, `unreadable` decisions whose facts are of another version: neither is tried.
    """

    decisions: int
    hits: Mapping[str, int]
    shadows: Mapping[str, int]
    changed: int
    moved: int
    by_hand: int
    unreadable: int
    samples: tuple[Sample, ...]


class ShadowRule(NamedTuple):
    """A rule on trial: how often it would have decided, how often differently, and instead of which rules."""

    rule: str
    fits: int
    differs: int
    instead_of: Mapping[str, int]


def compare(routings: Mapping[str, Routing], recorded: Iterable[Routed]) -> dict[str, Trial]:
    """Run rule sets over recorded decisions, read once; a rule set is tried against what was decided then."""
    trials = {name: _Trial(Router(routing)) for name, routing in routings.items()}
    for routed in recorded:
        for trial in trials.values():
            trial.take(routed)
    return {name: trial.result() for name, trial in trials.items()}


class _Trial:
    """A trial in the making."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._counts = Counter[str]()
        self._hits = Counter[str]()
        self._shadows = Counter[str]()
        self._samples: list[Sample] = []

    def take(self, routed: Routed) -> None:
        """Decide once more."""
        if not is_by_rule(routed):
            self._counts["by_hand"] += 1
            return
        try:
            hit = self._router.decide(from_document(routed.facts))
        except ValueError:
            self._counts["unreadable"] += 1
            return
        self._counts["decisions"] += 1
        self._hits[hit.rule] += 1
        self._shadows.update(hit.shadows)
        changes = tuple(change for change in changes_to(routed, hit) if change.what != "shadows")
        self._counts["changed"] += bool(changes)
        self._counts["moved"] += any(change.what != "rule" for change in changes)
        if changes and len(self._samples) < SAMPLES_MAX:
            self._samples.append(Sample(routed.at, changes, routed.facts))

    def result(self) -> Trial:
        """Close the trial; the rule with the most hits comes first."""
        counts = self._counts
        return Trial(
            decisions=counts["decisions"],
            hits=dict(self._hits.most_common()),
            shadows=dict(self._shadows.most_common()),
            changed=counts["changed"],
            moved=counts["moved"],
            by_hand=counts["by_hand"],
            unreadable=counts["unreadable"],
            samples=tuple(self._samples),
        )


def shadow_report(routing: Routing, recorded: Iterable[Routed]) -> tuple[ShadowRule, ...]:
    """Say of every shadow rule what it would have done, from what was counted along; in the policy's order."""
    actions = {rule.rule: rule.then for rule in routing.rules if rule.shadow}
    fits, differs = Counter[str](), Counter[str]()
    instead_of: dict[str, Counter[str]] = {name: Counter() for name in actions}
    for routed in recorded:
        for name in set(routed.shadows) & actions.keys():
            fits[name] += 1
            if _differs(actions[name], routed):
                differs[name] += 1
                instead_of[name][routed.rule] += 1
    return tuple(ShadowRule(name, fits[name], differs[name], dict(instead_of[name].most_common())) for name in actions)


def _differs(action: Action, routed: Routed) -> bool:
    return (action.bot, action.group, action.agent) != (routed.bot, routed.group, routed.agent)
