"""A shop's chats in memory: the real rules and workflows over the fakes; queues double, shuffle and redeliver.

Three agents at two desks have five seats for a hundred sessions; the function may die after any write.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from shared.adapters.table_layout import shard_of
from shared.domain.chat_events import (
    AgentSeen,
    LineAnswered,
    LineReceived,
    LineSaid,
    SessionClosed,
    SessionHandedOver,
    Shopper,
)
from shared.domain.decision import AnyCase
from shared.domain.events import Event
from shared.domain.keys import CaseKey, desk_key, session_key
from shared.domain.lanes import Lane
from shared.domain.messages import AnyEvent, parse_message, write_message
from shared.domain.policy import Policy
from shared.domain.session import DeskCase, Holder, Presence, SessionCase
from shared.errors import Retryable
from shared.ports import StoredCase
from shared.rules.routing.facts import on_shift
from shared.workflows.handle_event import handle_event
from shared.workflows.publish_outbox import publish_outbox
from shared.workflows.route_message import Reception
from shared.workflows.watch_deadlines import OVERLAP, watch_deadlines
from tests.fakes import FakeCaseStore, FakeClock, FakeDueIndex, FakeQueue, FakeTable
from tests.simulation.world import is_wake_of

MERCHANT = "demo"
START = datetime.fromisoformat("2026-11-11T01:00:00+00:00")  # nine in the morning in the shop
AGENTS = {"anna": ("aftersale", 2), "bert": ("aftersale", 1), "lena": ("logistics", 2)}
GROUPS = ("aftersale", "logistics")
REDELIVERY = timedelta(seconds=30)
ATTEMPTS_MAX = 8


class Crash(BaseException):
    """The function dies between two steps."""


class TokenWatch(FakeCaseStore):
    """A store that refuses to see a token grow smaller, or a holder change under the same one but for a seat."""

    def save(self, before: StoredCase, case: AnyCase, **more: Any) -> None:
        """Save, if it is monotone."""
        old = before.case
        if isinstance(old, SessionCase) and isinstance(case, SessionCase):
            assert case.token >= old.token, f"{case.name}: {old.token} → {case.token}"
            if case.token == old.token and case.holder is not old.holder:
                assert (old.holder, case.holder) == (Holder.WAITING, Holder.AGENT), f"{old.holder} → {case.holder}"
        super().save(before, case, **more)


def policy_of(*, shifts: bool) -> Policy:
    """The shop's policy; with shifts there are hours in which nobody works."""
    groups: dict[str, Any] = {}
    for name in GROUPS:
        agents = [{"agent": agent, "seats": seats} for agent, (group, seats) in AGENTS.items() if group == name]
        groups[name] = {"agents": agents}
        if shifts:
            week = {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
            groups[name]["shifts"] = [{"agents": [one["agent"] for one in agents], "hours": {"week": week}}]
    routing = {"groups": groups, "aftersale_group": "aftersale", "logistics_group": "logistics"}
    return Policy.model_validate({"merchant": MERCHANT, "version": 1, "routing": routing})


class Shop:
    """One merchant, its agents as they really are, and everything that is under way."""

    def __init__(self, *, shifts: bool = False) -> None:
        self.clock = FakeClock(START)
        self.crash_in = 0
        self.table = FakeTable(self._maybe_crash)
        self.queue = FakeQueue(self.table)
        self.store = TokenWatch(self.table)
        self.index = FakeDueIndex(self.table)
        self.policy = self.table.policies[MERCHANT] = policy_of(shifts=shifts)
        self.reception = Reception(self.store, self.queue, self.clock, self._count)
        self.presence = dict.fromkeys(AGENTS, Presence.OFFLINE)
        self.later: list[tuple[datetime, str, int]] = []
        self.dead: list[str] = []
        self.counts = Counter[str]()
        self._lines = 0

    def _maybe_crash(self, number: int, what: str) -> None:
        if self.crash_in:
            self.crash_in -= 1
            if not self.crash_in:
                raise Crash(what)

    # ---- what the desktop tells ----------------------------------------------------------------------------------

    def tell(self, event: AnyEvent, copies: int = 1, late_s: int = 0) -> None:
        """The desktop tells something that happened now; it may come late and several times."""
        at = self.clock.now() + timedelta(seconds=late_s)
        self.later += [(at, write_message(event), 1)] * copies

    def write(self, number: int, *, upset: bool, copies: int = 1, late_s: int = 0) -> None:
        """A buyer writes."""
        self._lines += 1
        tone = "complaint" if upset else "calm"
        line = LineReceived(
            **_session(number), at=self.clock.now(), line=f"l{self._lines}", words=f"w{self._lines}", intent="other",
            tone=tone, negative=upset, shopper=Shopper(buyer=f"b{number}"),
        )  # fmt: skip
        self.tell(line, copies, late_s)

    def ask(self, number: int, *, upset: bool, times: int = 1) -> None:
        """A buyer writes, and the desktop asks where that belongs; a lost answer makes it ask again."""
        self._lines += 1
        line = LineSaid(
            **_session(number), at=self.clock.now(), message_id=f"q{self._lines}", shopper=Shopper(buyer=f"b{number}"),
            text=f"骗子{self._lines}" if upset else f"你好{self._lines}",
        )  # fmt: skip
        for _ in range(times):
            try:
                self.reception.route(line)
            except Crash:
                self.reception.route(line)

    def answer(self, number: int, agent: str | None, copies: int = 1, late_s: int = 0) -> None:
        """The bot or a person answers, who may not have the session any more."""
        self._lines += 1
        event = LineAnswered(**_session(number), at=self.clock.now(), agent=agent, line=f"a{self._lines}")
        self.tell(event, copies, late_s)

    def hand_over(self, number: int, target: str | None, copies: int = 1, late_s: int = 0) -> None:
        """Somebody hands over to a group or agent, or (None) back to the bot."""
        to = {"agent" if target in AGENTS else "group": target}
        self.tell(SessionHandedOver(**_session(number), at=self.clock.now(), **to), copies, late_s)

    def close(self, number: int, copies: int = 1, late_s: int = 0) -> None:
        """The desktop closes a session."""
        self.tell(SessionClosed(**_session(number), at=self.clock.now()), copies, late_s)

    def go(self, agent: str, presence: Presence, copies: int = 1, late_s: int = 0) -> None:
        """An agent comes or goes."""
        self.presence[agent] = presence
        event = AgentSeen(
            merchant=MERCHANT, group=AGENTS[agent][0], agent=agent, presence=presence, at=self.clock.now()
        )
        self.tell(event, copies, late_s)

    # ---- one step of the machine ---------------------------------------------------------------------------------

    def publish(self, *, twice: bool = False) -> None:
        """Forward the stream; a crash delivers the same records again."""
        records = [
            {"dynamodb": {"NewImage": {"outbox": {"S": record.outbox}}}}
            for record in self.table.take_stream()
            if record.outbox
        ]
        for _ in range(2 if twice else 1):
            try:
                publish_outbox(records, self.queue, ring=lambda: None)
            except Crash:
                publish_outbox(records, self.queue, ring=lambda: None)
        self._collect()

    def deliver(self, choice: int = 0, *, twice: bool = False) -> bool:
        """Deliver one message that is ready, any of them; false when none is."""
        self._collect()
        ready = [entry for entry in self.later if entry[0] <= self.clock.now()]
        if not ready:
            return False
        entry = ready[choice % len(ready)]
        self.later.remove(entry)
        for _ in range(2 if twice else 1):
            self._take(*entry[1:])
        return True

    def _take(self, body: str, attempt: int) -> None:
        message = parse_message(body)
        assert isinstance(message, Event)
        try:
            handle_event(message, self.store, self.clock, self._count)
        except Retryable as error:
            self._redeliver(body, attempt, error.after)
        except Crash:
            self._redeliver(body, attempt, REDELIVERY)

    def _count(self, what: str) -> None:
        self.counts[what] += 1

    def _redeliver(self, body: str, attempt: int, after: timedelta) -> None:
        if attempt >= ATTEMPTS_MAX:
            self.dead.append(body)
        else:
            self.later.append((self.clock.now() + after, body, attempt + 1))

    def tick(self, by: timedelta) -> None:
        """Let time pass and the sweep run."""
        self.clock.advance(by)
        try:
            watch_deadlines(self.index, self.queue, self.clock)
        except Crash:
            watch_deadlines(self.index, self.queue, self.clock)
        self._collect()

    def _collect(self) -> None:
        now = self.clock.now()
        self.later += [(now, body, 1) for _, body in self.queue.take(Lane.CHATS, now)]
        self.queue.take(Lane.NOTIFICATIONS)

    def hold_up(self, which: str, by: timedelta) -> None:
        """Let the messages of a type that are under way come later."""
        self.later = [
            (at + by if f'"type":"{which}' in body else at, body, attempt) for at, body, attempt in self.later
        ]

    def drain(self) -> None:
        """Deliver everything that is ready, until nothing moves."""
        for _ in range(5000):
            self.publish()
            if not self.deliver():
                return
        raise AssertionError("it never comes to rest")

    def settle(self, hours: int = 24 * 9) -> None:
        """No more faults: agents answer and close what they have, until nobody is owed anything or time is over."""
        self.crash_in = 0
        end = self.clock.now() + timedelta(hours=hours)
        for _ in range(3000):
            self.drain()
            if self._work():
                continue
            following = min([*self._dues(), *(entry[0] for entry in self.later)], default=end)
            waiting = any(desk.waiting for desk in self.desks())
            if following >= end or not (self.owed() or self.later or waiting):
                return
            self.tick(max(following - self.clock.now(), timedelta(0)) + timedelta(seconds=1))
        raise AssertionError("it never comes to rest")

    def _work(self) -> bool:
        """Everybody who is there answers and closes all that they have."""
        self.clock.advance(timedelta(seconds=1))
        busy = False
        for case in self.sessions():
            if case.holder is Holder.AGENT and case.agent and self.presence[case.agent] is Presence.ONLINE:
                self.answer(int(case.session_id), case.agent)
                self.close(int(case.session_id))
                busy = True
        return busy

    # ---- looking -------------------------------------------------------------------------------------------------

    def sessions(self) -> list[SessionCase]:
        """All sessions as stored."""
        return [stored.case for stored in self.table.cases.values() if isinstance(stored.case, SessionCase)]

    def session(self, number: int) -> SessionCase | None:
        """One session as stored."""
        stored = self.table.cases.get(session_key(MERCHANT, "web", str(number)))
        return stored.case if stored and isinstance(stored.case, SessionCase) else None

    def desks(self) -> Iterator[DeskCase]:
        """The desks as stored."""
        for group in GROUPS:
            stored = self.table.cases.get(desk_key(MERCHANT, group))
            if stored and isinstance(stored.case, DeskCase):
                yield stored.case

    def seats(self) -> dict[str, list[tuple[str, str, int]]]:
        """Where each session sits, according to the desks: group, agent, token."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for desk in self.desks():
            for agent, state in desk.agents.items():
                for seat in state.seats:
                    found.setdefault(seat.session, []).append((desk.group, agent, seat.token))
        return found

    def free_at(self, desk: DeskCase) -> list[str]:
        """Who could take somebody now, as far as the desk knows."""
        there = on_shift(self.policy.routing.groups[desk.group], self.clock.now())
        known = {agent: desk.agents[agent] for agent in there if agent in desk.agents}
        online = {agent: state for agent, state in known.items() if state.presence is Presence.ONLINE}
        return [agent for agent, state in online.items() if len(state.seats) < AGENTS[agent][1]]

    def seats_under_way(self) -> bool:
        """Whether desks and sessions have something to tell each other still."""
        return any('"type":"seat_' in body for _, body, _ in self.later)

    def owed(self) -> list[SessionCase]:
        """The sessions with people whose buyers are owed a word."""
        return [case for case in self.sessions() if case.holder in _WITH_PEOPLE and case.unanswered_since]

    def unguarded(self) -> list[CaseKey]:
        """Give the cases with a deadline that no sweep would notice: there should never be one."""
        queued = self.queue.later[Lane.CHATS]
        waiting = {body for _, body, _ in self.later} | {body for _, body, at in queued if at <= self.clock.now()}
        return [key for key, one in self.table.cases.items() if one.due and not self._is_guarded(one, waiting)]

    def _is_guarded(self, stored: StoredCase, waiting: set[str]) -> bool:
        shard, key, now = shard_of(stored.key), str(stored.key), self.clock.now()
        swept = self.table.cursors.get(shard)
        latest = max(stored.due or now, now)
        ahead = (at for at, name in self.table.pointers[shard] if name == key and (not swept or at >= swept - OVERLAP))
        if any(at <= latest for at in ahead):
            return True
        return any(is_wake_of(body, key) for body in waiting)

    def _dues(self) -> list[datetime]:
        return [stored.due for stored in self.table.cases.values() if stored.due]


_WITH_PEOPLE = (Holder.WAITING, Holder.AGENT)


def _session(number: int) -> dict[str, str]:
    return {"merchant": MERCHANT, "channel": "web", "session_id": str(number)}
