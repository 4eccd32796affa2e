"""What docs/deploy.md promises: every option is named, and nothing that is not one; its figures are the code's."""

import re
from pathlib import Path

from infra.catalog import FUNCTIONS
from infra.options import read_options
from tests.benchmarks.costs import COMMITTED

TEXT = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
PAGER = 2


def test_every_option_stands_in_the_table_and_nothing_else() -> None:
    asked = {"account"}  # of the profile, like the region
    read_options(asked.add, "us-east-1", None)  # type: ignore[func-returns-value]
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == (asked | {"region"}) - {"local"}


def test_the_consumers_take_as_much_concurrency_as_is_said() -> None:
    most = 2 * sum(spec.concurrency_max for spec in FUNCTIONS if spec.consumes) + PAGER
    assert re.search(rf"consumers of all lanes take {most} at most", TEXT)


def test_the_costs_are_those_that_were_counted() -> None:
    total = re.search(r'"total": ([\d.]+)', COMMITTED.read_text())
    assert total
    assert f"about {float(total[1]):.2f} USD" in TEXT
