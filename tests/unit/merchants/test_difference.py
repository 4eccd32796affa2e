"""What a diff says: every field that differs, once, in the document's order, in words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.merchants.difference import Change, difference
from infra.merchants.meanings import MEANINGS
from shared.domain.policy import Policy
from shared.rules.policy_document import load_policy

_LIMIT = {"rule": "pickup_24h", "span": "ship_to_pickup", "breach": "PT24H", "lead": "PT6H"}
_RULES = [
    {"rule": "a", "when": {"field": "hot", "is": True}, "then": {"group": "desk"}},
    {"rule": "b", "when": {"field": "tone", "is": "abusive"}, "then": {"group": "desk"}},
]
_GROUPS = {"desk": {"agents": [{"agent": "anna"}]}}


def _policy(**document: Any) -> Policy:
    return load_policy(json.dumps(document), "demo", 1)


def _told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [change[:3] for change in difference(_policy(**old), _policy(**new))]


def test_the_same_policy_differs_in_nothing_whatever_its_version_is() -> None:
    one = _policy(refund_on="received")
    assert difference(one, one.model_copy(update={"version": 9, "merchant": "other"})) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({}, {"refund_on": "received"}, ("refund_on", "succeeded", "received")),
        (
            {},
            {"budget_amount_max_fen": 3_000_000},
            ("budget_amount_max_fen", "500000 (¥5,000.00)", "3000000 (¥30,000.00)"),
        ),
        ({}, {"answer_max": "PT5M"}, ("answer_max", "PT2M", "PT5M")),
        ({}, {"escalate_before": ["PT9H", "PT1H"]}, ("escalate_before", '["PT12H","PT3H"]', '["PT9H","PT1H"]')),
        ({"erp": "wdt"}, {}, ("erp", "wdt", "jushuitan")),
        (
            {},
            {"robots": {"desk": {"channel": "wecom", "account": "wecom"}}},
            ("robots.desk", "—", '{"channel":"wecom","account":"wecom"}'),
        ),
        (
            {"robots": {"desk": {"channel": "wecom", "account": "a"}}},
            {"robots": {"desk": {"channel": "wecom", "account": "b"}}},
            ("robots.desk.account", "a", "b"),
        ),
        ({"watching": {"owners": {"stalled": "x"}}}, {}, ("watching.owners.stalled", "x", "—")),
        (
            {"watching": {"limits": [_LIMIT]}},
            {"watching": {"limits": [{**_LIMIT, "lead": "PT8H"}]}},
            ("watching.limits[pickup_24h].lead", "PT6H", "PT8H"),
        ),
        (
            {"watching": {"limits": [_LIMIT]}},
            {},
            (
                "watching.limits[pickup_24h]",
                '{"rule":"pickup_24h","span":"ship_to_pickup","breach":"P1D","lead":"PT6H"}',
                "—",
            ),
        ),
        (
            {"watching": {"hours": {"week": {"mon": ["09:00-18:00"]}}}},
            {"watching": {"hours": {"week": {"mon": ["09:00-12:00", "13:00-18:00"]}}}},
            ("watching.hours.week.mon", '["09:00-18:00"]', '["09:00-12:00","13:00-18:00"]'),
        ),
        (
            {"routing": {"groups": _GROUPS}},
            {"routing": {"groups": _GROUPS, "presale_group": "desk"}},
            ("routing.presale_group", "—", "desk"),
        ),
        (
            {"routing": {"groups": _GROUPS}},
            {"routing": {"groups": {"desk": {"agents": [{"agent": "anna", "seats": 9}]}}}},
            ("routing.groups.desk.agents[anna].seats", "5", "9"),
        ),
        (
            {"routing": {"groups": _GROUPS, "rules": _RULES}},
            {"routing": {"groups": _GROUPS, "rules": _RULES[::-1]}},
            ("routing.rules 顺序 order", "a, b", "b, a"),
        ),
        (
            {"routing": {"groups": _GROUPS, "rules": _RULES}},
            {"routing": {"groups": _GROUPS, "rules": [_RULES[0], {**_RULES[1], "when": {"field": "hour", "from": 9}}]}},
            ("routing.rules[b].when", '{"field":"tone","is":"abusive"}', '{"field":"hour","from":9}'),
        ),
        (
            {},
            {"routing": {"high_price_fen": 5}},
            ("routing.high_price_fen", "100000 (¥1,000.00)", "5 (¥0.05)"),
        ),
    ],
)
def test_a_field_is_told_with_what_it_was_and_what_it_becomes(
    old: dict[str, Any], new: dict[str, Any], told: tuple[str, str, str]
) -> None:
    assert _told(old, new) == [told]


def test_several_limits_of_one_name_are_compared_as_a_whole() -> None:
    twice = [{**_LIMIT, "platforms": [name]} for name in ("douyin", "selfbuilt")]
    [(path, old, new)] = _told({"watching": {"limits": [_LIMIT]}}, {"watching": {"limits": twice}})
    assert path == "watching.limits"
    assert (old.count("pickup_24h"), new.count("pickup_24h")) == (1, 2)


def test_changes_come_in_the_order_of_the_document_and_not_of_who_wrote_it() -> None:
    new = {"routing": {"push": True}, "zone": "UTC", "watching": {"margin": "PT2H", "owners": {"late": "x"}}}
    backwards = json.loads(json.dumps(dict(reversed(new.items()))))
    paths = [path for path, _, _ in _told({}, new)]
    assert paths == ["zone", "watching.owners.late", "watching.margin", "routing.push"]
    assert _told({}, backwards) == _told({}, new)


def test_the_days_of_a_week_come_in_their_order() -> None:
    days = {"sun": ["10:00-12:00"], "mon": ["09:00-12:00"], "fri": ["08:00-12:00"]}
    changed = {day: ["07:00-08:00"] for day in days}
    told = _told({"watching": {"hours": {"week": days}}}, {"watching": {"hours": {"week": changed}}})
    assert [path.rsplit(".", 1)[1] for path, _, _ in told] == ["mon", "fri", "sun"]


def test_a_change_says_what_the_field_means_and_whom_it_concerns() -> None:
    [change] = difference(_policy(), _policy(refund_on="received"))
    assert change.lines == (
        "refund_on: succeeded → received",
        "    在途仅退款何时同意 · when a refund for goods on the road is agreed（资金 money）",
    )


_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "refund_on": st.sampled_from(["accepted", "received"]),
        "tries_max": st.integers(1, 20),
        "robots": st.dictionaries(st.sampled_from("abc"), st.just({"channel": "wecom", "account": "x"})),
        "desk": st.sampled_from("abc"),
        "watching": st.fixed_dictionaries(
            {},
            optional={
                "limits": st.lists(st.sampled_from("abc").map(lambda name: {**_LIMIT, "rule": name}), max_size=3),
                "urge_by": st.dictionaries(st.sampled_from(["yto", "jt"]), st.just("kuaidi100")),
            },
        ),
        "routing": st.just({"groups": _GROUPS, "rules": _RULES}),
    },
)


def _model(document: dict[str, Any]) -> Policy:
    return Policy.model_validate({**document, "merchant": "demo", "version": 1})


@given(_FIELDS, _FIELDS)
def test_whatever_differs_is_told_and_the_way_back_says_the_opposite(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = _model(old), _model(new)
    there, back = difference(before, after), difference(after, before)
    assert bool(there) == (before.model_dump() != after.model_dump())
    assert sorted(_facts(there)) == sorted((path, old, new) for path, new, old in _facts(back))
    assert len({path for path, _, _ in _facts(there)}) == len(there)


def _facts(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [change[:3] for change in changes]


def test_no_meaning_is_empty_or_said_twice_of_one_model() -> None:
    assert all(all(part.strip() for part in meaning) for meaning in MEANINGS.values())
