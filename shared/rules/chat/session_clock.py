"""What time alone does to a session: agents who stay silent, superiors who hear of it, lost questions, idleness.

unanswered ──silence_max──▶ the next agent       ──1 h, 4 h, 24 h of business──▶ desk, specialist, director
waiting    ──5 min, 15 min, 35 min …──▶ ask the desk again, in case the question or its answer was lost
answered   ──session_idle_max──▶ closed          unanswered ──7 days──▶ closed, abandoned
asked for people ──solve_max of business──▶ the desk hears that it is not solved
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.session import Holder, SessionCase
from shared.rules.chat.session_draft import SessionDraft

ABANDONED_AFTER = timedelta(days=7)
_ASK_AGAIN = timedelta(minutes=5)
_ASK_SELDOM = timedelta(hours=1)
_DOUBLINGS_MAX = 4
_SILENCES_MAX = 6


def look_at_clock(draft: SessionDraft) -> None:
    """Do what is due."""
    if draft.case.holder is Holder.CLOSED:
        return
    if draft.now >= idle_at(draft):
        draft.close(draft.now)
        draft.tell_desktop("idle")
        return
    if _has_come(silent_at(draft), draft.now):
        gone, silences = draft.case.agent, draft.case.silences
        draft.leave_seat()
        draft.change(silences=silences + 1)
        _wait_somewhere(draft, "agent_silent", not_agent=gone)
    elif _has_come(ask_at(draft), draft.now):
        if draft.group_of(draft.case.group) != draft.case.group:
            _wait_somewhere(draft, "no_such_group")
        else:
            draft.change(asked=draft.case.asked + 1)
            draft.ask()
    for level in range(draft.case.told, len(draft.policy.watching.escalations)):
        if not _has_come(escalation_at(draft, level), draft.now):
            break
        _escalate(draft, level)
        draft.change(told=level + 1)
    if _has_come(overdue_at(draft), draft.now):
        _tell_overdue(draft)
        draft.change(overdue=True)


def take_back(draft: SessionDraft, agent: str | None, group: str) -> None:
    """Wait again, since the agent is gone or the group is; one that is owed nothing is parked."""
    draft.change(group=group)
    _wait_somewhere(draft, "agent_gone" if agent else "no_such_group", not_agent=agent, is_owed=False)


def due(draft: SessionDraft) -> datetime | None:
    """When to look again."""
    if draft.case.holder is Holder.CLOSED:
        return None
    escalates_at = escalation_at(draft, draft.case.told)
    times = (idle_at(draft), silent_at(draft), ask_at(draft), escalates_at, overdue_at(draft))
    return min(at for at in times if at is not None)


def idle_at(draft: SessionDraft) -> datetime:
    """When nobody speaks any more: the bot's sessions and answered ones soon, others when they are abandoned."""
    case = draft.case
    latest = max(case.last_line_at, case.answered_at or case.last_line_at, case.held_since)
    is_done = case.holder is Holder.BOT or case.unanswered_since is None
    return latest + (draft.policy.routing.session_idle_max if is_done else ABANDONED_AFTER)


def silent_at(draft: SessionDraft) -> datetime | None:
    """When an agent who does not answer loses the session; later each time, since agents who are there may be few."""
    case = draft.case
    if case.holder is not Holder.AGENT or case.unanswered_since is None:
        return None
    patience = draft.policy.routing.silence_max * (1 << min(case.silences, _SILENCES_MAX))
    return max(case.unanswered_since, case.held_since) + patience


def ask_at(draft: SessionDraft) -> datetime | None:
    """When to ask the desk again."""
    case = draft.case
    if case.holder is not Holder.WAITING or case.unanswered_since is None:
        return None
    doublings = min(case.asked, _DOUBLINGS_MAX - 1)
    seldom = case.asked - doublings
    return case.held_since + _ASK_AGAIN * ((2 << doublings) - 1) + _ASK_SELDOM * seldom


def escalation_at(draft: SessionDraft, level: int) -> datetime | None:
    """When a superior hears that nobody answers: in business hours, counted from the buyer's line."""
    since, watching = draft.case.unanswered_since, draft.policy.watching
    if since is None or draft.case.holder is Holder.BOT or level >= len(watching.escalations):
        return None
    return watching.hours.add(since, watching.escalations[level].after)


def overdue_at(draft: SessionDraft) -> datetime | None:
    """When people need longer to solve it than they may; told once. Of what nobody answers superiors hear anyway."""
    case, policy = draft.case, draft.policy
    if case.people_since is None or case.first_answered_at is None or case.overdue:
        return None
    return policy.watching.hours.add(case.people_since, policy.routing.solve_max)


def _wait_somewhere(draft: SessionDraft, why: str, not_agent: str | None = None, *, is_owed: bool = True) -> None:
    group = draft.group_of(draft.case.group)
    if group is None:
        draft.give_to_bot()
    else:
        draft.wait(group, why, not_agent=not_agent, is_owed=is_owed)


def _escalate(draft: SessionDraft, level: int) -> None:
    case, step = draft.case, draft.policy.watching.escalations[level]
    since = (case.unanswered_since or draft.now).astimezone(ZoneInfo(draft.policy.zone))
    why = draft.why("nobody_answers", {"level": level + 1, "group": case.group, "agent": case.agent})
    why = why.model_copy(update={"threshold": _business(step.after)})
    lines = (f"买家自 {since:%m-%d %H:%M} 起未获回复", _desk_line(case))
    draft.notify(f"买家等待回复超时（{level + 1}级）", lines, why, step.group, urgent=True)


def _tell_overdue(draft: SessionDraft) -> None:
    case, policy = draft.case, draft.policy
    since = (case.people_since or draft.now).astimezone(ZoneInfo(policy.zone))
    why = draft.why("not_solved", {"group": case.group, "agent": case.agent})
    why = why.model_copy(update={"threshold": _business(policy.routing.solve_max)})
    lines = (f"{since:%m-%d %H:%M} 转人工，至今未解决", _desk_line(case))
    draft.notify("会话超过解决时限", lines, why, policy.desk, urgent=True)


def _desk_line(case: SessionCase) -> str:
    return f"客服组：{case.group or '—'}，坐席：{case.agent or '未分配'}"


def _business(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g} 小时（营业时间）"


def _has_come(at: datetime | None, now: datetime) -> bool:
    return at is not None and now >= at
