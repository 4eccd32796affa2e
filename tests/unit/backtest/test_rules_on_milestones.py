"""A row of milestones goes through the product's rules: what is warned, what breaks, what was a false alarm."""

from datetime import timedelta
from pathlib import Path

import pytest

from infra.backtest.clocks import RuleBook
from infra.backtest.columns import FIELDS
from infra.backtest.replay import replay
from infra.backtest.run import Question, answerable, run_backtest
from shared.domain.watching import Span
from tests.unit.backtest.build import (
    CLOSED_AT_WEEKENDS,
    DAY,
    HOUR,
    MONDAY,
    SHIP_24H,
    csv_history,
    limit,
    policy,
    rules_of,
    run_csv,
    write_csv,
)

SIGN_59H = limit("sign_59h", "pay_to_sign", 59, 7)
END = ("end", 0, 1, 1000)  # an order that was fine, and shows how long the history goes on


@pytest.mark.parametrize(
    ("handed", "warned", "broken", "false_alarms"),
    [(17.9, 0, 0, 0), (18, 0, 0, 0), (18.1, 1, 0, 1), (24, 1, 0, 1), (24.1, 1, 1, 0), (300, 1, 1, 0)],
)
def test_a_rule_warns_before_it_breaks(
    tmp_path: Path, handed: float, warned: int, broken: int, false_alarms: int
) -> None:
    """The limit is 24 hours and the warning 6 hours before; what happens at the very instant comes in time."""
    history = write_csv(tmp_path / "o.csv", [("one", 0, handed, 400), END])
    found = rules_of(run_csv(history, policy(SHIP_24H)))["ship_24h"]
    assert found["looked_at"] == 2
    assert (found["warned"], found["broken"], found["false_alarms"]) == (warned, broken, false_alarms)
    assert found["early_share"] == (1 if broken else None)
    assert found["median_lead_minutes"] == (360 if broken else None)


def test_what_still_runs_at_the_end_is_undecided_until_its_limit_has_passed(tmp_path: Path) -> None:
    history = write_csv(tmp_path / "o.csv", [("old", 0, None, None), ("young", 980, None, None), END])
    found = rules_of(run_csv(history, policy(SHIP_24H)))["ship_24h"]
    assert (found["looked_at"], found["warned"], found["broken"]) == (3, 2, 1)
    assert (found["undecided"], found["false_alarms"]) == (1, 0)


def test_a_history_can_be_ended_earlier(tmp_path: Path) -> None:
    history = write_csv(tmp_path / "o.csv", [("one", 0, 300, 400), ("later", 100, 101, 102), END])
    result = run_backtest(csv_history(history), Question(policy(SHIP_24H), until=MONDAY + 20 * HOUR))
    found = rules_of(result)["ship_24h"]
    assert result.tally.cases == 2
    assert (found["warned"], found["broken"], found["undecided"]) == (1, 0, 1)


def test_the_exposure_is_the_limits_share_of_what_was_paid(tmp_path: Path) -> None:
    costly = limit("ship_24h", "pay_to_ship", 24, 6, exposure={"percent": 30, "min_fen": 500, "max_fen": 50_000})
    rows = [("a", 0, 30, 40, "10"), ("b", 0, 30, 40, "100.50"), ("c", 0, 30, 40, "5000"), ("d", 0, 20, 40, "100")]
    history = write_csv(tmp_path / "o.csv", rows, ("order_id", "paid_at", "picked_up_at", "delivered_at", "paid"))
    assert rules_of(run_csv(history, policy(costly)))["ship_24h"]["exposure_fen"] == 500 + 3015 + 50_000


@pytest.mark.parametrize("paid_at", [None, 5], ids=["unknown", "after the shipping"])
def test_what_was_paid_counts_for_the_pickup_whenever_that_was(tmp_path: Path, paid_at: float | None) -> None:
    costly = limit("pickup_24h", "ship_to_pickup", 24, 6, exposure={"percent": 30, "min_fen": 500, "max_fen": 50_000})
    header = ("order_id", "paid_at", "shipped_at", "picked_up_at", "delivered_at", "paid")
    history = write_csv(tmp_path / "o.csv", [("a", paid_at, 0, 30, 40, "100.50"), ("end", 0, 1, 2, 1000, "")], header)
    assert rules_of(run_csv(history, policy(costly)))["pickup_24h"]["exposure_fen"] == 3_015


