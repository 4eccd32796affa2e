"""Merchants are listed, paused and resumed, and it is kept who did it."""

import json

import pytest

from shared.domain.merchant import Membership, Standing
from tests.unit.merchants.conftest import JOINED, Deployment, Run


def test_merchants_are_listed_with_their_standing(run: Run, deployment: Deployment) -> None:
    gone = Membership(merchant="zoo", since=JOINED, standing=Standing.LEFT, reason="closed", kept_until=JOINED)
    deployment.merchants.put(gone)
    told = run("list").splitlines()
    assert told == [
        "acme                     生效 active    2026-11-01 02:00  douyin:4012345",
        "zoo                      已退出 left     2026-11-01 02:00    closed",
    ]
    assert [one["merchant"] for one in json.loads(run("list", "--json"))] == ["acme", "zoo"]


def test_a_merchant_is_shown_with_its_policy(run: Run, deployment: Deployment) -> None:
    told = run("show", "acme")
    assert "状态 standing: 生效 active" in told
    assert "策略 policy: 第 1 版 version 1" in told
    assert json.loads(run("show", "acme", "--json"))["policy_version"] == 1


def test_pausing_and_resuming_is_kept_with_who_did_it_and_why(run: Run, deployment: Deployment) -> None:
    assert "paused within half a minute" in run("pause", "acme", "--reason", "wrong refunds")
    paused = deployment.merchants.membership("acme")
    assert (paused.standing, paused.version, paused.reason) == (Standing.PAUSED, 2, "wrong refunds")
    assert paused.shops == ("douyin:4012345",)
    assert paused.since > JOINED
    assert "（wrong refunds）" in run("show", "acme")
    assert "active again" in run("resume", "acme")
    resumed = deployment.merchants.membership("acme")
    assert (resumed.standing, resumed.version, resumed.reason) == (Standing.ACTIVE, 3, "")
    origins = [one.origin for one in deployment.merchants.versions("acme")]
    assert origins[0] is None
    assert [origin.why for origin in origins[1:]] == ["wrong refunds", ""]
    assert all(origin.by.startswith("arn:aws") for origin in origins[1:])


def test_the_history_tells_standings_and_policies_in_the_order_of_time(run: Run, deployment: Deployment) -> None:
    run("pause", "acme", "--reason", "first")
    deployment.policies.put_policy(deployment.policies.policy("acme").model_copy(update={"version": 2, "tries_max": 9}))
    run("resume", "acme", "--reason", "second")
    told = json.loads(run("history", "acme", "--json"))
    assert [one["why"] for one in told if one["at"]] == ["first", "second"]
    assert [one["what"] for one in told if not one["at"]] == [
        "生效 active, 1 店 shops",
        "策略第 1 版 policy version 1",
        "策略第 2 版 policy version 2: tries_max",
    ]
    assert len(run("history", "acme").splitlines()) == 5


def test_what_is_so_already_is_not_done_again(run: Run, deployment: Deployment) -> None:
    assert "is already 生效 active" in run("resume", "acme")
    run("pause", "acme", "--reason", "x")
    assert "is already 暂停 paused" in run("pause", "acme", "--reason", "y")
    assert deployment.merchants.membership("acme").version == 2


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_who_has_left_joins_again_by_its_stack_alone(run: Run, deployment: Deployment, command: str) -> None:
    left = deployment.merchants.membership("acme").model_copy(update={"version": 2, "standing": Standing.LEFT})
    deployment.merchants.put(left)
    assert "joins again by its stack" in run(command, "acme", "--reason", "x", status=1)
    assert deployment.merchants.membership("acme") == left


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("command", [["show"], ["pause", "--reason", "x"], ["resume"], ["history"]])
def test_a_merchant_that_never_joined_is_named(run: Run, command: list[str]) -> None:
    assert "nobody: 没有这家商户 no such merchant" in run(*command, "nobody", status=1)


def test_an_empty_list_says_so(run: Run, deployment: Deployment) -> None:
    for place in ("merchants", "shops"):
        key = {"pk": {"S": place}, "sk": {"S": "acme" if place == "merchants" else "douyin:4012345"}}
        deployment.dynamodb.delete_item(TableName="huhang-table", Key=key)
    assert run("list") == "还没有商户 no merchant has joined\n"
