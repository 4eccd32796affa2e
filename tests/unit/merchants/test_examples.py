"""The example policies: each is right, explained, fits into the template, and decides as its page says."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.merchants.fields import fields_table
from infra.merchants.remarks import PARAMETER_MAX, remarks
from shared.adapters.vendors import vendor_names
from shared.domain.conditions import ChatFacts
from shared.domain.events import ParcelShipped
from shared.domain.parcel import InterceptionPhase, Progress, Stage
from shared.domain.policy import Policy
from shared.domain.tickets import ANOMALIES, Anomaly, BuyerMoment
from shared.rules.chat.facts import router_of
from shared.rules.decide_refund import decide_refund
from shared.rules.policy_document import load_policy
from shared.rules.policy_names import Known
from shared.rules.stopping.worth_intercepting import worth_intercepting
from shared.rules.wording import moment
from tests.unit.backtest.build import rules_of, run_csv, write_csv
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    REFUND_KEY,
    WAYBILL,
    Run,
    order,
    order_stopped,
    parcel,
    progressed,
    reported,
    types,
)  # fmt: skip
from tests.unit.rules.watched import Parcel, inside, of_type

DOCS = Path(__file__).parents[3] / "docs"
FOLDER = DOCS / "policies"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
ACCOUNTS = ("dingtalk", "dingtalk_specialist", "wecom", "feishu", "webhook", "zto", "sf", "kuaidi100", "selfbuilt")


def _policy(name: str) -> Policy:
    return load_policy(_text(name), "shop", 1, Known(vendor_names(), ACCOUNTS))


def _text(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_can_be_pasted_as_it_is(name: str) -> None:
    assert len(_text(name)) <= PARAMETER_MAX
    assert list(remarks(_policy(name), _text(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_an_example_is_explained(name: str) -> None:
    section = PAGE.split(f"## [{name}.json]({name}.json)", 1)[1].split("\n## ", 1)[0]
    explained = {word for row in section.splitlines() if row.startswith("| `") for word in _words(row)}
    document = json.loads(_text(name))
    settings = {key for key in document if key not in ("$schema", "watching", "desk")}
    settings |= {f"watching.{key}" for key in document.get("watching", {})}
    assert [one for one in sorted(settings) if not any(_covers(word, one) for word in explained)] == _left_out(name)


def _words(row: str) -> list[str]:
    first = row.split("|")[1]
    found: list[str] = re.findall(r"`([a-z_.*]+)`", first)
    return found + [f"watching.{word}" for word in found if "watching." in first and "." not in word]


def _covers(word: str, setting: str) -> bool:
    return setting.startswith(word.removesuffix("*")) if word.endswith("*") else word == setting


def _left_out(name: str) -> list[str]:
    """Give what needs no reason: it follows from what the shop is."""
    return {
        "flagship": ["watching.trackers"],
        "self-built-shop": ["robots", "watching.escalations", "watching.urge_by"],
        "high-value": [
            "budget_amount_max_fen", "escalate_before", "robots", "unsynced_order", "watching.escalations",
            "watching.tracker", "watching.trackers",
        ],
    }.get(name, [])  # fmt: skip


# ---- decided -------------------------------------------------------------------------------------------------------


def _fields(name: str) -> dict[str, Any]:
    policy = _policy(name)
    return {field: getattr(policy, field) for field in policy.model_fields_set - {"merchant", "version"}}


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("small-douyin-shop", Progress.SUCCEEDED),
        ("self-built-shop", Progress.SUCCEEDED),
        ("home-appliances", Progress.SUCCEEDED),
        ("flagship", Progress.RETURNING),
        ("high-value", Progress.RECEIVED),
    ],
)
def test_a_refund_on_the_road_goes_on_only_where_the_page_says_so(name: str, last: Progress) -> None:
    run = Run(decide_refund, **_fields(name))
    run.order = order("W1")
    run.take(reported())
    steps = [Progress.ACCEPTED, Progress.SUCCEEDED, Progress.RETURNING, Progress.RECEIVED]
    read = [step for step in steps if "read_refund" in types(run.take(progressed(step)))]
    assert read == [last]


@pytest.mark.parametrize(("name", "first"), [("self-built-shop", "read_refund"), ("high-value", "")])
def test_an_order_that_the_erp_does_not_know(name: str, first: str) -> None:
    run = Run(decide_refund, **_fields(name))
    run.order = order()
    run.take(reported())
    assert "".join(types(run.take(order_stopped("not_synced", f"{REFUND_KEY}#1")))) == first


@pytest.mark.parametrize(("name", "worth"), [("small-douyin-shop", (1499, 1500)), ("high-value", (None, 1))])
def test_what_is_worth_stopping(name: str, worth: tuple[int | None, int]) -> None:
    below, enough = worth
    case = parcel(InterceptionPhase.WAITING, Stage.IN_TRANSIT)

    def objection(amount_fen: int) -> object:
        wishes = tuple(wish.model_copy(update={"amount_fen": amount_fen}) for wish in case.wishes)
        return worth_intercepting(case.model_copy(update={"wishes": wishes}), _policy(name))

    assert objection(enough) is None
    assert below is None or objection(below) is not None


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (ChatFacts(tone="abusive", hour=12), "abusive"),
        (ChatFacts(intent="refund", buyer_tags=frozenset({"vip"}), hour=12), "vip-refund"),
        (ChatFacts(live_room="L-1", hour=12), "live"),
        (ChatFacts(hour=3), "night"),
    ],
)
def test_the_flagships_chats_go_where_its_page_says(facts: ChatFacts, rule: str) -> None:
    assert router_of(_policy("flagship")).decide(facts).rule == rule


def test_the_promise_of_the_appliance_shop_is_its_policy() -> None:
    """An answer within 24 hours, somebody at the door within 48; the buyer hears of it unasked."""
    where = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
    failing = Parcel(ParcelShipped(**where, content=inside(platform="selfbuilt")), **_fields("home-appliances"))
    failing.moves(Stage.PICKED_UP, Stage.OUT_FOR_DELIVERY, Stage.DELIVERY_FAILED)
    failed_at = failing.run.now
    heard = [(hours, failing.wait(failed_at + hours * HOUR)) for hours in (1, 23, 24, 47, 48)]
    staff = [(hours, one.group) for hours, said in heard for one in of_type(said, "notice_raised") if _failed(one)]
    assert staff == [(1, "field"), (24, "field"), (48, "director")]
    buyers = [(hours, one.moment) for hours, said in heard for one in of_type(said, "tell_buyer")]
    assert buyers[:2] == [(1, BuyerMoment.OPEN), (24, BuyerMoment.HALF)]
    [answer] = of_type(heard[2][1], "tell_buyer")
    assert moment(failed_at + 48 * HOUR, "Asia/Shanghai") in answer.text
    [end] = of_type(failing.scan(Stage.DELIVERED), "tell_buyer")
    assert end.moment is BuyerMoment.CLOSE


def _failed(notice: Any) -> bool:
    return str(notice.notice.title).endswith(ANOMALIES[Anomaly.DELIVERY_FAILED].title)


# ---- backtested ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rule", "broken"),
    [
        ("small-douyin-shop", "ship_48h", 1),
        ("flagship", "ship_48h", 1),
        ("high-value", "ship_48h", 1),
        ("home-appliances", "ship_48h", 1),
        ("self-built-shop", "ship_next_workday", 2),
    ],
)
def test_an_example_is_tried_on_past_orders(tmp_path: Path, name: str, rule: str, broken: int) -> None:
    rows = [["fast", 0, 4, 30], ["slow", 0, 40, 70], ["late", 0, 60, 90]]
    result = run_csv(write_csv(tmp_path / "orders.csv", rows), _policy(name))
    assert rules_of(result)[rule]["broken"] == broken


def test_the_promotion_of_the_example_lies_ahead_and_ends() -> None:
    [promotion] = [one for one in _policy("flagship").watching.limits if one.rule == "pickup_618"]
    assert promotion.since is not None
    assert promotion.until is not None
    assert timedelta(0) < promotion.until - promotion.since <= timedelta(days=31)
    assert promotion.since > datetime(2027, 1, 1, tzinfo=promotion.since.tzinfo)


# ---- the page of all fields ------------------------------------------------------------------------------------------


def test_the_table_of_all_fields_is_current() -> None:
    """`python -m infra.merchants policy fields` prints it."""
    assert fields_table().strip() in (DOCS / "policy.md").read_text(encoding="utf-8")
