"""A policy on trial: its refunds draw on the trial's budget too, and once that is used up the policy is given back."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.commands import EndTrial
from shared.domain.decision import TrialDraw
from shared.domain.notices import TicketKind
from shared.domain.policy import Trial
from shared.domain.refund import RefundPhase
from tests.unit.rules.build import HOUR, MERCHANT, NOW, PAID, REFUND_KEY, tickets, types
from tests.unit.rules.refunds import answer, failed, reviewing

TRIAL = Trial(until=NOW + 24 * HOUR, amount_max_fen=3 * PAID, count_max=4)


def test_within_the_trial_the_same_is_drawn_from_its_budget() -> None:
    run = reviewing(trial=TRIAL, version=7)
    run.take(answer(run))
    assert run.last.draw
    assert run.last.draw.trial == TrialDraw(7, 3 * PAID, 4)


@pytest.mark.parametrize("policy", [{}, {"trial": TRIAL.model_copy(update={"until": NOW})}])
def test_without_a_trial_or_after_it_only_the_day_s_budget_counts(policy: dict[str, Any]) -> None:
    run = reviewing(**policy)
    run.trial_left = False
    run.take(answer(run))
    assert run.case.phase is RefundPhase.AGREEING
    assert run.last.draw.trial is None  # type: ignore[union-attr]


def test_a_used_up_trial_pays_nothing_asks_a_person_and_ends() -> None:
    run = reviewing(trial=TRIAL, version=7)
    run.trial_left = False
    said = run.take(answer(run))
    assert (types(said), tickets(said), run.last.draw) == (["end_trial"], [TicketKind.TRIAL_EXHAUSTED], None)
    assert run.case.phase is RefundPhase.BY_HAND
    [end] = [one for one in said if isinstance(one, EndTrial)]
    assert (end.merchant, end.version, end.reply_to, end.why.policy_version) == (MERCHANT, 7, REFUND_KEY, 7)
    assert "trial.count_max=4" in end.why.threshold


def test_a_refund_above_the_whole_trial_asks_a_person_and_ends_nothing() -> None:
    run = reviewing(trial=TRIAL.model_copy(update={"amount_max_fen": PAID - 1}))
    said = run.take(answer(run))
    assert (types(said), tickets(said), run.last.draw) == ([], [TicketKind.BUDGET_EXHAUSTED], None)


def test_a_refund_that_was_refused_counts_for_the_trial_all_the_same() -> None:
    """What it did was to try to pay: the day gets its money back, the trial does not get its chance back."""
    run = reviewing(trial=TRIAL)
    run.take(answer(run))
    run.take(failed(run, certain=True), after=timedelta(minutes=1))
    assert run.last.draw
    assert (run.last.draw.amount_fen, run.last.draw.trial) == (-PAID, None)
