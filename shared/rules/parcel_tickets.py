"""What is done about a parcel's anomalies: tickets, the courier urged, staff told."""

from collections.abc import Sequence
from datetime import datetime

from shared.domain.events import TicketTaken
from shared.domain.tickets import Anomaly, Ticket
from shared.domain.watching import part_of
from shared.rules import authority, parcel_buyers, parcel_filings, parcel_urging, parcel_watch
from shared.rules.deadlines import Deadline
from shared.rules.parcel_draft import Fact, ParcelDraft, name_of
from shared.rules.parcel_reuse import GAP
from shared.rules.parcel_spans import STALLS, end_of, ended, heeded, is_being_stopped, running, trouble
from shared.rules.parcel_watch import is_given_up
from shared.rules.ticketing import (
    BROKEN,
    LIMIT_MOVED,
    Finding,
    News,
    Subject,
    follow,
    next_change,
    notice,
    overdue,
)
from shared.rules.wording import forced_refund, moment

_ABOUT_US = (Anomaly.UNWATCHED, Anomaly.CARRIER_UNKNOWN, Anomaly.WRONG_NUMBER)


def settle(draft: ParcelDraft, deadlines: Sequence[Deadline], *, by_clock: bool) -> datetime | None:
    """Let the tickets follow the facts, and do what a ticket demands; give when one opens or rises next."""
    _note_standstill(draft, deadlines, by_clock=by_clock)
    if draft.case.watch.step and not is_given_up(draft.case, draft.policy.watching, draft.now):
        findings = [*_findings(draft, deadlines), *parcel_filings.unmatched(draft.case)]
        _note_broken(draft, deadlines, by_clock=by_clock)
    else:
        findings, deadlines = [*parcel_filings.unmatched(draft.case)], ()
    if findings or draft.case.tickets:
        _follow(draft, findings, by_clock=by_clock)
    times = (
        next_change(draft.case.tickets, findings, deadlines, draft.policy.watching, draft.now),
        parcel_urging.listen_at(draft.case),
        parcel_buyers.next_at(draft),
        _stands_at(draft, deadlines),
    )
    return min(filter(None, times), default=None)


def _follow(draft: ParcelDraft, findings: Sequence[Finding], *, by_clock: bool) -> None:
    watching, before = draft.policy.watching, draft.case.tickets
    tickets, news = follow(before, findings, watching, draft.now, by_clock=by_clock)
    draft.change(tickets=tickets)
    going_on = {(ticket.anomaly, ticket.urged_at) for ticket in tickets}
    for ticket in before:
        if ticket.urged_at and (ticket.anomaly, ticket.urged_at) not in going_on:
            _measure(draft, ticket.urged_at)
    for one in news:
        _tell_staff(draft, one)
        if one.level == BROKEN:
            draft.change(broken=tuple(sorted({*draft.case.broken, one.ticket.anomaly})))
    parcel_buyers.tell_end(draft, [one.ticket for one in news if one.level == 0], findings, _facts(draft))
    for ticket in tickets:
        if ticket.told and not ticket.closed:
            parcel_urging.urge(draft, ticket, _facts(draft))
            parcel_buyers.tell_of(draft, ticket, _facts(draft))
    parcel_urging.listen(draft)


def _findings(draft: ParcelDraft, deadlines: Sequence[Deadline]) -> Sequence[Finding]:
    """Give what is the matter, one of a kind: what breaks first.

    A courier's own way back of which nothing is ever heard is one trouble, and not also one of the watch or the number.
    """
    findings = [*overdue(heeded(draft.case, deadlines), draft.now), *trouble(draft.case)]
    if draft.case.return_of and not draft.case.return_for and draft.case.heard_at is None:
        findings = [found for found in findings if found.anomaly is Anomaly.RETURN_STALLED] or findings
    if len(findings) > 1:
        by_anomaly = {found.anomaly: found for found in sorted(findings, key=lambda one: one.breach_at, reverse=True)}
        return list(by_anomaly.values())
    return findings


def _note_standstill(draft: ParcelDraft, deadlines: Sequence[Deadline], *, by_clock: bool) -> None:
    """Remember since when the parcel stands still, also where we stop it: a platform may pay for that unasked."""
    stalls = [one.since for one in deadlines if one.span in STALLS and one.warn_at <= draft.now]
    since = min(stalls, default=None)
    if since != draft.case.stalled_since and (by_clock or draft.case.stalled_since):
        draft.change(stalled_since=since if by_clock else None)


