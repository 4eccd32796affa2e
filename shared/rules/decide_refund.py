"""What happens to one refund request, from the buyer's click to the goods in the warehouse.

    reading ─▶ awaiting order ─┬─ not shipped ─▶ stopping order ──cancelled──▶ reviewing ─▶ agreeing ─▶ closed
                               │                    │ shipped, printed                ▲         │
                               └─ on the road ──────┴──▶ stopping parcels ──moment────┘         ▼
                                    already refunded ─────────────────────────────────────▶ following ─▶ closed

Any doubt, objection, failure or silence leads to `by_hand`: a ticket, and no money. The platform's own deadline
escalates in every open phase.
"""

from datetime import datetime
from typing import assert_never

from shared.domain.decision import Decision, Facts
from shared.domain.events import (
    CommandFailed,
    DeadlineReached,
    OrderLearned,
    OrderStopped,
    ParcelProgressed,
    RefundAgreed,
    RefundReported,
)
from shared.domain.notices import TicketKind
from shared.domain.policy import Policy
from shared.domain.refund import Outcome, RefundCase, RefundKind, RefundPhase, RefundStatus
from shared.rules.refund_clock import look_at_clock, next_due, rearm_escalations
from shared.rules.refund_draft import RefundDraft
from shared.rules.refund_goods import follow_return, note_payment, order_stopped, paid, parcel_progressed
from shared.rules.refund_payment import Left, command_failed, keep_for_buyer, refund_agreed, reviewed
from shared.rules.refund_route import order_learned, route

_GOODS_SETTLED = (RefundPhase.REVIEWING, RefundPhase.AGREEING)


def decide_refund(facts: Facts[RefundCase], policy: Policy, now: datetime) -> Decision[RefundCase]:
    """Give the refund's next state, what to ask vendors, what to tell parcels and people."""
    event = facts.event
    if facts.case is None:
        if not isinstance(event, RefundReported) or event.status in (RefundStatus.CLOSED, RefundStatus.REFUSED):
            return Decision(None)
        draft = RefundDraft(facts.merchant, policy, now, _opened(event, policy, now), facts.order)
        _begin(draft, event)
        follow_return(draft, event.return_parcel)
        return draft.decision(next_due(draft))
    draft = RefundDraft(facts.merchant, policy, now, facts.case, facts.order)
    match event:
        case RefundReported():
            _reported(draft, event, Left(facts.budget_left, facts.trial_left))
            follow_return(draft, event.return_parcel)
        case OrderLearned():
            order_learned(draft)
        case OrderStopped():
            order_stopped(draft, event)
        case ParcelProgressed():
            parcel_progressed(draft, event)
        case RefundAgreed():
            refund_agreed(draft, event)
        case CommandFailed():
            command_failed(draft, event)
        case DeadlineReached():
            look_at_clock(draft)
        case _:
            raise TypeError(f"{event and event.type} is not about a refund")
    return draft.decision(next_due(draft))


def _opened(event: RefundReported, policy: Policy, now: datetime) -> RefundCase:
    return RefundCase(
        platform=event.platform,
        refund_id=event.refund_id,
        order_id=event.order_id,
        line_ids=event.line_ids,
        kind=event.kind or RefundKind.OTHER,
        status=event.status,
        amount_fen=event.amount_fen or 0,
        version=event.version,
        deadline_at=event.deadline_at or event.at + policy.platform_deadline,
        opened_at=now,
    )


def _begin(draft: RefundDraft, event: RefundReported) -> None:
    if event.kind is None or event.amount_fen is None:
        draft.ask(RefundPhase.READING, "details_needed", {"told": event.status})
    else:
        if event.status is RefundStatus.REFUNDED:
            note_payment(draft, event.at)
        route(draft)


