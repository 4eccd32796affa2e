"""What orders tell: the same order whatever the order of arrival, and its parcels told what is inside, once."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import DeadlineReached, OrderRefunded, OrderReported
from shared.domain.messages import write_message
from shared.domain.order import UNKNOWN_CARRIER, OrderCase, OrderLine, OrderStatus, RefundShare, Shipment
from shared.domain.parcel import ParcelCase
from shared.rules.decide_order import decide_order
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import DAY, MERCHANT, MINUTE, NOW, ORDER, Run, order_reported, types

_lines = st.lists(
    st.builds(OrderLine, line_id=st.sampled_from(["L1", "L2", "L3"]), amount_fen=st.integers(1, 3)),
    max_size=3,
    unique_by=lambda line: line.line_id,
).map(tuple)
_shipments = st.lists(
    st.builds(
        Shipment,
        carrier=st.sampled_from(["zto", "sf"]),
        waybill=st.sampled_from(["W1", "W2"]),
        line_ids=st.sampled_from([(), ("L1",), ("L2",), ("L1", "L2")]),
    ),
    max_size=2,
).map(tuple)
_reports = st.builds(
    order_reported,
    at=st.integers(0, 5).map(lambda minutes: NOW + minutes * MINUTE),
    status=st.none() | st.sampled_from(OrderStatus),
    paid_fen=st.none() | st.integers(0, 3),
    lines=_lines,
    shipments=_shipments,
    address_changed=st.booleans(),
    region=st.sampled_from(["", "浙江省", "西藏自治区"]),
    ship_by=st.none() | st.integers(0, 2).map(lambda days: NOW + days * DAY),
    asked_by=st.sampled_from(["", "sim:R1"]),
)
_paid = st.builds(
    OrderRefunded,
    merchant=st.just(MERCHANT),
    platform=st.just("sim"),
    order_id=st.just(ORDER),
    share=st.builds(RefundShare, refund=st.sampled_from(["sim:R1", "sim:R2"]), amount_fen=st.just(1), step=st.just(2)),
)


def _taken(reports: list[Any]) -> Run:
    run = Run(decide_order)
    run.take(*reports)
    return run


@given(st.lists(_reports, min_size=1, max_size=5), st.data())
def test_any_order_and_number_of_the_same_reports_gives_the_same_order(
    reports: list[OrderReported], data: st.DataObject
) -> None:
    copies = data.draw(st.permutations(reports + data.draw(st.lists(st.sampled_from(reports), max_size=3))))
    assert _taken(copies).case == _taken(reports).case


@given(st.lists(_reports, min_size=1, max_size=3), _paid)
def test_a_paid_refund_is_counted_whenever_it_is_told(reports: list[OrderReported], paid: OrderRefunded) -> None:
    afterwards, before = _taken([*reports, paid, paid]).case, _taken([paid, *reports]).case
    assert isinstance(afterwards, OrderCase)
    assert afterwards.refunds == before.refunds == (paid.share,)


@given(st.lists(_reports, min_size=1, max_size=5))
def test_deciding_twice_gives_the_same_bytes(reports: list[OrderReported]) -> None:
    first, second = _taken(reports), _taken(reports)
    assert first.case.model_dump_json() == second.case.model_dump_json()
    assert [write_message(m) for m in first.said] == [write_message(m) for m in second.said]


def _line(line_id: str) -> OrderLine:
    return OrderLine(line_id=line_id, amount_fen=1000)


def _parcel(waybill: str, *lines: str) -> Shipment:
    return Shipment(carrier="zto", waybill=waybill, line_ids=lines)


def test_a_parcel_is_told_once_what_is_inside() -> None:
    report = order_reported(lines=(_line("L1"),), shipments=(_parcel("W1", "L1"),))
    run = Run(decide_order)
    [told] = run.take(report)
    assert (told.waybill, told.content.line_ids) == ("W1", ("L1",))
    assert run.take(report) == []
    assert run.take(report.model_copy(update={"at": NOW + MINUTE})) == []


def test_a_line_found_in_a_parcel_later_is_told_to_that_parcel_alone() -> None:
    run = Run(decide_order)
    run.take(order_reported(shipments=(_parcel("W1", "L1"), _parcel("W2", "L2"))))
    [told] = run.take(order_reported(shipments=(_parcel("W1", "L3"),)))
    assert (told.waybill, told.content.line_ids) == ("W1", ("L1", "L3"))


def test_lines_that_come_after_the_parcel_are_told_then() -> None:
    run = Run(decide_order)
    [told] = run.take(order_reported(shipments=(_parcel("W1"),)))
    assert told.content.line_ids == ()  # something is inside, and nobody has said what
    [told] = run.take(order_reported(lines=(_line("L1"), _line("L2"))))
    assert told.content.line_ids == ("L1", "L2")


@pytest.mark.parametrize("reports", list(permutations(["paid", "shipped", "details"])))
def test_the_refund_that_waits_is_told_by_the_answer_to_its_own_question(reports: tuple[str, ...]) -> None:
    told = {
        "paid": order_reported(status=OrderStatus.PAID, paid_fen=1000),
        "shipped": order_reported(status=OrderStatus.SHIPPED, shipments=(_parcel("W1"),)),
        "details": order_reported(lines=(_line("L1"),), asked_by="sim:R9"),
    }
    run = Run(decide_order)
    said = run.take(*(told[name] for name in reports))
    assert types(said).count("order_learned") == 1
    learned = next(message for message in said if message.type == "order_learned")
    assert (learned.refund_id, learned.order_id) == ("R9", ORDER)
    assert run.case.is_complete


COMPLETE = {
    "one line, not shipped": (order_reported(paid_fen=1, lines=(_line("L1"),), status=OrderStatus.PAID), True),
    "amount unknown": (order_reported(lines=(_line("L1"),), status=OrderStatus.PAID), False),
    "lines unknown": (order_reported(paid_fen=1, status=OrderStatus.PAID), False),
    "shipped, parcel unknown": (order_reported(paid_fen=1, lines=(_line("L1"),), status=OrderStatus.SHIPPED), False),
    "one line, one parcel": (
        order_reported(paid_fen=1, lines=(_line("L1"),), status=OrderStatus.SHIPPED, shipments=(_parcel("W1"),)),
        True,
    ),
    "two lines, one of two contents unknown": (
        order_reported(paid_fen=1, lines=(_line("L1"), _line("L2")), shipments=(_parcel("W1", "L1"), _parcel("W2"))),
        False,
    ),
}


@pytest.mark.parametrize("what", COMPLETE)
def test_an_order_is_complete_when_a_refund_of_one_line_can_be_decided(what: str) -> None:
    report, is_complete = COMPLETE[what]
    run = Run(decide_order)
    run.take(report)
    assert run.case.is_complete == is_complete


def test_an_order_in_two_parcels_knows_which_hold_a_line() -> None:
    run = Run(decide_order)
    run.take(order_reported(lines=(_line("L1"), _line("L2")), shipments=(_parcel("W1", "L1"), _parcel("W2", "L2"))))
    assert [s.waybill for s in run.case.shipments_with(frozenset({"L2"}))] == ["W2"]


def test_the_same_number_at_another_courier_is_another_parcel() -> None:
    mine = Shipment(carrier="zto", waybill="W1", line_ids=("L1",))
    corrected = Shipment(carrier="sf", waybill="W1", line_ids=("L1",))
    run = Run(decide_order)
    told = run.take(order_reported(shipments=(mine,)), order_reported(shipments=(corrected,)))
    assert [message.carrier for message in told] == ["zto", "sf"]


@pytest.mark.parametrize(("named", "told"), [("zto", "zto"), ("yto", "yto"), (UNKNOWN_CARRIER, "sf")])
def test_the_carrier_that_an_order_names_wins_over_what_the_number_looks_like(named: str, told: str) -> None:
    [said] = Run(decide_order).take(order_reported(shipments=(Shipment(carrier=named, waybill="SF1385628716739"),)))
    assert said.carrier == told


@pytest.mark.parametrize("way", [*permutations([(0, "西藏自治区"), (1, "浙江省"), (2, "")])])
def test_an_order_goes_where_its_buyer_wanted_it_last(way: tuple[tuple[int, str], ...]) -> None:
    case = _taken([order_reported(at=NOW + minutes * MINUTE, region=region) for minutes, region in way]).case
    assert isinstance(case, OrderCase)
    assert case.region == "浙江省"


@pytest.mark.parametrize("way", [*permutations([(0, "西藏自治区", False), (1, "浙江省", True), (2, "", False)])])
@pytest.mark.parametrize("arrival", [1, -1])
def test_a_parcel_on_its_way_goes_where_its_buyer_wanted_it_last(
    way: tuple[tuple[int, str, bool], ...], arrival: int
) -> None:
    shipment = Shipment(carrier="zto", waybill="W1", shipped_at=NOW)
    run, parcel = Run(decide_order), Run(decide_parcel)
    for minutes, region, changed in way:
        at = NOW + minutes * MINUTE
        run.take(order_reported(at=at, region=region, address_changed=changed, shipments=(shipment,)))
    parcel.take(*[said for said in run.said if said.type == "parcel_shipped"][::arrival])
    assert isinstance(parcel.case, ParcelCase)
    assert [content.region for content in parcel.case.contents] == ["浙江省"]


def test_a_parcel_whose_address_nobody_changed_is_not_told_since_when_it_goes_there() -> None:
    run = _taken([order_reported(region="浙江省", shipments=(Shipment(carrier="zto", waybill="W1"),))])
    [told] = (said for said in run.said if said.type == "parcel_shipped")
    assert (told.content.region, told.content.region_at) == ("浙江省", None)


def test_of_two_amounts_the_smaller_one_was_paid() -> None:
    run = Run(decide_order)
    run.take(*(order_reported(paid_fen=fen) for fen in (1990, 990, 1500)))
    assert run.case.paid_fen == 990


def test_of_two_shares_of_one_refund_the_later_step_counts_in_any_order() -> None:
    shares = [RefundShare(refund="sim:R1", amount_fen=fen, step=step) for fen, step in ((500, 2), (0, 4), (700, 6))]
    for told in permutations(shares):
        run = Run(decide_order)
        run.take(order_reported(paid_fen=1000))
        run.take(*(OrderRefunded(merchant=MERCHANT, platform="sim", order_id=ORDER, share=share) for share in told))
        assert (run.case.left_fen("sim:R1"), run.case.left_fen("sim:R2")) == (1000, 300)


def test_an_event_that_is_no_news_of_an_order_changes_nothing() -> None:
    run = Run(decide_order)
    run.take(order_reported(paid_fen=5))
    before = run.case
    assert run.take(DeadlineReached(merchant=MERCHANT, about=f"{MERCHANT}|order|sim:{ORDER}")) == []
    assert run.case == before
