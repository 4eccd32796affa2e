"""Operators manage a merchant that has joined: the command line against the deployed system."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo.play import Stage
from infra.local.merchant_stack import MerchantStacks
from infra.merchants.__main__ import main
from tests.e2e.newcomer import Come
from tests.e2e.patience import notes, wait_until

FAILS_AFTER_THE_MERCHANT = """  Another:
    Type: Custom::Merchant
    DependsOn: Membership
    Properties:
      ServiceToken: !Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:${Huhang}:function:huhang-onboard_merchant'
      Merchant: another-one
      SecretArn: !GetAtt 'Secret.Id'
"""
SECRETS = ("app_secret", "access_token", "secret", "token")


@pytest.fixture
def run(stage: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command against this cloud; give what it answers to programs."""

    def run(*words: str) -> Any:
        status = main([*words, "--local", str(stage.cloud.home.path), "--json"])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return json.loads(printed.out)

    return run


def test_a_policy_is_put_in_force_and_taken_back_and_it_is_known_by_whom(come: Come, run: Any, tmp_path: Path) -> None:
    shop = come("e2e-policies")
    assert shop.stacks.launch(shop.merchant, shop.accounts, Policy='{"budget_count_max": 7}').succeeded
    document = tmp_path / "policy.json"
    document.write_text(json.dumps(run("policy", "show", shop.merchant) | {"budget_count_max": 8}))
    put = ("policy", "put", shop.merchant, str(document), "--reason", "a busier season")
    run(*put)
    assert run("policy", "show", shop.merchant)["budget_count_max"] == 7
    run(*put, "--yes")
    assert run("policy", "show", shop.merchant)["budget_count_max"] == 8
    run("policy", "rollback", shop.merchant, "1", "--reason", "it is over", "--yes")
    assert run("policy", "show", shop.merchant)["budget_count_max"] == 7
    assert "a busier season" in str(run("policy", "history", shop.merchant))


@pytest.mark.usefixtures("resting")
def test_a_new_policy_is_told_to_open_cases_though_the_clock_does_not_tick(
    come: Come, run: Any, stage: Stage, tmp_path: Path
) -> None:
    shop = come("e2e-rings")
    assert shop.stacks.launch(shop.merchant, shop.accounts, Policy='{"budget_count_max": 7}').succeeded
    document = tmp_path / "policy.json"
    document.write_text(json.dumps(run("policy", "show", shop.merchant) | {"budget_count_max": 8}))
    run("policy", "put", shop.merchant, str(document), "--reason", "a busier season", "--yes")
    wait_until(lambda: any(note["sk"]["S"] == shop.merchant and "steps" in note for note in notes(stage)))


def test_a_merchant_is_paused_resumed_and_exported_without_its_credentials(
    come: Come, run: Any, tmp_path: Path
) -> None:
    shop = come("e2e-exports")
    assert shop.stacks.launch(shop.merchant, shop.accounts).succeeded
    run("pause", shop.merchant, "--reason", "wrong refunds reported")
    assert shop.membership()["standing"] == "paused"
    run("resume", shop.merchant)
    assert shop.membership().get("standing", "active") == "active"
    assert shop.merchant in str(run("list"))
    assert "wrong refunds reported" in str(run("history", shop.merchant))
    run("export", shop.merchant, "--to", str(tmp_path / "all"), "--quiet")
    exported = "".join(path.read_text() for path in (tmp_path / "all").rglob("*") if path.is_file())
    assert "wrong refunds reported" in exported
    secret = [account[name] for account in shop.accounts.values() for name in SECRETS if name in account]
    assert len(secret) == 5
    assert not [word for word in secret if word in exported]


def test_an_update_that_fails_elsewhere_in_the_stack_is_taken_back(come: Come, run: Any) -> None:
    shop = come("e2e-rollback")
    assert shop.stacks.launch(shop.merchant, shop.accounts, Policy='{"budget_count_max": 7}').succeeded
    before, changed = shop.membership(), shop.but("board", token="b2" * 16)
    stacks = MerchantStacks(str(shop.outputs["CloudEndpoint"]), beside=FAILS_AFTER_THE_MERCHANT)
    wanted = {"AccountsRevision": "2", "Policy": '{"budget_count_max": 8}', "Status": "paused"}
    ended = stacks.change(shop.merchant, changed, **wanted)
    assert ended.status == "UPDATE_ROLLBACK_COMPLETE", ended
    assert "'old': '8', 'new': '7'" in str(run("policy", "history", shop.merchant))
    assert run("policy", "show", shop.merchant)["budget_count_max"] == 7
    after = shop.membership()
    assert {**after, "version": 0, "since": ""} == {**before, "version": 0, "since": ""}
    assert [accounts["board"]["token"] for accounts in shop.secrets()] == [shop.accounts["board"]["token"]] * 2
    assert shop.push().status_code == 200


def test_a_merchant_that_has_left_is_exported(come: Come, run: Any, tmp_path: Path) -> None:
    shop = come("e2e-goodbye")
    assert shop.stacks.launch(shop.merchant, shop.accounts, Policy='{"budget_count_max": 7}').succeeded
    assert shop.push().status_code == 200
    assert shop.stacks.delete(shop.merchant).succeeded
    exported = run("export", shop.merchant, "--to", str(tmp_path / "all"), "--quiet")
    assert {"policies.jsonl", "memberships.jsonl"} <= set(exported["files"])
    assert '"left"' in (tmp_path / "all" / "memberships.jsonl").read_text("utf-8")
    assert '"budget_count_max":7' in (tmp_path / "all" / "policies.jsonl").read_text("utf-8")
