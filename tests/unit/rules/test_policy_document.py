"""What merchants write becomes a policy, or is refused with every problem, its place and what is allowed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.vendors import vendor_names
from shared.domain.policy import Policy
from shared.domain.routing import PROBLEMS_MAX
from shared.errors import Permanent
from shared.rules.policy_document import ENTRIES_MAX, FIELDS, PolicyRefused, load_policy
from shared.rules.policy_names import Known
from tests.unit.rules.build import policy

_KNOWN = Known(vendor_names(), ("douyin", "zto", "kuaidi100", "dingtalk"))
_DESK = {"desk": {"channel": "dingtalk", "account": "dingtalk"}}
_GROUPS = {"desk": {"agents": [{"agent": "anna"}]}}


def _read(document: Any, known: Known | None = None) -> Policy:
    text = document if isinstance(document, str | bytes) else json.dumps(document, ensure_ascii=False)
    return load_policy(text, "demo", 7, known)


def _refused(document: Any, known: Known | None = None) -> list[str]:
    with pytest.raises(PolicyRefused) as refused:
        _read(document, known)
    assert isinstance(refused.value, Permanent)
    assert refused.value.text == "; ".join(refused.value.sentences)
    return list(refused.value.sentences)


def test_an_empty_document_is_the_policy_of_somebody_who_agrees_with_all_defaults() -> None:
    assert _read("{}") == Policy(merchant="demo", version=7)


def test_a_whole_document_is_read_as_it_is_meant() -> None:
    document = {
        "$schema": "policy.schema.json",
        "refund_on": "returning",
        "escalate_before": ["PT8H", "PT2H"],
        "robots": _DESK,
        "watching": {"owners": {"not_shipped": "warehouse"}, "urge_by": {"yto": "kuaidi100"}},
        "routing": {"groups": _GROUPS, "silence_max": "PT5M"},
    }
    read = _read(document, _KNOWN)
    fields = {name: value for name, value in document.items() if name != "$schema"}
    assert read == Policy.model_validate_json(json.dumps({**fields, "merchant": "demo", "version": 7}))


def test_a_policy_that_huhang_has_shown_is_a_document() -> None:
    shown = policy(merchant="demo", version=3).model_dump_json(exclude_defaults=True)
    assert _read(shown) == policy(merchant="demo", version=7)


def test_the_policy_of_another_merchant_is_not_taken_over_by_mistake() -> None:
    [said] = _refused({"merchant": "other"})
    assert said.startswith("merchant: 这是另一家商户的策略 this is the policy of 'other', not of demo")


@pytest.mark.parametrize(
    ("document", "begins", "holds"),
    [
        ({"refundon": 1}, "refundon: 没有这一项", "did you mean refund_on?"),
        ({"paces": {}}, "paces: 没有这一项", "there is no key 'paces'"),
        ({"refund_on": "now"}, "refund_on: 只能是", "'accepted', 'succeeded', 'returning' or 'received'"),
        ({"answer_max": 36}, "answer_max: 时长请写成", "PT2M"),
        ({"answer_max": "36"}, "answer_max: 时长请写成", "PT2M"),
        ({"answer_max": "PT0S"}, "answer_max: 须大于", "0 seconds"),
        ({"tries_max": "5"}, "tries_max: 请写整数", "without quotes"),
        ({"tries_max": 21}, "tries_max: 不能大于", "at most 20"),
        ({"tries_max": 0}, "tries_max: 不能小于", "at least 1"),
        ({"budget_amount_max_fen": 10.5}, "budget_amount_max_fen: 请写整数", "whole number"),
        ({"budget_amount_max_fen": -1}, "budget_amount_max_fen: 不能小于", "at least 0"),
        ({"zone": "Asia/Peking"}, "zone: 这里说不通", "no IANA time zone"),
        ({"desk": 5}, "desk: 请写带引号的文字", "in quotes"),
        ({"escalate_before": ["PT9H"]}, "escalate_before[1]: 缺少这一项", "required"),
        ({"escalate_before": ["PT9H", "PT8H", "PT7H"]}, "escalate_before: 最多 2 项", "at most 2"),
        ({"escalate_before": ["PT3H", "PT12H"]}, "escalate_before: 先写较早的一次", "the earlier warning first"),
        ({"escalate_before": ["PT3H", "PT3H"]}, "escalate_before: 先写较早的一次", "the earlier warning first"),
        ({"robots": {"desk": {"channel": "dingtalk"}}}, "robots.desk.account: 缺少这一项", "required"),
        ({"robots": {"大群": _DESK["desk"]}}, "robots.大群: 只能用这些字符", "A-Za-z0-9"),
        ({"robots": {"night": _DESK["desk"]}}, "desk: 这个群没有机器人", "no robot of the group 'desk'"),
        ({"watching": []}, "watching: 请写一个对象", "{…}"),
        ({"watching": {"limits": {}}}, "watching.limits: 请写一个列表", "[…]"),
        ({"watching": {"owners": {"slow": "desk"}}}, "watching.owners.slow: 只能是", "'not_shipped'"),
        ({"watching": {"hours": {"week": {"mon": ["9-18"]}}}}, "watching.hours.week.mon[0]: 这里说不通", "09:00-18:00"),
        ({"watching": {"hours": {"closed": ["1.10."]}}}, "watching.hours.closed[0]: 日期请写成", "2026-10-01"),
        ({"watching": {"hours": {"weeks": {}}}}, "watching.hours.weeks: 没有这一项", "did you mean week?"),
        ({"routing": []}, "routing: 分流设置有误", "a routing is an object"),
        ({"routing": {"push": 1}}, "routing.push: 分流设置有误", "boolean"),
        ({"routing": {"silence_max": 3}}, "routing.silence_max: 时长请写成", "PT2M"),
        ({"routing": {"groups": {}, "presale_group": "x"}}, "routing.presale_group: 分流设置有误", "no group 'x'"),
        ([], "策略 policy: 策略是一个对象", "an object; keys: zone, refund_on"),
        ("{", "策略 policy: 读不懂", "line 1, column 2"),
        ('{"zone": "UTC", "zone": "UTC"}', "策略 policy: 读不懂", "'zone' stands twice"),
        (b"\xff", "策略 policy: 读不懂", "UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_what_is_allowed(document: Any, begins: str, holds: str) -> None:
    [said] = _refused(document)
    assert said.startswith(begins)
    assert holds in said


def test_a_limit_is_refused_with_the_field_that_is_wrong() -> None:
    right = {"rule": "r", "span": "stagnation", "breach": "PT4H", "lead": "PT1H"}
    wrong = [{**right, "lead": "PT5H"}, {**right, "since": "2026-06-18T00:00:00"}, {**right, "span": "way"}]
    said = _refused({"watching": {"limits": wrong}})
    assert [sentence.split(":")[0] for sentence in said] == [
        "watching.limits[0]", "watching.limits[1].since", "watching.limits[2].span",
    ]  # fmt: skip
    assert "lead (5:00:00) must be shorter than breach (4:00:00)" in said[0]
    assert "+08:00" in said[1]


def test_a_dead_rule_is_refused() -> None:
    rules = [{"rule": one, "then": {"group": "desk"}} for one in ("all", "never")]
    [said] = _refused({"routing": {"groups": _GROUPS, "rules": rules}})
    assert said.startswith("routing.rules[1].when: 分流设置有误 rule never is never asked: before it all decides")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    said = _refused({"tries_max": 0, "zoen": "UTC", "routing": {"negative_max": 0}, "watching": {"margin": "1"}})
    assert {sentence.split(":")[0] for sentence in said} == {
        "tries_max", "zoen", "routing.negative_max", "watching.margin",
    }  # fmt: skip


def test_of_very_many_problems_ten_are_told() -> None:
    said = _refused({f"field{number}": 1 for number in range(400)})
    assert len(said) == PROBLEMS_MAX + 1
    assert said[-1] == "策略 policy: 还有更多问题 and there is more"


def test_a_problem_is_a_sentence_and_no_essay() -> None:
    said = _refused({"x" * 10_000: 1, **{f"field{number}": 1 for number in range(20)}})
    assert sum(len(sentence.encode()) for sentence in said) < 4_096


def test_a_list_that_is_too_long_is_not_looked_into() -> None:
    [said] = _refused({"watching": {"limits": [1] * (ENTRIES_MAX + 1)}})
    assert said == f"watching: 最多 {ENTRIES_MAX} 项 501 entries, at most {ENTRIES_MAX} are read"


# ---- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "begins"),
    [
        ({"robots": {"desk": {"channel": "chat", "account": "dingtalk"}}}, "robots.desk.channel: 护航不认识"),
        ({"robots": {"desk": {"channel": "dingtalk", "account": "dingtak"}}}, "robots.desk.account: 没有这个账号"),
        ({"erp": "jushuitang"}, "erp: 护航不认识"),
        ({"erp": "jushuitan"}, "erp: 没有这个账号"),
        ({"watching": {"tracker": "sf"}}, "watching.tracker: 没有这个账号"),
        ({"watching": {"trackers": {"yto": "yto"}}}, "watching.trackers.yto: 护航不认识"),
        ({"watching": {"urge_by": {"yto": "sf"}}}, "watching.urge_by.yto: 没有这个账号"),
        ({"watching": {"buyer_platforms": ["douyin", "tiktok"]}}, "watching.buyer_platforms[1]: 护航不认识"),
    ],
)
def test_a_name_that_nobody_knows_is_refused(document: Any, begins: str) -> None:
    [said] = _refused(document, _KNOWN)
    assert said.startswith(begins)
    assert "there is no" in said
    assert _read(document)  # where names are not known they are not looked at


def test_accounts_are_not_looked_at_where_they_are_not_known() -> None:
    document = {"robots": _DESK, "erp": "jushuitan", "watching": {"tracker": "sf"}}
    assert _read(document, Known(vendor_names()))


def test_a_default_names_vendors_that_not_every_merchant_has() -> None:
    assert _read({}, Known(vendor_names(), ()))


def test_every_robot_and_no_other_channel_can_speak_to_a_group() -> None:
    names = vendor_names()
    assert set(names["robots"]) == set(names["channels"]) - {"chat"}


# ---- anything ------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def _outcome(document: Any) -> Policy | tuple[str, ...]:
    try:
        return _read(document, _KNOWN)
    except PolicyRefused as refused:
        return refused.sentences


@given(st.dictionaries(st.sampled_from([*FIELDS, "merchant", "version", "$schema", "x"]), _JSON, max_size=4))
def test_whatever_stands_in_a_document_it_is_a_policy_or_refused(document: dict[str, Any]) -> None:
    assert _outcome(document)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_the_bytes_are_they_are_a_policy_or_refused(text: bytes | str) -> None:
    assert _outcome(text)
