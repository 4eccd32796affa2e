"""The session while it is being decided: its state, and the ways it can speak."""

from datetime import datetime

from shared.domain.chat_events import SeatFreed, SeatWanted
from shared.domain.commands import AssignSession
from shared.domain.decision import Decision
from shared.domain.events import NoticeRaised
from shared.domain.keys import session_key
from shared.domain.messages import Message
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.session import Holder, SessionCase
from shared.domain.why import Why


class SessionDraft:
    """A session in the making, with what is to be said."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: SessionCase) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.case = case
        self.outbox: list[Message] = []

    # ---- state ---------------------------------------------------------------------------------------------------

    def change(self, **fields: object) -> None:
        """Set fields of the case."""
        self.case = self.case.model_copy(update=fields)

    def wait(self, group: str, why: str, agent: str | None = None, not_agent: str | None = None) -> None:
        """Stand in a group's line; who waited before keeps the place."""
        case = self.case
        since = case.waiting_since or case.unanswered_since or self.now
        self.change(
            holder=Holder.WAITING,
            group=group,
            agent=None,
            token=case.token + 1,
            held_since=self.now,
            waiting_since=since,
        )
        self.say(
            SeatWanted(
                merchant=self.merchant,
                group=group,
                session=case.name,
                token=self.case.token,
                since=since,
                priority=case.priority,
                agent=agent,
                not_agent=not_agent,
            )
        )
        self.tell_desktop(why)

    def leave_seat(self) -> None:
        """Give the seat, or the place in the line, back to the desk that gave it."""
        case = self.case
        if case.group and case.holder in (Holder.WAITING, Holder.AGENT):
            self.say(SeatFreed(merchant=self.merchant, group=case.group, session=case.name, token=case.token))

    def give_to_bot(self, at: datetime) -> None:
        """Let the bot speak again."""
        self.change(
            holder=Holder.BOT,
            group=None,
            agent=None,
            token=self.case.token + 1,
            held_since=at,
            waiting_since=None,
            priority=5,
        )
        self.tell_desktop("returned")

    def close(self, at: datetime) -> None:
        """End the conversation."""
        if self.case.holder is not Holder.CLOSED:
            self.leave_seat()
            self.change(holder=Holder.CLOSED, agent=None, token=self.case.token + 1, closed_at=at, waiting_since=None)

    def reopen(self, at: datetime) -> None:
        """The buyer comes back: a new conversation with the same name."""
        token = self.case.token + 1
        self.change(
            holder=Holder.BOT, group=None, agent=None, token=token, hops=0, priority=5, tags=(), opened_at=at,
            held_since=at, waiting_since=None, unanswered_since=None, first_answered_at=None, closed_at=None,
            heard=(), repeated=0, negative_lines=0, told=0,
        )  # fmt: skip

    # ---- the clock -----------------------------------------------------------------------------------------------

    def look_at_clock(self) -> None:
        """Take the session from a silent agent, tell superiors of a buyer whom nobody answers, close what is idle."""
        case, routing = self.case, self.policy.routing
        if case.holder is Holder.CLOSED:
            return
        if self.now >= case.last_line_at + routing.session_idle_max and case.unanswered_since is None:
            self.close(self.now)
            return
        if case.holder is Holder.AGENT and case.agent and self._silent_at and self.now >= self._silent_at:
            gone = case.agent
            self.leave_seat()
            self.wait(case.group or "", "agent_silent", not_agent=gone)
        for level in range(self.case.told, len(self._answer_levels)):
            if self.now < self._answer_levels[level]:
                break
            self._escalate(level)
            self.change(told=level + 1)

    def due(self) -> datetime | None:
        """When to look again."""
        case = self.case
        if case.holder is Holder.CLOSED:
            return None
        times = list(self._answer_levels[case.told :][:1])
        if case.holder is Holder.AGENT and self._silent_at:
            times.append(self._silent_at)
        if case.unanswered_since is None:
            times.append(case.last_line_at + self.policy.routing.session_idle_max)
        return min(times, default=None)

    @property
    def _silent_at(self) -> datetime | None:
        since = self.case.unanswered_since
        return max(since, self.case.held_since) + self.policy.routing.silence_max if since else None

    @property
    def _answer_levels(self) -> list[datetime]:
        """When superiors hear that nobody answers: in business hours, counted from the buyer's line."""
        since, watching = self.case.unanswered_since, self.policy.watching
        if since is None or self.case.holder is Holder.BOT:
            return []
        return [watching.hours.add(since, step.after) for step in watching.escalations]

    def _escalate(self, level: int) -> None:
        case, watching = self.case, self.policy.watching
        group = watching.escalations[level].group
        why = self.why("nobody_answers", {"waiting_since": str(case.unanswered_since), "group": case.group})
        lines = (f"会话：{case.name}", f"客服组：{case.group or '—'}，坐席：{case.agent or '未分配'}", why.sentence)
        self.say(
            NoticeRaised(
                merchant=self.merchant,
                group=group if group in self.policy.robots else self.policy.desk,
                about=self.key,
                notice=Notice(title="买家等待回复超时", lines=lines, urgent=True),
                why=why,
            )
        )

    # ---- talking -------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The case's key."""
        return str(session_key(self.merchant, self.case.channel, self.case.session_id))

    def say(self, message: Message) -> None:
        """Put a message into the outbox."""
        self.outbox.append(message)

    def why(self, rule: str, facts: dict[str, str | int | None]) -> Why:
        """The explanation that every command and notice carries."""
        return Why(rule=rule, policy_version=self.policy.version, facts=facts)

    def group_of(self, agent: str | None) -> str | None:
        """The group in which an agent sits."""
        groups = self.policy.routing.groups.items()
        return next((name for name, group in groups if agent in [one.agent for one in group.agents]), None)

    def tell_desktop(self, why: str = "") -> None:
        """Let the chat desktop know who has the session now, if it wants to be told."""
        case = self.case
        if not self.policy.routing.push:
            return
        rule = why or (case.routed[-1].rule if case.routed else "")
        self.say(
            AssignSession(
                merchant=self.merchant,
                command_id=f"{self.key}#{case.token}-{case.holder}",
                reply_to=self.key,
                why=self.why(rule, {"priority": case.priority, "hops": case.hops}),
                channel=case.channel,
                session_id=case.session_id,
                holder=case.holder,
                group=case.group,
                agent=case.agent,
                token=case.token,
            )
        )

    def decision(self) -> Decision[SessionCase]:
        """Close the draft."""
        return Decision(self.case, tuple(self.outbox), self.due())
