"""A merchant joins whole or not at all, whatever is wrong, and whatever the function dies after."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.credentials import Secret
from shared.domain.joining import Answer
from shared.domain.merchant import Standing
from shared.errors import Permanent, Retryable, Unclear
from shared.workflows.onboard_merchant import BOTH_VALID_FOR, DATA_KEPT_FOR, TIME_NEEDED_S
from tests.unit.workflows.joining import ACCOUNTS, REFUSED, House, Stack
from tests.unit.workflows.vendor import NOW

BUSY = Retryable("busy", timedelta(seconds=30))
OTHER = {**ACCOUNTS, "shop": {"key": "another-key", "shop_id": "4012345"}}


def nothing_stored(house: House) -> bool:
    table = house.table
    return not (table.memberships or table.policies or table.shops or house.secrets.ours)


def test_a_merchant_that_joins_is_on_the_list_with_its_shops_policy_and_credentials() -> None:
    house = House()
    answer = Stack(house).join(Policy='{"budget_count_max": 7}')
    assert answer.accepted
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.shops, member.since) == (Standing.ACTIVE, ("shop:4012345",), NOW)
    policy = house.policies.policy("demo")
    assert policy is not None
    assert (policy.version, policy.budget_count_max) == (1, 7)
    assert house.secrets.ours == {"demo": Secret(ACCOUNTS)}
    assert house.checked == ["shop", "zto", "dingtalk"]


def test_it_is_told_the_addresses_for_its_vendors_and_no_token() -> None:
    accounts = {**ACCOUNTS, "zto": {"key": "k", "token": "a-secret-token"}, "chat": {"key": "k"}}
    answer = Stack(House(), accounts=accounts).join()
    assert answer.data["Webhooks"].splitlines() == [
        "shop: https://hooks.example.com/webhooks/shop/demo",
        "zto: https://hooks.example.com/webhooks/zto/demo/{token}",
        "chat: https://hooks.example.com/webhooks/chat/demo",
        "chat route: https://hooks.example.com/v1/chat/demo/route",
    ]
    assert answer.data["Board"] == "https://hooks.example.com/v1/merchants/demo/tickets"
    assert (answer.data["PolicyVersion"], answer.data["Standing"]) == ("1", "active")
    assert "a-secret-token" not in str(answer)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({}, "https://hooks.example.com/webhooks/mall/demo"),
        ({"token": "t0ken"}, "https://hooks.example.com/webhooks/mall/demo/t0ken"),
        ({"callback": "https://elsewhere.example.com"}, "https://elsewhere.example.com"),
    ],
)
def test_a_vendor_that_must_be_told_our_address_is_told_it(told: dict[str, str], kept: str) -> None:
    house = House()
    stack = Stack(house, accounts={"mall": {"key": "k", "shop_id": "1", **told}})
    assert stack.join().accepted
    assert house.secrets.ours["demo"].vendors["mall"]["callback"] == kept
    house.checked.clear()
    assert stack.change(Policy='{"budget_count_max": 9}').accepted
    assert house.checked == []  # it is not taken for a changed account


def test_the_desk_hears_of_everything_by_the_robot_that_there_is() -> None:
    house = House()
    Stack(house).join()
    policy = house.policies.policy("demo")
    assert policy is not None
    assert {group: robot.account for group, robot in policy.robots.items()} == {"desk": "dingtalk"}


# ---- what is wrong -----------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[object, str]] = {
    "no JSON": ("{oops", "Accounts"),
    "nothing": ("{}", "Accounts"),
    "a list": ("[]", "Accounts"),
    "a number": ({**ACCOUNTS, "shop": {"key": 1}}, "shop：应为"),
    "an unknown vendor": ({**ACCOUNTS, "shopp": {"key": "k"}}, "shopp：不是供应商"),
    "a missing key": ({**ACCOUNTS, "shop": {"shop_id": "1"}}, "shop：缺少或写错了 key"),
    "a short token": ({**ACCOUNTS, "board": {"token": "1234"}}, "board.token：至少 16 位"),
    "an unknown token": ({**ACCOUNTS, "board": {"toke": "x" * 16}}, "board.toke：只能是"),
    "one token for two": ({**ACCOUNTS, "board": {"token": "x" * 16, "token_owner": "x" * 16}}, "每个角色"),
}


@pytest.mark.parametrize("name", WRONG)
def test_accounts_that_cannot_work_are_refused_with_a_sentence(name: str) -> None:
    house, (accounts, sentence) = House(), WRONG[name]
    answer = Stack(house, accounts=accounts).join()
    assert not answer.accepted
    assert sentence in answer.reason
    assert nothing_stored(house)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (REFUSED, "shop：对方拒绝了这些凭证（sign invalid ***）"),
        (Permanent("address_refused", "not https"), "shop：不接受这个地址"),
        (BUSY, "shop：现在无法确认（busy）"),
        (Unclear("ReadTimeout"), "shop：现在无法确认（ReadTimeout）"),
    ],
)
def test_what_a_vendor_says_is_passed_on_without_the_credentials(error: Exception, sentence: str) -> None:
    house = House()
    house.refuse["shop"] = error
    answer = Stack(house).join()
    assert not answer.accepted
    assert sentence in answer.reason
    assert nothing_stored(house)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    house = House()
    house.refuse = {"shop": REFUSED, "dingtalk": BUSY}
    answer = Stack(house).join(
        Policy='{"budget_count": 7, "robots": {"desk": {"channel": "dingtalk", "account": "x"}}}'
    )
    assert [part in answer.reason for part in ("shop：", "dingtalk：", "budget_count")] == [True] * 3


def test_a_policy_that_names_an_account_which_is_not_there_is_refused() -> None:
    house = House()
    answer = Stack(house).join(Policy='{"robots": {"desk": {"channel": "dingtalk", "account": "night"}}}')
    assert "robots.desk.account" in answer.reason
    assert nothing_stored(house)


def test_one_shop_twice_is_refused() -> None:
    accounts = {"shop": {"key": "k", "shop_id": "1"}, "mall": {"key": "k", "shop_id": "1"}}
    house = House()
    house._find = lambda kind, name: _always("shop:1")  # type: ignore[method-assign]
    answer = Stack(house, accounts=accounts).join()
    assert "shop:1：同一店铺" in answer.reason


@pytest.mark.parametrize("key", ["limits", "limits_stop_order"])
def test_limits_that_cannot_be_read_are_refused_with_an_example(key: str) -> None:
    house = House()
    answer = Stack(house, accounts={"shop": {"key": "k", "shop_id": "1", key: "plenty"}}).join()
    assert "shop：限额写法有误" in answer.reason
    assert "5/s 100/min" in answer.reason
    assert nothing_stored(house)


def _always(shop: str) -> Any:
    from types import SimpleNamespace

    def check_account(account: Any, now: Any) -> Any:
        yield from ()
        return shop

    return SimpleNamespace(check_account=check_account)


def test_a_secret_that_cannot_be_read_is_named() -> None:
    house = House()
    stack = Stack(house)
    house.secrets.theirs.clear()
    assert "huhang-merchant-demo" in stack.join().reason


def test_checks_that_took_too_long_store_nothing() -> None:
    house = House()
    house.time_left_s = TIME_NEEDED_S - 1
    assert "用时过长" in Stack(house).join().reason
    assert nothing_stored(house)


def test_a_store_that_is_busy_is_told_as_it_is() -> None:
    house = House()

    def busy(merchant: str) -> Any:
        raise BUSY

    house.secrets.kept = busy  # type: ignore[method-assign]
    assert "暂时繁忙" in Stack(house).join().reason


# ---- whose merchant, whose shop ----------------------------------------------------------------------------------


def test_a_second_stack_with_the_same_merchant_is_refused_and_its_rollback_touches_nothing() -> None:
    house = House()
    first = Stack(house)
    first.join()
    second = Stack(house, number=2, accounts=OTHER)
    assert "已由另一个堆栈接入" in second.join().reason
    assert second.leave().accepted
    assert house.secrets.ours == {"demo": Secret(ACCOUNTS)}
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.stack_id) == (Standing.ACTIVE, first.stack_id)


def test_a_second_merchant_with_the_same_shop_is_refused_and_its_rollback_touches_nothing() -> None:
    house = House()
    Stack(house).join()
    second = Stack(house, "other")
    answer = second.join()
    assert "shop:4012345：这个店铺已由另一个商户号接入" in answer.reason
    second.leave()
    assert house.merchants.membership("other") is None
    assert house.policies.policy("other") is None
    assert set(house.secrets.ours) == {"demo"}


def test_a_merchant_that_left_comes_back_only_from_its_own_aws_account() -> None:
    house = House()
    first = Stack(house)
    first.join()
    first.leave()
    stranger = Stack(house)
    stranger.stack_id = stranger.stack_id.replace("111122223333", "999999999999")
    stranger.properties["SecretArn"] = stranger.properties["SecretArn"].replace("111122223333", "999999999999")
    stranger.offer(ACCOUNTS)
    assert "属于另一个 AWS 账号" in stranger.join().reason
    assert Stack(house, number=3).join().accepted


# ---- changes -----------------------------------------------------------------------------------------------------


def test_a_changed_policy_is_the_next_version_and_nobody_is_called() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    house.checked.clear()
    answer = stack.change(Policy='{"budget_count_max": 9}')
    assert (answer.accepted, answer.data["PolicyVersion"], house.checked) == (True, "2", [])
    assert [one.version for one in house.policies.history("demo")] == [1, 2]
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.shops) == (Standing.ACTIVE, ("shop:4012345",))


def test_a_policy_that_a_person_put_since_outlasts_other_changes() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    current = house.policies.policy("demo")
    assert current is not None
    house.policies.put_policy(current.model_copy(update={"version": 2, "budget_count_max": 3}))
    stack.offer(OTHER)
    assert stack.change(AccountsRevision="2").accepted
    policy = house.policies.policy("demo")
    assert policy is not None
    assert (policy.version, policy.budget_count_max) == (2, 3)


def test_changed_credentials_are_checked_and_those_of_before_stay_valid_for_a_day() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    house.checked.clear()
    stack.offer(OTHER)
    assert stack.change(AccountsRevision="2").accepted
    assert house.checked == ["shop"]
    assert house.secrets.ours["demo"] == Secret(OTHER, ACCOUNTS, NOW + BOTH_VALID_FOR)


def test_a_refused_change_leaves_everything_and_so_does_its_rollback() -> None:
    house = House()
    stack = Stack(house)
    stack.join(Policy='{"budget_count_max": 7}')
    before = (dict(house.table.memberships), dict(house.table.policies), dict(house.secrets.ours))
    house.refuse["shop"] = REFUSED
    stack.offer(OTHER)
    old = dict(stack.properties)
    assert not stack.change(AccountsRevision="2", Policy='{"budget_count_max": 8}').accepted
    stack.offer(ACCOUNTS)
    assert stack.change(**old).accepted  # what CloudFormation does to roll back
    assert (house.table.memberships, house.table.policies, house.secrets.ours) == before


def test_the_rollback_of_a_change_that_was_carried_out_puts_everything_back() -> None:
    house = House()
    stack = Stack(house)
    stack.join(Policy='{"budget_count_max": 7}')
    old, before = dict(stack.properties), house.merchants.membership("demo")
    assert before is not None
    stack.offer(OTHER)
    assert stack.change(AccountsRevision="2", Policy='{"budget_count_max": 8}', Status="paused").accepted
    stack.offer(ACCOUNTS)
    answer = stack.change(**old)
    assert (answer.accepted, answer.data["PolicyVersion"], answer.data["Standing"]) == (True, "3", "active")
    policy, after = house.policies.policy("demo"), house.merchants.membership("demo")
    assert policy is not None
    assert policy.budget_count_max == 7
    assert after == before.model_copy(update={"version": after.version if after else 0})
    assert house.secrets.ours["demo"].vendors == ACCOUNTS


def test_a_policy_in_force_may_not_lose_an_account_that_it_names() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    stack.offer({name: account for name, account in ACCOUNTS.items() if name != "dingtalk"})
    answer = stack.change(AccountsRevision="2")
    assert "robots.desk" in answer.reason
    assert house.secrets.ours == {"demo": Secret(ACCOUNTS)}


def test_an_account_that_is_taken_away_gives_its_shop_up() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    stack.offer({name: account for name, account in ACCOUNTS.items() if name != "shop"})
    assert stack.change(AccountsRevision="2").accepted
    assert Stack(house, "other").join().accepted


def test_a_merchant_cannot_be_renamed() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    from shared.domain.joining import JoinRefused

    with pytest.raises(JoinRefused, match="不能修改"):
        stack.change(Merchant="other", SecretArn=stack.properties["SecretArn"].replace("demo", "other"))


def test_the_stack_pauses_and_resumes_and_says_why() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    house.clock.advance(timedelta(hours=1))
    assert stack.change(Status="paused").data["Standing"] == "paused"
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.since, "Status=paused" in member.reason) == (
        Standing.PAUSED,
        house.clock.now(),
        True,
    )
    assert stack.change(Status="active").data["Standing"] == "active"
    member = house.merchants.membership("demo")
    assert member is not None
    assert member.reason == ""


def test_a_person_s_pause_outlasts_other_changes_of_the_stack() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    member = house.merchants.membership("demo")
    assert member is not None
    paused = {"version": member.version + 1, "standing": Standing.PAUSED, "reason": "退款异常，先停"}
    house.merchants.put(member.model_copy(update=paused))
    assert stack.change(Policy='{"budget_count_max": 9}').data["Standing"] == "paused"
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.reason) == (Standing.PAUSED, "退款异常，先停")


def test_the_rollback_of_a_refused_change_undoes_nothing_that_people_did() -> None:
    house = House()
    stack = Stack(house)
    stack.join(Policy='{"budget_count_max": 7}')
    policy, member = house.policies.policy("demo"), house.merchants.membership("demo")
    assert policy is not None
    assert member is not None
    house.policies.put_policy(policy.model_copy(update={"version": 2, "budget_count_max": 1}))
    house.merchants.put(member.model_copy(update={"version": member.version + 1, "standing": Standing.PAUSED}))
    house.refuse["shop"] = REFUSED
    stack.offer(OTHER)
    old = dict(stack.properties)
    assert not stack.change(AccountsRevision="2", Policy='{"budget_count_max": 99}', Status="paused").accepted
    stack.offer(ACCOUNTS)
    assert stack.change(**old).data["Standing"] == "paused"
    policy = house.policies.policy("demo")
    assert policy is not None
    assert (policy.version, policy.budget_count_max) == (2, 1)


# ---- leaving -----------------------------------------------------------------------------------------------------


def test_who_leaves_is_done_nothing_for_and_its_data_has_an_end() -> None:
    house = House()
    stack = Stack(house)
    stack.join()
    house.clock.advance(timedelta(days=10))
    answer = stack.leave()
    assert answer.accepted
    assert "90" in answer.reason
    assert "python -m infra.merchants export demo --to DIR" in answer.reason
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.since) == (Standing.LEFT, house.clock.now())
    assert member.kept_until == house.clock.now() + DATA_KEPT_FOR
    assert house.cases.load("demo", []).left
    assert house.secrets.ours == {}
    assert len(house.policies.history("demo")) == 1
    assert Stack(house, "other").join().accepted  # the shop is free


def test_who_comes_back_goes_on_with_the_versions_and_is_checked_anew() -> None:
    house = House()
    first = Stack(house)
    first.join()
    first.leave()
    house.checked.clear()
    answer = Stack(house, number=2).join()
    assert (answer.accepted, answer.data["PolicyVersion"]) == (True, "2")
    assert house.checked == ["shop", "zto", "dingtalk"]
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, member.kept_until, member.reason) == (Standing.ACTIVE, None, "")
    first.leave()  # CloudFormation may repeat itself
    assert house.secrets.ours == {"demo": Secret(ACCOUNTS)}


# ---- repetitions and crashes -------------------------------------------------------------------------------------


def test_the_same_request_is_told_the_same_and_does_nothing() -> None:
    house = House()
    stack = Stack(house)
    created = stack.event("Create")
    first = stack.send(created)
    stack.leave()
    assert stack.send(created) == first
    member = house.merchants.membership("demo")
    assert member is not None
    assert (member.standing, house.secrets.ours) == (Standing.LEFT, {})


def test_a_refusal_that_comes_again_is_a_refusal_although_the_robot_lives_now() -> None:
    house = House()
    house.refuse["dingtalk"] = BUSY
    stack = Stack(house)
    created = stack.event("Create")
    first = stack.send(created)
    house.refuse.clear()
    assert stack.send(created) == first
    assert nothing_stored(house)


class Crash(BaseException):
    """The function dies."""


def state(house: House) -> Any:
    members = {name: one.model_copy(update={"version": 0}) for name, one in house.table.memberships.items()}
    policies = {name: one.model_dump(exclude={"version"}) for name, one in house.table.policies.items()}
    return members, policies, house.table.shops, house.table.withdrawn, house.secrets.ours


def story(house: House, *, crash_in: int = 0) -> tuple[list[Answer], int]:
    """Join, change everything, leave; where the function dies, the same event comes again."""
    stack, answers, number = Stack(house), [], 0

    def send(event: dict[str, Any]) -> None:
        nonlocal number
        try:
            answers.append(stack.send(event))
        except Crash:
            answers.append(stack.send(event))
        number = house.table.writes

    send(stack.event("Create"))
    stack.offer(OTHER)
    update = stack.event("Update", Policy='{"budget_count_max": 9}', Status="paused", AccountsRevision="2")
    stack.properties = update["ResourceProperties"]
    send(update)
    seen = state(house)
    send(stack.event("Delete"))
    house.seen = seen  # type: ignore[attr-defined]
    return answers, number


def test_whatever_the_function_dies_after_the_same_event_ends_in_the_same_state() -> None:
    calm = House()
    answers, writes = story(calm)
    assert [answer.accepted for answer in answers] == [True, True, True]
    for die_after in range(1, writes + 1):

        def crash(number: int, what: str, die_after: int = die_after) -> None:
            if number == die_after:
                raise Crash(what)

        shaken = House(crash)
        found, _ = story(shaken)
        assert found == answers, die_after
        assert shaken.seen == calm.seen, die_after  # type: ignore[attr-defined]
        assert state(shaken) == state(calm), die_after


def test_what_is_stored_between_two_steps_never_opens_the_door_early() -> None:
    """The credentials come last when a merchant joins, and its effects end first when it leaves."""
    order: list[str] = []
    house = House(lambda number, what: order.append(what))
    stack = Stack(house)
    stack.join()
    stack.leave()
    joins, leaves = (
        ["merchants", "demo|policy", "secret", "merchants", "answer"],
        ["merchants", "demo|policy", "secret"],
    )
    assert order == [*joins, *leaves, "answer"]


def test_no_answer_holds_a_credential() -> None:
    house = House()
    stack = Stack(house)
    said = json.dumps([stack.join()._asdict()], ensure_ascii=False)
    house.refuse["shop"] = Permanent("sign", "invalid another-key")
    stack.offer(OTHER)
    said += stack.change(AccountsRevision="2").reason
    secrets = [value for account in (*ACCOUNTS.values(), *OTHER.values()) for value in account.values()]
    assert [value for value in secrets if value in said and value != "4012345"] == []
