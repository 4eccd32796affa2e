"""What happens to one conversation: who has it, why, and for how long nobody answered.

    bot ──rule, hand-over──▶ waiting ──a seat is free──▶ agent ──closed, idle──▶ closed
     ▲                         ▲  └──given elsewhere──┘    │
     └──returned──────────────┐└──gone, silent─────────────┘

A session stays where it is unless a rule of higher priority fires, so it can move a few times at most and never
bounce. The desk gives seats (`decide_desk`); the session only asks, and its `token` tells old answers from new.
"""

from datetime import datetime

from shared.domain.chat_events import (
    LineAnswered,
    LineReceived,
    SeatFreed,
    SeatGiven,
    SeatLost,
    SessionClosed,
    SessionHandedOver,
    SessionRated,
    SessionTold,
)
from shared.domain.decision import Decision, Facts
from shared.domain.events import CommandFailed, DeadlineReached
from shared.domain.policy import Policy
from shared.domain.session import Heard, Holder, Routed, SessionCase
from shared.rules.chat.facts import facts_of, router_of
from shared.rules.chat.session_draft import SessionDraft
from shared.rules.routing.replay import to_document

_HEARD_MAX = 12
_ROUTED_MAX = 6
_NEGATIVE = ("impatient", "complaint", "abusive")


def decide_session(  # noqa: PLR0912 - a line per event
    facts: Facts[SessionCase], policy: Policy, now: datetime
) -> Decision[SessionCase]:
    """Give the session's next state, what it asks of desks and what people and the chat desktop are told."""
    event = facts.event
    case = facts.case
    if case is None:
        if not isinstance(event, LineReceived):
            return Decision(None)
        case = SessionCase(
            channel=event.channel,
            session_id=event.session_id,
            buyer=f"{event.shopper.platform}:{event.shopper.buyer}",
            opened_at=event.at,
            held_since=event.at,
            last_line_at=event.at,
        )
    draft = SessionDraft(facts.merchant, policy, now, case)
    match event:
        case LineReceived():
            _line(draft, event, facts)
        case LineAnswered():
            _answered(draft, event)
        case SessionHandedOver():
            _handed_over(draft, event)
        case SeatGiven():
            _seated(draft, event)
        case SeatLost():
            if _is_mine(draft, event.token, event.agent):
                draft.wait(draft.case.group or event.group, "agent_gone", not_agent=event.agent)
        case SessionClosed():
            draft.close(event.at)
        case SessionRated():
            draft.change(rating=event.stars)
        case DeadlineReached():
            draft.look_at_clock()
        case SessionTold() | CommandFailed():
            pass
        case _:
            raise TypeError(f"{event and event.type} is not about a session")
    return draft.decision()


def _line(draft: SessionDraft, event: LineReceived, facts: Facts[SessionCase]) -> None:
    """Take a buyer's line: remember what was understood, and see whether the session belongs elsewhere."""
    case = draft.case
    if any(heard.line == event.line for heard in case.heard):
        return
    if case.holder is Holder.CLOSED:
        draft.reopen(event.at)
    said_before = any(heard.words == event.words for heard in case.heard)
    heard = Heard(line=event.line, words=event.words, intent=event.intent, tone=event.tone)
    draft.change(
        heard=(*draft.case.heard, heard)[-_HEARD_MAX:],
        repeated=draft.case.repeated + 1 if said_before else draft.case.repeated,
        negative_lines=draft.case.negative_lines + (event.tone in _NEGATIVE),
        last_line_at=max(draft.case.last_line_at, event.at),
        unanswered_since=min(filter(None, (draft.case.unanswered_since, event.at))),
    )
    _route(draft, event, facts)


def _route(draft: SessionDraft, event: LineReceived, facts: Facts[SessionCase]) -> None:
    seen = facts_of(draft.case, event, facts.orders, facts.refunds, draft.policy, event.at)
    hit = router_of(draft.policy).decide(seen)
    action, case = hit.action, draft.case
    routed = Routed(
        rule=hit.rule,
        policy_version=draft.policy.version,
        at=event.at,
        facts=to_document(seen),
        bot=action.bot,
        group=action.group,
        agent=action.agent,
        shadows=hit.shadows,
    )
    if case.holder is Holder.BOT and action.bot:
        if not case.routed or case.routed[-1].rule != hit.rule:
            draft.change(routed=(*case.routed, routed)[-_ROUTED_MAX:])
        return
    target = action.group or draft.group_of(action.agent)
    if action.bot or target is None or (case.holder is not Holder.BOT and target == case.group and not action.agent):
        return  # people have it already; a bot never takes it back by itself
    if case.holder is not Holder.BOT and action.priority >= case.priority:
        draft.change(bounced=case.bounced + (target != case.group))
        return
    moved = case.holder is not Holder.BOT
    draft.change(
        routed=(*case.routed, routed)[-_ROUTED_MAX:],
        priority=action.priority,
        tags=tuple(sorted({*case.tags, *action.tags})),
        hops=case.hops + moved,
    )
    draft.leave_seat()
    draft.wait(target, hit.rule, agent=action.agent)


def _answered(draft: SessionDraft, event: LineAnswered) -> None:
    """Somebody answered; what an earlier holder says is dropped, above all a bot's late words."""
    case = draft.case
    is_holder = case.holder is Holder.BOT if event.agent is None else case.agent == event.agent
    is_late = event.token is not None and event.token != case.token
    if is_late or not is_holder or case.holder is Holder.CLOSED:
        draft.change(late_lines=case.late_lines + 1)
        return
    answered_at = case.first_answered_at or (event.at if event.agent else None)
    draft.change(unanswered_since=None, first_answered_at=answered_at, told=0)


def _handed_over(draft: SessionDraft, event: SessionHandedOver) -> None:
    """Whoever has it gives it away."""
    case = draft.case
    if case.holder is Holder.CLOSED:
        return
    target = event.group or draft.group_of(event.agent)
    if target is None:
        draft.leave_seat()
        draft.give_to_bot(event.at)
        return
    if target == case.group and event.agent in (None, case.agent) and case.holder is not Holder.BOT:
        return
    routed = Routed(
        rule="handed_over",
        policy_version=draft.policy.version,
        at=event.at,
        facts={"reason": event.reason},
        group=target,
        agent=event.agent,
    )
    draft.change(routed=(*case.routed, routed)[-_ROUTED_MAX:], hops=case.hops + (case.holder is not Holder.BOT))
    draft.leave_seat()
    draft.wait(target, "handed_over", agent=event.agent)


def _seated(draft: SessionDraft, event: SeatGiven) -> None:
    """A desk has a person for it; a seat that is not wanted any more is given back."""
    case = draft.case
    if case.holder is Holder.AGENT and (case.agent, case.token) == (event.agent, event.token):
        return
    if case.holder is not Holder.WAITING or case.token != event.token or case.group != event.group:
        draft.say(SeatFreed(merchant=draft.merchant, group=event.group, session=case.name, token=event.token))
        return
    draft.change(holder=Holder.AGENT, agent=event.agent, held_since=event.at, waiting_since=None)
    draft.tell_desktop()


def _is_mine(draft: SessionDraft, token: int, agent: str) -> bool:
    case = draft.case
    return case.holder is Holder.AGENT and (case.token, case.agent) == (token, agent)
