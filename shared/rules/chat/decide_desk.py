"""Who takes the next buyer: one desk per group gives all of its seats, so that nobody gets one too many.

Most urgent first, then who waits longest. A person takes buyers while online and on shift; one who goes offline keeps
theirs for the grace time, one who is away keeps them and gets no more. What was lost on the way is found again: a
session that asks again is answered again, and an old seat is confirmed from time to time.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.chat_events import AgentSeen, SeatFreed, SeatGiven, SeatLost, SeatWanted
from shared.domain.decision import Decision, Facts
from shared.domain.events import DeadlineReached, NoticeRaised
from shared.domain.keys import desk_key
from shared.domain.messages import Message
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.routing import Group
from shared.domain.session import AgentState, DeskCase, Presence, Seat, Waiter
from shared.domain.why import Why
from shared.rules.chat.roster import gap_ahead, is_one_gap, next_change
from shared.rules.routing.facts import on_shift

WAITING_MAX = 300
"""Longer lines do not fit into a case that is written often; who is sent away asks again."""

_CHECK_AFTER = timedelta(minutes=30)
_CHECK_ALONG = timedelta(minutes=15)
_WARNED_LONG_AGO = timedelta(days=6)


def decide_desk(facts: Facts[DeskCase], policy: Policy, now: datetime) -> Decision[DeskCase]:
    """Give the desk's next state, and the seats that it gives and takes."""
    event = facts.event
    if event is None:
        return Decision(facts.case)
    group = policy.routing.groups.get(event.case.id)
    case = facts.case or DeskCase(group=event.case.id)
    desk = _Desk(facts.merchant, policy, now, case, group or Group.model_construct())
    match event:
        case SeatWanted():
            desk.want(event)
        case SeatFreed():
            desk.free(event.session, event.token)
        case AgentSeen():
            desk.see(event)
        case DeadlineReached():
            pass
        case _:
            raise TypeError(f"{event.type} is not about a desk")
    if group is None:  # taken out of the policy
        desk.dissolve()
        return Decision(desk.case if facts.case or desk.outbox else None, tuple(desk.outbox))
    desk.take_from_the_gone()
    desk.give()
    desk.check_old_seats()
    desk.warn_of_empty_hours()
    return Decision(desk.case, tuple(desk.outbox), desk.due())


