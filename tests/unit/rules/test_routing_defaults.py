"""Where messages go that no rule of the merchant's fits: one table, in the order of the business."""

from typing import Any

import pytest
from hypothesis import given

from shared.domain.conditions import ChatFacts
from shared.domain.routing import Action, Routing
from shared.rules.routing.compile import Router
from tests.unit.rules.test_routing_conditions import facts

_GROUPS: dict[str, Any] = {name: {"agents": [{"agent": f"{name}-1"}]} for name in ("pre", "after", "parcels")}
_WHOLE = {"groups": _GROUPS, "presale_group": "pre", "aftersale_group": "after", "logistics_group": "parcels"}
_ONE_GROUP = {"groups": {"pre": _GROUPS["pre"]}}
_AFTER = ChatFacts(period="after_sale", mode="assist")


def routing(shop: dict[str, Any] = _WHOLE, **fields: Any) -> Routing:
    """A shop's routing without rules."""
    return Routing.model_validate({**shop, **fields})


def _seen(**fields: Any) -> ChatFacts:
    return ChatFacts(**{name: frozenset(v) if isinstance(v, set) else v for name, v in fields.items()})


@pytest.mark.parametrize(
    ("seen", "rule", "target", "priority"),
    [
        (_seen(mode="bot_only", tone="abusive", open_cases={"stalled"}, hot=True), "bot_only", None, 5),
        (_seen(open_cases={"stalled"}), "open_parcel", "parcels", 3),
        (_seen(open_cases={"stalled"}, tone="complaint", hot=True), "open_parcel", "parcels", 1),
        (_seen(open_cases={"stalled"}, repeated=3), "open_parcel", "parcels", 1),
        (_seen(open_cases={"refund"}), "bot_first", None, 5),
        (_seen(tone="complaint"), "upset_buyer", "pre", 1),
        (_seen(tone="abusive", period="after_sale"), "upset_buyer", "after", 1),
        (_seen(tone="impatient"), "bot_first", None, 5),
        (_seen(negative_lines=2), "upset_buyer", "pre", 1),
        (_seen(negative_lines=1), "bot_first", None, 5),
        (_seen(repeated=3), "repeated_question", "pre", 1),
        (_seen(repeated=2), "bot_first", None, 5),
        (_seen(repeated=3, tone="complaint"), "upset_buyer", "pre", 1),
        (_seen(hot=True), "hot_item", "pre", 2),
        (_seen(hot=True, period="after_sale"), "hot_item", "after", 2),
        (_seen(price_fen=100_000), "high_price", "pre", 2),
        (_seen(price_fen=99_999), "bot_first", None, 5),
        (_seen(), "bot_first", None, 5),
        (_seen(mode="assist", period="after_sale"), "after_sale", "after", 5),
        (_seen(mode="assist", period="pre_sale"), "pre_sale", "pre", 5),
        (_seen(mode="assist", period="no_order"), "pre_sale", "pre", 5),
    ],
)
def test_a_shop_without_rules_routes_by_this_table(
    seen: ChatFacts, rule: str, target: str | None, priority: int
) -> None:
    hit = Router(routing()).decide(seen)
    assert (hit.rule, hit.action.group, hit.action.bot) == (f"default.{rule}", target, target is None)
    assert hit.action.priority == priority
    assert hit.shadows == ()


def test_a_case_gives_its_anomalies_as_tags_and_refunds_are_none() -> None:
    seen = ChatFacts(open_cases=frozenset({"stalled", "damaged", "refund"}))
    assert Router(routing()).decide(seen).action.tags == ("damaged", "stalled")


@pytest.mark.parametrize(
    ("missing", "seen", "rule", "group"),
    [
        ("logistics_group", _AFTER._replace(open_cases=frozenset({"late"})), "open_parcel", "after"),
        ("aftersale_group", _AFTER, "pre_sale", "pre"),
        ("aftersale_group", _AFTER._replace(tone="complaint"), "upset_buyer", "pre"),
        ("presale_group", ChatFacts(mode="assist"), "first_group", "pre"),
    ],
)
def test_a_group_that_is_not_named_is_replaced(missing: str, seen: ChatFacts, rule: str, group: str) -> None:
    hit = Router(routing(**{missing: None})).decide(seen)
    assert (hit.rule, hit.action.group) == (f"default.{rule}", group)


@pytest.mark.parametrize("seen", [_AFTER, ChatFacts(mode="assist"), ChatFacts(tone="abusive"), ChatFacts(hot=True)])
def test_the_only_group_gets_whatever_is_for_people(seen: ChatFacts) -> None:
    assert Router(routing(_ONE_GROUP)).decide(seen).action.group == "pre"


@given(facts)
def test_without_groups_everything_goes_to_the_bot(seen: ChatFacts) -> None:
    assert Router(Routing()).decide(seen).action == Action(bot=True)


@given(facts)
def test_every_message_has_a_desk_that_exists_and_a_rule_that_says_why(seen: ChatFacts) -> None:
    hit = Router(routing()).decide(seen)
    assert hit.action.bot or hit.action.group in _GROUPS
    assert hit.rule.startswith("default.")


@pytest.mark.parametrize(("limit", "seen"), [("repeated_max", "repeated"), ("negative_max", "negative_lines")])
def test_limits_are_the_merchants(limit: str, seen: str) -> None:
    router = Router(routing(**{limit: 5}))
    assert router.decide(ChatFacts(**{seen: 4})).rule == "default.bot_first"
    assert router.decide(ChatFacts(**{seen: 5})).action.priority == 1


def test_a_price_that_nobody_knows_is_not_high() -> None:
    assert Router(routing(high_price_fen=0)).decide(ChatFacts(price_fen=0)).rule == "default.bot_first"
    assert Router(routing(high_price_fen=0)).decide(ChatFacts(price_fen=1)).rule == "default.high_price"


def test_the_merchants_rules_come_before_all_of_them() -> None:
    rules = [{"rule": "night", "when": {"field": "hour", "to": 6}, "then": {"bot": True}}]
    router = Router(routing(rules=rules))
    assert router.decide(ChatFacts(hour=3, tone="abusive")).rule == "night"
    assert router.decide(ChatFacts(hour=9, tone="abusive")).rule == "default.upset_buyer"
