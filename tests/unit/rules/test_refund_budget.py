"""The budget and the ends of an agreement: drawn once, given back only when nobody was paid, never guessed."""

import pytest

from shared.domain.notices import TicketKind
from shared.domain.refund import RefundPhase, RefundStatus
from tests.unit.rules.build import (
    HOUR,
    MINUTE,
    NOW,
    PAID,
    reported,
    tick,
    tickets,
    types,
)
from tests.unit.rules.refunds import agreed, agreeing, answer, failed, reviewing

# ---- the budget --------------------------------------------------------------------------------------------------


def test_agreeing_draws_the_amount_from_the_merchant_s_day() -> None:
    run = reviewing(budget_amount_max_fen=5000, budget_count_max=3)
    run.now = NOW + 16 * HOUR  # midnight in Shanghai
    run.take(answer(run))
    draw = run.last.draw
    assert draw
    assert (draw.day.isoformat(), draw.amount_fen, draw.refunds) == ("2026-11-12", PAID, 1)
    assert (draw.amount_fen_max, draw.refunds_max) == (5000, 3)


def test_an_exhausted_budget_leaves_the_refund_to_a_person_and_draws_nothing() -> None:
    run = reviewing()
    run.budget_left = False
    said = run.take(answer(run))
    assert (types(said), tickets(said)) == ([], [TicketKind.BUDGET_EXHAUSTED])
    assert run.last.draw is None


@pytest.mark.parametrize("caps", [{"budget_amount_max_fen": PAID - 1}, {"budget_count_max": 0}])
def test_a_refund_above_the_day_s_caps_asks_a_person_without_asking_the_store(caps: dict[str, int]) -> None:
    run = reviewing(**caps)
    said = run.take(answer(run))
    assert (types(said), tickets(said), run.last.draw) == ([], [TicketKind.BUDGET_EXHAUSTED], None)


def test_a_refusal_gives_the_budget_back_to_the_day_it_came_from() -> None:
    run = agreeing()
    run.now = NOW + 20 * HOUR
    run.take(failed(run, certain=True))
    draw = run.last.draw
    assert draw
    assert (draw.day.isoformat(), draw.amount_fen, draw.refunds) == ("2026-11-11", -PAID, -1)
    assert run.case.reserved_fen == 0


def test_the_budget_is_given_back_once() -> None:
    run = agreeing()
    refusal = failed(run, certain=True)
    run.take(refusal)
    run.take(refusal)
    assert run.last.draw is None


def test_an_unclear_end_keeps_the_budget() -> None:
    run = agreeing()
    run.take(failed(run, certain=False))
    assert run.last.draw is None
    assert run.case.reserved_fen == PAID


@pytest.mark.parametrize("end", [RefundStatus.CLOSED, RefundStatus.REFUSED])
def test_a_request_that_ends_while_we_agree_gives_the_budget_back_only_when_our_call_has_failed(
    end: RefundStatus,
) -> None:
    run = agreeing()
    run.take(reported(end, 2))
    assert (run.last.draw, run.case.reserved_fen) == (None, PAID)
    assert run.take(failed(run, certain=True)) == []
    assert run.last.draw
    assert run.last.draw.amount_fen == -PAID
    assert run.case.phase is RefundPhase.CLOSED


# ---- refused, unclear, silent ------------------------------------------------------------------------------------


def test_a_refused_agreement_is_read_again_three_times_and_then_left_to_a_person() -> None:
    run = agreeing()
    for _ in range(3):
        assert types(run.take(failed(run, certain=True))) == ["read_refund"]
        assert types(run.take(answer(run))) == ["agree_refund"]
    said = run.take(failed(run, certain=True))
    assert (types(said), tickets(said)) == ([], [TicketKind.CALL_FAILED])
    assert len({m.command_id for m in run.said if m.type == "agree_refund"}) == 4


def test_every_agreement_is_locked_to_the_version_read_for_it() -> None:
    run = agreeing()
    for version in (2, 3, 4):
        run.take(failed(run, certain=True))
        [command] = run.take(answer(run, version=version))
        assert command.version == version


def test_an_unclear_agreement_is_never_repeated_by_us() -> None:
    run = agreeing()
    said = run.take(failed(run, certain=False))
    assert (types(said), tickets(said)) == ([], [TicketKind.OUTCOME_UNKNOWN])
    said = [message for _ in range(50) for message in run.take(tick(), after=HOUR)]
    assert types(said) == ["read_refund"] * 2  # the days' readings


def test_an_unclear_agreement_that_did_pay_is_followed_after_all() -> None:
    run = agreeing()
    run.take(failed(run, certain=False), agreed(run))
    assert run.case.phase is RefundPhase.FOLLOWING
    assert run.case.agreed_by_us


def test_an_agreement_without_an_answer_is_asked_with_the_same_number_and_ends_with_a_person() -> None:
    run = agreeing()
    command = run.said[-1]
    for _ in range(4):
        [again] = run.take(tick(), after=(run.last.due or run.now) - run.now)
        assert (again.command_id, again.amount_fen, again.version) == (command.command_id, PAID, 1)
    said = run.take(tick(), after=(run.last.due or run.now) - run.now)
    assert tickets(said) == [TicketKind.OUTCOME_UNKNOWN]
    assert run.case.phase is RefundPhase.BY_HAND
    assert run.now == NOW + 10 * MINUTE


def test_an_agreement_answered_twice_is_told_once() -> None:
    run = agreeing()
    paid = agreed(run)
    run.take(paid)
    before = run.case
    assert run.take(paid) == []
    assert run.case == before
