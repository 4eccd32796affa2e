"""What the merchant's guide says of accounts and parameters is what the code wants."""

import json
import re
from pathlib import Path

from shared.adapters.vendors import find_vendor, vendor_names
from shared.workflows.check_merchant import read_accounts

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "joining.md").read_text("utf-8")
KINDS = ("platforms", "couriers", "erps", "channels")


def rows_of(title: str) -> dict[str, list[str]]:
    """Give a table's rows by the first name in them."""
    table = GUIDE[GUIDE.index(title) :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    return {re.findall(r"`(\w+)`", row[0])[0]: row for row in cells}


def test_every_vendor_and_the_board_stand_in_the_table() -> None:
    names = vendor_names()
    assert set(rows_of("| 账号 account")) == {name for kind in KINDS for name in names[kind]} | {"board"}


def test_every_key_in_the_table_is_one_of_the_vendor_s_account() -> None:
    names = vendor_names()
    for name, row in rows_of("| 账号 account").items():
        if name == "board":
            continue
        kind = next(kind for kind in KINDS if name in names[kind])
        account = re.split(r"\n\s*Account:", str(find_vendor(kind, name).__doc__))[1]
        for key in re.findall(r"`(\w+)`", " ".join(row[1:])):
            assert re.search(rf"\b{key}\b", account), (name, key)


def test_the_example_is_read_as_it_stands() -> None:
    example = re.search(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert example
    accounts, problems = read_accounts(example[1])
    assert (set(accounts), problems) == (set(json.loads(example[1])), [])
    assert set(accounts) <= set(rows_of("| 账号 account"))


def test_a_group_s_own_webhook_gets_what_the_guide_shows() -> None:
    [shown] = [text for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL) if "notice.posted" in text]
    sample = json.loads((DOCS.parent / "events" / "channels" / "webhook" / "posted.json").read_text("utf-8"))
    assert json.loads(shown) == sample["expect"]["requests"][0]["body"]


def test_the_parameters_are_those_of_the_template_with_its_defaults() -> None:
    template = (DOCS / "merchant-template.yaml").read_text("utf-8")
    parameters = template.split("\nParameters:\n")[1].split("\nConditions:\n")[0]
    parts = re.split(r"^  (\w+):\n", parameters, flags=re.MULTILINE)[1:]
    defaults = {
        name: re.findall(r"Default: '?([^'\n]+)", body) for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
    told = {name: re.findall(r"`(.+?)`", row[1]) for name, row in rows_of("| 参数 parameter").items()}
    assert told == defaults