def _reported(draft: RefundDraft, event: RefundReported, left: Left) -> None:
    """Take the platform's news, newest version first; while money is on its way only an end counts."""
    case = draft.case
    asked = case.phase in (RefundPhase.READING, RefundPhase.REVIEWING) and event.answers == draft.command_id
    news, known = (event.version, event.status.rank), (case.version, case.status.rank)
    if news == known and draft.is_reread(event.answers):
        _move_deadline(draft, event.deadline_at)
        return
    if news < known or (news == known and not asked):
        return
    if case.phase is RefundPhase.AGREEING and event.status in (RefundStatus.PENDING, RefundStatus.IN_PROGRESS):
        return  # the platform's own "agreed" follows our agreement
    if case.refunded_at is not None and event.status is not RefundStatus.REFUNDED:
        return  # money that is gone does not become pending again, and its goods are not let go
    _adopt(draft, event)
    match event.status:
        case RefundStatus.PENDING | RefundStatus.IN_PROGRESS:
            _still_open(draft, case, left, asked=asked)
        case RefundStatus.REFUNDED:
            _refunded(draft, event)
        case RefundStatus.CLOSED:
            _ended(draft, Outcome.WITHDRAWN)
        case RefundStatus.REFUSED:
            _ended(draft, Outcome.REFUSED)
        case _:
            assert_never(event.status)


def _adopt(draft: RefundDraft, event: RefundReported) -> None:
    case = draft.case
    is_new = case.phase is RefundPhase.CLOSED
    untold = event.at + draft.policy.platform_deadline if is_new else case.deadline_at
    draft.change(
        version=event.version,
        status=event.status,
        kind=event.kind or case.kind,
        amount_fen=case.amount_fen if event.amount_fen is None else event.amount_fen,
        line_ids=event.line_ids or case.line_ids,
    )
    _move_deadline(draft, event.deadline_at or untold)


def _move_deadline(draft: RefundDraft, at: datetime | None) -> None:
    """Take the platform's word for its deadline, which it may move without a new version."""
    if at:
        draft.change(deadline_at=at)
        rearm_escalations(draft)


def _still_open(draft: RefundDraft, before: RefundCase, left: Left, *, asked: bool) -> None:
    if before.phase is RefundPhase.CLOSED:
        draft.reopen()
        route(draft)
    elif before.phase is RefundPhase.READING and asked:
        route(draft)
    elif before.kind is RefundKind.REFUND_ONLY and draft.case.kind is not RefundKind.REFUND_ONLY:
        draft.release_parcels()
        draft.ask_person(TicketKind.REQUEST_CHANGED, {"was": before.kind, "is": draft.case.kind})
    elif before.phase is RefundPhase.REVIEWING and asked:
        reviewed(draft, left)
    elif before.phase is RefundPhase.STOPPING_PARCELS:
        keep_for_buyer(draft)


def _refunded(draft: RefundDraft, event: RefundReported) -> None:
    """The money is gone, at our word, a person's or the platform's: what counts now are the goods."""
    case = draft.case
    if case.phase is RefundPhase.READING and event.amount_fen is None:
        return  # nobody knows yet how much is gone: the answer that is awaited says it
    note_payment(draft, event.at)
    if case.phase in (RefundPhase.READING, RefundPhase.AWAITING_ORDER, RefundPhase.STOPPING_ORDER):
        if case.phase is RefundPhase.READING and event.answers:
            route(draft)
    elif case.phase is RefundPhase.CLOSED and case.outcome not in (Outcome.WITHDRAWN, Outcome.REFUSED):
        return
    elif case.phase is RefundPhase.CLOSED:
        draft.reopen()
        route(draft)
    elif case.phase in _GOODS_SETTLED or case.parcels or case.order_stopped or case.kind is not RefundKind.REFUND_ONLY:
        paid(draft, event.at)
    else:
        route(draft)


def _ended(draft: RefundDraft, outcome: Outcome) -> None:
    """Nobody will be paid: let the goods go on."""
    if draft.case.phase is RefundPhase.CLOSED:
        return
    draft.release_parcels()
    if draft.case.order_stopped:
        draft.ticket(TicketKind.STOPPED_THEN_WITHDRAWN, {"outcome": outcome})
    draft.say_share(0)
    draft.close(outcome, outcome)
