"""What happens to one conversation: who has it, why, and for how long nobody answered.

    bot ──rule, hand-over──▶ waiting ──a seat is free──▶ agent ──closed, idle──▶ closed ──a new line──▶ bot
     ▲                         ▲  ▲────given elsewhere────┤ │
     └──────returned───────────┴──┴──────gone, silent─────┘ └──returned──▶ bot

A session stays where it is unless a rule of strictly higher priority fires, so rules can move it a few times at most
and never bounce it. The desk gives seats (`decide_desk`); the session only asks, and its `token` tells old answers from
new. What happens by the clock alone is in `session_clock`.
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
from shared.domain.messages import AnyEvent
from shared.domain.policy import Policy
from shared.domain.routing import HANDED_OVER, Action
from shared.domain.session import Heard, Holder, Routed, SessionCase, Shadowed
from shared.rules.chat.facts import facts_of, router_of
from shared.rules.chat.following import is_followed, place_of, target_of
from shared.rules.chat.session_clock import due, look_at_clock, take_back
from shared.rules.chat.session_draft import LATE_LINE, SessionDraft
from shared.rules.routing.compile import Hit
from shared.rules.routing.replay import to_document

_HEARD_MAX = 12
_LATE_MAX = 4
_SHADOWED_MAX = 10


def decide_session(  # noqa: PLR0912 - a line per event
    facts: Facts[SessionCase], policy: Policy, now: datetime
) -> Decision[SessionCase]:
    """Give the session's next state, what it asks of desks and what people and the chat desktop are told."""
    event = facts.event
    case = facts.case or _begun(event, now)
    if case is None:
        return Decision(None)
    draft = SessionDraft(facts.merchant, policy, now, case)
    match event:
        case LineReceived():
            _line(draft, event, facts)
        case LineAnswered():
            _answered(draft, event)
        case SessionHandedOver():
            _handed_over(draft, event)
        case SessionClosed():
            _closed(draft, event)
        case SessionRated():
            if not draft.is_previous(event.at):
                draft.change(rating=event.stars)
        case SeatGiven():
            _seated(draft, event)
        case SeatLost():
            if _is_here(draft.case, event):
                take_back(draft, event.agent, event.group)
        case DeadlineReached():
            look_at_clock(draft)
        case CommandFailed():
            why = draft.why("desktop_not_told", {"code": event.code, "text": event.text or None})
            draft.notify("客服系统未收到会话分配", (), why, policy.desk, urgent=False)
        case SessionTold():
            pass
        case _:
            raise TypeError(f"{event and event.type} is not about a session")
    return Decision(draft.case, tuple(draft.outbox), due(draft), counts=tuple(draft.counts))


def _begun(event: AnyEvent | None, now: datetime) -> SessionCase | None:
    """Begin a session with whatever the desktop tells of it first; the buyer's line may come behind its answer."""
    if not isinstance(event, LineReceived | LineAnswered | SessionHandedOver | SessionClosed):
        return None
    at = min(event.at, now)
    return SessionCase(channel=event.channel, session_id=event.session_id, opened_at=at, held_since=at, last_line_at=at)


# ---- buyers ------------------------------------------------------------------------------------------------------


def _line(draft: SessionDraft, event: LineReceived, facts: Facts[SessionCase]) -> None:
    """Take a buyer's line: remember what was understood, and see whether the session belongs elsewhere."""
    case, at = draft.case, min(event.at, draft.now)
    if draft.is_previous(at) or any(heard.line == event.line for heard in case.heard):
        return
    if case.holder is Holder.CLOSED:
        if case.closed_at is not None and at <= case.closed_at:
            return
        draft.reopen(at)
        case = draft.case
    heard = Heard(line=event.line, words=event.words, intent=event.intent, tone=event.tone, negative=event.negative)
    times = 1 + sum(known.words == event.words for known in case.heard)
    token = case.token
    was_parked = case.holder is Holder.WAITING and case.unanswered_since is None
    draft.change(
        opened_at=min(case.opened_at, at),
        heard=(*case.heard, heard)[-_HEARD_MAX:],
        repeated=max(case.repeated, times) if times > 1 else case.repeated,
        negative_lines=case.negative_lines + event.negative,
        last_line_at=max(case.last_line_at, at),
        unanswered_since=draft.unanswered_since(at),
    )
    _route(draft, event, facts, at)
    if was_parked and draft.case.token == token and draft.case.unanswered_since:
        draft.ask()


def _route(draft: SessionDraft, event: LineReceived, facts: Facts[SessionCase], at: datetime) -> None:
    seen = facts_of(draft.case, event, facts, draft.policy, at)
    hit = router_of(draft.policy).decide(seen)
    action, case = hit.action, draft.case
    routed = Routed(
        rule=hit.rule,
        policy_version=draft.policy.version,
        at=at,
        facts=to_document(seen),
        bot=action.bot,
        group=action.group,
        agent=action.agent,
        shadows=hit.shadows,
    )
    _note_shadows(draft, hit, at)
    target = target_of(action, draft.policy.routing)
    if is_followed(place_of(case), hit.rule, action, target):
        _follow(draft, hit, routed, target)
        return
    is_bounced = case.named_holder is not Holder.BOT and target not in (None, case.group)
    draft.change(seen=routed, bounced=case.bounced + is_bounced)


def _follow(draft: SessionDraft, hit: Hit, routed: Routed, target: str | None) -> None:
    """Send the session to the bot or to people; inside its line it only moves forward."""
    case, action = draft.case, hit.action
    draft.explain(routed, action)
    if target is None:
        return
    draft.change(priority=action.priority)
    if target == case.group and case.holder is Holder.WAITING:
        draft.wait(target, hit.rule, agent=action.agent)
    else:
        draft.move(target, hit.rule, agent=action.agent)


