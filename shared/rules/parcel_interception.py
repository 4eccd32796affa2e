"""Stopping the parcel: when to ask, what the courier's answers mean, when to take it back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from shared.domain.decision import Objection
from shared.domain.events import CommandFailed
from shared.domain.notices import TicketKind
from shared.domain.parcel import Content, InterceptionPhase, ParcelCase, Stage, Wish
from shared.domain.policy import Policy
from shared.rules import parcel_reuse
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.stopping.interception_window import interception_window
from shared.rules.stopping.other_goods import other_goods
from shared.rules.stopping.worth_intercepting import worth_intercepting

Rule = Callable[[ParcelCase, Policy], Objection | None]

RULES: tuple[Rule, ...] = (interception_window, other_goods, worth_intercepting)
"""Asked in this order; the first objection decides."""

_NOT_ASKED = (InterceptionPhase.NONE, InterceptionPhase.WAITING, InterceptionPhase.CANCELLED)
ORDERS_MAX = 50
"""How many orders a parcel holds; a number that more have is none, such as the "000000" of what needs no courier."""
TURNED_AWAY = "order_turned_away"
_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


def add_content(draft: ParcelDraft, content: Content) -> None:
    """Learn what an order says is inside; goods found late can end an interception."""
    known = len(draft.case.contents)
    draft.change(contents=with_content(draft.case.contents, content))
    if not _is_inside(draft.case, content):
        draft.counts.append(TURNED_AWAY)
    elif known < ORDERS_MAX == len(draft.case.contents):
        draft.note("同一单号的订单过多，请核对单号", "crowded_number", {"orders": ORDERS_MAX})
    undo_if_unwanted(draft)


def with_content(known: tuple[Content, ...], content: Content) -> tuple[Content, ...]:
    """Add what an order says to what is known; of too many orders those count that were shipped first."""
    mine = [c for c in known if c.is_of_same_order(content)]
    contents = [c for c in known if c not in mine] + [merged((*mine, content))]
    if len(contents) > ORDERS_MAX:
        contents = sorted(contents, key=lambda c: (c.shipped_at or _NEVER, c.platform, c.order_id))[:ORDERS_MAX]
    return tuple(sorted(contents, key=lambda c: (c.platform, c.order_id)))


def _is_inside(case: ParcelCase, content: Content) -> bool:
    return any(one.is_of_same_order(content) for one in case.contents)


def merged(told: Sequence[Content]) -> Content:
    """Add up what was told of one order in one parcel; of two times the earlier counts, of two sums the larger.

    It goes where that was said last.
    """
    place = max(told, key=lambda one: (bool(one.region), one.region_at or _EVER, one.region))
    return told[-1].model_copy(
        update={
            "line_ids": tuple(sorted({line for one in told for line in one.line_ids})),
            "paid_fen": max((one.paid_fen for one in told if one.paid_fen is not None), default=None),
            "paid_at": min((one.paid_at for one in told if one.paid_at), default=None),
            "shipped_at": min((one.shipped_at for one in told if one.shipped_at), default=None),
            "region": place.region,
            "region_at": place.region_at,
            "buyer_quiet": any(one.buyer_quiet for one in told),
        }
    )


def want(draft: ParcelDraft, content: Content, wish: Wish) -> None:
    """A refund wants the parcel stopped; it hears where things stand even if nothing changes."""
    draft.case, is_meant = parcel_reuse.at_content(draft.case, content, content.shipped_at)
    if draft.case.moved_to or not is_meant:
        draft.refuse(wish, "carrier_corrected" if draft.case.moved_to else "number_reused")
        return
    draft.ask_back.add(wish.refund)
    others = tuple(known for known in draft.case.wishes if known.refund != wish.refund)
    draft.change(wishes=(*others, wish))
    add_content(draft, content)
    if not _is_inside(draft.case, content) or len(others) >= ORDERS_MAX:
        draft.change(wishes=others)
        draft.refuse(wish, "crowded_number")
        return
    draft.update(wanted_at=draft.case.interception.wanted_at or draft.now)
    if draft.case.interception.phase in _NOT_ASKED:
        evaluate(draft)


def release(draft: ParcelDraft, refund: str) -> None:
    """A refund takes its wish back."""
    if all(wish.refund != refund for wish in draft.case.wishes):
        return
    draft.change(wishes=tuple(wish for wish in draft.case.wishes if wish.refund != refund))
    phase = draft.case.interception.phase
    if phase is InterceptionPhase.WAITING and not draft.case.wishes:
        draft.enter(InterceptionPhase.NONE)
    elif phase is InterceptionPhase.SUCCEEDED and not draft.case.received_at:
        draft.ticket(TicketKind.STOPPED_THEN_WITHDRAWN, {"refund": refund})
    undo_if_unwanted(draft)


def accepted(draft: ParcelDraft, answers: str, number: str) -> None:
    """The courier registered the request."""
    mine = draft.case.interception
    if draft.is_current(answers) and mine.phase is InterceptionPhase.REQUESTED:
        draft.enter(InterceptionPhase.ACCEPTED)
        draft.update(
            number=number,
            requested_at=mine.requested_at or draft.now,
            accepted_at=draft.now,
            asked_at=draft.now,
            tries=0,
            silent=False,
        )
        react_to_stage(draft)
        undo_if_unwanted(draft)


def refused(draft: ParcelDraft, answers: str, reason: str, *, wait: bool) -> None:
    """The courier refused, for good or until the first scan."""
    mine = draft.case.interception
    if draft.is_current(answers) and mine.phase is InterceptionPhase.REQUESTED:
        draft.update(requested_at=mine.requested_at or draft.now)
        draft.enter(InterceptionPhase.WAITING if wait else InterceptionPhase.REFUSED, reason)


def reported(draft: ParcelDraft, answers: str, state: str) -> None:
    """The courier's own status."""
    if not draft.is_current(answers) or draft.case.interception.phase is not InterceptionPhase.ACCEPTED:
        return
    if state in ("succeeded", "returning"):
        succeed(draft)
    elif state == "failed":
        draft.enter(InterceptionPhase.FAILED, "courier_failed")
    elif state == "cancelled":
        draft.enter(InterceptionPhase.FAILED, "cancelled_at_courier")


