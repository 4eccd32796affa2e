"""The template by which merchants join: readable, bounded, and what is committed is what the code describes."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.home import ROOT
from infra.merchant_template import merchant_template
from infra.options import OptionRefused, read_options
from tests.infra.deployments import NEIGHBOUR, Deployment, listed, words_in

COMMITTED = ROOT / "docs" / "merchant-template.yaml"


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as what they hold."""


Loader.add_multi_constructor("!", lambda loader, tag, node: {tag: getattr(node, "value", None)})


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(COMMITTED.read_text("utf-8"), Loader)
    return read


def test_what_is_committed_is_what_the_code_describes() -> None:
    assert COMMITTED.read_text("utf-8") == merchant_template(), "run: make merchant-template"


def test_operators_may_fill_their_account_in() -> None:
    filled = merchant_template(NEIGHBOUR, "huhang-cn")
    assert f"Default: '{NEIGHBOUR}'" in filled
    assert "function:huhang-cn-onboard_merchant" in filled


def test_it_is_clean_by_the_linter() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, COMMITTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_asks_for_at_most_six_things_each_bounded_and_described_in_both_languages(template: dict[str, Any]) -> None:
    assert 0 < len(template["Parameters"]) <= 6
    for name, parameter in template["Parameters"].items():
        chinese, _, english = parameter["Description"].partition(" / ")
        assert re.search(r"[\u4e00-\u9fff]", chinese), name
        assert re.fullmatch(r"[^\u4e00-\u9fff]+", english), name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), name
        assert "AllowedPattern" not in parameter or " / " in parameter["ConstraintDescription"], name


def test_only_what_nobody_else_can_know_has_no_default(template: dict[str, Any]) -> None:
    without = {name for name, parameter in template["Parameters"].items() if "Default" not in parameter}
    assert without == {"Huhang", "Merchant", "Accounts"}


def test_credentials_are_shown_nowhere(template: dict[str, Any]) -> None:
    assert {name for name, parameter in template["Parameters"].items() if parameter.get("NoEcho")} == {"Accounts"}
    users = [name for name, made in template["Resources"].items() if "Accounts" in list(words_in(made))]
    assert users == ["Secret"]
    assert "Accounts" not in list(words_in(template["Outputs"]))


def test_what_only_another_account_needs_is_made_only_there(template: dict[str, Any]) -> None:
    elsewhere = {name for name, made in template["Resources"].items() if made.get("Condition") == "Elsewhere"}
    assert elsewhere == set(template["Resources"]) - {"Secret", "Membership"} == {"Key", "Sharing"}


def test_other_accounts_may_ask_only_if_they_are_listed(deployments: dict[str, Deployment]) -> None:
    for name, deployed in deployments.items():
        asked = [one for one in deployed.all("AWS::Lambda::Permission").values() if NEIGHBOUR in words_in(one)]
        assert len(asked) == (name == "nat")
        rights = deployed.statements(deployed.functions()["onboard_merchant"]["Role"])
        theirs = [one for one in rights if any(NEIGHBOUR in word for word in words_in(one["Resource"]))]
        actions = sorted(action for one in theirs for action in listed(one["Action"]))
        assert actions == (["kms:Decrypt", "secretsmanager:GetSecretValue"] if name == "nat" else [])


@pytest.mark.parametrize("value", ["12345", "111122223333;444455556666", "all"])
def test_account_numbers_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(OptionRefused, match="merchant_accounts"):
        read_options({"merchant_accounts": value}.get, "us-east-1", None)


def test_several_accounts_are_separated_by_commas() -> None:
    found = read_options({"merchant_accounts": "111122223333, 444455556666"}.get, "us-east-1", None)
    assert found.merchant_accounts == ("111122223333", "444455556666")
