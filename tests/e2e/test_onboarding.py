"""Merchants join by the template: from nothing to the first accepted push, and everything that can go wrong."""

import json
import sys
import time
from typing import Any

import pytest

from infra.local.demo.play import Stage
from infra.local.merchant_stack import Ended
from shared.domain.commands import InterceptParcel
from shared.domain.keys import parcel_key
from shared.domain.messages import write_message
from shared.domain.why import Why
from tests.e2e.newcomer import Come, Newcomer
from tests.e2e.patience import at_rest, wait_until


def refused(ended: Ended, *sentences: str) -> bool:
    """Whether a stack failed with these sentences, and was rolled back."""
    assert ended.status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"), ended
    [told] = [reason for reason in ended.reasons if "/" in reason]
    return all(sentence in told for sentence in sentences)


def test_a_merchant_joins_and_its_first_push_is_accepted(
    come: Come, capsys: pytest.CaptureFixture[str], stage: Stage
) -> None:
    shop = come("e2e-joins")
    began = time.monotonic()
    ended = shop.stacks.launch(shop.merchant, shop.accounts, Policy='{"budget_count_max": 7}')
    assert ended.succeeded, ended
    reply = shop.push()
    took = time.monotonic() - began
    assert (reply.status_code, reply.json()["code"]) == (200, 0)
    with capsys.disabled():
        sys.stdout.write(f"\n  from the template to the first accepted push: {took:.1f} s\n")
    assert ended.outputs["Webhooks"].startswith("douyin: http")
    assert ended.outputs["Webhooks"].endswith(f"/webhooks/douyin/{shop.merchant}")
    assert (ended.outputs["PolicyVersion"], ended.outputs["Standing"]) == ("1", "active")
    assert shop.membership()["shops"] == [f"douyin:{shop.accounts['douyin']['shop_id']}"]
    hello = [message for message in stage.outside.messages() if message["merchant"] == shop.merchant]
    assert len(hello) == 1


def test_what_is_wrong_fails_the_stack_with_a_sentence_and_leaves_nothing(come: Come) -> None:
    shop = come("e2e-wrong")
    bad = {**shop.but("douyin", app_secret="0" * 32), "taobaoo": {"key": "k"}}
    bad["dingtalk"] = {**bad["dingtalk"], "access_token": "0" * 64}
    ended = shop.stacks.launch(shop.merchant, bad, Policy='{"budget_count": 7}')
    assert refused(ended, "douyin：对方拒绝了这些凭证", "taobaoo：不是供应商", "dingtalk：", "budget_count")
    assert "0" * 32 not in str(ended)
    assert shop.stored() == []
    assert shop.push().status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Merchant", "Demo!"),
        ("Status", "on"),
        ("Policy", "x"),
        ("Huhang", "1"),
        ("Accounts", "douyin"),
        ("AccountsRevision", "0"),
        ("AccountsRevision", "one"),
    ],
)
def test_parameters_that_the_template_does_not_take_start_nothing(come: Come, name: str, value: str) -> None:
    shop = come("e2e-parameters")
    ended = shop.stacks.launch(shop.merchant, shop.accounts, **{name: value})
    assert (ended.status, name in str(ended.reasons)) == ("REFUSED", True)
    assert shop.stored() == []


def test_a_shop_joins_once(come: Come) -> None:
    first = come("e2e-first")
    assert first.stacks.launch(first.merchant, first.accounts).succeeded
    second = come("e2e-second")
    second.accounts["douyin"] = first.accounts["douyin"]
    assert refused(second.stacks.launch(second.merchant, second.accounts), "这个店铺已由另一个商户号接入")
    assert second.stored() == []
    again = first.stacks.launch(first.merchant, first.accounts, stack=f"{first.merchant}-again")
    assert again.status == "ROLLBACK_COMPLETE"
    assert first.membership().get("standing", "active") == "active"
    assert first.push().status_code == 200


