"""Replays a story through the product's rules on a virtual clock. What they want to say or do is kept, never done.

Facts come at their recorded times, deadlines at theirs; of one instant, facts come first. What the store, the queues
and the vendors would add (a sweep's minute, a repetition, an answer) is left out. Refunds are no part of it: where they
stopped a parcel, that is taken as it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from infra.backtest.clocks import Observer, RuleBook, Run
from infra.backtest.recorded import is_another, opened, with_facts
from infra.backtest.stories import Seen, Step, Story, Watched
from shared.domain.commands import QueryTracking, SubscribeTracking, TellBuyer, UrgeCourier
from shared.domain.decision import Decision, Facts
from shared.domain.events import DeadlineReached, NoticeRaised, OrderReported, ParcelShipped
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.messages import AnyEvent, Message
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.tickets import Anomaly, Ticket
from shared.rules.decide_order import decide_order
from shared.rules.decide_parcel import decide_parcel
from shared.rules.ticketing import BROKEN

FOLLOWED_FOR = timedelta(days=60)
"""How long a case is followed after its last news: the longest limit there can be."""

_SWEEP_EVERY = timedelta(minutes=1)
_TICKS_MAX = 20_000  # of one case; a rule that wants more never comes to rest


class NeverRests(RuntimeError):
    """A case asks to be looked at again and again without end. A bug in a rule; the message names the case."""


class Said(NamedTuple):
    """A notice to a staff group that would have been raised."""

    at: datetime
    group: str
    rule: str
    title: str
    urgent: bool


class Called(NamedTuple):
    """A vendor's call that would have been made."""

    at: datetime
    command: str


@dataclass(slots=True)
class Course:
    """A ticket from its opening on, as the rules held it. `level`: 1 warned, 2 broken, above that escalated."""

    anomaly: Anomaly
    rule: str
    since: datetime | None
    opened_at: datetime
    level: int = 0
    broken_at: datetime | None = None
    closed_at: datetime | None = None
    exposure_fen: int = 0


@dataclass(slots=True)
class Trace:
    """What a policy would have done about a story, and what became of every rule's clocks until `end`."""

    story: Story
    end: datetime
    runs: list[Run] = field(default_factory=list)
    tickets: list[Course] = field(default_factory=list)
    notices: list[Said] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    recorded: list[Anomaly] = field(default_factory=list)  # tickets that were really opened, where that is known
    decisions: int = 0


@dataclass(slots=True)
class _Case:
    key: CaseKey
    observer: Observer
    case: Watched | None = None
    due: datetime | None = None
    open: dict[Anomaly, Course] = field(default_factory=dict)


def replay(story: Story, book: RuleBook, until: datetime) -> Trace:
    """Replay a story up to the end of the history, or of what is known of it.

    Raises:
        NeverRests: a rule is broken.
    """
    end = min(story.known_until or until, until)
    world = _World(story, book, Trace(story, end))
    steps = [step for step in story.steps if step.at <= end]
    for step in steps:
        world.pass_time(step.at, inclusive=False)
        world.learn(step)
    if steps:
        world.pass_time(min(end, steps[-1].at + FOLLOWED_FOR), inclusive=True)
    return world.close()


