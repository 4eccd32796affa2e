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
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.policy import Policy
from shared.domain.tickets import Anomaly
from shared.domain.watching import Limit, Span
from shared.rules.deadlines import BY_PLATFORM, NO_PACE, Deadline, Running, Scope, deadline_of
from shared.rules.order_watch import ship_deadlines
from shared.rules.parcel_spans import heeded, running

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
        self._alone: dict[Span, list[Policy]] = {span: [] for span in Span}
        for one in limits:
            if one == one.model_copy(update=EVERYWHERE_OFF):
                continue
            others = [other for other in limits if other.span is one.span and other.rule != one.rule]
            self._alone[one.span].append(without(policy, others) if others else policy)

    def deadlines(self, case: Watched) -> Iterator[Deadline]:
        """Give the deadline of every rule whose clock runs and is heeded; several of one stretch where several hold."""
        if isinstance(case, OrderCase):
            for policy in self._alone[Span.PAY_TO_SHIP]:
                yield from ship_deadlines(case, policy)
            return
        if not case.watch.step:
            return
        clocks = tuple(running(case))
        scopes = _scopes(case) if clocks else []
        alone = ((clock, policy) for clock in clocks for policy in self._alone[clock.span])
        found = (self._deadline(clock, scopes, policy, case.carrier) for clock, policy in alone)
        yield from heeded(case, (one for one in found if one))

    def _deadline(self, clock: Running, scopes: list[Scope], policy: Policy, carrier: str) -> Deadline | None:
        pace = policy.paces.get(carrier, NO_PACE)
        found = [deadline_of(clock, scope, policy.watching, pace) for scope in scopes]
        return min((one for one in found if one), key=lambda one: (one.breach_at, one.rule), default=None)


def _scopes(case: ParcelCase) -> list[Scope]:
    return [
        Scope(content.platform, case.carrier, content.region, content.paid_at, content.paid_fen or 0)
        for content in case.contents
    ] or [Scope(carrier=case.carrier)]


@dataclass(slots=True)
class Run:
    """One run of one rule's clock. `known_at`: since when it could be seen.

    `ended_at` is when its end became known, `truly_ended_at` when that happened by the courier's or the shop's time;
    both None: it still ran when the history ended. `judged` is false where its beginning lies before the history.
    """

    deadline: Deadline
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
            run.truly_ended_at = min(max(_end_of(key[0], case) or now, run.deadline.since), now)
        for key, deadline in found.items():
            if key in self._open:
                self._open[key].deadline = deadline
            else:
                run = self._open[key] = Run(deadline, now, self._judged)
                self.runs.append(run)
        self._judged = True


def _end_of(span: Span, case: Watched) -> datetime | None:
    """When did what ends this stretch happen, as far as the case tells?"""
    if isinstance(case, OrderCase):
        return min((one.shipped_at for one in case.shipments if one.shipped_at), default=None)
    match span:
        case Span.SHIP_TO_PICKUP | Span.RETURN_PICKUP:
            return case.picked_up_at
        case Span.PICKUP_TO_MOVEMENT:
            return case.moved_at
        case Span.PAY_TO_SIGN | Span.PICKUP_POINT:
            scan = case.last_scan
            return scan.at if scan and (span is Span.PICKUP_POINT or scan.stage is Stage.DELIVERED) else None
        case Span.RETURN_RECEIPT:
            return case.received_at
        case _:
            return case.heard_at
