"""The session while it is being decided: its state, and the ways it can speak."""

from datetime import datetime

from shared.domain.chat_events import SeatFreed, SeatWanted
from shared.domain.commands import AssignSession
from shared.domain.events import NoticeRaised
from shared.domain.keys import session_key
from shared.domain.messages import Message
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.routing import Action
from shared.domain.session import Holder, Routed, SessionCase
from shared.domain.why import Why
from shared.rules.chat.following import group_for

SECOND_HOP, LATE_LINE = "second_hop", "late_line"
"""What operators count."""

_ROUTED_MAX = 4


class SessionDraft:
    """A session in the making, with what is to be said."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: SessionCase) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.case = case
        self.outbox: list[Message] = []
        self.counts: list[str] = []
        self._settle()

    def _settle(self) -> None:
        """Let go of what belongs to the other way, where a policy has changed who decides on the channel."""
        if self.case.holder is Holder.CLOSED or self.is_advisory == (self.case.advised is not None):
            return
        self._leave_people()

    @property
    def is_advisory(self) -> bool:
        """Whether the platform decides, and we only advise."""
        return self.policy.routing.is_advisory(self.case.channel)

    @property
    def _next_token(self) -> int:
        """The token after a change of the holder; advice changes nobody."""
        return self.case.token + (not self.is_advisory)

    # ---- state ---------------------------------------------------------------------------------------------------

    def change(self, **fields: object) -> None:
        """Set fields of the case."""
        self.case = self.case.model_copy(update=fields)

    def explain(self, routed: Routed, action: Action | None = None) -> None:
        """Remember why the session is where it goes now."""
        case = self.case
        tags = tuple(sorted({*case.tags, *action.tags})) if action else case.tags
        self.change(routed=(*case.routed, routed)[-_ROUTED_MAX:], tags=tags, seen=None)

    def move(self, group: str, why: str, agent: str | None = None, not_agent: str | None = None) -> None:
        """Send the session to a group or person, from wherever it is; from people to people that is a hop."""
        if self.case.holder is not Holder.BOT:
            self.change(hops=self.case.hops + 1)
            if self.case.hops > 1:
                self.counts.append(SECOND_HOP)
        self.leave_seat()
        self.wait(group, why, agent=agent, not_agent=not_agent)

    def wait(
        self, group: str, why: str, *, agent: str | None = None, not_agent: str | None = None, is_owed: bool = True
    ) -> None:
        """Stand in a group's line; who waited before keeps the place. Where the buyer is owed nothing, it is parked."""
        case = self.case
        if self.is_advisory:
            self.change(advised=Holder.AGENT if agent else Holder.WAITING, group=group, agent=agent)
            return
        owed_since = case.unanswered_since or (self.now if is_owed else None)
        self.change(
            holder=Holder.WAITING,
            group=group,
            agent=None,
            token=self._next_token,
            held_since=self.now,
            waiting_since=(case.waiting_since or owed_since) if owed_since else None,
            people_since=case.people_since or self.now,
            unanswered_since=owed_since,
            asked=0,
        )
        if owed_since:
            self.ask(agent=agent, not_agent=not_agent)
        self.tell_desktop(why)

    def ask(self, agent: str | None = None, not_agent: str | None = None) -> None:
        """Ask the group's desk for a seat; asking again is harmless."""
        case = self.case
        since = case.waiting_since or case.unanswered_since or self.now
        self.change(waiting_since=since)
        self.say(
            SeatWanted(
                merchant=self.merchant,
                group=case.group or "",
                session=case.name,
                token=case.token,
                since=since,
                at=self.now,
                priority=case.priority,
                agent=agent,
                not_agent=not_agent,
            )
        )

    def leave_seat(self) -> None:
        """Give the seat, or the place in the line, back to the desk that gave it."""
        case = self.case
        if case.group and case.holder in (Holder.WAITING, Holder.AGENT):
            self.say(SeatFreed(merchant=self.merchant, group=case.group, session=case.name, token=case.token))

    def give_to_bot(self) -> None:
        """Let the bot speak again; what has upset the buyer until now, people have seen to."""
        self._leave_people()
        self.change(token=self._next_token, negative_lines=0, repeated=0)
        self.tell_desktop("returned")

    def _leave_people(self) -> None:
        self.leave_seat()
        self.change(
            holder=Holder.BOT,
            advised=Holder.BOT if self.is_advisory else None,
            group=None,
            agent=None,
            held_since=self.now,
            waiting_since=None,
            people_since=None,
            overdue=False,
            priority=5,
            silences=0,
        )

    def close(self, at: datetime) -> None:
        """End the conversation."""
        self.leave_seat()
        self.change(holder=Holder.CLOSED, agent=None, token=self._next_token, closed_at=at, waiting_since=None)

    def reopen(self, at: datetime) -> None:
        """Begin a new conversation with the same name: the buyer came back."""
        case = self.case
        self.case = SessionCase(
            channel=case.channel,
            session_id=case.session_id,
            advised=Holder.BOT if self.is_advisory else None,
            token=self._next_token,
            opened_at=at,
            held_since=self.now,
            last_line_at=at,
            previous_until=case.closed_at,
        )

    def is_previous(self, at: datetime) -> bool:
        """Whether something belongs to an earlier conversation with the same name."""
        return self.case.previous_until is not None and at <= self.case.previous_until

    def unanswered_since(self, said_at: datetime) -> datetime | None:
        """Since when nobody has answered, where the buyer said something at `said_at`."""
        case = self.case
        if case.answered_at is not None and said_at <= case.answered_at:
            return case.unanswered_since
        return min(case.unanswered_since or said_at, said_at)

    # ---- who there is --------------------------------------------------------------------------------------------

    def group_of(self, group: str | None, agent: str | None = None) -> str | None:
        """Give the group, or the agent's, or whichever takes what belongs to none; None where there are no groups."""
        return group_for(self.policy.routing, group, agent)

    def is_member(self, agent: str | None, group: str | None) -> bool:
        """Whether an agent sits in a group."""
        known = self.policy.routing.groups.get(group or "")
        return known is not None and any(one.agent == agent for one in known.agents)

    # ---- talking -------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The case's key."""
        return str(session_key(self.merchant, self.case.channel, self.case.session_id))

    def say(self, message: Message) -> None:
        """Put a message into the outbox."""
        self.outbox.append(message)

    def why(self, rule: str, facts: dict[str, str | int | None]) -> Why:
        """Explain what every command and notice carries."""
        return Why(rule=rule, policy_version=self.policy.version, facts=facts)

    def notify(self, title: str, lines: tuple[str, ...], why: Why, group: str, *, urgent: bool) -> None:
        """Tell a staff group, or the desk where that group has no robot."""
        self.say(
            NoticeRaised(
                merchant=self.merchant,
                group=group if group in self.policy.robots else self.policy.desk,
                about=self.key,
                notice=Notice(title=title, lines=(f"会话：{self.case.name}", *lines, why.sentence), urgent=urgent),
                why=why,
            )
        )

    def tell_desktop(self, why: str) -> None:
        """Let the chat desktop know who has the session now, if it wants to be told."""
        case = self.case
        if not self.policy.routing.push or self.is_advisory:
            return
        self.say(
            AssignSession(
                merchant=self.merchant,
                command_id=f"{self.key}#{case.token}-{case.holder}",
                reply_to=self.key,
                why=self.why(why, {"priority": case.priority, "hops": case.hops}),
                channel=case.channel,
                session_id=case.session_id,
                holder=case.holder,
                group=case.group,
                agent=case.agent,
                token=case.token,
            )
        )
