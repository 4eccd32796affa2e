"""The buyer changes his mind: withdrawn, asked again, changed in kind or amount, in every phase."""

from typing import Any

import pytest

from shared.domain.notices import TicketKind
from shared.domain.parcel import Progress
from shared.domain.refund import Outcome, RefundKind, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    HOUR,
    NOW,
    PAID,
    REFUND_KEY,
    Run,
    order,
    order_stopped,
    progressed,
    reported,
    tick,
    tickets,
    types,
)
from tests.unit.rules.refunds import agreeing, answer, failed, reviewing


def _reading() -> Run:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(kind=None))
    return run


def _awaiting() -> Run:
    run = Run(decide_refund)
    run.take(reported())
    return run


def _stopping_order() -> Run:
    run = Run(decide_refund)
    run.order = order()
    run.take(reported())
    return run


def _stopping_parcels() -> Run:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported())
    return run


def _by_hand() -> Run:
    run = _stopping_parcels()
    run.take(progressed(Progress.FAILED))
    return run


OPEN: dict[RefundPhase, Any] = {
    RefundPhase.READING: _reading,
    RefundPhase.AWAITING_ORDER: _awaiting,
    RefundPhase.STOPPING_ORDER: _stopping_order,
    RefundPhase.STOPPING_PARCELS: _stopping_parcels,
    RefundPhase.REVIEWING: reviewing,
    RefundPhase.AGREEING: agreeing,
    RefundPhase.BY_HAND: _by_hand,
}
ENDS = {RefundStatus.CLOSED: Outcome.WITHDRAWN, RefundStatus.REFUSED: Outcome.REFUSED}


@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize("end", ENDS)
def test_a_request_that_ends_in_any_phase_closes_and_lets_the_parcel_go(phase: RefundPhase, end: RefundStatus) -> None:
    run = OPEN[phase]()
    assert run.case.phase is phase
    wanted = phase in (RefundPhase.STOPPING_PARCELS, RefundPhase.REVIEWING, RefundPhase.AGREEING)
    said = run.take(reported(end, 2))
    assert ("interception_released" in types(said)) == wanted
    assert (run.case.phase, run.case.outcome, run.last.due) == (RefundPhase.CLOSED, ENDS[end], None)
    assert run.take(reported(end, 2)) == []


@pytest.mark.parametrize("phase", OPEN)
def test_news_older_than_what_is_known_changes_nothing_in_any_phase(phase: RefundPhase) -> None:
    run = OPEN[phase]()
    before = run.case
    for status in RefundStatus:
        assert run.take(reported(status, 0, amount_fen=1)) == []
    assert run.case == before


@pytest.mark.parametrize("phase", [phase for phase in OPEN if phase is not RefundPhase.BY_HAND])
@pytest.mark.parametrize("kind", [RefundKind.RETURN_AND_REFUND, RefundKind.OTHER])
def test_a_request_that_changes_its_kind_stops_the_automatic_way(phase: RefundPhase, kind: RefundKind) -> None:
    run = OPEN[phase]()
    changed = {"kind": kind, "version": 2}
    run.take(reported(**changed))
    if phase is RefundPhase.AGREEING:
        run.take(failed(run, certain=True), answer(run, **changed))
        run.take(answer(run, **changed))
    if phase is RefundPhase.READING:
        run.take(answer(run, **changed))
    assert run.case.phase is RefundPhase.BY_HAND
    assert [m.version for m in run.said if m.type == "agree_refund"] == ([1] if phase is RefundPhase.AGREEING else [])


@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize("amount_fen", [1, PAID + 1])
def test_a_changed_amount_is_never_paid_without_being_read(phase: RefundPhase, amount_fen: int) -> None:
    run = OPEN[phase]()
    assert "agree_refund" not in types(run.take(reported(version=2, amount_fen=amount_fen)))
    assert not [m for m in run.said if m.type == "agree_refund" and m.amount_fen == amount_fen]


def test_a_buyer_who_now_wants_part_of_the_price_keeps_the_parcel() -> None:
    run = _stopping_parcels()
    said = run.take(reported(version=2, amount_fen=PAID - 1))
    assert "interception_released" in types(said)
    assert tickets(said) == [TicketKind.PARTIAL_AMOUNT]


# ---- asked again under the same number ---------------------------------------------------------------------------


def _withdrawn(run: Run) -> Run:
    run.take(reported(RefundStatus.CLOSED, 2))
    return run


def test_a_request_made_again_begins_again() -> None:
    run = _withdrawn(_stopping_parcels())
    said = run.take(reported(version=3))
    assert types(said) == ["interception_wanted"]
    assert (run.case.phase, run.case.outcome, run.case.closed_at) == (RefundPhase.STOPPING_PARCELS, None, None)
    run.take(progressed(Progress.SUCCEEDED))
    assert types(run.take(answer(run, version=3))) == ["agree_refund"]


def test_a_request_made_again_never_repeats_a_command_s_number() -> None:
    run = _withdrawn(agreeing())
    run.take(reported(version=3), progressed(Progress.SUCCEEDED))
    run.take(answer(run, version=3))
    commands = [m.command_id for m in run.said if hasattr(m, "command_id")]
    assert len(commands) == len(set(commands)) == 4


def test_an_answer_from_before_the_withdrawal_does_not_answer_the_new_request() -> None:
    run = _withdrawn(_stopping_order())
    run.take(reported(version=3))
    assert run.take(order_stopped("cancelled", f"{REFUND_KEY}#1")) == []
    assert run.case.phase is RefundPhase.STOPPING_ORDER


def test_a_request_made_again_opens_its_tickets_again() -> None:
    run = _withdrawn(_by_hand())
    run.take(reported(version=3))
    assert tickets(run.take(progressed(Progress.FAILED))) == [TicketKind.INTERCEPTION_FAILED]


def test_a_request_made_again_has_a_new_time_limit() -> None:
    run = _withdrawn(_stopping_parcels())
    later = NOW + 40 * HOUR
    run.now = later
    run.take(reported(version=3, at=later))
    assert run.case.deadline_at == later + 36 * HOUR
    assert tickets(run.take(tick())) == []


def test_a_request_made_again_keeps_the_time_limit_that_the_platform_names() -> None:
    run = _withdrawn(_stopping_parcels())
    run.take(reported(version=3, deadline_at=NOW + 5 * HOUR))
    assert run.case.deadline_at == NOW + 5 * HOUR


def test_a_request_that_was_withdrawn_and_then_paid_by_the_platform_is_followed() -> None:
    run = _withdrawn(_stopping_parcels())
    assert "interception_wanted" in types(run.take(reported(RefundStatus.REFUNDED, 3)))
    assert run.case.phase is RefundPhase.FOLLOWING


def test_an_order_that_was_stopped_before_the_withdrawal_is_told() -> None:
    run = _stopping_order()
    run.take(order_stopped("cancelled", f"{REFUND_KEY}#1"))
    assert tickets(_withdrawn(run).said) == [TicketKind.STOPPED_THEN_WITHDRAWN]
