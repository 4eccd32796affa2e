"""What is refused when a routing is saved: with the path, the rule's name and what is allowed instead."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.conditions import FIELDS, VALUES
from shared.domain.routing import DEPTH_MAX, PROBLEMS_MAX, RULES_MAX, TESTS_MAX, Routing
from shared.errors import Refused
from shared.rules.routing.document import BYTES_MAX, OBJECTS_MAX, VALUES_MAX, RoutingRefused, read_document
from shared.rules.routing.load import routing_from
from shared.rules.routing.written import TESTS_IN_ALL_MAX
from tests.benchmarks.routing_rows import KINDS, hostile_documents

_HOT: dict[str, Any] = {"field": "hot", "is": True}
_HOURS = {"week": {"mon": ["09:00-18:00"]}}


def _shop(**fields: Any) -> dict[str, Any]:
    groups = {"desk": {"agents": [{"agent": "anna"}, {"agent": "bert"}]}, "parcels": {"agents": [{"agent": "lena"}]}}
    return {"groups": groups, **fields}


def _rule(when: Any = _HOT, **fields: Any) -> dict[str, Any]:
    return {"rule": "vip", "when": when, "then": {"group": "desk"}, **fields}


def _load(text: str | bytes) -> Routing:
    return routing_from(read_document(text))


def _problems(document: Any) -> list[tuple[str, str]]:
    text = document if isinstance(document, str | bytes) else json.dumps(document, ensure_ascii=False)
    with pytest.raises(RoutingRefused) as refused:
        _load(text)
    assert isinstance(refused.value, Refused)
    assert refused.value.problems
    assert all(f"{path or 'document'}: {why}" in str(refused.value) for path, why in refused.value.problems)
    return [tuple(problem) for problem in refused.value.problems]


def _only(document: Any) -> tuple[str, str]:
    [problem] = _problems(document)
    return problem


def test_a_whole_routing_is_read_as_it_is_meant() -> None:
    rule = {
        "rule": "refund_by_vip",
        "when": {
            "all": [
                {"field": "intent", "is": ["refund", "return"]},
                {"any": [{"field": "buyer_tags", "has": ["vip"]}, {"field": "price_fen", "from": 50_000}]},
                {"not": {"field": "hour", "from": 0, "to": 6}},
            ]
        },
        "then": {"agent": "anna", "priority": 1, "tags": ["vip"], "note": "先安抚，再处理"},
    }
    fields = {
        "presale_group": "desk",
        "modes": [{"mode": "bot_only", "hours": {"week": {"sun": ["00:00-24:00"]}}, "channels": ["web"]}],
        "silence_max": "PT3M",
        "categories": {"i1": "3c"},
        "hot_items": ["i1"],
    }
    routing = _load(json.dumps(_shop(rules=[rule], **fields)))
    assert routing == Routing.model_validate(_shop(rules=[rule], **fields))
    assert _load(routing.model_dump_json(exclude_defaults=True)) == routing
    assert _load(routing.model_dump_json().encode()) == routing
    assert _load("{}") == Routing()


# ---- conditions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "path", "said"),
    [
        ({"field": "intnet", "is": "refund"}, ".field", "there is no field 'intnet'; did you mean intent"),
        ({"field": "pirce_fen", "from": 1}, ".field", "did you mean price_fen"),
        ({"field": 5, "is": "x"}, ".field", "5 is no field. Known: period, order_status"),
        ({"is": "refund"}, ".field", "null is no field. Known: period"),
        ({}, ".field", "null is no field"),
        (
            {"field": "intent", "is": "refnd"},
            ".is",
            "there is no value 'refnd'; did you mean refund? Known: refund, return",
        ),
        ({"field": "tone", "is": ["calm", "angry"]}, ".is", "there is no value 'angry'. Known: calm, impatient"),
        ({"field": "period", "is": "later"}, ".is", "Known: no_order, pre_sale, after_sale"),
        ({"field": "order_status", "is": "shiped"}, ".is", "did you mean shipped"),
        ({"field": "mode", "is": "bot"}, ".is", "Known: assist, bot_first, bot_only"),
        ({"field": "open_cases", "has": ["lost"]}, ".has", "did you mean suspected_lost"),
        ({"field": "weekday", "from": 7}, ".from", "weekday is never 7, only from 0 to 6"),
        ({"field": "hour", "to": 24}, ".to", "hour is never 24, only from 0 to 23"),
        ({"field": "price_fen", "from": -1}, ".from", "price_fen is never -1, only from 0"),
        ({"field": "price_fen", "from": "500"}, ".from", 'price_fen is a number: test it with "from", "to" or both'),
        ({"field": "price_fen", "from": 5.5}, ".from", "whole numbers"),
        ({"field": "price_fen", "from": True}, ".from", "whole numbers"),
        ({"field": "price_fen", "is": 5}, ".is", 'price_fen is a number: test it with "from", "to" or both'),
        ({"field": "price_fen", "from": 9, "to": 8}, ".from", '"from" is greater than "to", so it never holds'),
        ({"field": "hot", "is": "yes"}, ".is", 'hot is yes or no: test it with "is": true or false'),
        ({"field": "hot", "is": 1}, ".is", "hot is yes or no"),
        ({"field": "item", "has": ["i1"]}, ".has", 'item is a word: test it with "is": a word or a list of words'),
        ({"field": "item", "is": [1]}, ".is", "item is a word"),
        ({"field": "item", "is": [["i1"]]}, ".is", "item is a word"),
        ({"field": "item", "is": []}, ".is", "item: the list is empty, so it never holds"),
        ({"field": "item", "is": ""}, ".is", "item: a word has 1 to 64 characters"),
        ({"field": "item", "is": "i" * 65}, ".is", "item: a word has 1 to 64 characters"),
        ({"field": "item", "is": ["i"] * 501}, ".is", "501 words, at most 500"),
        ({"field": "buyer_tags", "is": "vip"}, ".is", 'buyer_tags is a set of words: test it with "has"'),
        ({"field": "buyer_tags", "has": "vip"}, ".has", "a list of words"),
        ({"field": "buyer_tags", "has": []}, ".has", "buyer_tags: the list is empty"),
        ({"field": "hot"}, "", "nothing is tested: hot is yes or no"),
        ({"field": "hot", "is": None}, "", "nothing is tested: hot is yes or no"),
        (
            {"field": "intent", "is": "refund", "matches": ".*"},
            ".matches",
            "there is no key 'matches'. Known: field, is",
        ),
        ({"field": "intent", "is": "refund", "has": ["x"]}, ".has", "intent is a word"),
        ({"all": [_HOT], "any": [_HOT]}, "", '"all" stands alone in its object; keys here: '),
        ({"all": _HOT}, ".all", "this is a list of conditions"),
        ({"not": [_HOT]}, ".not", "a condition is an object"),
        ({"any": [{"all": [_HOT, 5]}]}, ".any[0].all[1]", "a condition is an object"),
        ({"not": {"field": "hott", "is": True}}, ".not.field", "did you mean hot"),
        (None, "", "a condition is an object"),
        ("hot == true", "", "a condition is an object"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(when: Any, path: str, said: str) -> None:
    where, message = _problems(_shop(rules=[_rule({"all": []}, rule="first", shadow=True), _rule(when)]))[0]
    assert where == f"rules[1].when{path}"
    assert message.startswith("rule 'vip': ")
    assert said in message


@pytest.mark.parametrize("field", VALUES)
def test_a_value_that_never_occurs_is_refused_with_all_that_do(field: str) -> None:
    key = "has" if field == "open_cases" else "is"
    _, message = _only(_shop(rules=[_rule({"field": field, key: ["nothing"]})]))
    assert all(value in message for value in VALUES[field])


def test_an_unknown_field_is_refused_with_all_that_there_are() -> None:
    _, message = _only(_shop(rules=[_rule({"field": "__class__", "is": "x"})]))
    assert all(field in message for field in FIELDS)


def test_the_model_refuses_what_the_document_refuses_where_it_is_built_in_code() -> None:
    with pytest.raises(ValidationError, match="did you mean intent"):
        Routing.model_validate({"rules": [_rule({"field": "intnet", "is": "refund"}, then={"bot": True})]})


# ---- actions, groups, rosters, names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "path", "said"),
    [
        ({}, "", "nothing is given: write exactly one of bot (true), group and agent"),
        ({"bot": False}, "", "nothing is given"),
        ({"bot": True, "group": "desk"}, "", "bot and group is given: write exactly one of"),
        ({"group": "desk", "agent": "anna"}, "", "group and agent is given"),
        ({"group": "dekc"}, ".group", "there is no group 'dekc'; did you mean desk? Known: desk, parcels"),
        ({"agent": "ana"}, ".agent", "did you mean anna or lena? Known: anna, bert, lena"),
        ({"bot": "yes"}, ".bot", "boolean"),
        ({"bot": True, "priority": 10}, ".priority", "less than or equal to 9"),
        ({"bot": True, "priority": "1"}, ".priority", "integer"),
        ({"bot": True, "prio": 1}, ".prio", "there is no key 'prio'; did you mean priority?"),
        ({"bot": True, "note": "x" * 201}, ".note", "at most 200 characters"),
        ("desk", "", "dictionary"),
    ],
)
def test_an_action_goes_to_exactly_one_place_that_exists(then: Any, path: str, said: str) -> None:
    where, message = _only(_shop(rules=[_rule(then=then)]))
    assert where == f"rules[0].then{path}"
    assert "rule vip" in message or "rule 'vip'" in message
    assert said in message


def test_an_agent_sits_in_one_group_only() -> None:
    document = _shop()
    document["groups"]["parcels"]["agents"].append({"agent": "anna"})
    assert _only(document) == ("groups.parcels.agents[1]", "agent anna is in group desk already")


@pytest.mark.parametrize(
    ("group", "path", "said"),
    [
        ({}, ".agents", "nobody is in this group"),
        ({"agents": []}, ".agents", "nobody is in this group"),
        ({"agents": [{"agent": "a"}, {"agent": "a"}]}, ".agents[1]", "agent a is in this group already"),
        (
            {"agents": [{"agent": "a"}], "shifts": [{"agents": [], "hours": _HOURS}]},
            ".shifts[0].agents",
            "nobody works",
        ),
        (
            {"agents": [{"agent": "anton"}], "shifts": [{"agents": ["antom"], "hours": _HOURS}]},
            ".shifts[0].agents",
            "there is no agent of this group called 'antom'; did you mean anton?",
        ),
        ({"agents": [{"agent": "a", "seats": 0}]}, ".agents[0].seats", "greater than or equal to 1"),
        ({"agents": [{"agent": "a", "seats": "5"}]}, ".agents[0].seats", "integer"),
        ({"agents": [{"agent": "a", "seat": 1}]}, ".agents[0].seat", "did you mean seats"),
        (
            {"agents": [{"agent": "a"}], "shifts": [{"agents": ["a"], "hours": {"weeks": {}}}]},
            ".shifts[0].hours.weeks",
            "did you mean week",
        ),
        (
            {"agents": [{"agent": "a"}], "shifts": [{"agents": ["a"], "hours": {"week": {"mon": ["9-18"]}}}]},
            ".shifts[0].hours.week.mon[0]",
            "is no interval",
        ),
    ],
)
def test_a_roster_names_people_who_are_there(group: Any, path: str, said: str) -> None:
    where, message = _only({"groups": {"night": group}})
    assert where == f"groups.night{path}"
    assert said in message


@pytest.mark.parametrize("name", ["presale_group", "aftersale_group", "logistics_group"])
def test_the_defaults_name_groups_that_exist(name: str) -> None:
    assert _only(_shop(**{name: "dexk"})) == (name, "there is no group 'dexk'; did you mean desk? Known: desk, parcels")


def test_rules_have_names_of_their_own() -> None:
    cold = {"field": "hot", "is": False}
    path, message = _only(_shop(rules=[_rule(), _rule(cold)]))
    assert (path, "rule vip is there already" in message) == ("rules[1].rule", True)
    for name in ("default.bot_first", "handed_over"):
        path, message = _only(_shop(rules=[_rule(rule=name)]))
        assert path == "rules[0].rule"
        assert "built-in rules" in message


def test_dead_rules_are_refused_with_their_names() -> None:
    impossible = {"all": [{"field": "intent", "is": "refund"}, {"field": "intent", "is": "return"}]}
    assert _problems(_shop(rules=[_rule(rule="a"), _rule(rule="b"), _rule(impossible, rule="c")])) == [
        ("rules[1].when", "rule 'b': the same condition as the rule before, which decides")
    ]
    both = {"all": [_HOT, {"field": "hour", "to": 6}]}
    assert _problems(_shop(rules=[_rule(rule="a"), _rule(both, rule="b"), _rule(impossible, rule="c")])) == [
        ("rules[1].when", "rule b is never asked: before it a decides whenever it fits"),
        ("rules[2].when", "rule c never fits: its tests of intent exclude each other"),
    ]


def test_all_that_is_wrong_is_told_up_to_ten_problems() -> None:
    wrong = [_rule({"field": "intent", "is": f"x{number}"}, rule=f"r{number}") for number in range(30)]
    found = _problems(_shop(rules=wrong))
    assert [path for path, _ in found] == [f"rules[{number}].when.is" for number in range(PROBLEMS_MAX)]
    assert len(_problems(_shop(hours=1, rule=[], group={}))) == 3


def test_a_key_that_nobody_knows_is_refused_with_the_nearest() -> None:
    path, message = _only(_shop(rulez=[]))
    assert (path, "did you mean rules" in message) == ("rulez", True)


def _deep(depth: int) -> dict[str, Any]:
    condition = _HOT
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


def _items(amount: int) -> list[dict[str, Any]]:
    return [{"field": "item", "is": f"i{number}"} for number in range(amount)]


# ---- welcomes and channels -----------------------------------------------------------------------------------------


def _welcome(when: Any = None, **fields: Any) -> dict[str, Any]:
    return {"welcome": "hello", "text": "您好", **({"when": when} if when else {}), **fields}


@pytest.mark.parametrize(
    ("welcomes", "path", "said"),
    [
        ([_welcome(text="好" * 501)], "welcomes[0].text", "welcome 'hello': String should have at most 500 characters"),
        ([_welcome(text=" ")], "welcomes[0].text", "should match pattern"),
        ([{"welcome": "hello"}], "welcomes[0].text", "Field required"),
        ([_welcome(questions=["吗" * 101])], "welcomes[0].questions[0]", "at most 100 characters"),
        ([_welcome(questions=[""])], "welcomes[0].questions[0]", "should match pattern"),
        ([_welcome(questions=["吗"] * 11)], "welcomes[0].questions", "at most 10 items"),
        ([_welcome(txt="您好")], "welcomes[0].txt", "did you mean text"),
        ([_welcome({"field": "itm", "is": "i1"})], "welcomes[0].when.field", "did you mean item"),
        ([_welcome(_HOT), _welcome()], "welcomes[1].welcome", "welcome hello is there already"),
        ([_welcome(), _welcome(_HOT, welcome="b")], "welcomes[1].when", "welcome b is never asked: before it hello"),
        (
            [_welcome(_HOT), _welcome(_HOT, welcome="b")],
            "welcomes[1].when",
            "welcome 'b': the same condition as the welcome before, which decides",
        ),
        (
            [_welcome(_deep(DEPTH_MAX + 1))],
            "welcomes[0].when" + ".not" * DEPTH_MAX,
            "welcome 'hello': nested more than 8 deep",
        ),
        ([_welcome({"any": _items(TESTS_MAX + 1)})], "welcomes[0].when", "more tests than 64"),
        ([_welcome(welcome=f"w{number}") for number in range(51)], "welcomes", "51 entries, at most 50 are read"),
        ("您好", "welcomes", "valid tuple"),
    ],
)
def test_a_welcome_that_nobody_could_see_or_read_is_refused(welcomes: Any, path: str, said: str) -> None:
    where, message = _only(_shop(welcomes=welcomes))
    assert (where, said in message) == (path, True), message


def test_welcomes_are_asked_apart_from_rules() -> None:
    welcomes = [_welcome(_HOT), _welcome(welcome="b")]
    assert len(_load(json.dumps(_shop(rules=[_rule()], welcomes=welcomes))).welcomes) == 2


@pytest.mark.parametrize(
    ("channels", "path", "said"),
    [
        ({"qianniu": "passive"}, "channels.qianniu", "'active' or 'advisory'"),
        ({"QianNiu": "advisory"}, "channels.QianNiu[key]", "should match pattern"),
        ({f"c{number}": "active" for number in range(51)}, "channels", "at most 50 items"),
        (["qianniu"], "channels", "valid dictionary"),
    ],
)
def test_a_channel_is_active_or_advisory(channels: Any, path: str, said: str) -> None:
    where, message = _only(_shop(channels=channels))
    assert (where, said in message) == (path, True), message


# ---- limits and hostile documents ----------------------------------------------------------------------------------


def _nested(before: str, depth: int, after: str) -> str:
    return before + '{"a":' * depth + "{}" + "}" * depth + after


@pytest.mark.parametrize(
    ("fits", "not_any_more", "said"),
    [
        (_shop(rules=[_rule(_deep(DEPTH_MAX))]), _shop(rules=[_rule(_deep(DEPTH_MAX + 1))]), "nested more than 8 deep"),
        (
            _shop(rules=[_rule({"any": _items(TESTS_MAX)})]),
            _shop(rules=[_rule({"any": _items(TESTS_MAX + 1)})]),
            "more tests than 64",
        ),
        (
            _shop(rules=[_rule(test, rule=f"r{number}") for number, test in enumerate(_items(RULES_MAX))]),
            _shop(rules=[_rule(test, rule=f"r{number}") for number, test in enumerate(_items(RULES_MAX + 1))]),
            "201 entries, at most 200 are read",
        ),
        (
            _shop(rules=[_rule({"any": _items(50)}, rule=f"r{n}", shadow=True) for n in range(TESTS_IN_ALL_MAX // 50)]),
            _shop(rules=[_rule({"any": _items(51)}, rule=f"r{n}", shadow=True) for n in range(TESTS_IN_ALL_MAX // 50)]),
            "more tests in all than 800",
        ),
        (_shop(hot_items=["i"] * 5_000), _shop(hot_items=["i"] * 5_001), "5,001 entries, at most 5,000 are read"),
        ("{}" + " " * (BYTES_MAX - 2), "{}" + " " * (BYTES_MAX - 1), "longer than 192 KB"),
        ('{"rules": []}', '{"rules": [' + "[],[" * (OBJECTS_MAX // 2), "objects and lists, at most 4,000"),
        ("{}", "[" + "1," * (VALUES_MAX + 1), "values, at most 8,000"),
    ],
)
def test_limits_are_where_they_are_said_to_be(fits: Any, not_any_more: Any, said: str) -> None:
    _load(fits if isinstance(fits, str) else json.dumps(fits))
    assert said in " ".join(message for _, message in _problems(not_any_more))


@pytest.mark.parametrize(
    ("document", "path", "said"),
    [
        ("", "", "this is no JSON: Expecting value at line 1, column 1"),
        ("[1, 2", "", "this is no JSON"),
        ("[]", "", "a routing is an object; its keys: groups, rules"),
        ('{"rules": 5}', "rules", "valid tuple"),
        ('{"high_price_fen": NaN}', "", "NaN is no number that JSON knows"),
        ('{"high_price_fen": -Infinity}', "", "-Infinity is no number"),
        ('{"silence_max": 1e999}', "", "1e999 is no number that can be counted with"),
        ('{"high_price_fen": 1%s}' % ("0" * 5_000), "", "a number of 5,001 digits, at most 20 are read"),
        ('{"high_price_fen": "1000"}', "high_price_fen", "integer"),
        ('{"high_price_fen": 1.0}', "high_price_fen", "integer"),
        ('{"groups": {"a": {"agents": [{"agent": "x"}], "agents": []}}}', "groups.a", "the key 'agents' stands twice"),
        ('{"hot_items": ["\\ud800"]}', "hot_items[0]", "half of a character"),
        ('{"rules\\udc00": []}', "", "half of a character"),
        ('{"hot_items": ["\ud800"]}', "", "not in UTF-8"),
        (b'{"hot_items": ["\xff"]}', "", "not in UTF-8"),
        ('{"rules": []}'.encode("utf-16"), "", "not in UTF-8"),
        (b"\xef\xbb\xbf{}", "", "this is no JSON"),
        ("[" * 10**5, "", "100,000 objects and lists"),
        ('{"rules": [{"rule": "r", "when": %s' % ('{"not":' * 10**5), "", "longer than 192 KB"),
        (_nested('{"rules": [{"rule": "r", "when": ', 1_990, "}]}"), "", "nested more than 40 deep"),
        (_nested('{"groups": ', 39, "}"), "", "nested more than 40 deep"),
        (_nested('{"groups": ', 38, "}"), "groups.a.a", "there is no key 'a'"),
    ],
)
def test_what_is_no_plain_json_is_refused_before_anybody_reads_it(document: Any, path: str, said: str) -> None:
    where, message = _problems(document)[0]
    assert (where, said in message) == (path, True), message


def test_a_pair_of_halves_is_a_character() -> None:
    assert read_document('["\\ud83d\\ude00"]') == ["😀"]


@pytest.mark.parametrize("kind", [name for name, _ in KINDS])
def test_hostile_documents_are_refused_with_a_path(kind: str) -> None:
    """The benchmarks refuse a thousand of them and look at what that costs (P17)."""
    documents = [made for name, made in hostile_documents(12 * len(KINDS), seed=3) if name == kind]
    assert len(documents) == 12
    for document in documents:
        problems = _problems(document)
        assert len(problems) <= PROBLEMS_MAX
        assert all(len(message) < 2_000 for _, message in problems)
        assert all(len(path) <= 301 and path.isprintable() and message.isprintable() for path, message in problems)


def test_a_part_of_a_larger_document_is_read_alike() -> None:
    tree = read_document(json.dumps({"version": 3, "routing": _shop(rules=[_rule()])}))
    assert isinstance(tree, dict)
    assert routing_from(tree["routing"]).rules[0].rule == "vip"
    with pytest.raises(RoutingRefused, match="a routing is an object"):
        routing_from(tree["version"])