def _note_broken(draft: ParcelDraft, deadlines: Sequence[Deadline], *, by_clock: bool) -> None:
    """Remember which limits broke, also those for which no ticket opens.

    Nobody is woken for that: a clock that runs is looked at when the clock comes anyway, one that has ended as it ends,
    by the courier's own time.
    """
    clocks = heeded(draft.case, deadlines)
    passed = [one for one in clocks if by_clock and one.breach_at <= draft.now]
    for one in ended(draft.before, draft.case, draft.policy, clocks):
        if one.breach_at < (end_of(one.span, one.since, draft.case) or draft.now):
            passed.append(one)
    broken = {*draft.case.broken, *(one.span.anomaly for one in passed)}
    if len(broken) > len(draft.case.broken):
        draft.change(broken=tuple(sorted(broken)))


def _stands_at(draft: ParcelDraft, deadlines: Sequence[Deadline]) -> datetime | None:
    """When the parcel will stand still by a limit for which no ticket opens."""
    silent = [one.warn_at for one in deadlines if one.span in STALLS and not one.alert]
    return min((at for at in silent if at > draft.now), default=None)


# ---- people answer -----------------------------------------------------------------------------------------------


def taken(draft: ParcelDraft, event: TicketTaken) -> None:
    """A person deals with a ticket; who has seen to what kept us from watching wants us to try again."""
    before = next(filter(event.is_about, draft.case.tickets), None)
    tickets, step = authority.taken(draft.case.tickets, event, draft.policy, draft.now)
    ticket = next(filter(event.is_about, tickets), None)
    is_closing = bool(event.closed or event.approve) and (ticket is None or ticket.closed)
    if before and is_closing:
        parcel_buyers.tell_settled(draft, before, _facts(draft))
    draft.change(tickets=tickets)
    if ticket and step:
        draft.say(authority.approval_notice(_subject(draft), ticket, step, draft.policy))
    if is_closing and (ticket or not authority.refers(draft.policy, event.role, event.anomaly)):
        parcel_filings.seen_to(draft, event)
    if is_closing and before and not before.closed and event.anomaly in _ABOUT_US:
        parcel_watch.begin_again(draft, event.anomaly)


# ---- telling -----------------------------------------------------------------------------------------------------


def _facts(draft: ParcelDraft) -> Fact:
    case, zone = draft.case, draft.policy.zone
    return {
        "stage": case.stage,
        "heard_at": moment(case.heard_at, zone) if case.heard_at else None,
        "zone_assumed": "yes" if case.last_scan and case.last_scan.zone_assumed else None,
        "forced_refund_at": moment(draft.forced_refund_at, zone) if draft.forced_refund_at else None,
    }


def _tell_staff(draft: ParcelDraft, news: News) -> None:
    subject = _subject(draft)._replace(over=_over(draft, news.ticket))
    if draft.begins_anew:
        subject = subject._replace(name=name_of(draft.before))
    said = notice(subject, news, draft.policy, draft.now)
    if said:
        draft.say(said)


def _subject(draft: ParcelDraft) -> Subject:
    at = draft.forced_refund_at
    risks = (forced_refund(at, draft.now, draft.policy.zone),) if at else ()
    return Subject(draft.merchant, draft.key, draft.name, risks, _facts(draft))


def _over(draft: ParcelDraft, ticket: Ticket) -> str:
    """Say how a ticket ends if it ends now."""
    if draft.case.moved_to:
        return "已恢复" if ticket.anomaly is Anomaly.CARRIER_UNKNOWN else "已转其他快递"
    if draft.begins_anew:
        return "单号已另有包裹"
    if is_given_up(draft.case, draft.policy.watching, draft.now):
        return "已停止跟踪"
    if is_being_stopped(draft.case):
        return "已转拦截"
    goes_on = any(one.span.anomaly is ticket.anomaly and one.since == ticket.since for one in running(draft.case))
    return LIMIT_MOVED if goes_on else "已恢复"


def _measure(draft: ParcelDraft, urged_at: datetime) -> None:
    """Remember how long the courier took from the moment at which it was urged; unasked, nothing is measured."""
    moved_at = draft.case.heard_at
    if moved_at and urged_at < moved_at < urged_at + GAP:
        took = int((moved_at - urged_at).total_seconds())
        if took > draft.case.handled_s:
            part = part_of(draft.policy.watching.hours.hour_of(urged_at))
            draft.change(handled_s=took, handled_part=part)