def cancelled(draft: ParcelDraft, answers: str) -> None:
    """The courier dropped the interception; somebody may want it again by now."""
    if draft.is_current(answers) and draft.case.interception.phase is InterceptionPhase.CANCELLING:
        draft.enter(InterceptionPhase.CANCELLED)
        if draft.case.wishes:
            evaluate(draft)


def failed(draft: ParcelDraft, event: CommandFailed) -> None:
    """A command to the courier ended without effect, or nobody knows with which."""
    phase = draft.case.interception.phase
    if not draft.is_current(event.answers):
        return
    reason = f"{event.code} {event.text}".strip()
    if phase is InterceptionPhase.REQUESTED and event.certain:
        draft.enter(InterceptionPhase.REFUSED, reason)
    elif phase is InterceptionPhase.REQUESTED:
        doubt(draft, reason)
    elif phase is InterceptionPhase.CANCELLING:
        stay_stopped(draft, event.code)


def evaluate(draft: ParcelDraft) -> None:
    """Ask the courier if no rule objects; a parcel that turned back by itself is only waited for."""
    if draft.case.return_scan_at:
        return
    for rule in RULES:
        objection = rule(draft.case, draft.policy)
        if objection:
            waits = InterceptionPhase.WAITING if objection.may_pass else InterceptionPhase.REFUSED
            draft.enter(waits, objection.code)
            return
    mine = draft.case.interception
    draft.enter(InterceptionPhase.REQUESTED)
    draft.update(
        step=mine.step + 1,
        request_step=mine.step + 1,
        number="",
        tries=1,
        asked_at=draft.now,
        eligible_at=mine.eligible_at or draft.now,
    )
    draft.say_intercept()


def react_to_stage(draft: ParcelDraft) -> None:
    """Take what the scans say about an interception that somebody wants."""
    phase = draft.case.interception.phase
    if not draft.case.wishes and phase is not InterceptionPhase.ACCEPTED:
        return
    if draft.case.return_scan_at:
        if phase.was_promised:
            succeed(draft)
    elif draft.case.stage is Stage.DELIVERED and phase in (InterceptionPhase.ACCEPTED, InterceptionPhase.SUCCEEDED):
        draft.enter(InterceptionPhase.FAILED, "delivered")
    elif phase is InterceptionPhase.WAITING:
        evaluate(draft)


def undo_if_unwanted(draft: ParcelDraft) -> None:
    """Take an accepted interception back when nobody wants it, or when other goods are inside."""
    unwanted = not draft.case.wishes or other_goods(draft.case, draft.policy) is not None
    mine = draft.case.interception
    if mine.phase is InterceptionPhase.ACCEPTED and unwanted:
        draft.enter(InterceptionPhase.CANCELLING)
        draft.update(step=mine.step + 1, tries=1, asked_at=draft.now, silent=False)
        draft.say_cancel()


def succeed(draft: ParcelDraft) -> None:
    """The parcel is stopped: the courier says so, or a scan shows it on its way back."""
    if draft.case.interception.phase is not InterceptionPhase.SUCCEEDED:
        draft.enter(InterceptionPhase.SUCCEEDED)
        draft.update(succeeded_at=draft.case.interception.succeeded_at or draft.now)


def doubt(draft: ParcelDraft, reason: str) -> None:
    """Nobody knows whether the courier has our request: keep asking for its status, and say so."""
    draft.enter(InterceptionPhase.ACCEPTED, reason)
    draft.update(silent=True, asked_at=draft.now, tries=0)
    undo_if_unwanted(draft)


def stay_stopped(draft: ParcelDraft, code: str) -> None:
    """The courier does not let the parcel go on: a person asks it to."""
    draft.update(phase=InterceptionPhase.ACCEPTED, asked_at=draft.now, tries=0)
    draft.ticket(TicketKind.STOPPED_THEN_WITHDRAWN, {"code": code})
