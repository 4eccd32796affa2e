"""The money: read the request once more, check it against every rule, agree to exactly what was read."""

from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.domain.commands import EndTrial
from shared.domain.decision import BudgetDraw, Objection, TrialDraw
from shared.domain.events import CommandFailed, RefundAgreed
from shared.domain.notices import TicketKind
from shared.domain.order import OrderCase, RefundShare
from shared.domain.policy import Policy, Trial
from shared.domain.refund import RefundCase, RefundPhase, RefundStatus
from shared.rules.paying.amount_within_budget import amount_within_budget
from shared.rules.paying.amount_within_paid import amount_within_paid
from shared.rules.paying.full_amount import full_amount
from shared.rules.paying.request_unchanged import request_unchanged
from shared.rules.refund_draft import Fact, RefundDraft
from shared.rules.refund_goods import consider, moment_reached, paid
from shared.rules.refund_route import goods_are_stopped, stop_parcels

Rule = Callable[[RefundCase, OrderCase | None, Policy], Objection | None]

RULES: tuple[Rule, ...] = (request_unchanged, amount_within_paid, amount_within_budget)
"""Asked in this order, on facts read right before; the first objection leaves the case to a person."""

_REVIEWS_MAX = 3
_ANSWERED = (RefundPhase.STOPPING_PARCELS, RefundPhase.FOLLOWING, RefundPhase.CLOSED)  # no command is out any more


class Left(NamedTuple):
    """What the store has not refused yet: of the day's budget, and of that of a policy on trial."""

    budget: bool = True
    trial: bool = True


def reviewed(draft: RefundDraft, left: Left) -> None:
    """Agree to the request as it was just read, or ask a person."""
    if keep_for_buyer(draft):
        return
    for rule in RULES:
        objection = rule(draft.case, draft.order, draft.policy)
        if objection:
            draft.ask_person_about(objection)
            return
    if not moment_reached(draft):
        draft.enter(RefundPhase.STOPPING_PARCELS, "moment_passed")
        consider(draft)
        return
    if draft.order and not goods_are_stopped(draft, draft.order):
        stop_parcels(draft, draft.order)
        return
    trial = draft.policy.trial_at(draft.now)
    if trial and draft.case.amount_fen > trial.amount_max_fen:
        draft.ask_person(TicketKind.BUDGET_EXHAUSTED, {"amount_fen": draft.case.amount_fen}, _trial_caps(trial))
        return
    if trial and not left.trial:
        _end_trial(draft, trial)
        return
    if not left.budget:
        draft.ask_person(TicketKind.BUDGET_EXHAUSTED, {"amount_fen": draft.case.amount_fen}, _caps(draft))
        return
    _reserve(draft, draft.case.amount_fen)
    facts: Fact = {
        "amount_fen": draft.case.amount_fen,
        "version": draft.case.version,
        "deadline": str(draft.case.deadline_at),
    }
    draft.ask(RefundPhase.AGREEING, "reviewed", facts)
    if draft.order:
        share = RefundShare(refund=draft.case.name, amount_fen=draft.case.amount_fen, step=draft.case.step)
        draft.order_after = draft.order.with_share(share)


def keep_for_buyer(draft: RefundDraft) -> bool:
    """Let the parcels go on when the buyer now asks for part of the price only; true when that is so."""
    partial = full_amount(draft.case, draft.order, draft.policy)
    if partial:
        draft.release_parcels()
        draft.ask_person_about(partial)
    return partial is not None


def refund_agreed(draft: RefundDraft, event: RefundAgreed) -> None:
    """The platform paid the buyer at our word."""
    if event.answers != draft.command_id or draft.case.agreed_by_us:
        return
    draft.change(agreed_by_us=True)
    stopped = "包裹已拦截" if draft.case.parcels else "订单已取消"
    draft.note(f"{stopped}，已同意退款", "refund_agreed", {"amount_fen": draft.case.amount_fen})
    if draft.case.refunded_at is None:
        draft.change(status=RefundStatus.REFUNDED)
        paid(draft, event.at)


def command_failed(draft: RefundDraft, event: CommandFailed) -> None:
    """A command ended without effect, or nobody knows with which."""
    if event.answers != draft.command_id:
        return
    facts: Fact = {"command": event.command, "code": event.code, "reason": event.text[:200]}
    if event.certain:
        give_back(draft)
    if draft.case.phase in _ANSWERED:
        return
    if not event.certain:
        draft.ask_person(TicketKind.OUTCOME_UNKNOWN, facts)
    elif draft.case.phase is RefundPhase.AGREEING:
        if draft.case.reviews < _REVIEWS_MAX:
            draft.change(reviews=draft.case.reviews + 1)
            draft.ask(RefundPhase.REVIEWING, "agreement_refused", {"code": event.code})
        else:
            draft.ask_person(TicketKind.CALL_FAILED, facts)
    else:
        draft.ask_person(TicketKind.CALL_FAILED, facts)


def give_back(draft: RefundDraft) -> None:
    """Return what the case holds of the day's budget; only when it is certain that nobody was paid."""
    if draft.case.reserved_fen and draft.case.reserved_on:
        draft.draw = BudgetDraw(
            day=draft.case.reserved_on,
            amount_fen=-draft.case.reserved_fen,
            refunds=-1,
            amount_fen_max=draft.policy.budget_amount_max_fen,
            refunds_max=draft.policy.budget_count_max,
        )
        draft.change(reserved_fen=0, reserved_on=None)


def _reserve(draft: RefundDraft, amount_fen: int) -> None:
    day, trial = draft.now.astimezone(ZoneInfo(draft.policy.zone)).date(), draft.policy.trial_at(draft.now)
    draft.draw = BudgetDraw(
        day=day,
        amount_fen=amount_fen,
        refunds=1,
        amount_fen_max=draft.policy.budget_amount_max_fen,
        refunds_max=draft.policy.budget_count_max,
        trial=TrialDraw(draft.policy.version, trial.amount_max_fen, trial.count_max) if trial else None,
    )
    draft.change(reserved_fen=amount_fen, reserved_on=day)


def _end_trial(draft: RefundDraft, trial: Trial) -> None:
    """Leave the refund to a person, and let the policy be taken back that has paid so much."""
    limit = _trial_caps(trial)
    facts: Fact = {"amount_fen": draft.case.amount_fen, "version": draft.policy.version}
    draft.ask_person(TicketKind.TRIAL_EXHAUSTED, facts, limit)
    why = draft.why(TicketKind.TRIAL_EXHAUSTED, facts, limit)
    draft.outbox.append(
        EndTrial(
            merchant=draft.merchant,
            command_id=f"{draft.key}#trial-{draft.policy.version}",
            reply_to=draft.key,
            why=why,
            version=draft.policy.version,
        )
    )


def _caps(draft: RefundDraft) -> str:
    policy = draft.policy
    return f"budget_amount_max_fen={policy.budget_amount_max_fen} budget_count_max={policy.budget_count_max}"


def _trial_caps(trial: Trial) -> str:
    return f"trial.amount_max_fen={trial.amount_max_fen} trial.count_max={trial.count_max}"
