"""The refund case's clock: unanswered questions, the platform's own deadline, goods that do not come back."""

from datetime import datetime

from shared.domain.notices import TicketKind
from shared.domain.parcel import Progress
from shared.domain.refund import ParcelState, RefundCase, RefundPhase, RefundStatus
from shared.rules.refund_draft import ASKING, Fact, RefundDraft
from shared.rules.refund_goods import wish_again
from shared.rules.rereading import reread_at
from shared.rules.wording import hours, moment

_ESCALATIONS = (TicketKind.DEADLINE_NEAR, TicketKind.DEADLINE_VERY_NEAR)


def look_at_clock(draft: RefundDraft) -> None:
    """Do whatever has become due; doing it twice changes nothing."""
    _escalate(draft)
    phase = draft.case.phase
    if phase in ASKING and draft.now >= _answer_at(draft):
        _ask_again(draft)
    elif phase in (RefundPhase.STOPPING_PARCELS, RefundPhase.FOLLOWING) and draft.now >= _wish_at(draft):
        draft.change(asked_at=draft.now, tries=draft.case.tries + 1)
        wish_again(draft)
    claim_at = _claim_at(draft)
    if claim_at and draft.now >= claim_at:
        limit = f"return_max={hours(draft.policy.return_max)}"
        refunded_at = draft.case.refunded_at
        facts: Fact = {"refunded_at": moment(refunded_at, draft.policy.zone) if refunded_at else None}
        draft.ticket(TicketKind.CLAIM_DUE, facts, limit)
    read_at = _reread_at(draft)
    if read_at and draft.now >= read_at:
        draft.read_again()


def next_due(draft: RefundDraft) -> datetime | None:
    """When to look again; nothing is waited for without a deadline."""
    phase = draft.case.phase
    if phase is RefundPhase.CLOSED:
        return None
    times = [_escalation_at(draft), _claim_at(draft), _reread_at(draft)]
    if phase in ASKING:
        times.append(_answer_at(draft))
    elif phase in (RefundPhase.STOPPING_PARCELS, RefundPhase.FOLLOWING) and _open_parcels(draft):
        times.append(_wish_at(draft))
    return min((at for at in times if at), default=None)


def _ask_again(draft: RefundDraft) -> None:
    if draft.case.tries >= draft.policy.tries_max:
        facts: Fact = {"phase": draft.case.phase, "tries": draft.case.tries}
        kind = TicketKind.OUTCOME_UNKNOWN if draft.case.phase is RefundPhase.AGREEING else TicketKind.NO_ANSWER
        draft.ask_person(kind, facts, f"tries_max={draft.policy.tries_max}")
        return
    draft.change(tries=draft.case.tries + 1)
    draft.say_command("asked_again", {"tries": draft.case.tries})


def _answer_at(draft: RefundDraft) -> datetime:
    return (draft.case.asked_at or draft.now) + draft.policy.answer_max * max(draft.case.tries, 1)


def _open_parcels(draft: RefundDraft) -> tuple[ParcelState, ...]:
    return tuple(
        parcel
        for parcel in draft.case.parcels
        if not parcel.progress.is_hopeless and parcel.progress is not Progress.RECEIVED
    )


def _wish_at(draft: RefundDraft) -> datetime:
    """When to ask the parcels again where they stand: soon while one has not answered at all, rarely after."""
    unheard = any(parcel.progress is Progress.WANTED for parcel in draft.case.parcels)
    pause = draft.policy.answer_max if unheard else draft.policy.courier_silence_max
    since = max((parcel.at for parcel in draft.case.parcels), default=draft.now)
    return max(since, draft.case.asked_at or since) + pause


def _waits(case: RefundCase) -> bool:
    return case.status in (RefundStatus.PENDING, RefundStatus.IN_PROGRESS)


def _escalation_at(draft: RefundDraft) -> datetime | None:
    done = draft.case.escalations
    if not _waits(draft.case) or done >= len(_ESCALATIONS):
        return None
    return draft.case.deadline_at - draft.policy.escalate_before[done]


def _level(draft: RefundDraft) -> int:
    """How many warnings are due."""
    return sum(draft.now >= draft.case.deadline_at - lead for lead in draft.policy.escalate_before)


def _escalate(draft: RefundDraft) -> None:
    level = _level(draft)
    if _escalation_at(draft) and level > draft.case.escalations:
        draft.change(escalations=level)
        limit = f"escalate_before={hours(draft.policy.escalate_before[level - 1])}"
        facts: Fact = {"deadline": moment(draft.case.deadline_at, draft.policy.zone)}
        draft.ticket(_ESCALATIONS[level - 1], facts, limit)


def rearm_escalations(draft: RefundDraft) -> None:
    """Warn anew of a deadline that was moved; a warning that is due now has been given."""
    level = _level(draft)
    if level < draft.case.escalations:
        kept = tuple(kind for kind in draft.case.tickets if kind not in _ESCALATIONS[level:])
        draft.change(escalations=level, tickets=kept)


def _reread_at(draft: RefundDraft) -> datetime | None:
    """When to read a request that waits for more than an answer."""
    case = draft.case
    if not _waits(case) or case.phase in (*ASKING, RefundPhase.CLOSED):
        return None
    return reread_at(case.read_at or case.opened_at, case.deadline_at)


def _claim_at(draft: RefundDraft) -> datetime | None:
    away = draft.case.phase is RefundPhase.FOLLOWING and bool(_open_parcels(draft))
    if not away or TicketKind.CLAIM_DUE in draft.case.tickets or draft.case.refunded_at is None:
        return None
    return draft.case.refunded_at + draft.policy.return_max
