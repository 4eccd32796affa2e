"""Who may settle a ticket by herself? What goes beyond a role's authority waits for one that may, and moves no money.

    close, answer ──within──▶ done
          └──beyond──▶ asked, the next group told once ──▶ approved: done as asked
                         └──beyond again──▶ asked, the one after it told     └──▶ refused: open as it was

Whoever may settle it approves by doing so herself. The ticket keeps every step.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.domain.events import NoticeRaised, TicketTaken
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.roles import Role
from shared.domain.tickets import ANOMALIES, ANSWER_MAX, Anomaly, Approval, Ticket, Verdict
from shared.domain.why import Why
from shared.rules.ticketing import BROKEN, Subject, group_of, heard_by
from shared.rules.wording import yuan

_STEPS_MAX = 10
_TITLES = {Verdict.ASKED: "待审批", Verdict.APPROVED: "审批通过", Verdict.REFUSED: "审批驳回"}


def beyond(policy: Policy, role: Role | None, ticket: Ticket, *, closes: bool, answers: bool) -> str:
    """Say why a role may not settle a ticket in this way by itself; empty where it may. None is the merchant itself."""
    authority = policy.watching.authority.get(role) if role else None
    if role is None or authority is None or not (closes or answers):
        return ""
    if refers(policy, role, ticket.anomaly):
        return f"「{ANOMALIES[ticket.anomaly].title}」须由{role.text}上报"
    asked = (authority.close_fen_max if closes else None, authority.answer_fen_max if answers else None)
    limit = min((one for one in asked if one is not None), default=None)
    if limit is None or ticket.exposure_fen <= limit:
        return ""
    return f"预计损失 {yuan(ticket.exposure_fen)}，超过{role.text}的权限 {yuan(limit)}"


def refers(policy: Policy, role: Role | None, anomaly: Anomaly) -> bool:
    """Whether a role settles no ticket of a kind by itself, whatever it may cost."""
    authority = policy.watching.authority.get(role) if role else None
    return authority is not None and anomaly in authority.refer


def beyond_event(policy: Policy, event: TicketTaken, ticket: Ticket) -> str:
    """Say why what a person wants with a ticket is not hers to decide; empty where it is."""
    wanted = ticket.asked[-1] if event.approve is not None and ticket.asked else None
    closes = wanted.closes if wanted else event.closed
    return beyond(policy, event.role, ticket, closes=closes, answers=bool(wanted.text if wanted else event.text))


def taken(
    tickets: Sequence[Ticket], event: TicketTaken, policy: Policy, now: datetime
) -> tuple[tuple[Ticket, ...], Approval | None]:
    """Let a person deal with a ticket; give the tickets, and the step of an approval that people are to hear of."""
    known = next(filter(event.is_about, tickets), None)
    if known is None:
        return tuple(tickets), None
    after = _after(known, event, policy, now)
    step = after.approvals[-1] if after.approvals != known.approvals else None
    return tuple(after if ticket is known else ticket for ticket in tickets), step if step and step.group else None


def _after(ticket: Ticket, event: TicketTaken, policy: Policy, now: datetime) -> Ticket:
    at, last = event.at or now, ticket.approvals[-1] if ticket.approvals else None
    why = beyond_event(policy, event, ticket)
    is_copy = last is not None and at <= last.at
    if event.approve is not None and (not ticket.asked or is_copy):
        return ticket
    if event.approve is False:
        return ticket if why else _decided(ticket, event, Verdict.REFUSED, policy, at)
    if why:
        return ticket if is_copy and not ticket.asked else _asked(ticket, event, policy, why, at)
    if event.approve:
        wanted = ticket.asked[-1]
        done = _settled(ticket, wanted.by, wanted.text, now, closed=wanted.closes)
        return _decided(done, event, Verdict.APPROVED, policy, at)
    done = _settled(ticket, event.who, event.text, now, closed=event.closed)
    decides = ticket.asked and (event.closed or (event.text and not ticket.asked[-1].closes))
    return _decided(done, event, Verdict.APPROVED, policy, at) if decides else done


def _settled(ticket: Ticket, who: str, text: str, now: datetime, *, closed: bool) -> Ticket:
    """A person deals with a ticket: it escalates no further, and is silent if she closes it."""
    said: dict[str, object] = {"taken_by": who, "closed": closed}
    if text:
        said |= {"answer": text[:ANSWER_MAX], "answered_at": now, "answered_by": who}
    return ticket.model_copy(update=said)


def _asked(ticket: Ticket, event: TicketTaken, policy: Policy, why: str, at: datetime) -> Ticket:
    """Leave the ticket open and note who wants what; what one role asks for again is told to nobody again."""
    wanted = ticket.asked[-1] if event.approve else None
    closes, text = (wanted.closes, event.text or wanted.text) if wanted else (event.closed, event.text)
    is_known = (event.who, text[:ANSWER_MAX], closes) in {(step.by, step.text, step.closes) for step in ticket.asked}
    if is_known or (ticket.closed and closes):
        return ticket
    told = any(step.role is event.role for step in ticket.asked)
    step = Approval(
        what=Verdict.ASKED,
        by=event.who,
        role=event.role,
        at=at,
        text=text[:ANSWER_MAX],
        closes=closes,
        why=why,
        group="" if told else _next_group(ticket, policy),
    )
    return _with(ticket, step).model_copy(update={"closed": False})


def _decided(ticket: Ticket, event: TicketTaken, what: Verdict, policy: Policy, at: datetime) -> Ticket:
    step = Approval(
        what=what,
        by=event.who,
        role=event.role,
        at=at,
        text=event.text[:ANSWER_MAX],
        closes=ticket.asked[-1].closes,
        group=group_of(policy, ticket, ticket.level),
    )
    return _with(ticket, step)


def _with(ticket: Ticket, step: Approval) -> Ticket:
    return ticket.model_copy(update={"approvals": (*ticket.approvals, step)[-_STEPS_MAX:]})


def _next_group(ticket: Ticket, policy: Policy) -> str:
    """Choose the first group of the escalations that has not heard of it yet; the highest where all have."""
    heard = {group_of(policy, ticket, ticket.level), *(step.group for step in ticket.asked)}
    groups = [heard_by(policy, step.group) for step in policy.watching.escalations] or [policy.desk]
    above = groups[max(0, ticket.level - BROKEN) :]
    return next((group for group in above if group not in heard), groups[-1])


def approval_notice(subject: Subject, ticket: Ticket, step: Approval, policy: Policy) -> NoticeRaised:
    """Put a step of an approval into words for the group that is to hear of it."""
    wanted = "关闭工单" if step.closes else "答复"
    said = (f"说明：{step.text}",) if step.text else ()
    why = Why(rule="authority", policy_version=policy.version, facts={"exposure_fen": ticket.exposure_fen})
    if step.what is Verdict.ASKED:
        lines = (f"{step.by} 申请{wanted}：{step.why}", *said, "请在看板上批准或驳回。", why.sentence)
    else:
        lines = (f"{wanted}，由 {step.by} 决定", *said, why.sentence)
    return NoticeRaised(
        merchant=subject.merchant,
        group=step.group,
        about=subject.about,
        notice=Notice(
            title=f"{_TITLES[step.what]}：{ANOMALIES[ticket.anomaly].title}",
            lines=(subject.name, *lines),
            urgent=step.what is Verdict.ASKED,
        ),
        why=why,
    )
