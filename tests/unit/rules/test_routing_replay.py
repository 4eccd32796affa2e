"""Every decision can be made again from what is stored with it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.conditions import FIELDS, ChatFacts
from shared.domain.order import OrderStatus
from shared.domain.routing import Mode, Routing
from shared.domain.session import Routed
from shared.rules.routing.compile import Router
from shared.rules.routing.replay import Change, from_document, replay, to_document
from tests.unit.rules.build import NOW
from tests.unit.rules.test_routing_conditions import any_test, conditions, facts

_GROUPS: dict[str, Any] = {name: {"agents": [{"agent": f"{name}-1"}]} for name in ("one", "two")}
_VIP = {"rule": "vip", "when": {"field": "buyer_tags", "has": ["vip"]}, "then": {"agent": "two-1"}}
_BIG = {"rule": "big", "when": {"field": "price_fen", "from": 50_000}, "then": {"group": "two"}, "shadow": True}


def _routing(*rules: dict[str, Any], **fields: Any) -> Routing:
    return Routing.model_validate({"groups": _GROUPS, "presale_group": "one", "rules": rules, **fields})


def _decided(routing: Routing, seen: ChatFacts, minute: int = 0) -> Routed:
    """Decide and remember, as a session does."""
    hit = Router(routing).decide(seen)
    return Routed(
        rule=hit.rule,
        policy_version=7,
        at=NOW + timedelta(minutes=minute),
        facts=to_document(seen),
        bot=hit.action.bot,
        group=hit.action.group,
        agent=hit.action.agent,
        shadows=hit.shadows,
    )


def _stored(routed: Routed) -> Routed:
    return Routed.model_validate_json(routed.model_dump_json(exclude_defaults=True))


# ---- again ---------------------------------------------------------------------------------------------------------


@given(facts)
def test_facts_come_back_from_the_store_as_they_were(seen: ChatFacts) -> None:
    document = json.loads(json.dumps(to_document(seen)))
    again = from_document(document)
    assert again == seen
    assert [type(value) for value in again] == [type(value) for value in seen]
    assert json.dumps(to_document(again)) == json.dumps(to_document(seen))


def test_facts_are_stored_as_plain_words() -> None:
    seen = ChatFacts(order_status=OrderStatus.SHIPPED, mode=Mode.ASSIST, open_cases=frozenset({"stalled", "refund"}))
    document = to_document(seen)
    assert document == {"order_status": "shipped", "mode": "assist", "open_cases": ("refund", "stalled")}
    assert all(type(value) in (str, tuple) for value in document.values())
    assert to_document(ChatFacts()) == {}


def test_what_is_not_stored_never_changes_its_meaning() -> None:
    """Old decisions are read with these values: whoever changes one changes history."""
    assert ChatFacts() == (
        "no_order", "unknown", 0, "", "", 0, False, "", frozenset(), "", "", "other", "calm", 0, 0, frozenset(),
        "bot_first", 0, 0, True, 0,
    )  # fmt: skip
    assert len(FIELDS) == 21


@pytest.mark.parametrize(
    "document", [{"reason": "x"}, {"hot": 1}, {"hour": True}, {"intent": ["x"]}, {"buyer_tags": "vip"}, {"hour": 1.0}]
)
def test_what_are_no_facts_is_not_read(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is no fact"):
        from_document(document)


_rules = st.lists(st.tuples(conditions(any_test(), 3), st.booleans()), max_size=5).map(
    lambda made: [
        {"rule": f"r{number}", "when": when, "then": {"group": "two"}, "shadow": shadow}
        for number, (when, shadow) in enumerate(made)
    ]
)


@given(_rules, facts)
def test_every_decision_replays_to_the_same_bytes(rules: list[dict[str, Any]], seen: ChatFacts) -> None:
    routing = _routing(*rules)
    routed = _stored(_decided(routing, seen))
    assert replay(routed, routing) == ()
    again = _decided(
        Routing.model_validate_json(routing.model_dump_json(exclude_defaults=True)), from_document(routed.facts)
    )
    assert again.model_dump_json() == routed.model_dump_json()


def test_a_changed_rule_shows_its_difference() -> None:
    seen = ChatFacts(buyer_tags=frozenset({"vip"}), price_fen=60_000)
    routed = _stored(_decided(_routing(_VIP), seen))
    assert replay(routed, _routing(_VIP | {"then": {"group": "one"}})) == (
        Change("group", None, "one"),
        Change("agent", "two-1", None),
    )
    assert replay(routed, _routing()) == (
        Change("rule", "vip", "default.bot_first"),
        Change("bot", False, True),
        Change("agent", "two-1", None),
    )
    assert replay(routed, Router(_routing(_BIG, _VIP))) == (Change("shadows", (), ("big",)),)


def test_what_a_person_handed_over_was_no_rules_decision() -> None:
    handed = Routed(rule="handed_over", policy_version=7, at=NOW, facts={"reason": "knows her"}, group="two")
    assert replay(handed, _routing()) == ()