class _Desk:
    """A desk in the making."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: DeskCase, group: Group) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.case = case
        self.group = group
        self.limits = {one.agent: one.seats for one in group.agents}
        self.outbox: list[Message] = []

    # ---- what happened -------------------------------------------------------------------------------------------

    def want(self, event: SeatWanted) -> None:
        """Put a session into the line; an older request of the same session gives way, a repeated one is answered."""
        for agent, state in self.case.agents.items():
            for seat in state.seats:
                if seat.session == event.session and seat.token == event.token:
                    self._say_seat(SeatGiven, seat.session, agent, seat.token)
                if seat.session == event.session and seat.token >= event.token:
                    return
        known = next((one for one in self.case.waiting if one.session == event.session), None)
        if known and known.token >= event.token:
            return
        self._drop(event.session, below=event.token)
        waiter = Waiter(
            session=event.session,
            token=event.token,
            since=event.since,
            at=event.at,
            priority=event.priority,
            agent=event.agent,
            not_agent=event.not_agent,
        )
        self._change(waiting=(*self.case.waiting, waiter))

    def free(self, session: str, token: int) -> None:
        """Take a session off its seat and out of the line."""
        self._drop(session, below=token + 1)

    def see(self, event: AgentSeen) -> None:
        """An agent came or went; news older than what is known changes nothing."""
        known = self.case.agents.get(event.agent)
        at = min(event.at, self.now)
        if event.agent not in self.limits or (known and known.since > at):
            return
        seats = known.seats if known else ()
        since = known.since if known and known.presence is event.presence else at
        self._put(event.agent, AgentState(presence=event.presence, since=since, seats=seats))

    def dissolve(self) -> None:
        """Send everybody away: there is no such group any more."""
        for agent, state in self.case.agents.items():
            for seat in state.seats:
                self._say_seat(SeatLost, seat.session, agent, seat.token)
        for waiter in self.case.waiting:
            self._say_seat(SeatLost, waiter.session, None, waiter.token)
        self._change(agents={}, waiting=())

    # ---- seats ---------------------------------------------------------------------------------------------------

    def take_from_the_gone(self) -> None:
        """Take the sessions of agents who are offline for longer than the grace time, or not of the group any more."""
        for agent, state in list(self.case.agents.items()):
            is_member = agent in self.limits
            is_gone = state.presence is Presence.OFFLINE and self.now >= self._grace_ends(state)
            if is_gone or not is_member:
                for seat in state.seats:
                    self._say_seat(SeatLost, seat.session, agent, seat.token)
                if not is_member:
                    self._change(agents={name: one for name, one in self.case.agents.items() if name != agent})
                elif state.seats:
                    self._put(agent, state.model_copy(update={"seats": ()}))

    def give(self) -> None:
        """Seat whoever can be seated."""
        left: list[Waiter] = []
        for waiter in sorted(self.case.waiting, key=lambda one: (one.priority, one.since, one.session)):
            agent = self._agent_for(waiter)
            if agent is None:
                left.append(waiter)
                continue
            state = self.case.agents[agent]
            seat = Seat(session=waiter.session, token=waiter.token, since=self.now)
            self._put(agent, state.model_copy(update={"seats": (*state.seats, seat)}))
            self._say_seat(SeatGiven, waiter.session, agent, waiter.token)
        self._change(waiting=tuple(left[:WAITING_MAX]))

    def _agent_for(self, waiter: Waiter) -> str | None:
        """Choose the free agent with the most room; for a while only the wanted one, and not the one who was silent."""
        agents = self.case.agents
        there = [name for name in on_shift(self.group, self.now) if self._is_online(name)]
        free = [name for name in there if len(agents[name].seats) < self.limits[name]]
        if self.now < self._choosy_until(waiter):
            if waiter.agent in there:
                free = [name for name in free if name == waiter.agent]
            elif set(there) - {waiter.not_agent}:
                free = [name for name in free if name != waiter.not_agent]
        room = {name: len(agents[name].seats) / self.limits[name] for name in free}
        return min(
            free, key=lambda name: (name == waiter.not_agent, room[name], agents[name].since, name), default=None
        )

    def _is_online(self, agent: str) -> bool:
        known = self.case.agents.get(agent)
        return known is not None and known.presence is Presence.ONLINE

    def check_old_seats(self) -> None:
        """Say again who has an old seat: a session that does not need it any more gives it back."""
        seats = [seat for state in self.case.agents.values() for seat in state.seats]
        if not any(self.now >= _checked(seat) + _CHECK_AFTER for seat in seats):
            return
        for agent, state in list(self.case.agents.items()):
            old = [seat for seat in state.seats if self.now >= _checked(seat) + _CHECK_ALONG]
            for seat in old:
                self._say_seat(SeatGiven, seat.session, agent, seat.token)
            checked = [
                seat.model_copy(update={"checked_at": self.now}) if seat in old else seat for seat in state.seats
            ]
            self._put(agent, state.model_copy(update={"seats": tuple(checked)}))

    # ---- the roster ----------------------------------------------------------------------------------------------

    def warn_of_empty_hours(self) -> None:
        """Say before it begins, once, that nobody is on shift although the shop is open."""
        begin = gap_ahead(self.group, self.policy.watching.hours, self.now, self.policy.routing.roster_ahead)
        warned = self.case.warned_for
        if begin is None or (warned and self._is_known_gap(warned, begin)):
            return
        self._change(warned_for=begin)
        local = begin.astimezone(ZoneInfo(self.policy.zone))
        name = self.group.title or self.case.group
        why = Why(rule="empty_roster", policy_version=self.policy.version, facts={"group": self.case.group})
        notice = Notice(
            title="客服排班空缺",
            lines=(f"客服组：{name}", f"{local:%m-%d %H:%M} 起无人值班", why.sentence),
            urgent=True,
        )
        key = str(desk_key(self.merchant, self.case.group))
        self.outbox.append(
            NoticeRaised(merchant=self.merchant, group=self.policy.desk, about=key, notice=notice, why=why)
        )

    def _is_known_gap(self, warned: datetime, begin: datetime) -> bool:
        """Whether the gap is the one that was warned of: it may lie ahead still, or have begun since."""
        return begin - _WARNED_LONG_AGO < warned <= begin and is_one_gap(self.group, warned, begin)

    def due(self) -> datetime | None:
        """When a grace time ends, somebody is less choosy, a shift changes, or old seats are to be checked."""
        times = [
            self._grace_ends(state)
            for state in self.case.agents.values()
            if state.presence is Presence.OFFLINE and state.seats
        ]
        times += [self._choosy_until(waiter) for waiter in self.case.waiting]
        times += [_checked(seat) + _CHECK_AFTER for state in self.case.agents.values() for seat in state.seats]
        change = next_change(self.group, self.now)
        if change is not None:
            times += [change - self.policy.routing.roster_ahead, change]
        return min((at for at in times if at > self.now), default=None)

    # ---- small things --------------------------------------------------------------------------------------------

    def _grace_ends(self, state: AgentState) -> datetime:
        return state.since + self.policy.routing.offline_grace

    def _choosy_until(self, waiter: Waiter) -> datetime:
        wish = waiter.agent or waiter.not_agent
        return waiter.at + self.policy.routing.silence_max if wish else waiter.at

    def _drop(self, session: str, below: int) -> None:
        waiting = tuple(one for one in self.case.waiting if one.session != session or one.token >= below)
        if len(waiting) < len(self.case.waiting):
            self._change(waiting=waiting)
        for agent, state in list(self.case.agents.items()):
            seats = tuple(seat for seat in state.seats if seat.session != session or seat.token >= below)
            if len(seats) < len(state.seats):
                self._put(agent, state.model_copy(update={"seats": seats}))

    def _put(self, agent: str, state: AgentState) -> None:
        self._change(agents={**self.case.agents, agent: state})

    def _change(self, **fields: object) -> None:
        self.case = self.case.model_copy(update=fields)

    def _say_seat(self, kind: type[SeatGiven] | type[SeatLost], session: str, agent: str | None, token: int) -> None:
        channel, session_id = session.split(":", 1)
        self.outbox.append(
            kind.model_validate(
                {
                    "merchant": self.merchant,
                    "channel": channel,
                    "session_id": session_id,
                    "group": self.case.group,
                    "agent": agent,
                    "token": token,
                    "at": self.now,
                }
            )
        )


def _checked(seat: Seat) -> datetime:
    return seat.checked_at or seat.since
