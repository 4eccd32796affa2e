"""What another policy or rule pack would change for open orders and parcels, and what it costs to look."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.board.cells import WIDTH, width_of
from infra.merchants import impact
from infra.merchants.impact import READ_MAX, Impact, as_lines, impact_of
from shared.adapters.clock import SystemClock
from shared.adapters.dynamo_cases import DynamoCaseStore
from shared.adapters.table_layout import SHARDS
from shared.domain.keys import CaseKey, order_key, parcel_key
from shared.domain.parcel import ParcelCase, Scan, Stage, Watch
from shared.domain.policy import Policy
from shared.domain.watching import Limit, Span, Watching
from shared.ports import DuePointer, Loaded, StoredCase
from tests.fakes.due_index import FakeDueIndex, put_pointer
from tests.fakes.stores import FakeCaseStore
from tests.fakes.table import FakeTable
from tests.moto_aws import MotoAws
from tests.unit.merchants.conftest import Deployment, Run
from tests.unit.rules.build import DAY, HOUR, MERCHANT, NOW, content, order, parcel, policy

READ_TAKES = timedelta(milliseconds=20)  # a hundred items; shards are read side by side
COMPARING_TAKES = timedelta(seconds=12)  # a hundred thousand cases; docs/performance.md has what was measured
FASTER = Limit(rule="stalled_48h", span=Span.STAGNATION, breach=timedelta(hours=24), lead=timedelta(hours=6))


def on_the_road(heard_at: datetime = NOW, **fields: Any) -> ParcelCase:
    """A parcel that was paid a day before and last scanned then."""
    inside = content().model_copy(update={"paid_fen": 10_000, "paid_at": NOW - DAY, "region": "浙江省"})
    known = {
        "contents": (inside,),
        "wishes": (),
        "last_scan": Scan(stage=Stage.IN_TRANSIT, at=heard_at, code="x"),
        "heard_at": heard_at,
        "picked_up_at": heard_at,
        "moved_at": heard_at,
    }
    return parcel(**{**known, **fields})


class Counting(FakeCaseStore):
    """Counts what is read."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.calls = self.cases = 0

    def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
        """Read cases and the policy."""
        self.calls, self.cases = self.calls + 1, self.cases + len(keys)
        return super().load(merchant, keys)


class CountingIndex(FakeDueIndex):
    """Counts pages."""

    pages = 0

    def reached(self, shard: int, since: datetime, until: datetime) -> Sequence[DuePointer]:
        """Read a page."""
        self.pages += 1
        return super().reached(shard, since, until)


class World:
    """A table with what waits."""

    def __init__(self) -> None:
        self.table = FakeTable()
        self.table.policies[MERCHANT] = policy()
        self.store, self.index = Counting(self.table), CountingIndex(self.table)

    def put(self, key: CaseKey, case: Any, at: datetime = NOW + HOUR) -> None:
        """Store a case that waits for a moment."""
        self.table.cases[key] = StoredCase(key, 1, case, due=at, armed=at)
        put_pointer(self.table, key, at)

    def impact(self, after: Policy, now: datetime = NOW) -> Impact:
        """What would change."""
        return impact_of(self.index, self.store, MERCHANT, after, now)


def faster(**fields: Any) -> Policy:
    """A policy under which parcels stall sooner."""
    return policy(watching=Watching(limits=(FASTER.model_copy(update=fields),)))


def test_every_open_parcel_whose_limit_changes_is_listed_with_both_limits() -> None:
    world = World()
    world.put(parcel_key(MERCHANT, "zto", "W1"), on_the_road())
    waiting = {"last_scan": None, "picked_up_at": None, "moved_at": None}
    world.put(parcel_key(MERCHANT, "zto", "W2"), on_the_road().model_copy(update={**waiting, "heard_at": None}))
    world.put(parcel_key("other", "zto", "W3"), on_the_road())
    found = world.impact(faster())
    assert found.looked_at == 2
    [effect] = found.effects
    assert (effect.case, effect.span, effect.what(NOW)) == ("parcel zto:W1", Span.STAGNATION, "提前")
    assert effect.before
    assert effect.after
    assert (effect.before.breach_at, effect.after.breach_at) == (NOW + 48 * HOUR, NOW + 24 * HOUR)


