"""One backtest: a history, a policy, and perhaps another policy to compare it with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO

from infra.backtest.clocks import RuleBook, known_limits, without
from infra.backtest.difference import Difference
from infra.backtest.dirt import told
from infra.backtest.outcomes import outcomes
from infra.backtest.replay import Trace, replay
from infra.backtest.samples import Smallest
from infra.backtest.stories import History, HistoryRefused
from infra.backtest.tally import Tally
from shared.domain.policy import Policy

_NO_HEARTBEAT = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a history. `other` is the policy to compare with (`by_pack`: the same one without a new pack).

    `until` ends the history earlier than it ends by itself; `listing` receives every case that changes.
    """

    policy: Policy
    other: Policy | None = None
    by_pack: bool = False
    until: datetime | None = None
    sample_max: int = 0
    listing: TextIO | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report says. `untested` are the rules that the history is silent about."""

    question: Question
    history: History
    until: datetime
    untested: tuple[str, ...]
    tally: Tally
    other_tally: Tally
    difference: Difference
    sample: list[Trace]


def run_backtest(history: History, question: Question) -> Result:
    """Replay every story under the policy, and under the other one beside it.

    Raises:
        HistoryRefused: an input cannot be read, or nothing is left of it.
    """
    policy, other = question.policy, question.other
    end = question.until or history.until
    book = RuleBook(answerable(policy, history))
    other_book = RuleBook(answerable(other, history)) if other else None
    tally, other_tally = Tally(history.zone), Tally(history.zone)
    difference = Difference(question.sample_max, question.listing)
    sample: Smallest[Trace] = Smallest(question.sample_max)
    for story in history.stories():
        if story.steps[0].at > end:
            continue
        trace = replay(story, book, end)
        found = outcomes(trace)
        tally.add(trace, found)
        if trace.tickets:
            sample.add(story.name, trace)
        if other_book:
            other_trace = replay(story, other_book, end)
            before = outcomes(other_trace)
            other_tally.add(other_trace, before)
            difference.add(story, before, found)
    if not tally.cases:
        why = told(history.dirt) or "此前没有任何单 no case begins before that"
        last = f"{end.astimezone(history.zone):%Y-%m-%d %H:%M} ({history.zone.key})"
        raise HistoryRefused(f"没有可看的单 nothing is left to look at before {last}: {why}")
    return Result(question, history, end, untested(policy, history), tally, other_tally, difference, sample.kept())


def answerable(policy: Policy, history: History) -> Policy:
    """Give the policy without the rules that the history is silent about: it would break them all.

    Where there are milestones instead of scans, nobody is asked for scans that were merely not recorded.
    """
    silent = [limit for limit in known_limits(policy) if limit.span in history.silent]
    policy = without(policy, silent)
    if not history.sparse:
        return policy
    watching = policy.watching.model_copy(update={"heartbeat": _NO_HEARTBEAT})
    return policy.model_copy(update={"watching": watching})


def untested(policy: Policy, history: History) -> tuple[str, ...]:
    """Name the rules that are left out for that."""
    silent = {limit.rule for limit in known_limits(policy) if limit.span in history.silent and limit.watch}
    return tuple(sorted(silent))
