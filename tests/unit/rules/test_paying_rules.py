"""When money may leave: both sides of every threshold, and the order in which the rules are asked."""

from typing import Any

import pytest

from shared.domain.notices import TicketKind
from shared.domain.order import OrderCase, RefundShare
from shared.domain.refund import RefundKind, RefundPhase, RefundStatus
from shared.rules.paying.amount_within_budget import amount_within_budget
from shared.rules.paying.amount_within_paid import amount_within_paid
from shared.rules.paying.full_amount import full_amount
from shared.rules.paying.request_unchanged import request_unchanged
from shared.rules.refund_payment import RULES
from tests.unit.rules.build import PAID, order, policy, refund


def _asks(amount_fen: int = PAID, **fields: Any) -> Any:
    return refund(RefundPhase.REVIEWING, amount_fen=amount_fen, **fields)


@pytest.mark.parametrize("kind", RefundKind)
@pytest.mark.parametrize("status", RefundStatus)
def test_only_a_pending_request_for_the_money_alone_is_agreed(status: RefundStatus, kind: RefundKind) -> None:
    objection = request_unchanged(_asks(status=status, kind=kind), order(), policy())
    assert (objection is None) == (status is RefundStatus.PENDING and kind is RefundKind.REFUND_ONLY)
    assert objection is None or objection.facts == {"status": status, "kind": kind}


@pytest.mark.parametrize(
    ("amount_fen", "paid_fen", "may_pay"),
    [(0, 1990, False), (1, 1990, True), (1990, 1990, True), (1991, 1990, False), (1, 0, False), (1990, None, False)],
)
def test_no_more_is_paid_back_than_was_paid(amount_fen: int, paid_fen: int | None, *, may_pay: bool) -> None:
    objection = amount_within_paid(_asks(amount_fen), order(paid_fen=paid_fen), policy())
    assert (objection is None) == may_pay


def test_nothing_is_paid_for_an_order_that_nobody_knows() -> None:
    assert amount_within_paid(_asks(), None, policy())


@pytest.mark.parametrize(("others_fen", "may_pay"), [([], True), ([990], True), ([991], False), ([500, 491], False)])
def test_the_refunds_of_one_order_together_are_no_more_than_was_paid(others_fen: list[int], *, may_pay: bool) -> None:
    paid = tuple(RefundShare(refund=f"sim:R{n}", amount_fen=fen, step=2) for n, fen in enumerate(others_fen, start=2))
    assert (amount_within_paid(_asks(1000), order(refunds=paid), policy()) is None) == may_pay


def test_a_refund_does_not_count_against_itself() -> None:
    mine = RefundShare(refund="sim:R1", amount_fen=PAID, step=2)
    assert amount_within_paid(_asks(), order(refunds=(mine,)), policy()) is None


@pytest.mark.parametrize(
    ("amount_fen", "cap_fen", "count_max", "could_be"),
    [(1990, 1990, 1, True), (1990, 1989, 1, False), (1990, 1991, 0, False), (1, 0, 1, False)],
)
def test_a_refund_above_the_whole_day_s_budget_is_never_automatic(
    amount_fen: int, cap_fen: int, count_max: int, *, could_be: bool
) -> None:
    caps = policy(budget_amount_max_fen=cap_fen, budget_count_max=count_max)
    objection = amount_within_budget(_asks(amount_fen), order(), caps)
    assert (objection is None) == could_be
    assert objection is None or str(cap_fen) in objection.threshold


def _two_lines() -> OrderCase:
    return order(lines=2)


@pytest.mark.parametrize(
    ("line_ids", "amount_fen", "is_full"),
    [
        (("L1",), 995, True),
        (("L1",), 994, False),
        (("L1",), 1990, True),
        (("L1", "L2"), 1990, True),
        (("L1", "L2"), 1989, False),
        ((), 1990, True),
        ((), 1989, False),
    ],
)
def test_a_buyer_who_asks_for_part_of_the_price_keeps_the_goods(
    line_ids: tuple[str, ...], amount_fen: int, *, is_full: bool
) -> None:
    objection = full_amount(_asks(amount_fen, line_ids=line_ids), _two_lines(), policy())
    assert (objection is None) == is_full


def test_the_rules_are_asked_in_this_order_and_each_names_its_ticket() -> None:
    assert (request_unchanged, amount_within_paid, amount_within_budget) == RULES
    wrong = _asks(3000, status=RefundStatus.IN_PROGRESS)
    objections = [rule(wrong, order(paid_fen=1), policy(budget_amount_max_fen=1)) for rule in RULES]
    assert [TicketKind(o.code) for o in objections if o] == [
        TicketKind.REQUEST_CHANGED,
        TicketKind.ABOVE_PAID,
        TicketKind.BUDGET_EXHAUSTED,
    ]
