"""Tickets follow what is the matter: one per anomaly, opened and closed by the facts, told to people level by level.

The levels of a ticket: 1 the warning, 2 the breach, then the policy's escalations, counted in business hours from the
breach. Every level is told once; a level that nobody was awake to tell is told late rather than left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.domain.events import NoticeRaised
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.tickets import ANOMALIES, Anomaly, Ticket
from shared.domain.watching import Watching
from shared.domain.why import Why
from shared.rules.deadlines import Deadline

WARNED, BROKEN = 1, 2
QUIET = (Anomaly.UNWATCHED, Anomaly.LATE)
"""Told in the digest at the latest, never at once: they come in crowds and no single one is urgent."""

Fact = Mapping[str, str | int | None]


class Finding(NamedTuple):
    """Something that is the matter now."""

    anomaly: Anomaly
    rule: str
    opened_at: datetime
    breach_at: datetime
    exposure_fen: int = 0
    times: int = 1
    alert: bool = True


class News(NamedTuple):
    """What people are to hear of a ticket: a level that it has reached, or (level 0) that it is over."""

    ticket: Ticket
    level: int


def overdue(deadlines: Iterable[Deadline], now: datetime) -> list[Finding]:
    """Give the findings of clocks that have reached their warning."""
    return [
        Finding(
            anomaly=one.span.anomaly,
            rule=one.rule,
            opened_at=one.warn_at,
            breach_at=one.breach_at,
            exposure_fen=one.exposure_fen,
            times=max(1, sum(at <= now for at in one.breaches)),
            alert=one.alert,
        )
        for one in deadlines
        if one.warn_at <= now
    ]


def follow(
    tickets: Sequence[Ticket], findings: Iterable[Finding], watching: Watching, now: datetime
) -> tuple[tuple[Ticket, ...], list[News]]:
    """Give the tickets that the findings demand, and what is new about them."""
    known = {ticket.anomaly: ticket for ticket in tickets}
    after: dict[Anomaly, Ticket] = {}
    news: list[News] = []
    for found in findings:
        mine = _found_again(known.get(found.anomaly), found)
        reached = _level(mine, watching, now)
        news += [News(mine, level) for level in range(mine.told + 1, reached + 1)]
        after[found.anomaly] = mine.model_copy(update={"told": max(mine.told, reached)})
    news += [News(ticket, 0) for anomaly, ticket in known.items() if anomaly not in after and ticket.told]
    return tuple(after[anomaly] for anomaly in sorted(after)), news


def _found_again(known: Ticket | None, found: Finding) -> Ticket:
    ticket = known or Ticket(
        anomaly=found.anomaly, rule=found.rule, opened_at=found.opened_at, breach_at=found.breach_at
    )
    seen = {"rule": found.rule, "opened_at": found.opened_at, "breach_at": found.breach_at, "alert": found.alert}
    return ticket.model_copy(update={**seen, "exposure_fen": found.exposure_fen, "count": found.times})


def next_level_at(tickets: Iterable[Ticket], watching: Watching) -> datetime | None:
    """When the next level of any ticket is reached."""
    return min(
        (
            at
            for ticket in tickets
            for level, at in enumerate(_levels(ticket, watching), start=WARNED)
            if level > ticket.told
        ),
        default=None,
    )


def _levels(ticket: Ticket, watching: Watching) -> list[datetime]:
    levels = [ticket.opened_at, ticket.breach_at]
    if ticket.alert and not ticket.taken_by and ticket.anomaly not in QUIET:
        levels += [watching.hours.add(ticket.breach_at, step.after) for step in watching.escalations]
    return levels


def _level(ticket: Ticket, watching: Watching, now: datetime) -> int:
    return sum(at <= now for at in _levels(ticket, watching))


def notice(merchant: str, policy: Policy, about: str, subject: str, news: News, facts: Fact) -> NoticeRaised | None:
    """Put news of a ticket into words; None where nobody wants to hear."""
    ticket, text = news.ticket, ANOMALIES[news.ticket.anomaly]
    if not ticket.alert or ticket.closed:
        return None
    why = Why(
        rule=ticket.rule,
        policy_version=policy.version,
        facts={**facts, "exposure_fen": ticket.exposure_fen or None},
        threshold=f"{ticket.breach_at:%Y-%m-%dT%H:%MZ}",
    )
    titles = {0: f"已恢复：{text.title}", WARNED: f"预警：{text.title}", BROKEN: text.title}
    title = titles.get(news.level, f"升级（{news.level - BROKEN}级）：{text.title}")
    advice = () if news.level == 0 else (text.advice,)
    cost = (f"预计损失：{ticket.exposure_fen / 100:.2f} 元",) if ticket.exposure_fen and news.level else ()
    return NoticeRaised(
        merchant=merchant,
        group=group_of(policy, ticket, news.level),
        about=about,
        notice=Notice(
            title=title,
            lines=(subject, *advice, *cost, why.sentence),
            urgent=news.level >= BROKEN and ticket.anomaly not in QUIET,
        ),
        why=why,
    )


def group_of(policy: Policy, ticket: Ticket, level: int) -> str:
    """Choose who hears of a level; a group without a robot is heard by the desk."""
    steps = policy.watching.escalations[: max(0, level - BROKEN)]  # a later policy may have fewer than were told
    group = steps[-1].group if steps else policy.watching.owners.get(ticket.anomaly, policy.desk)
    return group if group in policy.robots else policy.desk
