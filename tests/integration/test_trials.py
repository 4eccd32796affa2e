"""A policy on trial has a budget, drawn from together with that of the day; what a policy tells is told once."""

import pytest

from shared.domain.decision import Spent, TrialDraw
from shared.domain.events import NoticeRaised
from shared.domain.notices import Notice
from shared.domain.why import Why
from shared.errors import BudgetExhausted, LostRace, TrialExhausted
from tests.integration.conftest import Backend
from tests.integration.samples import POLICY, REFUND, SHOP
from tests.integration.test_case_store import draw, save

TRIAL = TrialDraw(2, 900, 2)


def spent(backend: Backend) -> tuple[Spent, Spent]:
    """The day's and the trial's."""
    return backend.cases.spent(SHOP, draw(1).day), backend.policies.trial_spent(SHOP, TRIAL.version)


@pytest.mark.parametrize(("first", "second"), [(600, 301), (1, 900)])
def test_a_trial_s_amount_holds_and_what_does_not_fit_is_drawn_from_neither(
    backend: Backend, first: int, second: int
) -> None:
    save(backend, key=REFUND, taking=draw(first)._replace(trial=TRIAL))
    with pytest.raises(TrialExhausted):
        save(backend, key=REFUND, taking=draw(second)._replace(trial=TRIAL))
    assert spent(backend) == (Spent(first, 1), Spent(first, 1))


def test_a_trial_s_count_holds(backend: Backend) -> None:
    for _ in range(2):
        save(backend, key=REFUND, taking=draw(1)._replace(trial=TRIAL))
    with pytest.raises(TrialExhausted):
        save(backend, key=REFUND, taking=draw(1)._replace(trial=TRIAL))
    save(backend, key=REFUND, taking=draw(1)._replace(trial=TRIAL._replace(version=3)))
    assert spent(backend) == (Spent(3, 3), Spent(2, 2))


def test_a_day_that_is_used_up_is_no_trial_that_is(backend: Backend) -> None:
    save(backend, key=REFUND, taking=draw(1000))
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(900)._replace(trial=TRIAL._replace(amount_fen_max=899)))


def test_a_version_that_was_never_tried_has_spent_nothing(backend: Backend) -> None:
    assert backend.policies.trial_spent(SHOP, 9) == Spent(0, 0)


def test_what_is_said_with_a_policy_is_told_by_who_put_it_and_by_nobody_else(backend: Backend) -> None:
    said = NoticeRaised(
        merchant=SHOP,
        group="desk",
        about=str(REFUND),
        notice=Notice(title="t", lines=("x",), urgent=True),
        why=Why(rule="r", policy_version=1),
    )
    backend.policies.put_policy(POLICY)
    backend.policies.put_policy(POLICY.model_copy(update={"version": 2}), None, [said])
    with pytest.raises(LostRace):
        backend.policies.put_policy(POLICY.model_copy(update={"version": 2}), None, [said])
    assert [letter["lane"] for letter in backend.take_outboxes()] == ["notifications"]
    assert backend.policies.policy(SHOP).version == 2