@pytest.mark.parametrize(
    ("silent_h", "breach_h", "what"),
    [
        (0, 24, "提前"),
        (0, 72, "推后"),
        (20, 24, "立即预警"),
        (30, 24, "立即超时"),
        (40, 96, "不再预警"),
        (50, 56, "立即预警"),
    ],
)
def test_what_a_change_does_at_once_is_said(silent_h: int, breach_h: int, what: str) -> None:
    world = World()
    world.put(parcel_key(MERCHANT, "zto", "W1"), on_the_road(NOW - silent_h * HOUR))
    [effect] = world.impact(faster(breach=timedelta(hours=breach_h))).effects
    assert effect.what(NOW) == what


def test_a_rule_that_is_switched_off_counts_no_more() -> None:
    world = World()
    world.put(parcel_key(MERCHANT, "zto", "W1"), on_the_road())
    off = [FASTER.model_copy(update={"rule": rule, "watch": False}) for rule in ("stalled_48h", "stalled_remote_96h")]
    [effect] = world.impact(policy(watching=Watching(limits=tuple(off)))).effects
    assert (effect.after, effect.what(NOW)) == (None, "不再计时")


@pytest.mark.parametrize(("since_h", "changes"), [(-25, 1), (-23, 0)])
def test_what_was_paid_before_a_rule_s_day_keeps_the_old_rule(since_h: int, changes: int) -> None:
    world = World()
    world.put(parcel_key(MERCHANT, "zto", "W1"), on_the_road())
    found = world.impact(faster(rule="stalled_24h", since=NOW + since_h * HOUR))
    assert (found.looked_at, len(found.effects)) == (1, changes)


def test_orders_that_wait_to_be_shipped_are_looked_at_too() -> None:
    world = World()
    world.put(order_key(MERCHANT, "sim", "O1"), order(paid_at=NOW))
    world.put(order_key(MERCHANT, "sim", "O2"), order("W1", paid_at=NOW))
    sooner = Limit(rule="ship_48h", span=Span.PAY_TO_SHIP, breach=timedelta(hours=24), lead=timedelta(hours=6))
    found = world.impact(policy(watching=Watching(limits=(sooner,))))
    assert [(effect.case, effect.what(NOW)) for effect in found.effects] == [("order sim:O1", "提前")]


def test_a_case_with_several_pointers_is_looked_at_once() -> None:
    world = World()
    key = parcel_key(MERCHANT, "zto", "W1")
    for days in (1, 2, 40):
        world.put(key, on_the_road(), NOW + days * DAY)
    assert world.impact(faster()).looked_at == 1
    assert world.store.cases == 1


def test_the_table_fits_eighty_cells_and_names_what_changes() -> None:
    world = World()
    world.put(parcel_key(MERCHANT, "zto", "75312345678901"), on_the_road())
    world.put(order_key(MERCHANT, "douyin", "6917845678901234518"), order(paid_at=NOW))
    after = policy(
        watching=Watching(
            limits=(
                FASTER,
                Limit(rule="ship_24h", span=Span.PAY_TO_SHIP, breach=timedelta(hours=24), lead=timedelta(hours=6)),
            )
        )
    )
    lines = [*as_lines(world.impact(after), policy(), NOW)]
    assert all(width_of(line) <= WIDTH for line in lines)
    assert "2 个的时限会变" in lines[0]
    assert lines[2].split() == [
        "order",
        "douyin:6917845678901234518",
        "付款到发货",
        "11-13",
        "08:00",
        "11-12",
        "08:00",
        "提前",
    ]
    assert lines[3].strip() == "ship_48h 48 小时 → ship_24h 24 小时"
    assert lines[-1] == "合计 提前 2"
    assert [*as_lines(world.impact(policy()), policy(), NOW)] == [
        "看过 2 个未完结的订单和包裹，0 个的时限会变 cases of 2 are affected"
    ]


