"""Every decision has a sentence, and every word in it is one that people at a desk know."""

import pytest

from shared.domain.chat import Intent, Tone
from shared.domain.conditions import FIELDS, VALUES, ChatFacts
from shared.domain.routing import DEFAULT, Routing
from shared.domain.session import Routed
from shared.rules.chat.explain import FIELD_NAMES, VALUE_NAMES, explain, trouble_name
from shared.rules.routing.defaults import defaults
from shared.rules.routing.replay import to_document
from tests.unit.rules.chat.build import GROUPS, NOW, routing


def routed(rule: str, facts: ChatFacts | None = None, **target: object) -> Routed:
    """A decision."""
    known = {"rule": rule, "policy_version": 1, "at": NOW, "facts": to_document(facts or ChatFacts())}
    return Routed.model_validate({**known, **(target or {"bot": True})})


def test_every_field_has_a_name() -> None:
    assert set(FIELD_NAMES) == set(FIELDS)


def test_every_word_that_is_known_has_a_name() -> None:
    assert {*Intent, *Tone} <= set(VALUE_NAMES)
    words = [word for field, values in VALUES.items() if field != "open_cases" for word in values]
    assert [word for word in words if word not in VALUE_NAMES] == []
    assert [word for word in VALUES["open_cases"] if trouble_name(word) == word] == []


@pytest.mark.parametrize("default", defaults(Routing()), ids=lambda one: one.rule)
def test_every_built_in_rule_has_a_sentence(default: object) -> None:
    sentence = explain(routed(default.rule), routing())  # type: ignore[attr-defined]
    assert sentence.endswith("，由机器人接待")
    assert DEFAULT not in sentence


@pytest.mark.parametrize(
    ("rule", "when", "facts", "sentence"),
    [
        ("night", {"field": "hour", "from": 22}, ChatFacts(hour=23), "命中规则「night」（时刻=23），由机器人接待"),
        (
            "big",
            {"all": [{"field": "price_fen", "from": 5000}, {"field": "hot", "is": True}]},
            ChatFacts(price_fen=123_456, hot=True),
            "命中规则「big」（订单金额=1234.56元，热销商品=是），由机器人接待",
        ),
        (
            "refund",
            {"any": [{"field": "intent", "is": "refund"}, {"not": {"field": "open_cases", "has": ["stalled"]}}]},
            ChatFacts(intent="refund"),
            "命中规则「refund」（意图=退款，未结异常=无），由机器人接待",
        ),
        ("all", {"all": []}, ChatFacts(), "命中规则「all」，由机器人接待"),
    ],
)
def test_a_merchant_s_rule_is_explained_by_what_it_looked_at(
    rule: str, when: object, facts: ChatFacts, sentence: str
) -> None:
    own = routing(rules=[{"rule": rule, "when": when, "then": {"bot": True}}])
    assert explain(routed(rule, facts), own) == sentence


def test_a_group_is_called_by_its_title() -> None:
    titled = routing(groups=GROUPS | {"presale": {**GROUPS["presale"], "title": "售前客服"}})
    assert explain(routed("default.pre_sale", group="presale"), titled) == "售前咨询，转售前客服"
    assert explain(routed("default.pre_sale", group="gone"), titled) == "售前咨询，转gone"


def test_a_rule_that_is_no_more_is_called_by_its_name() -> None:
    assert explain(routed("old-rule", agent="anna"), routing()) == "命中规则「old-rule」，转专属客服 anna"


def test_people_s_reasons_are_quoted() -> None:
    by_hand = routed("handed_over", group="aftersale").model_copy(update={"facts": {"reason": "买家要求人工"}})
    assert explain(by_hand, routing()) == "人工转交（买家要求人工），转aftersale"
