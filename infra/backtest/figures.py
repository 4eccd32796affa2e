"""The figures of a result by name, as plain values: what machines read, and what the table prints."""

from typing import Any

from infra.backtest.dirt import KINDS
from infra.backtest.prediction import WINDOW, Check, Forecast, check, middle
from infra.backtest.run import Result
from infra.backtest.tally import RuleFigures, Tally, by_weekday
from shared.domain.hours import Weekday

Figures = dict[str, Any]
TICKET_FIGURES = ("opened", "broken", "escalated", "closed", "recorded")
_DIGITS = 4


def figures_of(result: Result, *, predict: bool) -> Figures:
    """Give everything that a report says, but the sample."""
    history, policy = result.history, result.question.policy
    return {
        "policy": {"merchant": policy.merchant, "version": policy.version},
        "history": {
            "cases": result.tally.cases,
            "weight": _rounded(result.tally.weight),
            "first_day": str(result.tally.first) if result.tally.first else None,
            "until": result.until.isoformat(),
            "zone": history.zone.key,
            "sparse": history.sparse,
        },
        **_tally(result.tally),
        "untested": list(result.untested),
        "dirt": [
            {"kind": kind, "count": count, "first": first, "effect": KINDS[kind]}
            for kind, count, first in history.dirt.rows()
        ],
        "prediction": _prediction(result.tally) if predict else None,
        "against": _against(result),
    }


def _tally(tally: Tally) -> Figures:
    return {
        "rules": {rule: _rule(tally.rules[rule]) for rule in sorted(tally.rules)},
        "tickets": {
            kind: {name: _rounded(getattr(one, name)) for name in TICKET_FIGURES}
            for kind, one in sorted(tally.tickets.items())
        },
        "notices": {
            group: {
                "said": _rounded(one.said),
                "urgent": _rounded(one.urgent),
                "peak_day": str(one.peak[0]) if one.peak else None,
                "peak": _rounded(one.peak[1]) if one.peak else 0,
            }
            for group, one in sorted(tally.notices.items())
        },
        "calls": {command: _rounded(count) for command, count in sorted(tally.calls.items())},
        "decisions": tally.decisions,
    }


def _rule(one: RuleFigures) -> Figures:
    return {
        "looked_at": _rounded(one.looked_at),
        "warned": _rounded(one.warned),
        "broken": _rounded(one.broken),
        "broken_share": share(one.broken, one.looked_at),
        "false_alarms": _rounded(one.false_alarms),
        "false_alarm_share": share(one.false_alarms, one.warned),
        "undecided": _rounded(one.undecided),
        "called_wrongly": _rounded(one.called_wrongly),
        "early_share": share(one.early, one.broken),
        "median_lead_minutes": one.median_lead_minutes,
        "exposure_fen": round(one.exposure_fen),
        "broken_share_by_weekday": {
            name: share(day.broken, day.decided) for name, day in zip(Weekday, by_weekday(one.days), strict=True)
        },
    }


def _prediction(tally: Tally) -> Figures:
    split = middle(tally.rules)
    checks = {rule: check(tally.rules[rule], split) for rule in sorted(tally.rules)} if split else {}
    return {"split": str(split) if split else None, "rules": {rule: _check(one) for rule, one in checks.items()}}


def _check(one: Check) -> Figures:
    misses, real = (sum(getattr(each, name) for each in one.windows) for name in ("miss", "real"))
    return {
        "halves": _forecast(one.halves) if one.halves else None,
        "windows": len(one.windows),
        "window_days": WINDOW.days,
        "window_error": share(misses, real),
        "window_error_max": _rounded(max((each.miss / each.real for each in one.windows if each.real), default=None)),
        "window_error_by_chance": share(sum(each.chance for each in one.windows), real),
    }


def _forecast(one: Forecast) -> Figures:
    return {
        "since": str(one.since),
        "until": str(one.until),
        "predicted": _rounded(one.predicted),
        "real": _rounded(one.real),
        "error": share(one.miss, one.real),
        "error_by_chance": share(one.chance, one.real),
    }


def _against(result: Result) -> Figures | None:
    other = result.question.other
    if other is None:
        return None
    names = ("newly_warned", "no_longer_warned", "newly_broken", "no_longer_broken", "broken_before", "broken_now")
    money = ("exposure_before_fen", "exposure_now_fen")
    return {
        "policy": {"merchant": other.merchant, "version": other.version},
        "by_pack": result.question.by_pack,
        **_tally(result.other_tally),
        "cases_changed": _rounded(result.difference.cases),
        "changes": {
            rule: {name: _rounded(getattr(one, name)) for name in names}
            | {name: round(getattr(one, name)) for name in money}
            for rule, one in sorted(result.difference.rules.items())
        },
        "newly": result.difference.newly.kept(),
        "no_longer": result.difference.no_longer.kept(),
    }


def share(part: float, whole: float) -> float | None:
    """Give a share, None of nothing."""
    return _rounded(part / whole) if whole else None


def _rounded(number: float | None) -> float | None:
    """Sums of weights end in noise; whole numbers look whole."""
    if number is None:
        return None
    near = round(number, _DIGITS)
    return int(near) if near == int(near) else near
