"""Compiled conditions say what their words say, and the first rule that fits decides."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.domain.conditions import FIELDS, RANGES, VALUES, AllOf, AnyOf, ChatFacts, Condition, FieldKind, Not, Test
from shared.domain.routing import Mode, Routing, Rule
from shared.rules.routing.compile import Hit, Router, compiled

CONDITIONS: TypeAdapter[Condition] = TypeAdapter(Condition)
_OPEN = ("x", "y", "z")
_NUMBERS = (0, 1, 5, 6)


def read(document: Any) -> Condition:
    """Read a condition."""
    return CONDITIONS.validate_python(document)


# ---- any conditions, any facts -------------------------------------------------------------------------------------


def _words(field: str) -> st.SearchStrategy[str]:
    return st.sampled_from(VALUES.get(field, _OPEN)[:4])


def any_test(fields: tuple[str, ...] = tuple(FIELDS)) -> st.SearchStrategy[dict[str, Any]]:
    """Tests of some fields, over few values, so that they often meet."""
    return st.sampled_from(fields).flatmap(_test_of)


def _test_of(field: str) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(_words(field), min_size=1, max_size=3)
    numbers = st.sampled_from(_NUMBERS)
    both = st.tuples(numbers, numbers).map(sorted)
    made: dict[FieldKind, st.SearchStrategy[dict[str, Any]]] = {
        FieldKind.FLAG: st.booleans().map(lambda value: {"is": value}),
        FieldKind.WORD: st.one_of(_words(field), some).map(lambda value: {"is": value}),
        FieldKind.WORDS: some.map(lambda value: {"has": value}),
        FieldKind.NUMBER: st.one_of(
            numbers.map(lambda value: {"from": value}),
            numbers.map(lambda value: {"to": value}),
            both.map(lambda pair: {"from": pair[0], "to": pair[1]}),
        ),
    }
    return made[FIELDS[field]].map(lambda test: {"field": field, **test})


def conditions(leaves: st.SearchStrategy[dict[str, Any]], most: int = 8) -> st.SearchStrategy[dict[str, Any]]:
    """Nested conditions."""
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.lists(parts, max_size=5).map(lambda some: {"all": some}),
            st.lists(parts, max_size=5).map(lambda some: {"any": some}),
            parts.map(lambda part: {"not": part}),
        ),
        max_leaves=most,
    )


def _value_of(field: str) -> st.SearchStrategy[Any]:
    match FIELDS[field]:
        case FieldKind.FLAG:
            return st.booleans()
        case FieldKind.NUMBER:
            return st.sampled_from((*_NUMBERS, 2, 7))
        case FieldKind.WORD:
            return st.sampled_from((*VALUES.get(field, _OPEN)[:4], ""))
        case FieldKind.WORDS:
            return st.frozensets(_words(field))


facts = st.builds(ChatFacts, **{field: _value_of(field) for field in FIELDS})


def naive(condition: Condition, seen: ChatFacts) -> bool:
    """Say what a condition says, as slowly as it is read."""
    match condition:
        case AllOf():
            return all(naive(part, seen) for part in condition.all)
        case AnyOf():
            return any(naive(part, seen) for part in condition.any)
        case Not():
            return not naive(condition.not_, seen)
        case Test():
            value = getattr(seen, condition.field)
            if FIELDS[condition.field] is FieldKind.NUMBER:
                least, most = RANGES[condition.field]
                begin = least if condition.from_ is None else condition.from_
                return bool(begin <= value <= (most if condition.to is None else condition.to))
            if condition.has:
                return any(word in value for word in condition.has)
            return value in (condition.is_ if isinstance(condition.is_, tuple) else (condition.is_,))


@given(conditions(any_test()), facts)
def test_a_compiled_condition_says_what_its_words_say(document: dict[str, Any], seen: ChatFacts) -> None:
    condition = read(document)
    assert compiled(condition)(seen) is naive(condition, seen)


@given(st.lists(any_test(), min_size=1, max_size=20), facts, st.sampled_from(["all", "any"]))
def test_long_lists_are_asked_to_their_end(documents: list[Any], seen: ChatFacts, form: str) -> None:
    condition = read({form: documents})
    assert compiled(condition)(seen) is naive(condition, seen)


@given(conditions(any_test()))
def test_a_condition_is_stored_as_it_was_written(document: dict[str, Any]) -> None:
    condition = read(document)
    rule = Rule.model_construct(rule="r", when=condition)
    stored = rule.model_dump_json(include={"when"}, exclude_defaults=True)
    assert '"is_"' not in stored
    assert '"not_"' not in stored
    assert read(CONDITIONS.dump_python(condition, mode="json")) == condition


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_of_another_kind_is_never_made_to_fit(field: str) -> None:
    """Nothing is coerced: "1000" is no number, 1 is no yes, a word is no set of words."""
    fitting = {
        FieldKind.FLAG: [{"is": True}],
        FieldKind.WORD: [{"is": VALUES.get(field, _OPEN)[0]}, {"is": [VALUES.get(field, _OPEN)[0]]}],
        FieldKind.WORDS: [{"has": [VALUES.get(field, _OPEN)[0]]}],
        FieldKind.NUMBER: [{"from": 1}, {"to": 5}, {"from": 1, "to": 5}],
    }[FIELDS[field]]
    values: list[Any] = [True, 1, 1.0, "1", "x", "refund", ["x"], [1], [], {}, ["refund", 1]]
    for key in ("is", "has", "from", "to"):
        for value in values:
            document = {"field": field, key: value}
            try:
                read(document)
            except ValidationError:
                continue
            kinds = [(key, type(value)) for test in fitting for key, value in test.items()]
            assert (key, type(value)) in kinds, document


def test_the_modes_are_those_of_the_policy() -> None:
    assert VALUES["mode"] == tuple(Mode)


# ---- rules ---------------------------------------------------------------------------------------------------------

_GROUPS = {"one": {"agents": [{"agent": "a"}]}, "two": {"agents": [{"agent": "b"}]}}


def _router(*rules: dict[str, Any]) -> Router:
    return Router(Routing.model_validate({"groups": _GROUPS, "rules": rules}))


def _rule(number: int, when: Any, shadow: bool) -> dict[str, Any]:
    return {"rule": f"r{number}", "when": when, "then": {"group": ("one", "two")[number % 2]}, "shadow": shadow}


@given(st.lists(st.tuples(conditions(any_test(), 3), st.booleans()), max_size=8), facts)
def test_the_first_active_rule_that_fits_decides_and_shadows_before_it_are_listed(
    whens: list[tuple[Any, bool]], seen: ChatFacts
) -> None:
    fits = [naive(read(when), seen) for when, _ in whens]
    hit = _router(*(_rule(number, when, shadow) for number, (when, shadow) in enumerate(whens))).decide(seen)
    expected = [number for number, (_, shadow) in enumerate(whens) if fits[number] and not shadow][:1]
    before = range(expected[0]) if expected else range(len(whens))
    assert hit.shadows == tuple(f"r{number}" for number in before if fits[number] and whens[number][1])
    if expected:
        assert (hit.rule, hit.action.group) == (f"r{expected[0]}", ("one", "two")[expected[0] % 2])
    else:
        assert hit.rule.startswith("default.")
    without = _router(*(_rule(number, when, False) for number, (when, shadow) in enumerate(whens) if not shadow))
    assert without.decide(seen)[:2] == hit[:2], "a shadow rule was followed"


def test_the_order_of_rules_matters() -> None:
    vip, refund = {"field": "buyer_tags", "has": ["vip"]}, {"field": "intent", "is": "refund"}
    seen = ChatFacts(intent="refund", buyer_tags=frozenset({"vip"}))
    assert _router(_rule(0, vip, False), _rule(1, refund, False)).decide(seen).rule == "r0"
    assert _router(_rule(1, refund, False), _rule(0, vip, False)).decide(seen).rule == "r1"


def test_a_rule_of_three_conditions_routes_to_its_person_in_one_hop() -> None:
    when = {
        "all": [
            {"field": "order_status", "is": ["shipped", "finished"]},
            {"field": "intent", "is": ["quality", "return"]},
            {"field": "category", "is": "3c"},
        ]
    }
    router = _router({"rule": "broken_3c", "when": when, "then": {"agent": "b", "priority": 2, "tags": ["3c"]}})
    hit = router.decide(ChatFacts(order_status="shipped", intent="quality", category="3c"))
    assert (hit.rule, hit.action.agent, hit.action.priority, hit.action.tags) == ("broken_3c", "b", 2, ("3c",))
    assert router.decide(ChatFacts(order_status="paid", intent="quality", category="3c")).rule == "default.bot_first"


def test_a_rule_without_conditions_always_fits() -> None:
    router = _router({"rule": "all", "then": {"bot": True}})
    assert router.decide(ChatFacts(tone="abusive")) == Hit("all", router.decide(ChatFacts()).action)
