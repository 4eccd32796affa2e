"""Real data is dirty. Each kind is counted with its first place, stops nothing and raises no alarm."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra.backtest.dirt import KINDS, Dirt
from tests.unit.backtest.build import SHIP_24H, at, csv_history, limit, policy, rules_of, run_csv

WATCHFUL = policy(
    SHIP_24H,
    limit("pickup_24h", "ship_to_pickup", 24, 6),
    limit("movement_24h", "pickup_to_movement", 24, 6),
    limit("delivery_24h", "out_for_delivery", 24, 6),
    limit("sign_99h", "pay_to_sign", 99, 6),
)
HEADER = (
    "order_id,status,weight,carrier,paid,ship_by,"
    "paid_at,shipped_at,picked_up_at,moved_at,out_for_delivery_at,delivered_at"
)
FINE = {
    "order_id": "A1",
    "status": "delivered",
    "weight": "1",
    "carrier": "zto",
    "paid": "99.90",
    "ship_by": at(23),
    "paid_at": at(0),
    "shipped_at": at(1),
    "picked_up_at": at(2),
    "moved_at": at(3),
    "out_for_delivery_at": at(20),
    "delivered_at": at(24),
}
EMPTY = dict.fromkeys(FINE, "")
LATE, VERY_LATE = at(500), at(900)


def row(**cells: str) -> str:
    """A fine row but for these cells."""
    return ",".join((FINE | cells)[name] for name in HEADER.split(","))


DIRTY = {
    "columns": row() + ",more",
    "no_order_id": row(order_id=" "),
    "order_id_rounded": row(order_id="6.92179E+17"),
    "repeated_order": row(order_id="END"),
    "weight_unreadable": row(weight="many"),
    "no_milestones": ",".join((EMPTY | {"order_id": "A1", "weight": "1"})[name] for name in HEADER.split(",")),
    "time_unreadable": row(picked_up_at="2026-13-45 10:00:00"),
    "time_without_clock": row(picked_up_at="2026/3/2"),
    "time_as_number": row(picked_up_at="46083.4"),
    "time_implausible": row(shipped_at="1970-01-01 00:00:00+00:00"),
    "amount_unreadable": row(paid="NaN"),
    "carrier_unusable": row(carrier="中通快运"),
    "no_payment_time": row(paid_at="", picked_up_at=at(3)),
    "handed_before_paid": row(paid_at=at(1.5), ship_by=""),
    "pickup_before_shipping": row(shipped_at=at(10), picked_up_at=at(2)),
    "out_of_order": row(picked_up_at=at(10), moved_at=at(4)),
    "delivered_before_handed": row(shipped_at=LATE, picked_up_at=VERY_LATE, moved_at=LATE, delivered_at=at(20)),
    "delivered_before_paid": row(paid_at=LATE, ship_by=""),
    "handover_missing": row(shipped_at="", picked_up_at="", moved_at="", out_for_delivery_at="", delivered_at=at(90)),
    "delivered_without_time": row(delivered_at=""),
    "cancelled_without_time": row(
        status="canceled", shipped_at="", picked_up_at="", moved_at="", out_for_delivery_at="", delivered_at=""
    ),
    "cancelled_but_delivered": row(status="交易关闭"),
    "deadline_before_payment": row(
        ship_by=at(-9),
        shipped_at=at(60),
        picked_up_at=at(61),
        moved_at=at(62),
        out_for_delivery_at=at(63),
        delivered_at=at(64),
    ),
    "milestone_missing": row(picked_up_at="", moved_at="", out_for_delivery_at="", delivered_at=at(90)),
}
OF_ARCHIVES = {"image_unreadable", "began_before_history", "other_merchant"}
ALONGSIDE = {
    "handed_before_paid": {"delivered_before_paid"},
    "delivered_before_paid": {"handed_before_paid"},
    "time_unreadable": {"milestone_missing"},
    "time_without_clock": {"milestone_missing"},
    "time_as_number": {"milestone_missing"},
    "time_implausible": {"handover_missing"},
    "delivered_before_handed": {"out_of_order"},
}


def written(path: Path, *rows: str) -> Path:
    """A file of these rows, between a row that is fine and one that ends much later."""
    end = row(order_id="END", paid_at=at(1995), ship_by="", shipped_at=at(1996), picked_up_at=at(1997),
              moved_at=at(1998), out_for_delivery_at=at(1999), delivered_at=at(2000))  # fmt: skip
    path.write_text("\n".join((HEADER, row(order_id="END0"), end, *rows, "")))
    return path


@pytest.mark.parametrize("kind", DIRTY)
def test_a_dirty_row_is_counted_and_raises_no_alarm(tmp_path: Path, kind: str) -> None:
    result = run_csv(written(tmp_path / "o.csv", DIRTY[kind]), WATCHFUL, weight_column="weight")
    assert set(result.history.dirt.counts) - ALONGSIDE.get(kind, set()) == {kind}
    assert result.history.dirt.counts[kind] == 1
    assert result.history.dirt.first[kind] == "o.csv, line 4"
    found = rules_of(result)
    assert {rule: (one["warned"], one["broken"]) for rule, one in found.items()} == dict.fromkeys(found, (0, 0))
    assert result.tally.tickets == {}
    assert result.tally.notices == {}


@pytest.mark.parametrize(
    "cells",
    [
        {"moved_at": "", "out_for_delivery_at": "", "delivered_at": at(90)},
        {"moved_at": "", "out_for_delivery_at": at(80), "delivered_at": at(90)},
        {"shipped_at": at(3), "picked_up_at": at(-40 * 24), "moved_at": at(4)},
        {"shipped_at": "", "picked_up_at": at(60), "moved_at": at(61), "delivered_at": at(90)},
        {
            "shipped_at": at(1),
            "picked_up_at": at(95),
            "moved_at": "",
            "out_for_delivery_at": "",
            "delivered_at": at(90),
        },
        {"moved_at": at(95), "out_for_delivery_at": "", "delivered_at": at(90)},
    ],
)
def test_a_gap_or_an_impossible_order_of_times_raises_no_alarm(tmp_path: Path, cells: dict[str, str]) -> None:
    result = run_csv(written(tmp_path / "o.csv", row(ship_by="", **cells)), WATCHFUL)
    assert sum(result.history.dirt.counts.values()) >= 1
    assert {rule for rule, one in rules_of(result).items() if one["warned"] or one["broken"]} == set()
    assert result.tally.tickets == {}


def test_every_kind_of_dirt_has_its_test() -> None:
    assert set(DIRTY) | OF_ARCHIVES == set(KINDS)


def test_all_dirt_at_once_changes_nothing_of_what_the_clean_rows_say(tmp_path: Path) -> None:
    late = row(order_id="L", ship_by="", shipped_at=at(60), picked_up_at=at(61), moved_at=at(62), delivered_at=at(120))
    clean = run_csv(written(tmp_path / "clean.csv", late), WATCHFUL)
    numbered = [text.replace("A1", f"A{place}") for place, text in enumerate(DIRTY.values())]
    dirty = run_csv(written(tmp_path / "dirty.csv", late, *numbered), WATCHFUL)
    broken = {rule: one["broken"] for rule, one in rules_of(clean).items()}
    assert broken == {rule: one["broken"] for rule, one in rules_of(dirty).items()}
    assert (broken["ship_24h"], broken["sign_99h"]) == (1, 1)
    assert sum(dirty.history.dirt.counts.values()) >= len(DIRTY) - 1  # no weight column was asked for


def test_a_row_whose_numbers_are_fine_but_strange_is_not_dirt(tmp_path: Path) -> None:
    """Order numbers as shops write them, sums with a currency, times as spreadsheets write them."""
    strange = row(
        order_id="#1001 (gift)", paid='"¥1,234.50"', paid_at="2026/3/2 8:00", shipped_at="2026-03-02T17:00+08:00"
    )
    history = csv_history(written(tmp_path / "o.csv", strange), zone=ZoneInfo("UTC"))
    [story] = [one for one in history.stories() if one.name.startswith("#")]
    assert history.dirt.counts == {}
    assert [step.at.hour for step in story.steps[:2]] == [8, 9]
    assert story.steps[0].what.paid_fen == 123_450  # type: ignore[union-attr]


def test_a_date_without_a_time_of_day_is_no_time(tmp_path: Path) -> None:
    """Midnight would be taken for it, and hours would be missing or too many."""
    result = run_csv(written(tmp_path / "o.csv", row(delivered_at="2026-03-03")), WATCHFUL)
    assert result.history.dirt.counts == {"time_without_clock": 1, "delivered_without_time": 1}


def test_a_date_as_chinese_spreadsheets_write_it_is_a_time(tmp_path: Path) -> None:
    cells = {"paid_at": "2026年3月2日 16:00", "shipped_at": "2026/3/2 17:00", "picked_up_at": "2026-3-2 18:00:30"}
    path = written(tmp_path / "o.csv", row(**cells))
    assert run_csv(path, WATCHFUL, zone=ZoneInfo("Asia/Shanghai")).history.dirt.counts == {}


def test_couriers_are_known_by_their_names(tmp_path: Path) -> None:
    only_zto = policy(limit("zto_24h", "ship_to_pickup", 24, 6, carriers=["zto"]))
    late = {"shipped_at": at(1), "picked_up_at": at(40), "moved_at": "", "out_for_delivery_at": "", "delivered_at": ""}
    names = ("中通快递", "中通", "圆通速递", "zto")
    rows = [row(order_id=f"B{place}", carrier=name, **late) for place, name in enumerate(names)]
    result = run_csv(written(tmp_path / "o.csv", *rows), only_zto)
    assert rules_of(result)["zto_24h"]["broken"] == 3
    assert "carrier_unusable" not in result.history.dirt.counts


def test_a_kind_that_nobody_explains_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Dirt().add("something", "here")
