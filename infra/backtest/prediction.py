"""Would the figures have held? Hits are predicted from earlier days and compared with what later days really had.

A rule's rate is taken per weekday (weekends break other limits than Tuesdays do), from days whose outcome was known by
the time of the prediction, and multiplied by the orders that really came. Beside each error stands how large it would
be by chance alone if nothing had changed: what is above that, the world has done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import pi, sqrt
from typing import NamedTuple

from infra.backtest.tally import DayFigures, RuleFigures, by_weekday

Days = Mapping[date, DayFigures]
WINDOW = timedelta(days=28)
_ORDERS_OF_ALL_DAYS = 5  # of the overall rate in each weekday's, so that few orders do not decide
_ORDERS_MIN = 50  # without which nothing is predicted


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hits predicted and real. `chance` is the mean miss by chance alone, in hits."""

    since: date
    until: date  # not included
    predicted: float
    real: float
    chance: float

    @property
    def miss(self) -> float:
        """How many hits it was off."""
        return abs(self.predicted - self.real)


@dataclass(frozen=True, slots=True)
class Check:
    """A rule's forecasts: of the second half from the first, and of each four weeks from the last four known then."""

    halves: Forecast | None
    windows: tuple[Forecast, ...]


class _Rate(NamedTuple):
    """A weekday's share of hits, and the variance of that estimate."""

    share: float
    variance: float


def check(rule: RuleFigures, split: date) -> Check:
    """Predict a rule's hits. `split` is the first day of the second half."""
    if not rule.days:
        return Check(None, ())
    first, end = min(rule.days), max(rule.days) + timedelta(days=1)
    unknown_for = timedelta(days=rule.reach.days + 1)
    halves = _forecast(rule.days, first, split, end, unknown_for)
    windows = []
    begin = first + unknown_for + WINDOW
    while begin + WINDOW <= end:
        windows.append(_forecast(rule.days, begin - unknown_for - WINDOW, begin, begin + WINDOW, unknown_for))
        begin += WINDOW
    return Check(halves, tuple(one for one in windows if one))


def middle(rules: Mapping[str, RuleFigures]) -> date | None:
    """Give the day on which the second half of what the rules looked at begins."""
    totals: dict[date, float] = {}
    for rule in rules.values():
        for day, one in rule.days.items():
            totals[day] = totals.get(day, 0.0) + one.decided
    half, so_far = sum(totals.values()) / 2, 0.0
    for day in sorted(totals):
        if so_far >= half:
            return day
        so_far += totals[day]
    return None


def _forecast(days: Days, since: date, split: date, until: date, unknown_for: timedelta) -> Forecast | None:
    """Predict [split, until) from [since, split) without the days whose outcome was not known at the split."""
    learned = _by_weekday(days, since, split - unknown_for)
    later = _by_weekday(days, split, until)
    if min(sum(one.orders for one in week) for week in (learned, later)) < _ORDERS_MIN:
        return None
    rates = _rates(learned)
    predicted = sum(one.decided * rate.share for one, rate in zip(later, rates, strict=True))
    variance = sum(
        one.squares * rate.share * (1 - rate.share) + one.decided**2 * rate.variance
        for one, rate in zip(later, rates, strict=True)
    )
    real = sum(one.broken for one in later)
    return Forecast(split, until, predicted, real, chance=sqrt(2 / pi * variance))


def _by_weekday(days: Days, since: date, until: date) -> list[DayFigures]:
    return by_weekday({day: one for day, one in days.items() if since <= day < until})


def _rates(week: list[DayFigures]) -> list[_Rate]:
    overall = DayFigures()
    for one in week:
        overall.add_all(one)
    share_of_all = overall.broken / overall.decided
    rates = []
    for one in week:
        borrowed = _ORDERS_OF_ALL_DAYS * overall.decided / overall.orders
        total = one.decided + borrowed
        share = (one.broken + share_of_all * borrowed) / total
        rates.append(_Rate(share, share * (1 - share) * one.squares / total**2))
    return rates
