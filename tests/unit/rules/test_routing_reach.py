"""Rules that never decide are refused, and no other: checked against every fact there is in a small world."""

from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.conditions import ChatFacts, Problem, size
from shared.domain.routing import Routing
from shared.rules.routing.boxes import BOXES_MAX
from shared.rules.routing.compile import compiled
from shared.rules.routing.reach import dead_rules
from tests.unit.rules.test_routing_conditions import any_test, conditions

_FIELDS = ("hot", "buyer_tier", "buyer_tags", "repeated")
_TAGS = [frozenset(tags) for many in range(4) for tags in combinations("xyz", many)]
_WORLD = [
    ChatFacts(hot=hot, buyer_tier=tier, buyer_tags=tags, repeated=repeated)
    for hot, tier, tags, repeated in product((False, True), ("x", "y", "z", "other"), _TAGS, (0, 1, 2, 5, 6, 7))
]
"""Every combination of values that tests over these fields can tell apart."""

_tests = any_test(_FIELDS)
_alls = st.lists(_tests, min_size=1, max_size=3).map(lambda some: {"all": some})
_lists = st.lists(
    st.tuples(st.one_of(_alls, _tests, conditions(_tests, 5)), st.sampled_from([False, False, True])), max_size=6
)


def _routing(*whens: Any, shadows: tuple[bool, ...] = ()) -> Routing:
    rules = [{"rule": f"r{number}", "when": when, "then": {"bot": True}} for number, when in enumerate(whens)]
    for rule, shadow in zip(rules, shadows, strict=False):
        rule["shadow"] = shadow
    return Routing.model_validate({"rules": rules})


def _found(routing: Routing) -> dict[int, str]:
    return {int(problem.path[6:-6]): problem.message for problem in dead_rules(routing)}


def _truth(routing: Routing) -> dict[int, str]:
    """Say which rules are dead by asking them about everything."""
    decided: set[int] = set()
    dead: dict[int, str] = {}
    for number, rule in enumerate(routing.rules):
        fits = compiled(rule.when)
        own = {place for place, seen in enumerate(_WORLD) if fits(seen)}
        if not own:
            dead[number] = "never fits"
        elif len(own) == len(_WORLD) and size(rule.when)[1]:
            dead[number] = "always fits"
        elif own <= decided:
            dead[number] = "is never asked"
        if not rule.shadow:
            decided |= own
    return dead


@settings(max_examples=150)
@given(_lists)
def test_no_rule_is_refused_that_could_decide_something(rules: list[tuple[Any, bool]]) -> None:
    routing = _routing(*(when for when, _ in rules), shadows=tuple(shadow for _, shadow in rules))
    truth = _truth(routing)
    for number, message in _found(routing).items():
        assert number in truth, message
        assert truth[number] in message


@settings(max_examples=100)
@given(conditions(_tests, 6))
def test_what_never_or_always_holds_is_always_noticed(when: Any) -> None:
    routing = _routing(when)
    assert {number: message.split(" ", 2)[2] for number, message in _found(routing).items()}.keys() == _truth(
        routing
    ).keys()


@settings(max_examples=150)
@given(st.lists(_alls, min_size=2, max_size=5))
def test_a_conjunction_that_an_earlier_one_implies_is_always_noticed(whens: list[Any]) -> None:
    """Not only when one rule implies it: also when several about its own fields do together."""
    routing = _routing(*whens)
    holds = [{place for place, seen in enumerate(_WORLD) if compiled(rule.when)(seen)} for rule in routing.rules]
    found = _found(routing)
    for number, own in enumerate(holds):
        if any(own <= earlier for earlier in holds[:number]):
            assert number in found


