"""What one rule had to say about one case, and whether it was right."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.backtest.clocks import Run
from infra.backtest.replay import Trace
from shared.rules.ticketing import SETTLES_IN

NO_LEAD = timedelta()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule about a case.

    `warned` and `called` (broken) are what people would have been told; `broken` is what really happened. `undecided`:
    warned or not, the history ends before the rule was kept or broken. `lead` is the time between the warning and the
    breach, zero where the warning came later or never.
    """

    rule: str
    began_at: datetime
    reach: timedelta
    warned: bool = False
    called: bool = False
    broken: bool = False
    undecided: bool = False
    lead: timedelta = NO_LEAD
    exposure_fen: int = 0

    @property
    def false_alarm(self) -> bool:
        """Whether somebody was warned for nothing."""
        return self.warned and not self.broken and not self.undecided


def outcomes(trace: Trace) -> dict[str, Outcome]:
    """Judge every rule that looked at the story, over all runs of its clock."""
    by_rule: dict[str, list[Run]] = {}
    for run in trace.runs:
        if run.judged:
            by_rule.setdefault(run.deadline.rule, []).append(run)
    return {rule: _judge(rule, runs, trace.end) for rule, runs in sorted(by_rule.items())}


def _judge(rule: str, runs: list[Run], end: datetime) -> Outcome:
    broken = [run for run in runs if _is_broken(run, end)]
    first = min(broken, key=lambda run: run.breach_at, default=None)
    return Outcome(
        rule=rule,
        began_at=min(run.deadline.since for run in runs),
        reach=max(run.deadline.breach_at - run.deadline.since for run in runs),
        warned=any(_told(run, run.deadline.warn_at, end) for run in runs),
        called=any(_told(run, run.deadline.breach_at, end) for run in runs),
        broken=bool(broken),
        undecided=not broken and any(run.ended_at is None for run in runs),
        lead=_lead(first, end) if first else NO_LEAD,
        exposure_fen=max((run.deadline.exposure_fen for run in broken), default=0),
    )


def _told(run: Run, at: datetime, end: datetime) -> bool:
    """Whether the clock still ran, as far as was known, when people were to be told of this instant.

    What ends it at that very instant comes first; what was due already when it became known waits for contradiction.
    """
    at = at if at > run.known_at else run.known_at + SETTLES_IN
    return at <= end if run.ended_at is None else at < run.ended_at


def _is_broken(run: Run, end: datetime) -> bool:
    if run.truly_ended_at is None:
        return run.breach_at < end
    return run.breach_at < run.truly_ended_at


def _lead(run: Run, end: datetime) -> timedelta:
    if not _told(run, run.deadline.warn_at, end):
        return NO_LEAD
    return max(NO_LEAD, run.breach_at - max(run.deadline.warn_at, run.known_at))
