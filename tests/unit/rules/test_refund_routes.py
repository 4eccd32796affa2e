"""Where a refund goes first, and what the ERP's five answers mean for an order that has not left."""

import pytest

from shared.domain.events import CommandFailed, OrderLearned, RefundReported
from shared.domain.messages import AnyEvent
from shared.domain.notices import TicketKind
from shared.domain.order import OrderCase, OrderStatus, Shipment
from shared.domain.parcel import Progress
from shared.domain.refund import RefundKind, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    MERCHANT,
    ORDER,
    PAID,
    REFUND,
    REFUND_KEY,
    Run,
    order,
    order_stopped,
    progressed,
    reported,
    shipments,
    tickets,
    types,
)

ON_ERP = (Shipment(carrier="zto", waybill="W9"),)


def _opened(known: OrderCase | None, event: RefundReported | None = None, **policy: object) -> Run:
    run = Run(decide_refund, **policy)
    run.order = known
    run.take(event or reported())
    return run


def _stopping(result: str, *parcels: Shipment, lines: int = 1, **policy: object) -> tuple[Run, list[AnyEvent]]:
    run = _opened(order(lines=lines), reported(amount_fen=PAID // lines), **policy)
    assert types(run.said) == ["stop_order"]
    return run, run.take(order_stopped(result, f"{REFUND_KEY}#1", shipments=parcels))


# ---- not shipped -------------------------------------------------------------------------------------------------


def test_an_order_cancelled_in_the_erp_is_read_again_before_it_is_paid() -> None:
    run, said = _stopping("cancelled")
    assert types(said) == ["read_refund"]
    assert run.case.order_stopped
    assert types(run.take(reported(answers=f"{REFUND_KEY}#2"))) == ["agree_refund"]


@pytest.mark.parametrize(("lines", "whole"), [(1, True), (2, False)])
def test_only_a_refund_of_all_lines_cancels_the_whole_order(lines: int, *, whole: bool) -> None:
    run = _opened(order(lines=lines), reported(amount_fen=PAID // lines))
    assert run.said[0].whole is whole


def test_an_order_held_in_part_is_left_to_a_person() -> None:
    run, said = _stopping("held", lines=2)
    assert (types(said), tickets(said)) == ([], [TicketKind.HELD_IN_PART])
    assert run.case.phase is RefundPhase.BY_HAND


@pytest.mark.parametrize(
    ("result", "kind"), [("label_printed", TicketKind.LABEL_PRINTED), ("shipped", TicketKind.SHIPPED_NOT_SYNCED)]
)
def test_a_parcel_that_only_the_erp_knows_is_stopped_too(result: str, kind: TicketKind) -> None:
    run, said = _stopping(result, *ON_ERP)
    assert (types(said), tickets(said)) == (["interception_wanted"], [kind])
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    assert [state.waybill for state in run.case.parcels] == ["W9"]


@pytest.mark.parametrize("result", ["label_printed", "shipped"])
def test_a_shipped_order_without_a_number_is_left_to_a_person(result: str) -> None:
    run, said = _stopping(result)
    assert run.case.phase is RefundPhase.BY_HAND
    assert len(tickets(said)) == 1


def test_an_order_unknown_to_the_erp_is_asked_about_by_default() -> None:
    run, said = _stopping("not_synced")
    assert (types(said), tickets(said)) == ([], [TicketKind.ORDER_NOT_SYNCED])
    assert run.case.phase is RefundPhase.BY_HAND


def test_an_order_unknown_to_the_erp_is_paid_where_the_policy_says_so() -> None:
    _, said = _stopping("not_synced", unsynced_order="refund")
    assert (types(said), tickets(said)) == (["read_refund"], [])


@pytest.mark.parametrize("result", ["cancelled", "held", "label_printed", "shipped", "not_synced"])
def test_an_answer_to_an_older_question_changes_nothing(result: str) -> None:
    run = _opened(order())
    before = run.case
    assert run.take(order_stopped(result, f"{REFUND_KEY}#0", shipments=ON_ERP)) == []
    assert run.case == before


@pytest.mark.parametrize("end", [RefundStatus.CLOSED, RefundStatus.REFUSED])
@pytest.mark.parametrize("result", ["cancelled", "held", "label_printed"])
def test_an_order_that_was_stopped_for_a_request_that_ended_meanwhile_is_told(result: str, end: RefundStatus) -> None:
    run = _opened(order())
    run.take(reported(end, 2))
    said = run.take(order_stopped(result, f"{REFUND_KEY}#1"))
    assert tickets(said) == [TicketKind.STOPPED_THEN_WITHDRAWN]
    assert run.case.phase is RefundPhase.CLOSED


# ---- who decides -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [RefundKind.RETURN_AND_REFUND, RefundKind.OTHER])
def test_a_request_for_more_than_the_money_is_left_to_the_desk_silently(kind: RefundKind) -> None:
    run = _opened(order("W1"), reported(kind=kind))
    assert run.said == []
    assert run.case.phase is RefundPhase.BY_HAND


def test_a_refund_above_what_was_paid_moves_nothing() -> None:
    run = _opened(order("W1"), reported(amount_fen=PAID + 1))
    assert (types(run.said), tickets(run.said)) == ([], [TicketKind.ABOVE_PAID])


def test_a_refund_of_part_of_the_price_moves_nothing() -> None:
    run = _opened(order("W1"), reported(amount_fen=PAID - 1))
    assert (types(run.said), tickets(run.said)) == ([], [TicketKind.PARTIAL_AMOUNT])


@pytest.mark.parametrize("missing", ["kind", "amount_fen"])
def test_a_request_told_without_its_details_is_read_first(missing: str) -> None:
    run = _opened(order("W1"), reported(**{missing: None}))
    assert types(run.said) == ["read_refund"]
    assert types(run.take(reported(answers=f"{REFUND_KEY}#1"))) == ["interception_wanted"]


def test_an_order_that_nobody_knows_is_fetched_and_then_acted_on() -> None:
    run = _opened(None)
    assert types(run.said) == ["fetch_order"]
    run.order = order("W1")
    learned = OrderLearned(merchant=MERCHANT, platform="sim", refund_id=REFUND, order_id=ORDER)
    assert types(run.take(learned)) == ["interception_wanted"]
    assert run.take(learned) == []


INCOMPLETE = {
    "nothing": None,
    "no amount": order("W1", paid_fen=None),
    "no lines": order("W1", lines=1).model_copy(update={"lines": ()}),
    "shipped without a parcel": order(status=OrderStatus.SHIPPED),
    "two parcels, contents unknown": order(
        lines=2, shipments=(Shipment(carrier="zto", waybill="W1"), Shipment(carrier="zto", waybill="W2"))
    ),
}


@pytest.mark.parametrize("what", INCOMPLETE)
def test_an_order_that_the_platform_tells_only_in_part_is_left_to_a_person(what: str) -> None:
    run = _opened(INCOMPLETE[what], reported(amount_fen=PAID // 2 if "two" in what else PAID))
    said = run.take(OrderLearned(merchant=MERCHANT, platform="sim", refund_id=REFUND, order_id=ORDER))
    assert (types(said), tickets(said)) == ([], [TicketKind.CALL_FAILED])
    assert run.case.phase is RefundPhase.BY_HAND


@pytest.mark.parametrize("status", [RefundStatus.CLOSED, RefundStatus.REFUSED])
def test_a_request_that_was_over_before_we_heard_of_it_is_none_of_our_business(status: RefundStatus) -> None:
    run = _opened(order("W1"), reported(status))
    assert run.case is None
    assert run.said == []


# ---- partly shipped, and many parcels ----------------------------------------------------------------------------


def test_a_refund_of_one_line_stops_only_the_parcel_that_holds_it() -> None:
    run = _opened(order("W1", "W2", lines=2), reported(amount_fen=PAID // 2))
    [wanted] = run.said
    assert (wanted.waybill, wanted.wish.line_ids, wanted.content.line_ids) == ("W1", ("L1",), ("L1",))


def test_a_line_that_has_not_left_while_another_has_is_stopped_in_the_erp_in_part() -> None:
    known = order("W1", lines=2, status=OrderStatus.PARTLY_SHIPPED)
    run = _opened(known, reported(line_ids=("L2",), amount_fen=PAID // 2))
    assert types(run.said) == ["stop_order"]
    assert run.said[0].whole is False


def test_a_refund_of_lines_on_both_sides_stops_the_parcel_and_asks_a_person_about_the_rest() -> None:
    known = order("W1", lines=2, status=OrderStatus.PARTLY_SHIPPED)
    run = _opened(known, reported(line_ids=("L1", "L2")))
    assert types(run.said) == ["interception_wanted"]
    assert tickets(run.said) == [TicketKind.HELD_IN_PART]
    run.take(progressed(Progress.WAITING), progressed(Progress.SUCCEEDED))
    assert run.case.phase is RefundPhase.BY_HAND


def test_an_unnamed_refund_is_for_all_lines() -> None:
    run = _opened(order("W1", "W2", lines=2), reported(line_ids=()))
    assert [wanted.waybill for wanted in run.said] == ["W1", "W2"]


def test_two_couriers_may_use_the_same_number() -> None:
    both = tuple(Shipment(carrier=carrier, waybill="W1", line_ids=("L1",)) for carrier in ("sf", "zto"))
    run = _opened(order(shipments=both, status=OrderStatus.SHIPPED))
    assert [wanted.carrier for wanted in run.said] == ["sf", "zto"]
    run.take(progressed(Progress.SUCCEEDED))
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    assert types(run.take(progressed(Progress.SUCCEEDED, carrier="sf"))) == ["read_refund"]


@pytest.mark.parametrize("known", [None, order(), order("W1")])
def test_a_question_that_fails_for_good_opens_a_ticket(known: OrderCase | None) -> None:
    run = _opened(known)
    if run.case.phase is RefundPhase.STOPPING_PARCELS:
        run.take(progressed(Progress.SUCCEEDED))
    command = run.said[-1]
    failed = CommandFailed(
        merchant=MERCHANT, reply_to=REFUND_KEY, answers=command.command_id, command=command.type, code="isv.no"
    )
    assert tickets(run.take(failed)) == [TicketKind.CALL_FAILED]
    assert run.case.phase is RefundPhase.BY_HAND


def test_one_to_five_parcels_must_all_reach_the_moment() -> None:
    for count in range(1, 6):
        waybills = [f"W{n}" for n in range(1, count + 1)]
        run = _opened(order(*waybills, lines=count), reported(line_ids=()))
        assert len(shipments(*waybills)) == len(run.said) == count
        for waybill in waybills[:-1]:
            assert types(run.take(progressed(Progress.SUCCEEDED, waybill))) == []
        assert types(run.take(progressed(Progress.SUCCEEDED, waybills[-1]))) == ["read_refund"]