@pytest.mark.parametrize(
    ("whens", "message"),
    [
        (
            [{"all": [{"field": "intent", "is": "refund"}, {"field": "intent", "is": "return"}]}],
            "rule r0 never fits: its tests of intent exclude each other",
        ),
        (
            [{"all": [{"field": "price_fen", "from": 200}, {"field": "price_fen", "to": 199}]}],
            "rule r0 never fits: its tests of price_fen exclude each other",
        ),
        (
            [
                {
                    "all": [
                        {"field": "buyer_tags", "has": ["vip"]},
                        {"not": {"field": "buyer_tags", "has": ["vip", "new"]}},
                    ]
                }
            ],
            "rule r0 never fits: its tests of buyer_tags exclude each other",
        ),
        ([{"any": []}], "rule r0 never fits: it has no alternative that could"),
        (
            [{"any": [{"field": "hot", "is": True}, {"field": "hot", "is": False}]}],
            "rule r0 always fits, whatever it tests: leave `when` out if that is meant",
        ),
        ([{"field": "hour", "from": 0}], "rule r0 always fits, whatever it tests: leave `when` out if that is meant"),
        (
            [{"all": []}, {"field": "hot", "is": True}],
            "rule r1 is never asked: before it r0 decides whenever it fits",
        ),
        (
            [{"field": "hot", "is": True}, {"all": [{"field": "hot", "is": True}, {"field": "hour", "to": 6}]}],
            "rule r1 is never asked: before it r0 decides whenever it fits",
        ),
        (
            [{"field": "hour", "to": 11}, {"field": "hour", "from": 12}, {"field": "hot", "is": True}],
            "rule r2 is never asked: before it r0, r1 together decide whenever it fits",
        ),
        (
            [
                {"field": "weekday", "from": 5},
                {"field": "weekday", "to": 1},
                {"all": [{"not": {"field": "weekday", "from": 2, "to": 4}}, {"field": "staffed", "is": True}]},
            ],
            "rule r2 is never asked: before it r0, r1 together decide whenever it fits",
        ),
    ],
)
def test_a_dead_rule_is_told_with_its_name_and_what_it_is_about(whens: list[Any], message: str) -> None:
    assert list(dead_rules(_routing(*whens))) == [Problem(f"rules[{len(whens) - 1}].when", message)]


@pytest.mark.parametrize(
    "whens",
    [
        [{"field": "intent", "is": ["refund", "return"]}, {"field": "intent", "is": ["return", "exchange"]}],
        [{"field": "item", "is": "i1"}, {"not": {"field": "item", "is": "i1"}}],
        [{"field": "buyer_tags", "has": ["a", "b"]}, {"field": "buyer_tags", "has": ["b", "c"]}],
        [{"all": [{"field": "hot", "is": True}, {"field": "hour", "to": 6}]}, {"field": "hot", "is": True}],
        [{"field": "price_fen", "from": 200}, {"field": "price_fen", "from": 199}],
        [{"field": "hot", "is": True}, {"all": []}],
    ],
)
def test_rules_that_overlap_are_nobodys_mistake(whens: list[Any]) -> None:
    assert not list(dead_rules(_routing(*whens)))


def test_a_shadow_rule_decides_nothing_and_hides_nothing() -> None:
    hot = {"field": "hot", "is": True}
    assert not list(dead_rules(_routing(hot, hot, shadows=(True, False))))
    assert len(list(dead_rules(_routing(hot, hot, shadows=(False, True))))) == 1


def test_a_condition_of_very_many_alternatives_is_not_judged() -> None:
    """It never fits, but to know that takes long: then nothing is said, and quickly."""
    pairs = [
        {"any": [{"field": "buyer_tags", "has": [f"a{n}"]}, {"field": "buyer_tags", "has": [f"b{n}"]}]}
        for n in range(8)
    ]
    impossible = [{"field": "hot", "is": True}, {"field": "hot", "is": False}]
    assert 2 ** len(pairs) > BOXES_MAX
    assert list(dead_rules(_routing({"all": impossible})))
    assert not list(dead_rules(_routing({"all": pairs}, {"all": [*pairs, {"any": pairs}]})))