def _note_shadows(draft: SessionDraft, hit: Hit, at: datetime) -> None:
    """Remember the first time that a shadow rule would have decided where this session goes."""
    case, followed = draft.case, hit.action
    known = {one.rule for one in case.shadowed}
    new = [
        Shadowed(rule=rule.rule, at=at, instead_of=hit.rule, differs=rule.then.target != followed.target)
        for rule in draft.policy.routing.rules
        if rule.rule in hit.shadows and rule.rule not in known and _may_act(case, rule.then)
    ]
    if new:
        draft.change(shadowed=(*case.shadowed, *new)[:_SHADOWED_MAX])


def _may_act(case: SessionCase, action: Action) -> bool:
    """Whether a rule may send the session somewhere: people lose it only to what is strictly more urgent."""
    return case.named_holder is Holder.BOT or (not action.bot and action.priority < case.priority)


# ---- bots and people ---------------------------------------------------------------------------------------------


def _answered(draft: SessionDraft, event: LineAnswered) -> None:
    """Somebody answered; what an earlier holder says is dropped, above all a bot's late words."""
    case, at = draft.case, min(event.at, draft.now)
    if draft.is_previous(at):
        return
    if not _may_speak(draft, event):
        if at >= (case.closed_at or case.held_since) and event.line not in case.late:
            draft.change(late_lines=case.late_lines + 1, late=(*case.late, event.line)[-_LATE_MAX:])
            draft.counts.append(LATE_LINE)
        return
    answered_at = max(case.answered_at or at, at)
    left = case.last_line_at if case.unanswered_since and case.last_line_at > answered_at else None
    is_first = event.agent is not None and (case.first_answered_at is None or at < case.first_answered_at)
    draft.change(
        answered_at=answered_at,
        first_answered_at=at if is_first else case.first_answered_at,
        unanswered_since=left,
        told=0 if left is None or left != case.unanswered_since else case.told,
        silences=0 if event.agent else case.silences,
    )


def _may_speak(draft: SessionDraft, event: LineAnswered) -> bool:
    """Whether it is the holder who speaks. A person may where nobody has the session yet: the buyer is served."""
    case = draft.case
    if case.holder is Holder.CLOSED or (event.token is not None and event.token != case.token):
        return False
    if event.agent is None:
        return case.holder is Holder.BOT
    if case.holder is Holder.WAITING:
        return draft.is_member(event.agent, case.group)
    return case.holder is Holder.BOT or case.agent == event.agent


def _handed_over(draft: SessionDraft, event: SessionHandedOver) -> None:
    """Whoever has it gives it away; one who has it no more cannot."""
    case = draft.case
    if not _acts(draft, event, f"{event.group or ''}/{event.agent or ''}"):
        return
    if case.holder is Holder.CLOSED or (event.token is not None and event.token != case.token):
        return
    if event.group is None and event.agent is None:
        if case.named_holder is not Holder.BOT:
            draft.give_to_bot()
        return
    target = draft.group_of(event.group, event.agent)
    is_there = target == case.group and case.holder is not Holder.BOT
    if target is None or (is_there and case.holder is Holder.WAITING and not event.agent):
        return
    if is_there and case.holder is Holder.AGENT and event.agent == case.agent:
        return
    draft.explain(
        Routed(
            rule=HANDED_OVER,
            policy_version=draft.policy.version,
            at=event.at,
            facts={"reason": event.reason} if event.reason else {},
            group=target,
            agent=event.agent,
        )
    )
    agent = event.agent if draft.is_member(event.agent, target) else None
    if is_there and case.holder is Holder.WAITING:
        draft.wait(target, HANDED_OVER, agent=agent)
    else:
        draft.move(target, HANDED_OVER, agent=agent, not_agent=case.agent if is_there else None)


def _closed(draft: SessionDraft, event: SessionClosed) -> None:
    """The conversation is over, unless the buyer has said something since."""
    case = draft.case
    if _acts(draft, event, "closed") and case.holder is not Holder.CLOSED and event.at >= case.last_line_at:
        draft.close(min(event.at, draft.now))


def _acts(draft: SessionDraft, event: SessionHandedOver | SessionClosed, what: str) -> bool:
    """Whether an act of the desktop is newer than those that we know; by its own clock, since it is compared to it."""
    case = draft.case
    if draft.is_previous(event.at) or (case.act_at is not None and (event.at, what) <= (case.act_at, case.act)):
        return False
    draft.change(act=what, act_at=event.at)
    return True


# ---- desks -------------------------------------------------------------------------------------------------------


def _seated(draft: SessionDraft, event: SeatGiven) -> None:
    """A desk has a person for it; a seat that is not wanted any more is given back."""
    case = draft.case
    if case.holder is Holder.AGENT and (case.agent, case.token, case.group) == (event.agent, event.token, event.group):
        return
    if case.holder is not Holder.WAITING or case.token != event.token or case.group != event.group:
        draft.say(SeatFreed(merchant=draft.merchant, group=event.group, session=case.name, token=event.token))
        return
    draft.change(holder=Holder.AGENT, agent=event.agent, held_since=event.at, waiting_since=None)
    draft.tell_desktop("seat_given")


def _is_here(case: SessionCase, event: SeatLost) -> bool:
    """Whether the seat that a desk takes is the session's, given or about to be."""
    if (case.token, case.group) != (event.token, event.group):
        return False
    return case.holder is Holder.WAITING or (case.holder is Holder.AGENT and case.agent == event.agent)
