"""Policies are checked, compared, put in force and taken back from the command line."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.deployed import Deployed, NotDeployed
from infra.merchants.__main__ import main
from shared.errors import LostRace
from tests.unit.merchants.conftest import Deployment, Run

Document = Callable[..., Path]


def _in_force(deployment: Deployment) -> Any:
    return deployment.policies.policy("acme")


# ---- without a deployment --------------------------------------------------------------------------------------------


def test_a_policy_that_is_right_is_called_so(run: Run, document: Document) -> None:
    path = document(robots={"desk": {"channel": "dingtalk", "account": "dingtalk"}})
    assert run("policy", "validate", path) == f"{path}: 可用 valid\n"


def test_everything_that_is_wrong_is_listed_below_the_files_name(run: Run, document: Document) -> None:
    path = document(tries_max=0, refundon=1)
    told = run("policy", "validate", path, status=1).splitlines()
    assert told[0] == f"{path}: 不能用 refused:"
    assert [line.split(":")[0] for line in told[1:]] == ["  refundon", "  tries_max"]


def test_what_is_seldom_meant_is_noted(run: Run, document: Document) -> None:
    path = document(
        budget_count_max=0,
        intercept_amount_min_fen=600_000,
        robots={"desk": {"channel": "dingtalk", "account": "dingtalk"}},
        watching={"owners": {"stalled": "night"}, "escalations": [{"after": "PT1H", "group": "boss"}]},
    )
    told = json.loads(run("policy", "validate", path, "--json"))
    assert told["valid"]
    assert [remark.split(":")[0] for remark in told["remarks"]] == [
        "budget", "intercept_amount_min_fen", "watching.escalations", "watching.owners",
    ]  # fmt: skip
    assert "no robot: tickets only stand on the board" in run("policy", "validate", document("empty.json"))


def test_a_policy_too_long_for_the_template_is_noted(run: Run, document: Document) -> None:
    path = document(routing={"categories": {f"item{number}": "3c" for number in range(400)}})
    assert "模板参数只收 4,096 个" in run("policy", "validate", path)


def test_accounts_are_looked_at_by_their_names_alone(run: Run, document: Document, tmp_path: Path) -> None:
    path = document(robots={"desk": {"channel": "dingtalk", "account": "dingtak"}})
    accounts = document("accounts.json", dingtalk={"access_token": "very-secret"})
    told = run("policy", "validate", path, "--accounts", accounts, status=1)
    assert "robots.desk.account: 没有这个账号 there is no account 'dingtak'; did you mean dingtalk?" in told
    assert "very-secret" not in told
    accounts.write_text("[]")
    assert "accounts are an object" in run("policy", "validate", path, "--accounts", accounts, status=1)


def test_a_policy_can_be_piped_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"tries_max": 99}'))
    assert "tries_max: 不能大于 at most 20" in run("policy", "validate", "-", status=1)


def test_a_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path) -> None:
    assert "打不开 cannot be opened: No such file" in run("policy", "validate", tmp_path / "x.json", status=1)
    (tmp_path / "gbk.json").write_bytes('{"desk": "客服"}'.encode("gbk"))
    assert "is not UTF-8" in run("policy", "validate", tmp_path / "gbk.json", status=1)


def test_two_files_are_compared(run: Run, document: Document) -> None:
    old, new = document("old.json"), document("new.json", refund_on="received", merchant="acme")
    assert run("policy", "diff", old, new).splitlines()[0] == "refund_on: succeeded → received"
    [change] = json.loads(run("policy", "diff", old, new, "--json"))
    assert (change["path"], change["old"], change["new"]) == ("refund_on", "succeeded", "received")
    assert run("policy", "diff", old, old) == "没有变化 nothing changes\n"


@pytest.mark.parametrize(
    "arguments", [[], ["policy"], ["policy", "put", "acme", "x.json"], ["policy", "rollback", "acme", "0"], ["sing"]]
)
def test_a_command_that_makes_no_sense_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


# ---- in a deployment -------------------------------------------------------------------------------------------------


def test_what_is_shown_can_be_edited_and_put(run: Run, deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(run("policy", "show", "acme"))
    assert json.loads(path.read_text()) == {}
    path.write_text('{"refund_on": "returning"}')
    told = run("policy", "put", "acme", path, "--reason", "fewer losses", "--yes")
    assert told.splitlines()[0] == "refund_on: succeeded → returning"
    assert "version 2 is in force" in told
    assert _in_force(deployment).refund_on == "returning"
    assert json.loads(run("policy", "show", "acme")) == {"refund_on": "returning"}
    assert json.loads(run("policy", "show", "acme", "--version", "1")) == {}
    assert json.loads(run("policy", "show", "acme", "--json"))["version"] == 2


@pytest.mark.usefixtures("deployment")
def test_who_changed_what_and_why_is_kept(run: Run, document: Document) -> None:
    run("policy", "put", "acme", document(tries_max=9), "--reason", "couriers are slow", "--yes")
    [first, second] = json.loads(run("policy", "history", "acme", "--json"))
    assert (first["version"], first["origin"], first["changes"]) == (1, None, [])
    assert second["origin"]["why"] == "couriers are slow"
    assert second["origin"]["by"].startswith("arn:aws")
    assert second["origin"]["at"].endswith("Z")
    assert [one["path"] for one in second["changes"]] == ["tries_max"]
    told = run("policy", "history", "acme").splitlines()
    assert told[0] == "   1  —"
    assert told[1].endswith("couriers are slow")
    assert told[2] == "        tries_max: 5 → 9"


def test_without_yes_nothing_is_put(run: Run, deployment: Deployment, document: Document) -> None:
    told = run("policy", "put", "acme", document(tries_max=9), "--reason", "x")
    assert "tries_max: 5 → 9" in told
    assert "nothing was put: add --yes" in told
    assert _in_force(deployment).version == 1


def test_a_policy_that_changes_nothing_makes_no_version(run: Run, deployment: Deployment, document: Document) -> None:
    assert run("policy", "put", "acme", document(), "--reason", "x", "--yes") == "没有变化 nothing changes\n"
    assert _in_force(deployment).version == 1


def test_a_refused_policy_is_not_put(run: Run, deployment: Deployment, document: Document) -> None:
    for wrong in ({"tries_max": 99}, {"merchant": "other"}, {"erp": "unheard-of"}):
        assert "refused" in run("policy", "put", "acme", document(**wrong), "--reason", "x", "--yes", status=1)
    assert _in_force(deployment).version == 1


def test_a_rollback_is_the_next_version_with_the_old_content(
    run: Run, deployment: Deployment, document: Document
) -> None:
    for tries in (7, 8):
        run("policy", "put", "acme", document(tries_max=tries), "--reason", "x", "--yes")
    assert "nothing was put" in run("policy", "rollback", "acme", "2", "--reason", "calm again")
    assert "tries_max: 8 → 7" in run("policy", "rollback", "acme", "2", "--reason", "calm again", "--yes")
    now = _in_force(deployment)
    assert (now.version, now.tries_max) == (4, 7)
    assert [one.tries_max for one in deployment.policies.history("acme")] == [5, 7, 8, 7]
    assert run("policy", "diff", "acme:2", "acme") == "没有变化 nothing changes\n"
    assert deployment.policies.versions("acme")[3].origin.why == "calm again"


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["policy", "show", "nobody"], "nobody: 没有生效的策略 has no policy in force"),
        (
            ["policy", "show", "acme", "--version", "7"],
            "没有第 7 版 has no version 7; 见 see: python -m infra.merchants policy history acme",
        ),
        (["policy", "rollback", "acme", "7", "--reason", "x", "--yes"], "acme: 没有第 7 版 has no version 7"),
        (["policy", "diff", "acme:x", "acme"], "acme:x: 写作 write MERCHANT:VERSION"),
        (["policy", "diff", "acme:9", "acme"], "没有第 9 版"),
        (["policy", "history", "nobody"], "nobody: 没有策略 there is no policy"),
    ],
)
def test_what_is_not_there_is_named(run: Run, arguments: list[str], told: str) -> None:
    assert told in run(*arguments, status=1)


def test_of_two_who_change_at_once_the_later_one_is_refused(
    run: Run, deployment: Deployment, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> None:
        raise LostRace("acme|policy")

    monkeypatch.setattr("shared.adapters.dynamo_policies.DynamoPolicyStore.put_policy", lost)
    told = run("policy", "put", "acme", document(tries_max=9), "--reason", "x", "--yes", status=1)
    assert "somebody else has just changed it" in told


@pytest.mark.usefixtures("deployment")
def test_a_stack_that_is_not_there_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def output(deployed: Deployed, name: str) -> str:
        raise NotDeployed(f"no stack {deployed.stack!r}")

    monkeypatch.delenv("HUHANG_TABLE")
    monkeypatch.setattr(Deployed, "output", output)
    told = run("policy", "show", "acme", "--stack", "nowhere", status=1)
    assert told == "merchants: no stack 'nowhere'\n"
