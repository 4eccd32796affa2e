"""Adds traces up into figures. Everything is a sum, so a history of any length needs the memory of a short one.

Days are those of the history's time zone. Leads are kept to the minute.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from infra.backtest.outcomes import Outcome
from infra.backtest.replay import Trace
from shared.rules.ticketing import BROKEN

EARLY = timedelta(hours=6)
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class DayFigures:
    """What began on one day and is decided: rows, their weights, those that broke, and the sum of squared weights."""

    orders: int = 0
    decided: float = 0
    broken: float = 0
    squares: float = 0

    def add_all(self, other: "DayFigures") -> None:
        """Add another day."""
        self.orders += other.orders
        self.decided += other.decided
        self.broken += other.broken
        self.squares += other.squares


def by_weekday(days: Mapping[date, DayFigures]) -> list[DayFigures]:
    """Add days up by their weekday, Monday first."""
    week = [DayFigures() for _ in range(7)]
    for day, one in days.items():
        week[day.weekday()].add_all(one)
    return week


@dataclass(slots=True)
class RuleFigures:
    """One rule over the whole history; orders are weighted. `days` are those on which its clock began."""

    looked_at: float = 0
    warned: float = 0
    broken: float = 0
    false_alarms: float = 0
    undecided: float = 0
    called_wrongly: float = 0  # called broken, though the news was only late
    early: float = 0  # broken, and warned at least `EARLY` before
    exposure_fen: float = 0
    leads: Counter[int] = field(default_factory=Counter)  # of what broke, in minutes
    days: dict[date, DayFigures] = field(default_factory=dict)
    reach: timedelta = timedelta()

    def add(self, one: Outcome, weight: float, zone: ZoneInfo) -> None:
        """Add a case."""
        self.looked_at += weight
        self.warned += weight * one.warned
        self.broken += weight * one.broken
        self.false_alarms += weight * one.false_alarm
        self.undecided += weight * one.undecided
        self.called_wrongly += weight * (one.called and not one.broken and not one.undecided)
        self.reach = max(self.reach, one.reach)
        if one.broken:
            self.early += weight * (one.lead >= EARLY)
            self.exposure_fen += weight * one.exposure_fen
            self.leads[one.lead // _MINUTE] += weight  # type: ignore[assignment]  # weights are no integers
        if not one.undecided:
            day = self.days.setdefault(one.began_at.astimezone(zone).date(), DayFigures())
            day.add_all(DayFigures(1, weight, weight * one.broken, weight * weight))

    @property
    def median_lead_minutes(self) -> int | None:
        """The weighted median of the leads; None where nothing broke."""
        half, so_far = sum(self.leads.values()) / 2, 0.0
        for minutes in sorted(self.leads):
            so_far += self.leads[minutes]
            if so_far >= half:
                return minutes
        return None


@dataclass(slots=True)
class TicketFigures:
    """Tickets of one kind."""

    opened: float = 0
    broken: float = 0
    escalated: float = 0
    closed: float = 0
    recorded: float = 0  # as many were really opened


@dataclass(slots=True)
class NoticeFigures:
    """What one staff group would have been told."""

    said: float = 0
    urgent: float = 0
    days: defaultdict[date, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def peak(self) -> tuple[date, float] | None:
        """The day with the most, the earliest of several."""
        return min(self.days.items(), key=lambda item: (-item[1], item[0]), default=None)


class Tally:
    """All figures of one policy."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.cases = 0
        self.weight = 0.0
        self.decisions = 0
        self.first: date | None = None
        self.rules: dict[str, RuleFigures] = defaultdict(RuleFigures)
        self.tickets: dict[str, TicketFigures] = defaultdict(TicketFigures)
        self.notices: dict[str, NoticeFigures] = defaultdict(NoticeFigures)
        self.calls: dict[str, float] = defaultdict(float)

    def add(self, trace: Trace, found: Mapping[str, Outcome]) -> None:
        """Add a replayed story and what its rules came to."""
        weight = trace.story.weight
        self.cases += 1
        self.weight += weight
        self.decisions += trace.decisions
        began = trace.story.steps[0].at.astimezone(self._zone).date()
        self.first = min(self.first or began, began)
        for rule, one in found.items():
            self.rules[rule].add(one, weight, self._zone)
        for course in trace.tickets:
            kind = self.tickets[course.anomaly]
            kind.opened += weight
            kind.broken += weight * (course.broken_at is not None)
            kind.escalated += weight * (course.level > BROKEN)
            kind.closed += weight * (course.closed_at is not None)
        for anomaly in trace.recorded:
            self.tickets[anomaly].recorded += weight
        for said in trace.notices:
            group = self.notices[said.group]
            group.said += weight
            group.urgent += weight * said.urgent
            group.days[said.at.astimezone(self._zone).date()] += weight
        for call in trace.calls:
            self.calls[call.command] += weight
