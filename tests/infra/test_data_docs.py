"""docs/data.md promises terms: each is the code's own, and every kind of item has one."""

import re
from pathlib import Path

from infra.constructs.event_function import LOGS_KEPT
from infra.constructs.history_bucket import KEPT_FOR as HISTORY_KEPT
from infra.constructs.lane_queue import KEPT_FOR as QUEUES_KEPT
from shared.adapters import table_layout
from shared.adapters.dynamo_leftovers import UNKNOWN_KEPT
from shared.adapters.table_layout import AT_REST_KEPT, BUDGET_KEPT, COMMAND_KEPT
from shared.domain.keys import CaseKind
from shared.domain.merchant import REMAINS_KEPT
from shared.domain.session import KEPT_FOR as SESSION_KEPT
from shared.workflows.forget_merchants import EXPLAINING
from shared.workflows.onboard_merchant import DATA_KEPT_FOR

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
ROWS = [row.split("|")[1:-1] for row in TEXT.splitlines() if row.startswith("| ")][1:]


def _row(kind: str) -> tuple[str, str]:
    """Give how long a kind of item is kept, while a merchant is there and after."""
    [found] = [row for row in ROWS if f"`{kind}`" in row[0] or row[0].strip().startswith(kind)]
    return found[3], found[4]


def _days(text: str) -> int:
    found = re.search(r"[\d,]+", text)
    assert found, text
    return int(found[0].replace(",", ""))


def test_cases_are_kept_as_long_as_promised() -> None:
    for kind, kept in AT_REST_KEPT.items():
        assert _days(_row(kind)[0]) == kept.days
    assert _days(_row(CaseKind.SESSION)[0]) == SESSION_KEPT.days
    assert _days(_row("command")[0]) == COMMAND_KEPT.days
    assert _days(_row("budget")[0]) == BUDGET_KEPT.days
    assert _days(_row("unknown")[0]) == UNKNOWN_KEPT.days


def test_what_a_merchant_leaves_behind_is_kept_as_long_as_promised() -> None:
    for row in ROWS:
        kinds = re.findall(r"`(\w+)`", row[0])
        if kinds and not set(kinds) & set(EXPLAINING):
            assert _days(row[4]) == REMAINS_KEPT.days, row
    assert DATA_KEPT_FOR.days >= 3 * 365
    assert all("三年 years" in _row(kind)[1] for kind in EXPLAINING)


def test_queues_logs_and_history_are_kept_as_long_as_promised() -> None:
    assert _days(_row("队列")[0]) == QUEUES_KEPT.to_days()
    assert _days(_row("历史")[0]) == HISTORY_KEPT.to_days()
    assert HISTORY_KEPT.to_days() >= DATA_KEPT_FOR.days
    assert LOGS_KEPT.name == "ONE_MONTH"


def test_every_kind_of_item_is_in_the_table() -> None:
    layout = table_layout.__doc__ or ""
    kinds = {*CaseKind, *re.findall(r"^ +<merchant>\|(\w+)", layout, re.MULTILINE), "unknown", "polled"}
    named = {kind for row in ROWS for kind in re.findall(r"`(\w+)`", row[0])}
    assert kinds == named