class _World:
    """The cases of a story and the time in it."""

    def __init__(self, story: Story, book: RuleBook, trace: Trace) -> None:
        self._story, self._book, self._policy, self._trace = story, book, book.policy, trace
        self._cases: dict[CaseKey, _Case] = {}

    def learn(self, step: Step) -> None:
        """Take news."""
        if isinstance(step.what, Seen):
            self._see(step.what, step.at)
        else:
            self._take(step.what, step.at)

    def pass_time(self, until: datetime, *, inclusive: bool) -> None:
        """Let every deadline be reached that comes before an instant, or (`inclusive`) at it."""
        while True:
            waiting = [(one.due, key) for key, one in self._cases.items() if one.due]
            now, key = min(waiting, default=(None, None))
            if now is None or key is None or now > until or (now == until and not inclusive):
                return
            first = self._cases[key]
            event = DeadlineReached(merchant=first.key.merchant, about=str(first.key))
            self._decided(first, _decide(first, event, self._policy, now), now)
            if first.due is not None and first.due <= now:
                first.due = now + _SWEEP_EVERY
            if self._trace.decisions > _TICKS_MAX:
                raise NeverRests(f"{self._story.name} had {_TICKS_MAX} decisions by {now}")

    def close(self) -> Trace:
        """Give what happened."""
        self._trace.runs = [run for one in self._cases.values() for run in one.observer.runs]
        return self._trace

    def _take(self, event: AnyEvent, now: datetime) -> None:
        held = self._held(event.case)
        decision = _decide(held, event, self._policy, now)
        self._decided(held, decision, now)
        if held.case is not None:
            held.observer.look(held.case, now)
        for message in decision.outbox:
            if isinstance(message, ParcelShipped):
                self._take(message, now)

    def _see(self, seen: Seen, now: datetime) -> None:
        """Let what was recorded be known; what the rules made of it is theirs to decide again."""
        held = self._held(seen.key)
        if held.case is None and self._story.adopted:
            held.case = seen.after
            held.open = {one.anomaly: Course(one.anomaly, one.rule, one.since, now) for one in seen.after.tickets}
        else:
            mine = held.case
            held.case = with_facts(mine, seen, now)
            self._trace.recorded += opened(seen)
            if _subscribed(held.case) > _subscribed(mine) > 0:
                self._trace.calls.append(Called(now, "subscribe_tracking"))
        self._decided(held, _decide(held, _no_news(held), self._policy, now), now)
        held.observer.look(held.case, now)

    def _held(self, key: CaseKey) -> _Case:
        if key not in self._cases:
            self._cases[key] = _Case(key, Observer(self._book, adopted=self._story.adopted))
        return self._cases[key]

    def _decided(self, held: _Case, decision: Decision[Any], now: datetime) -> None:
        self._trace.decisions += 1
        held.case = decision.case
        held.due = max(decision.due, now) if decision.due else None
        self._hear(decision.outbox, now)
        tickets = held.case.tickets if held.case else ()
        if tickets or held.open:
            self._follow(held, tickets, now)

    def _hear(self, outbox: Iterable[Message], now: datetime) -> None:
        for message in outbox:
            if isinstance(message, NoticeRaised) and message.why.rule in self._book.rules:
                notice = message.notice
                self._trace.notices.append(Said(now, message.group, message.why.rule, notice.title, notice.urgent))
            elif isinstance(message, SubscribeTracking | QueryTracking | UrgeCourier | TellBuyer):
                self._trace.calls.append(Called(now, message.type))

    def _follow(self, held: _Case, tickets: tuple[Ticket, ...], now: datetime) -> None:
        since = {ticket.anomaly: ticket.since for ticket in tickets}
        for course in list(held.open.values()):
            if course.anomaly not in since or is_another(course.since, since[course.anomaly]):
                held.open.pop(course.anomaly).closed_at = now
        for ticket in tickets:
            if ticket.anomaly not in held.open:
                held.open[ticket.anomaly] = Course(ticket.anomaly, ticket.rule, ticket.since, now)
                self._trace.tickets.append(held.open[ticket.anomaly])
            course = held.open[ticket.anomaly]
            course.since = ticket.since
            course.level = max(course.level, ticket.level)
            course.exposure_fen = max(course.exposure_fen, ticket.exposure_fen)
            if ticket.told >= BROKEN and course.broken_at is None:
                course.broken_at = now


def _subscribed(case: Watched | None) -> int:
    return case.watch.step if isinstance(case, ParcelCase) else 0


def _no_news(held: _Case) -> AnyEvent | None:
    """An event that tells nothing: an order decides only about events, and at a tick tickets would open too early."""
    if not isinstance(held.case, OrderCase):
        return None
    order = held.case
    return OrderReported(
        merchant=held.key.merchant, platform=order.platform, order_id=order.order_id, at=order.updated_at
    )


def _decide(held: _Case, event: AnyEvent | None, policy: Policy, now: datetime) -> Decision[Any]:
    facts: Facts[Any] = Facts(merchant=held.key.merchant, event=event, case=held.case)
    return decide_order(facts, policy, now) if held.key.kind is CaseKind.ORDER else decide_parcel(facts, policy, now)
