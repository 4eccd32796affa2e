"""Golden cases of money: what goes wrong elsewhere, and what becomes of it here."""

from typing import Any

import pytest

from shared.domain.notices import TicketKind
from shared.domain.order import RefundShare
from shared.domain.refund import RefundPhase
from shared.errors import Unclear
from shared.rules.paying.amount_within_paid import amount_within_paid
from shared.rules.paying.full_amount import full_amount
from tests.simulation.outside import AMOUNT_FEN
from tests.simulation.vendor import order_read, refund_reported
from tests.simulation.world import World
from tests.unit.rules.build import PAID, order, policy, refund

FREIGHT_FEN = 600


@pytest.mark.parametrize("lost", [("request", "answer"), ("answer", "answer"), ("answer", "request"), ("request",) * 2])
def test_three_clicks_and_two_timeouts_are_one_refund_with_one_number(lost: tuple[str, ...]) -> None:
    world, numbers, agree = World(shipped=False), [], None
    agree = world.outside._agree

    def agree_or_time_out(call: dict[str, Any]) -> Any:
        numbers.append(call["id"])
        how = lost[len(numbers) - 1] if len(numbers) <= len(lost) else ""
        answer = None if how == "request" else agree(call)
        if how:
            raise Unclear(f"{how} lost")
        return answer

    world.outside._agree = agree_or_time_out  # type: ignore[method-assign]
    now = world.clock.now()
    world.accept(order_read(now, world.outside._order({})))
    world.accept(refund_reported(now, "R1", world.outside.requests["R1"].told()), copies=3)
    world.settle()
    assert world.outside.paid == [(AMOUNT_FEN, 1)]
    assert len(set(numbers)) == 1
    paid = world.refund()
    assert paid
    assert (paid.phase, paid.agreed_by_us) == (RefundPhase.CLOSED, True)


def _share(name: str, amount_fen: int, step: int = 2) -> RefundShare:
    return RefundShare(refund=f"sim:{name}", amount_fen=amount_fen, step=step)


def test_what_is_left_is_paid_less_done_less_pending() -> None:
    known = order(paid_fen=1000).with_share(_share("R1", 400)).with_share(_share("R2", 300))
    assert [known.left_fen(f"sim:{name}") for name in ("R1", "R2", "R3")] == [700, 600, 300]
    failed = known.with_share(_share("R1", 0, step=4))
    assert failed.left_fen("sim:R3") == 700
    assert failed.with_share(_share("R1", 400, step=3)) == failed  # the older step comes late
    again = failed.with_share(_share("R1", 250, step=6))
    assert (again.left_fen("sim:R3"), again.left_fen("sim:R1")) == (450, 700)


@pytest.mark.parametrize("paid_fen", [1, 3334, 10_000])
def test_no_amount_above_the_payment_is_agreed_whatever_its_rounding(paid_fen: int) -> None:
    thirds = [paid_fen // 3, paid_fen // 3, paid_fen - 2 * (paid_fen // 3)]
    known = order(paid_fen=paid_fen)
    for number, amount_fen in enumerate(thirds):
        asked = refund(RefundPhase.REVIEWING, refund_id=f"R{number}", amount_fen=amount_fen)
        assert (amount_within_paid(asked, known, policy()) is None) == (amount_fen > 0)
        known = known.with_share(_share(f"R{number}", amount_fen))
    more = refund(RefundPhase.REVIEWING, refund_id="R9", amount_fen=1)
    objection = amount_within_paid(more, known, policy())
    assert objection
    assert objection.facts["left_fen"] == 0


def test_freight_is_paid_back_once_with_the_goods_and_never_alone() -> None:
    shipped = order(paid_fen=PAID + FREIGHT_FEN)
    whole = refund(RefundPhase.REVIEWING, refund_id="R1", amount_fen=PAID + FREIGHT_FEN)
    assert (full_amount(whole, shipped, policy()), amount_within_paid(whole, shipped, policy())) == (None, None)
    freight = refund(RefundPhase.REVIEWING, refund_id="R2", amount_fen=FREIGHT_FEN)
    alone = full_amount(freight, shipped, policy())
    assert alone
    assert alone.code == TicketKind.PARTIAL_AMOUNT
    after = shipped.with_share(_share("R1", PAID + FREIGHT_FEN))
    twice = amount_within_paid(freight, after, policy())
    assert twice
    assert twice.code == TicketKind.ABOVE_PAID