def test_an_orders_own_deadline_wins_over_the_limit_and_is_a_rule_of_its_own(tmp_path: Path) -> None:
    rows = [("own", 0, 30, 40, 48), ("none", 0, 30, 40, None), ("short", 0, 20, 40, 12)]
    history = write_csv(tmp_path / "o.csv", rows, ("order_id", "paid_at", "picked_up_at", "delivered_at", "ship_by"))
    found = rules_of(run_csv(history, policy(SHIP_24H)))
    assert {rule: (one["looked_at"], one["broken"]) for rule, one in found.items()} == {
        "ship_24h": (1, 1),
        "platform_ship_by": (2, 1),
    }


def test_an_orders_own_deadline_costs_what_the_dearest_limit_costs(tmp_path: Path) -> None:
    costly = limit("ship_9d", "pay_to_ship", 24 * 9, 6, exposure={"percent": 10})
    header = ("order_id", "paid_at", "picked_up_at", "ship_by", "paid")
    history = write_csv(tmp_path / "o.csv", [("own", 0, 30, 20, "100")], header)
    found = rules_of(run_csv(history, policy(costly, SHIP_24H)))
    assert found["platform_ship_by"]["exposure_fen"] == 1_000


def test_each_rule_of_a_stretch_is_judged_alone_though_the_earliest_governs_the_ticket(tmp_path: Path) -> None:
    tried = policy(SHIP_24H, limit("ship_2d", "pay_to_ship", 48, 12))
    history = write_csv(tmp_path / "o.csv", [("a", 0, 30, 99), ("b", 0, 40, 99), ("c", 0, 60, 99), END])
    result = run_csv(history, tried)
    assert [rules_of(result)[rule]["broken"] for rule in ("ship_24h", "ship_2d")] == [3, 1]
    assert [rules_of(result)[rule]["warned"] for rule in ("ship_24h", "ship_2d")] == [3, 2]
    assert {(one.rule, one.anomaly) for trace in result.sample for one in trace.tickets} == {
        ("ship_24h", "not_shipped")
    }


def test_where_one_rule_has_a_stretch_its_figures_are_those_of_the_tickets(tmp_path: Path) -> None:
    rows = [(f"o{hours}", 0, hours, hours + 30) for hours in range(5, 60, 3)]
    result = run_csv(write_csv(tmp_path / "o.csv", rows), policy(SHIP_24H, SIGN_59H))
    for rule, kind in (("ship_24h", "not_shipped"), ("sign_59h", "late")):
        found, tickets = rules_of(result)[rule], result.tally.tickets[kind]
        assert (found["warned"], found["broken"]) == (tickets.opened, tickets.broken)
        assert tickets.closed == tickets.opened


def test_an_order_shipped_so_late_that_no_warning_was_left_has_no_lead(tmp_path: Path) -> None:
    """The whole way is watched by the parcel, so only from shipping on."""
    history = write_csv(tmp_path / "o.csv", [("one", 0, 58, 100)])
    found = rules_of(run_csv(history, policy(SIGN_59H)))["sign_59h"]
    assert found["median_lead_minutes"] == 60
    assert found["early_share"] == 0


@pytest.mark.parametrize(("seconds", "warned"), [(59, 0), (61, 1)])
def test_what_is_due_when_it_becomes_known_has_a_minute_to_be_over(tmp_path: Path, seconds: int, warned: int) -> None:
    history = write_csv(tmp_path / "o.csv", [("one", 0, 55, 55 + seconds / 3600)])
    result = run_csv(history, policy(SIGN_59H))
    assert rules_of(result)["sign_59h"]["warned"] == result.tally.tickets["late"].opened == warned


def test_a_limit_in_business_hours_skips_the_weekend(tmp_path: Path) -> None:
    friday = 4 * 24 + 8.0
    history = write_csv(tmp_path / "o.csv", [("one", friday, friday + 66, friday + 99), END])
    around_the_clock = rules_of(run_csv(history, policy(SHIP_24H)))
    working = policy(SHIP_24H | {"in_hours": True}, hours=CLOSED_AT_WEEKENDS)
    assert around_the_clock["ship_24h"]["broken"] == 1
    assert rules_of(run_csv(history, working))["ship_24h"]["broken"] == 0


