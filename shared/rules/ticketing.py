"""Tickets follow what is the matter: one per anomaly, closed by the facts, opened and told level by level by the clock.

The levels of a ticket: 1 the warning, 2 the breach, and from 3 on the policy's escalations, counted in business hours
from its opening for as long as nobody has taken it. They may come before the breach or after it.

    opened: 1 ──▶ 3 the desk again ──▶ 4 the specialist ──▶ 5 the director     while nobody has taken it
       └──────────────▶ 2 the limit breaks

Every level is told once; a level that nobody was awake to tell is told late rather than left out.

Only the clock opens tickets and tells levels. News that arrive late, doubled or in any order may show trouble that the
next of them ends: they close tickets at once, and have a minute to contradict each other before a ticket opens.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.events import NoticeRaised
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.tickets import ANOMALIES, OWNERS, SAID, Anomaly, Answer, Ticket
from shared.domain.watching import Watching
from shared.domain.why import Why
from shared.rules.deadlines import Deadline
from shared.rules.wording import hours, left, moment, speaker, yuan

WARNED, BROKEN = 1, 2
SETTLES_IN = timedelta(minutes=1)
"""How long trouble waits for news that end it, where it is due already."""

QUIET = (Anomaly.UNWATCHED, Anomaly.LATE, Anomaly.COURIER_ANSWER)
"""Told in the digest at the latest, never at once: they come in crowds and no single one is urgent."""

LIMIT_MOVED = "时限已调整"
"""How a ticket ends whose clock runs on: by another policy, or by the platform's word."""

Fact = Mapping[str, str | int | None]


class Finding(NamedTuple):
    """Something that is the matter now. `limit` is what its rule allows, where a clock ran.

    `answer` is what a courier has said of it already.
    """

    anomaly: Anomaly
    rule: str
    since: datetime
    opened_at: datetime
    breach_at: datetime
    limit: timedelta | None = None
    exposure_fen: int = 0
    times: int = 1
    answer: Answer | None = None


class News(NamedTuple):
    """What people are to hear of a ticket: a level that it has reached, or (level 0) that it is over."""

    ticket: Ticket
    level: int
    limit: timedelta | None = None


class Subject(NamedTuple):
    """What a ticket is about. `name` and `risks` are lines that people read, `over` says how it ends if it ends now."""

    merchant: str
    about: str  # the case
    name: str
    risks: tuple[str, ...]
    facts: Fact
    over: str = "已恢复"


# ---- what the facts demand ---------------------------------------------------------------------------------------


def overdue(deadlines: Iterable[Deadline], now: datetime) -> list[Finding]:
    """Give the findings of clocks that have reached their warning; a limit that alerts nobody finds nothing."""
    return [
        Finding(
            anomaly=one.span.anomaly,
            rule=one.rule,
            since=one.since,
            opened_at=one.warn_at,
            breach_at=one.breach_at,
            limit=one.limit,
            exposure_fen=one.exposure_fen,
            times=max(1, sum(at <= now for at in one.breaches)),
        )
        for one in deadlines
        if one.alert and one.warn_at <= now
    ]


def follow(
    tickets: Sequence[Ticket], findings: Iterable[Finding], watching: Watching, now: datetime, *, by_clock: bool
) -> tuple[tuple[Ticket, ...], list[News]]:
    """Give the tickets that the findings demand, and what is new about them.

    A ticket that another of its kind is about to take the place of is not over for anybody who reads of it.
    """
    findings = list(findings)
    known = {ticket.anomaly: ticket for ticket in tickets}
    after: dict[Anomaly, Ticket] = {}
    news: list[News] = []
    for found in findings:
        mine = known.get(found.anomaly)
        if mine and _goes_on(mine, found):
            del known[found.anomaly]
        elif not by_clock:
            continue
        else:
            mine = None
        ticket = _seen(mine, found)
        if by_clock:
            reached = [level for at, level in _untold(ticket, watching) if at <= now]
            news += [News(ticket, level, found.limit) for level in reached]
            ticket = _heard(ticket, reached)
        after[found.anomaly] = ticket
    goes_on = {found.anomaly for found in findings}
    over = [News(ticket, 0) for ticket in known.values() if ticket.told and ticket.anomaly not in goes_on]
    return tuple(after[anomaly] for anomaly in sorted(after)), over + news


def _goes_on(ticket: Ticket, found: Finding) -> bool:
    """Whether this is the same trouble still; what began later is another, however alike."""
    return ticket.since is None or found.since <= ticket.since


def _seen(known: Ticket | None, found: Finding) -> Ticket:
    seen = {
        "rule": found.rule,
        "since": found.since,
        "opened_at": found.opened_at,
        "breach_at": found.breach_at,
        "exposure_fen": found.exposure_fen,
        "count": found.times,
    }
    ticket = known or Ticket(
        anomaly=found.anomaly, rule=found.rule, opened_at=found.opened_at, breach_at=found.breach_at
    )
    if found.answer and ticket.answered_at is None:
        told = found.answer
        seen |= {"answer": told.text, "answered_at": told.at, "answered_by": told.source}
    return ticket.model_copy(update=seen)


