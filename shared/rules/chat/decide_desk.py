"""Who takes the next buyer: one desk per group gives all of its seats, so that nobody gets one too many.

Most urgent first, then who waits longest. A person takes buyers while online and on shift; one who goes offline keeps
theirs for the grace time, one who is away keeps them and gets no more.
"""

from datetime import datetime
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
from shared.rules.chat.roster import next_change, uncovered_at
from shared.rules.routing.facts import on_shift


def decide_desk(facts: Facts[DeskCase], policy: Policy, now: datetime) -> Decision[DeskCase]:
    """Give the desk's next state, and the seats that it gives and takes."""
    event = facts.event
    if event is None or event.case.id not in policy.routing.groups:
        return Decision(facts.case)
    desk = _Desk(facts.merchant, policy, now, facts.case or DeskCase(group=event.case.id))
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
    desk.take_from_the_gone()
    desk.give()
    desk.warn_of_empty_hours()
    return Decision(desk.case, tuple(desk.outbox), desk.due())


class _Desk:
    """A desk in the making."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: DeskCase) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.case = case
        self.group: Group = policy.routing.groups[case.group]
        self.outbox: list[Message] = []

    def want(self, event: SeatWanted) -> None:
        """Put a session into the line; an older request of the same session gives way."""
        if any(
            seat.session == event.session and seat.token >= event.token
            for state in self.case.agents.values()
            for seat in state.seats
        ):
            return
        known = next((one for one in self.case.waiting if one.session == event.session), None)
        if known and known.token >= event.token:
            return
        self._drop(event.session, below=event.token)
        waiter = Waiter(
            session=event.session,
            token=event.token,
            since=event.since,
            priority=event.priority,
            agent=event.agent,
            not_agent=event.not_agent,
        )
        self.case = self.case.model_copy(update={"waiting": (*self.case.waiting, waiter)})

    def free(self, session: str, token: int) -> None:
        """Take a session off its seat and out of the line."""
        self._drop(session, below=token + 1)

    def see(self, event: AgentSeen) -> None:
        """An agent came or went; news older than what is known changes nothing."""
        known = self.case.agents.get(event.agent)
        if event.agent not in [one.agent for one in self.group.agents] or (known and known.since > event.at):
            return
        seats = known.seats if known else ()
        since = known.since if known and known.presence is event.presence else event.at
        self._put(event.agent, AgentState(presence=event.presence, since=since, seats=seats))

    def take_from_the_gone(self) -> None:
        """Take the sessions of agents who are offline for longer than the grace time, or not of the group any more."""
        members = [one.agent for one in self.group.agents]
        for agent, state in self.case.agents.items():
            gone = state.presence is Presence.OFFLINE and self.now >= state.since + self.policy.routing.offline_grace
            if state.seats and (gone or agent not in members):
                for seat in state.seats:
                    self._say_seat(SeatLost, seat.session, agent, seat.token)
                self._put(agent, state.model_copy(update={"seats": ()}))

    def give(self) -> None:
        """Seat whoever can be seated."""
        left: list[Waiter] = []
        for waiter in sorted(self.case.waiting, key=lambda one: (one.priority, one.since, one.session)):
            agent = self._free_agent(waiter)
            if agent is None:
                left.append(waiter)
                continue
            state = self.case.agents[agent]
            seat = Seat(session=waiter.session, token=waiter.token, since=self.now)
            self._put(agent, state.model_copy(update={"seats": (*state.seats, seat)}))
            self._say_seat(SeatGiven, waiter.session, agent, waiter.token)
        self.case = self.case.model_copy(update={"waiting": tuple(left)})

    def _free_agent(self, waiter: Waiter) -> str | None:
        """Choose the agent with the most room; the one who was silent only if there is nobody else."""
        limits = {one.agent: one.seats for one in self.group.agents}
        working = on_shift(self.group, self.now)
        free = [
            (agent == waiter.not_agent, len(state.seats) / limits[agent], state.since, agent)
            for agent, state in self.case.agents.items()
            if agent in working and state.presence is Presence.ONLINE and len(state.seats) < limits[agent]
        ]
        named = self.case.agents.get(waiter.agent or "")
        if named and named.presence is Presence.ONLINE and waiter.agent in working:
            free = [one for one in free if one[3] == waiter.agent]  # there, and worth waiting for
        return min(free)[3] if free else None

    def warn_of_empty_hours(self) -> None:
        """Say before it begins that nobody is on shift."""
        at = uncovered_at(self.group, self.now, self.policy.routing.roster_ahead)
        if at is None or (self.case.warned_for and at <= self.case.warned_for):
            return
        self.case = self.case.model_copy(update={"warned_for": at})
        local = at.astimezone(ZoneInfo(self.policy.zone))
        why = Why(rule="empty_roster", policy_version=self.policy.version, facts={"group": self.case.group})
        notice = Notice(
            title="客服排班空缺",
            lines=(f"客服组：{self.case.group}", f"{local:%m-%d %H:%M} 起无人值班", why.sentence),
            urgent=True,
        )
        key = str(desk_key(self.merchant, self.case.group))
        self.outbox.append(
            NoticeRaised(merchant=self.merchant, group=self.policy.desk, about=key, notice=notice, why=why)
        )

    def due(self) -> datetime | None:
        """When a grace time ends, a shift begins for those who wait, or the roster is to be looked at."""
        grace = self.policy.routing.offline_grace
        times = [
            state.since + grace
            for state in self.case.agents.values()
            if state.presence is Presence.OFFLINE and state.seats
        ]
        change = next_change(self.group, self.now)
        if change is not None:
            ahead = change - self.policy.routing.roster_ahead
            times.append(ahead if ahead > self.now else change)
        return min((at for at in times if at > self.now), default=None)

    def _drop(self, session: str, below: int) -> None:
        waiting = tuple(one for one in self.case.waiting if one.session != session or one.token >= below)
        self.case = self.case.model_copy(update={"waiting": waiting})
        for agent, state in self.case.agents.items():
            seats = tuple(seat for seat in state.seats if seat.session != session or seat.token >= below)
            if seats != state.seats:
                self._put(agent, state.model_copy(update={"seats": seats}))

    def _put(self, agent: str, state: AgentState) -> None:
        self.case = self.case.model_copy(update={"agents": {**self.case.agents, agent: state}})

    def _say_seat(self, kind: type[SeatGiven] | type[SeatLost], session: str, agent: str, token: int) -> None:
        channel, session_id = session.split(":", 1)
        self.outbox.append(
            kind(
                merchant=self.merchant,
                channel=channel,
                session_id=session_id,
                group=self.case.group,
                agent=agent,
                token=token,
                at=self.now,
            )
        )