def test_a_hundred_thousand_open_cases_cost_a_thousand_reads() -> None:
    """Each case is read once, in calls of 99, and each shard has one unfinished page at most."""
    world, many = World(), 100_000
    moving, shipped = on_the_road(NOW - 30 * HOUR), order("W1", paid_at=NOW)
    for number in range(many):
        is_parcel = number % 100 == 0
        key = (parcel_key if is_parcel else order_key)(MERCHANT, "zto", f"W{number}")
        at = NOW + timedelta(seconds=number)
        world.table.cases[key] = StoredCase(key, 1, moving if is_parcel else shipped, due=at, armed=at)
        put_pointer(world.table, key, at)
    found = world.impact(faster())
    assert (found.looked_at, len(found.effects)) == (many, many // 100)
    assert world.store.cases == many
    pages = sum(-(-len(pointers) // 1_000) for pointers in world.table.pointers)
    assert world.store.calls - 1 <= many / READ_MAX + pages * SHARDS
    assert {effect.what(NOW) for effect in found.effects} == {"立即超时"}
    assert (world.store.calls + world.index.pages) * READ_TAKES / SHARDS < timedelta(seconds=30) - COMPARING_TAKES


# ---- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def stalled(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A merchant with one parcel on the road, as its policy 1 has it; nothing waits for more than hours."""
    monkeypatch.setattr(impact, "HORIZON", timedelta(hours=1))
    monkeypatch.setattr(impact, "STRETCH", timedelta(hours=2))
    now = SystemClock().now()
    key = parcel_key("acme", "zto", "W1")
    case = on_the_road(now - HOUR, watch=Watch(source="zto", step=1, asked_at=now))
    store = DynamoCaseStore(MotoAws().dynamodb, "huhang-table")
    store.save(StoredCase(key), case, outbox=(), due=now + HOUR, draw=None, now=now)
    return deployment


def test_the_open_parcels_of_a_deployment_are_compared(
    stalled: Deployment, run: Run, document: Callable[..., Path]
) -> None:
    limit = {"rule": "stalled_48h", "span": "stagnation", "breach": "PT24H", "lead": "PT6H"}
    path = document(watching={"limits": [limit]})
    told = run("policy", "impact", "acme", path)
    assert "1 个的时限会变" in told
    assert "parcel zto:W1" in told
    [effect] = json.loads(run("policy", "impact", "acme", path, "--json"))["effects"]
    assert (effect["case"], effect["before"]["rule"], effect["what"]) == ("parcel zto:W1", "stalled_48h", "提前")
    assert "0 个的时限会变" in run("policy", "impact", "acme", "acme:1")


def test_a_rule_pack_of_another_day_is_compared(stalled: Deployment, run: Run, tmp_path: Path) -> None:
    from shared.domain.packs import pack_for

    current = pack_for("", None)
    limits = [one.model_dump(mode="json") for one in (*current.limits[:4], FASTER, *current.limits[5:])]
    new = {"name": "general-2030", "since": "2025-01-01T00:00:00Z", "limits": limits, "cases": ()}
    pack = current.model_dump(mode="json") | new
    path = tmp_path / "pack.json"
    path.write_text(json.dumps(pack))
    assert "1 个的时限会变" in run("policy", "impact", "acme", "--pack", path)
    path.write_text(json.dumps({**pack, "since": "2099-06-01T00:00:00Z"}))
    assert "0 个的时限会变" in run("policy", "impact", "acme", "--pack", path)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (("acme",), "--pack"),
        (("nobody", "acme:1"), "nobody"),
        (("acme", "--pack", "no-such.json"), "no-such.json"),
        (("acme", "no-such.json"), "no-such.json"),
    ],
)
def test_what_cannot_be_compared_is_said(stalled: Deployment, run: Run, asked: tuple[str, ...], named: str) -> None:
    assert named in run("policy", "impact", *asked, status=1)