def _untold(ticket: Ticket, watching: Watching) -> list[tuple[datetime, int]]:
    """Give the levels still to tell, in order of time; what is broken from the beginning on needs no warning."""
    levels = [(ticket.breach_at, BROKEN)] if ticket.told < BROKEN else []
    if ticket.told < WARNED and not _is_sudden(ticket):
        levels.append((ticket.opened_at, WARNED))
    if not ticket.taken_by and not ticket.closed and ticket.anomaly not in QUIET:
        raised = max(BROKEN, ticket.level)
        for level, step in enumerate(watching.escalations[raised - BROKEN :], start=raised + 1):
            levels.append((watching.hours.add(ticket.opened_at, step.after), level))
    return sorted(levels)


def _is_sudden(ticket: Ticket) -> bool:
    """Whether it is about something that has happened, and not about a clock."""
    return ticket.opened_at >= ticket.breach_at


def _heard(ticket: Ticket, levels: Iterable[int]) -> Ticket:
    told = max((level for level in levels if level <= BROKEN), default=ticket.told)
    raised = max((level - BROKEN for level in levels if level > BROKEN), default=ticket.raised)
    return ticket.model_copy(update={"told": told, "raised": raised})


def next_change(
    tickets: Iterable[Ticket],
    findings: Iterable[Finding],
    clocks: Iterable[Deadline],
    watching: Watching,
    now: datetime,
) -> datetime | None:
    """When a ticket opens or reaches its next level: soon where that is due and the clock has not come yet."""
    known = {ticket.anomaly: ticket for ticket in tickets}
    times = [at for ticket in known.values() for at, _ in _untold(ticket, watching)]
    for found in findings:
        mine = known.get(found.anomaly)
        if not (mine and _goes_on(mine, found)):
            times.append(now + SETTLES_IN)
    for one in clocks:
        if one.alert:
            times += [at for at in (one.warn_at, *one.breaches) if at > now]
    return min(times, default=None)


def review_at(ticket: Ticket, watching: Watching) -> datetime | None:
    """When the next group hears of a ticket; None where nobody will: it is at the top, or somebody deals with it."""
    return min((at for at, _ in _untold(ticket, watching)), default=None)


# ---- words -------------------------------------------------------------------------------------------------------


def notice(subject: Subject, news: News, policy: Policy, now: datetime) -> NoticeRaised | None:
    """Put news of a ticket into words; None where nobody wants to hear."""
    ticket, text = news.ticket, ANOMALIES[news.ticket.anomaly]
    if ticket.closed:
        return None
    limit = moment(ticket.breach_at, policy.zone)
    threshold = "" if _is_sudden(ticket) else limit
    why = Why(rule=ticket.rule, policy_version=policy.version, facts=dict(subject.facts), threshold=threshold)
    titles = {0: f"{subject.over}：{text.title}", WARNED: f"预警：{text.title}", BROKEN: text.title}
    detail = (*_clock(news, limit, now), *subject.risks, *_said(ticket), text.advice) if news.level else ()
    return NoticeRaised(
        merchant=subject.merchant,
        group=group_of(policy, ticket, news.level),
        about=subject.about,
        notice=Notice(
            title=titles.get(news.level, f"升级（{news.level - BROKEN}级）：{text.title}"),
            lines=(subject.name, *detail, why.sentence),
            urgent=news.level >= BROKEN and ticket.anomaly not in QUIET,
        ),
        why=why,
    )


def _clock(news: News, limit: str, now: datetime) -> tuple[str, ...]:
    ticket = news.ticket
    cost = (f"预计损失：{yuan(ticket.exposure_fen)}",) if ticket.exposure_fen else ()
    if news.limit is None:
        return (f"发生时间：{limit}", *cost)
    broken = f"，共超 {ticket.count} 条规则" if ticket.count > 1 else ""
    return f"时限：{limit}（{left(ticket.breach_at, now)}）", f"规则 {ticket.rule}：{hours(news.limit)}{broken}", *cost


def _said(ticket: Ticket) -> tuple[str, ...]:
    times = f"（共 {ticket.count} 条）" if ticket.anomaly in SAID and ticket.count > 1 else ""
    return (f"反馈{times}：{ticket.answer}（{speaker(ticket.answered_by)}）",) if ticket.answer else ()


def group_of(policy: Policy, ticket: Ticket, level: int) -> str:
    """Choose who hears of a level; a group without a robot is heard by the desk."""
    steps = policy.watching.escalations[: max(0, level - BROKEN)]  # a later policy may have fewer than were told
    return heard_by(policy, steps[-1].group if steps else _owner_of(policy, ticket.anomaly))


def _owner_of(policy: Policy, anomaly: Anomaly) -> str:
    return policy.watching.owners.get(anomaly) or OWNERS.get(ANOMALIES[anomaly].category, policy.desk)


def heard_by(policy: Policy, group: str) -> str:
    """Give who hears what is meant for a group: the desk for one without a robot."""
    return group if group in policy.robots else policy.desk