def test_changes_rotate_credentials_without_a_gap_and_a_refused_one_changes_nothing(come: Come, stage: Stage) -> None:
    shop = come("e2e-changes")
    assert shop.stacks.launch(shop.merchant, shop.accounts).succeeded
    old, changed = shop.accounts["douyin"], shop.but("douyin", app_secret="a1" * 16)
    shop.tell_sandbox(changed)
    ended = shop.stacks.change(shop.merchant, changed, AccountsRevision="2", Policy='{"budget_count_max": 9}')
    assert (ended.succeeded, ended.outputs.get("PolicyVersion")) == (True, "2"), ended
    assert [shop.push(account).status_code for account in (changed["douyin"], old)] == [200, 200]

    bad = {**changed, "douyin": {**changed["douyin"], "app_secret": "b2" * 16}}
    with at_rest(stage):
        before = shop.stored()
        ended = shop.stacks.change(shop.merchant, bad, AccountsRevision="3", Policy='{"budget_count_max": 10}')
        assert refused(ended, "douyin：对方拒绝了这些凭证")
        assert shop.stored() == before
    assert shop.push(bad["douyin"]).status_code == 401
    assert shop.push(changed["douyin"]).status_code == 200


def test_a_paused_merchant_is_listened_to_and_nothing_outside_is_touched(come: Come, stage: Stage) -> None:
    shop = come("e2e-pauses")
    ended = shop.stacks.launch(shop.merchant, shop.accounts, Status="paused")
    assert (ended.succeeded, ended.outputs["Standing"]) == (True, "paused"), ended
    assert shop.push().status_code == 200
    command = InterceptParcel(
        merchant=shop.merchant,
        command_id="e2e-pauses#1",
        reply_to=str(parcel_key(shop.merchant, "zto", "75990000000001")),
        why=Why(rule="e2e", policy_version=1),
        carrier="zto",
        waybill="75990000000001",
    )
    url = str(shop.outputs["CourierCallsQueueUrl"])
    stage.cloud.client("sqs").send_message(QueueUrl=url, MessageBody=write_message(command), MessageGroupId="e2e")
    assert _outcome(stage, shop, command.command_id)["code"] == "merchant_paused"
    ended = shop.stacks.change(shop.merchant, shop.accounts, Status="active")
    assert (ended.succeeded, ended.outputs["Standing"]) == (True, "active"), ended


def _outcome(stage: Stage, shop: Newcomer, command_id: str) -> dict[str, str]:
    """Wait until a command has ended, and give its outcome."""
    key = {"pk": {"S": f"{shop.merchant}|command|{command_id}"}, "sk": {"S": "-"}}

    def found() -> dict[str, Any]:
        answer = stage.cloud.client("dynamodb").get_item(TableName=stage.inside.table, Key=key)
        return dict(answer.get("Item", {}))

    wait_until(lambda: "outbox" in found())
    [letter] = json.loads(found()["outbox"]["S"])
    return dict(json.loads(letter["body"]))


def test_who_leaves_is_done_nothing_for_and_may_come_back(come: Come, stage: Stage) -> None:
    shop, dead = come("e2e-leaves"), stage.inside.dead_letters()
    assert shop.stacks.launch(shop.merchant, shop.accounts).succeeded
    assert shop.stacks.delete(shop.merchant).succeeded
    left = shop.membership()
    assert (left["standing"], "kept_until" in left) == ("left", True)
    assert not any(name.startswith(("shops", "huhang")) for name in shop.stored())
    assert shop.push().status_code == 404
    other = come("e2e-takes-over")
    other.accounts = shop.accounts
    assert other.stacks.launch(other.merchant, other.accounts).succeeded
    assert other.stacks.delete(other.merchant).succeeded
    ended = shop.stacks.launch(shop.merchant, shop.accounts)
    assert (ended.succeeded, ended.outputs["PolicyVersion"]) == (True, "2"), ended
    assert stage.inside.dead_letters() == dead
