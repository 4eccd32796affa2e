"""The parcel's clock: unanswered requests, the courier's status on a schedule, and its silence."""

from datetime import datetime

from shared.domain.parcel import InterceptionPhase
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_interception import doubt, stay_stopped

_QUIET_QUERY_FACTOR = 6  # a silent courier is asked less often
_ASKING = (InterceptionPhase.REQUESTED, InterceptionPhase.CANCELLING)


def look_at_clock(draft: ParcelDraft) -> None:
    """Ask again what was not answered, query what is under way, notice silence."""
    mine = draft.case.interception
    if mine.phase in _ASKING and draft.now >= _answer_at(draft):
        _ask_again(draft)
    elif mine.phase is InterceptionPhase.ACCEPTED:
        if not mine.silent and draft.now >= _started_at(draft) + draft.policy.courier_silence_max:
            draft.update(silent=True, reason="courier_silent")
        if draft.now >= _query_at(draft):
            draft.update(step=mine.step + 1, asked_at=draft.now)
            draft.say_query()


def next_due(draft: ParcelDraft) -> datetime | None:
    """When to look again; a courier that never answers is asked until the way back would be overdue anyway."""
    mine = draft.case.interception
    if mine.phase in _ASKING:
        return _answer_at(draft)
    if mine.phase is not InterceptionPhase.ACCEPTED or draft.now >= _started_at(draft) + draft.policy.return_max:
        return None
    silence_at = _started_at(draft) + draft.policy.courier_silence_max
    return _query_at(draft) if mine.silent else min(_query_at(draft), silence_at)


def _ask_again(draft: ParcelDraft) -> None:
    mine = draft.case.interception
    if mine.tries >= draft.policy.tries_max:
        if mine.phase is InterceptionPhase.REQUESTED:
            doubt(draft, "no_answer")
        else:
            stay_stopped(draft, "no_answer")
        return
    draft.update(tries=mine.tries + 1)
    if mine.phase is InterceptionPhase.REQUESTED:
        draft.say_intercept()
    else:
        draft.say_cancel()


def _started_at(draft: ParcelDraft) -> datetime:
    mine = draft.case.interception
    return mine.accepted_at or mine.eligible_at or draft.now


def _answer_at(draft: ParcelDraft) -> datetime:
    mine = draft.case.interception
    return (mine.asked_at or draft.now) + draft.policy.answer_max * max(mine.tries, 1)


def _query_at(draft: ParcelDraft) -> datetime:
    mine = draft.case.interception
    every = draft.policy.query_every * (_QUIET_QUERY_FACTOR if mine.silent else 1)
    return (mine.asked_at or draft.now) + every