def test_escalations_go_to_their_groups_and_are_counted_by_day(tmp_path: Path) -> None:
    robots = {group: {"channel": "dingtalk", "account": "a"} for group in ("desk", "specialist", "director")}
    tried = policy(SHIP_24H).model_copy(update={"robots": robots})
    history = write_csv(tmp_path / "o.csv", [("one", 0, 60, 99), END])
    result = run_csv(history, tried)
    said = {group: (one.said, one.urgent) for group, one in result.tally.notices.items()}
    assert said == {"desk": (4, 2), "specialist": (1, 1), "director": (1, 1)}  # warned, broken, escalated, over
    assert result.tally.notices["desk"].peak == (MONDAY.date() + DAY, 3)


def test_urges_and_messages_to_buyers_are_counted_as_calls(tmp_path: Path) -> None:
    header = ("order_id", "shipped_at", "picked_up_at", "delivered_at")
    tried = policy(limit("pickup_1d", "ship_to_pickup", 24, 6), urge_by={"carrier": "zto"})
    history = write_csv(tmp_path / "o.csv", [("one", 0, 60, 99), ("two", 0, 3, 9)], header)
    assert run_csv(history, tried).tally.calls["urge_courier"] == 1


def test_rules_that_the_columns_say_nothing_about_are_left_out_and_named(tmp_path: Path) -> None:
    history = csv_history(write_csv(tmp_path / "o.csv", [("one", 0, 10, 900), END]))
    result = run_backtest(history, Question(policy(SHIP_24H)))
    assert {"stalled_48h", "movement_24h", "lost_10d", "pickup_24h"} <= set(result.untested)
    assert set(rules_of(result)) == {"ship_24h"}
    assert result.tally.tickets == {}


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (("paid_at", "picked_up_at"), {Span.PAY_TO_SHIP}),
        (("paid_at", "shipped_at", "delivered_at"), {Span.PAY_TO_SHIP, Span.PAY_TO_SIGN}),
        (("shipped_at", "picked_up_at"), {Span.SHIP_TO_PICKUP}),
        (("paid_at", "shipped_at", "picked_up_at"), {Span.PAY_TO_SHIP, Span.SHIP_TO_PICKUP}),
        (("picked_up_at", "moved_at"), {Span.PICKUP_TO_MOVEMENT}),
        (("out_for_delivery_at", "delivered_at"), {Span.OUT_FOR_DELIVERY}),
        (("delivered_at",), set()),
    ],
)
def test_what_the_columns_show_decides_which_stretches_are_tested(
    tmp_path: Path, columns: tuple[str, ...], shown: set[Span]
) -> None:
    path = write_csv(tmp_path / "o.csv", [], ("order_id", *columns))
    assert set(Span) - csv_history(path).silent == shown


def test_every_milestone_reaches_the_rules(tmp_path: Path) -> None:
    tried = policy(
        limit("pickup", "ship_to_pickup", 10),
        limit("movement", "pickup_to_movement", 10),
        limit("delivery", "out_for_delivery", 10),
    )
    header = [name for name in FIELDS if name.endswith("_at")]
    late, fine = [0, 1, 12, 23, 25, 36], [0, 1, 2, 3, 4, 5]
    history = write_csv(tmp_path / "o.csv", [("late", *late), ("fine", *fine)], ("order_id", *header))
    found = rules_of(run_csv(history, tried))
    assert {
        rule: (one["looked_at"], one["broken"])
        for rule, one in found.items()
        if rule in {"pickup", "movement", "delivery"}
    } == {"pickup": (2, 1), "movement": (2, 1), "delivery": (2, 1)}


def test_a_case_is_followed_for_sixty_days_after_its_last_news_but_judged_to_the_end(tmp_path: Path) -> None:
    history = csv_history(write_csv(tmp_path / "o.csv", [("one", 0, None, None), ("end", 0, 1, 9000)]))
    book = RuleBook(
        answerable(
            policy(limit("ship_60d", "pay_to_ship", 60 * 24, 1, in_hours=True), hours=CLOSED_AT_WEEKENDS), history
        )
    )
    traces = {story.name: replay(story, book, history.until) for story in history.stories()}
    assert traces["one"].runs[0].deadline.breach_at > MONDAY + timedelta(days=80)
    assert traces["one"].notices == []
