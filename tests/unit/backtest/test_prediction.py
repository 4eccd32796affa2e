"""Earlier days predict later ones, per weekday, without knowing what was not known yet."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from infra.backtest.figures import figures_of
from infra.backtest.outcomes import Outcome
from infra.backtest.prediction import check, middle
from infra.backtest.tally import DayFigures, RuleFigures
from tests.unit.backtest.build import DAY, HOUR, MONDAY, SHIP_24H, UTC_ZONE, policy, rules_of, run_csv, write_csv

START = date(2026, 3, 2)  # a Monday


def of_a_day(decided: int, broken: float) -> DayFigures:
    """Orders of weight 1."""
    return DayFigures(decided, decided, broken, decided)


def figures(rate: "dict[int, float] | float", days: int = 140, orders: int = 100) -> RuleFigures:
    """A rule that looked at as many orders every day, and broke with a rate (per weekday)."""
    rule = RuleFigures(reach=DAY)
    for number in range(days):
        day = START + number * DAY
        share = rate if isinstance(rate, float) else rate[day.weekday()]
        rule.days[day] = of_a_day(orders, orders * share)
    return rule


def test_a_steady_rule_is_predicted_to_the_order() -> None:
    found = check(figures(0.25), START + 70 * DAY)
    assert found.halves is not None
    assert found.halves.predicted == pytest.approx(found.halves.real) == pytest.approx(70 * 25)
    assert len(found.windows) == 3
    assert all(one.miss < 1e-6 for one in found.windows)


def test_weekends_are_predicted_as_weekends() -> None:
    """The later half has only Saturdays: an overall rate would be far too low."""
    rule = figures({0: 0.1, 1: 0.1, 2: 0.1, 3: 0.1, 4: 0.1, 5: 0.9, 6: 0.1})
    for day in [day for day in rule.days if day >= START + 70 * DAY and day.weekday() != 5]:
        del rule.days[day]
    found = check(rule, START + 70 * DAY)
    assert found.halves is not None
    assert found.halves.miss / found.halves.real < 0.03


def test_days_whose_outcome_was_not_known_yet_teach_nothing() -> None:
    """A rule of ten days: what was paid in the last ten days before the split could still break."""
    rule = figures(0.2)
    rule.reach = 10 * DAY
    for number in range(60, 70):
        rule.days[START + number * DAY] = of_a_day(100, 100)
    found = check(rule, START + 70 * DAY)
    assert found.halves is not None
    assert found.halves.predicted == pytest.approx(70 * 20, rel=0.03)


def test_a_change_in_the_middle_shows_as_an_error() -> None:
    rule = figures(0.5)
    for day in rule.days:
        if day >= START + 70 * DAY:
            rule.days[day] = of_a_day(100, 25)
    found = check(rule, START + 70 * DAY)
    assert found.halves is not None
    assert found.halves.miss / found.halves.real == pytest.approx(1.0)
    assert found.halves.chance / found.halves.real < 0.05


def test_too_few_orders_predict_nothing() -> None:
    found = check(figures(0.5, days=20, orders=1), START + 10 * DAY)
    assert (found.halves, found.windows) == (None, ())
    assert check(RuleFigures(), START).halves is None


def test_the_middle_is_that_of_the_orders_not_of_the_days() -> None:
    rule = RuleFigures()
    rule.days = {START: of_a_day(10, 0), START + DAY: of_a_day(10, 0), START + 50 * DAY: of_a_day(20, 0)}
    assert middle({"one": rule}) == START + 50 * DAY
    assert middle({}) is None


def test_a_years_orders_are_predicted_within_five_percent(tmp_path: Path) -> None:
    """The whole way: rows, rules, rates. Nothing changes over the year but chance and the weekday."""
    drawn = random.Random(4)
    rows = []
    for number in range(2500):
        hours = drawn.uniform(0, 364 * 24)
        slow = (MONDAY + hours * HOUR).weekday() >= 5
        rows.append((f"o{number}", hours, hours + drawn.expovariate(1 / (40 if slow else 16)), hours + 2000))
    result = run_csv(write_csv(tmp_path / "o.csv", rows), policy(SHIP_24H))
    found = figures_of(result, predict=True)["prediction"]["rules"]["ship_24h"]
    assert found["halves"]["error"] <= 0.05
    assert found["halves"]["predicted"] != found["halves"]["real"]
    assert found["halves"]["error_by_chance"] == pytest.approx(0.045, abs=0.02)


def test_without_a_change_errors_are_as_large_as_chance_makes_them() -> None:
    """Many histories of the same world: the mean error is the one that was announced."""
    drawn = random.Random(11)
    errors, announced = [], []
    for _ in range(60):
        rule = figures(0.3)
        for day in rule.days:
            rule.days[day] = of_a_day(20, sum(drawn.random() < 0.3 for _ in range(20)))
        halves = check(rule, START + 70 * DAY).halves
        assert halves is not None
        errors.append(halves.miss)
        announced.append(halves.chance)
    assert fmean(errors) == pytest.approx(fmean(announced), rel=0.2)


# ---- weights and leads -------------------------------------------------------------------------------------------


def test_a_row_counts_for_as_many_orders_as_its_weight_says(tmp_path: Path) -> None:
    header = ("order_id", "paid_at", "picked_up_at", "delivered_at", "w")
    rows = [("late", 0, 30, 40, "10.5"), ("fine", 0, 3, 40, "1")]
    result = run_csv(write_csv(tmp_path / "o.csv", rows, header), policy(SHIP_24H), weight_column="w")
    found = rules_of(result)["ship_24h"]
    assert (found["looked_at"], found["broken"], found["broken_share"]) == (11.5, 10.5, 0.913)
    assert (result.tally.cases, result.tally.weight) == (2, 11.5)
    assert result.tally.notices["desk"].said == 5 * 10.5  # warned, broken, escalated twice, over


def test_the_median_lead_is_weighted() -> None:
    rule = RuleFigures()
    began = datetime(2026, 3, 2, tzinfo=UTC)
    for minutes, weight in ((10, 1.0), (20, 1.0), (300, 5.0)):
        broken = Outcome("r", began, DAY, warned=True, broken=True, lead=timedelta(minutes=minutes))
        rule.add(broken, weight, UTC_ZONE)
    assert rule.median_lead_minutes == 300
    assert RuleFigures().median_lead_minutes is None
