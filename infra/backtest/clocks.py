"""Which rule's clock runs for a case, since when, and how did it end? Judges each rule as if it were alone.

Of several rules on one stretch of the way the earliest governs a ticket, and the others only count in it. What a rule
would do by itself is asked of the product's `deadline_of`, with the other rules of the stretch switched off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from infra.backtest.stories import Watched
from shared.domain.order import OrderCase
from shared.domain.packs import packs
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.tickets import Anomaly
from shared.domain.watching import Limit, Pace, Span
from shared.rules.deadlines import BY_PLATFORM, NO_PACE, Deadline, Running, Scope, deadline_of
from shared.rules.order_watch import ship_deadlines
from shared.rules.parcel_spans import end_of, heeded, running

EVERYWHERE_OFF: dict[str, object] = {
    "platforms": (),
    "carriers": (),
    "regions": (),
    "remote_exempt": False,
    "since": None,
    "until": None,
    "watch": False,
}


def without(policy: Policy, unwanted: list[Limit]) -> Policy:
    """Give the policy with these rules switched off, wherever they come from and for whomever they hold."""
    off = tuple(limit.model_copy(update=EVERYWHERE_OFF) for limit in unwanted)
    watching = policy.watching.model_copy(update={"limits": (*policy.watching.limits, *off)})
    return policy.model_copy(update={"watching": watching})


def known_limits(policy: Policy) -> list[Limit]:
    """Give every limit that can hold, each rule of each stretch once: the packs' and the merchant's own."""
    every = [*(limit for pack in packs() for limit in pack.limits), *policy.watching.limits]
    return list({(limit.span, limit.rule): limit for limit in every}.values())


class RuleBook:
    """A policy taken apart: for each stretch of the way, each of its rules alone. `rules` names all that watch."""

    def __init__(self, policy: Policy) -> None:
        limits = known_limits(policy)
        self.policy = policy
        self.rules = frozenset({limit.rule for limit in limits} | {*Anomaly, BY_PLATFORM})
        self._alone: dict[Span, dict[str, Policy]] = {span: {} for span in Span}
        for one in limits:
            if one == one.model_copy(update=EVERYWHERE_OFF):
                continue
            others = [other for other in limits if other.span is one.span and other.rule != one.rule]
            self._alone[one.span][one.rule] = without(policy, others) if others else policy

    def deadlines(self, case: Watched) -> Iterator[Deadline]:
        """Give the deadline of every rule whose clock runs and is heeded; several of one stretch where several hold."""
        if isinstance(case, OrderCase):
            alone = [self.policy] if case.ship_by else self._alone[Span.PAY_TO_SHIP].values()
            for policy in alone:
                yield from ship_deadlines(case, policy)
        elif case.watch.step:
            pace = self.policy.paces.get(case.carrier, NO_PACE)
            clocks = [(clock, policy) for clock in running(case) for policy in self._alone[clock.span].values()]
            found = (_deadline(clock, case, policy, pace) for clock, policy in clocks)
            yield from heeded(case, (one for one in found if one))

    def breach_at(self, case: Watched, deadline: Deadline) -> datetime:
        """Give when the limit itself breaks: a deadline waits longer where a courier is known to report late."""
        if isinstance(case, OrderCase) or not self.policy.paces.get(case.carrier, NO_PACE).lag_s:
            return deadline.breach_at
        policy = self._alone[deadline.span][deadline.rule]
        punctual = _deadline(Running(deadline.span, deadline.since), case, policy, NO_PACE)
        return punctual.breach_at if punctual else deadline.breach_at


def _deadline(clock: Running, case: ParcelCase, policy: Policy, pace: Pace) -> Deadline | None:
    scopes = [
        Scope(content.platform, case.carrier, content.region, content.paid_at, content.paid_fen or 0)
        for content in case.contents
    ] or [Scope(carrier=case.carrier)]
    found = [deadline_of(clock, scope, policy.watching, pace) for scope in scopes]
    return min((one for one in found if one), key=lambda one: (one.breach_at, one.rule), default=None)


@dataclass(slots=True)
class Run:
    """One run of one rule's clock. `known_at`: since when it could be seen; `breach_at`: when the limit itself breaks.

    `ended_at` is when its end became known, `truly_ended_at` when that happened by the courier's or the shop's time;
    both None: it still ran when the history ended. `judged` is false where its beginning lies before the history.
    """

    deadline: Deadline
    breach_at: datetime
    known_at: datetime
    judged: bool
    ended_at: datetime | None = None
    truly_ended_at: datetime | None = None


class Observer:
    """Follows the clocks of one case through its states."""

    def __init__(self, book: RuleBook, *, adopted: bool) -> None:
        self._book = book
        self._judged = not adopted
        self._open: dict[tuple[Span, str, datetime], Run] = {}
        self.runs: list[Run] = []

    def look(self, case: Watched, now: datetime) -> None:
        """Take a new state: clocks that do not run any more have ended."""
        found = {(one.span, one.rule, one.since): one for one in self._book.deadlines(case)}
        for key in [key for key in self._open if key not in found]:
            run = self._open.pop(key)
            run.ended_at = now
            run.truly_ended_at = min(_end_of(run.deadline, case) or now, now)
        for key, deadline in found.items():
            breach_at = self._book.breach_at(case, deadline)
            if key in self._open:
                self._open[key].deadline, self._open[key].breach_at = deadline, breach_at
            else:
                run = self._open[key] = Run(deadline, breach_at, now, self._judged)
                self.runs.append(run)
        self._judged = True


def _end_of(deadline: Deadline, case: Watched) -> datetime | None:
    """When did what ended this clock happen, as far as the case tells? None: nothing but that we stopped looking."""
    if isinstance(case, OrderCase):
        return min((one.shipped_at for one in case.shipments if one.shipped_at), default=None)
    return end_of(deadline.span, deadline.since, case)
