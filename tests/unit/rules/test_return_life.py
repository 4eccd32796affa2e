"""Goods on their way back to the shop: sent by a buyer, or under a number of their own after an interception."""

from itertools import permutations

import pytest

from shared.domain.events import (
    CarrierCorrected,
    ParcelScanned,
    ReturnLegLinked,
    ReturnReceived,
    ReturnShipped,
    TrackingEnded,
)
from shared.domain.order import Shipment
from shared.domain.parcel import Scan, Stage
from shared.domain.refund import RefundKind
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, WAYBILL, Run, content, reported, wanted
from tests.unit.rules.parcels import answer
from tests.unit.rules.sources import refused
from tests.unit.rules.watched import Parcel, facts, notices, of_type, on_its_way, sent_back, shipped


def received(parcel: Parcel) -> list[object]:
    """The warehouse counts it in."""
    return parcel.take(ReturnReceived(**parcel.about, at=parcel.run.now))


def test_a_buyer_s_parcel_is_watched_as_soon_as_its_number_is_known() -> None:
    run = Run(decide_refund)
    back = Shipment(carrier="unknown", waybill="SF1234567890123", shipped_at=NOW)
    said = run.take(reported(kind=RefundKind.RETURN_AND_REFUND, return_parcel=back))
    [told] = of_type(said, "return_shipped")
    assert (told.carrier, told.waybill, told.refund, told.at) == ("sf", "SF1234567890123", "sim:R1", NOW)
    parcel = Parcel(told, carrier="sf")
    assert [command.source for command in of_type(parcel.run.said, "subscribe_tracking")] == ["sf"]


# what happens to it -> what is the matter after so many hours
LIVES: dict[str, tuple[tuple[Stage, ...], int, str]] = {
    "the buyer never handed it in": ((), 36, "退货未揽收"),
    "only a label was made": ((Stage.LABEL_CREATED,), 36, "退货未揽收"),
    "it stands still": ((Stage.PICKED_UP, Stage.IN_TRANSIT), 2 + 48, "退货在途停滞"),
    "it was picked up and not seen since": ((Stage.PICKED_UP,), 1 + 48, "退货在途停滞"),
    "it was signed for, and nobody counted it in": ((Stage.PICKED_UP, Stage.DELIVERED), 2 + 24, "退货已签收未入库"),
    "the same, in the courier's other word": ((Stage.PICKED_UP, Stage.RETURNED), 2 + 24, "退货已签收未入库"),
    "our own door refused it": ((Stage.PICKED_UP, Stage.REFUSED), 2, "退货被拒收"),
    "it was damaged": ((Stage.PICKED_UP, Stage.DAMAGED), 2, "包裹破损"),
}


@pytest.mark.parametrize("what", LIVES)
def test_whatever_goes_wrong_with_a_return_is_told(what: str) -> None:
    stages, hours, title = LIVES[what]
    parcel = sent_back()
    parcel.moves(*stages)
    assert notices(parcel.wait(NOW + hours * HOUR - MINUTE)) == []
    [told] = notices(parcel.wait(2 * MINUTE))
    assert told.endswith(title)


def test_a_number_that_a_buyer_mistyped_is_told() -> None:
    parcel = sent_back()
    parcel.take(TrackingEnded(**parcel.about, source="zto", reason="查无结果", gave_up=True))
    assert notices(parcel.wait(MINUTE)) == ["单号查无记录"]


def test_the_number_under_which_we_had_sent_the_goods_is_not_that_of_their_return() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, Stage.DELIVERED)
    parcel.wait(DAY)
    parcel.take(ReturnShipped(**parcel.about, refund="sim:R1", content=content(), at=parcel.run.now))
    assert notices(parcel.wait(MINUTE)) == ["单号查无记录"]
    parcel.wait(4 * DAY)
    assert parcel.open == ["wrong_number"]
    parcel.scan(Stage.RETURNING)
    assert parcel.open == []


def test_one_parcel_brings_the_goods_of_several_refunds_back_in_any_order() -> None:
    told = [
        ReturnShipped(**sent_back().about, refund=f"sim:R{n}", content=content(order_id, f"L{n}"), at=NOW + n * HOUR)
        for n, order_id in ((1, "O1"), (2, "O1"), (3, "O2"))
    ]
    cases = []
    for events in permutations([*told, told[0]]):
        parcel = Parcel(*events, carrier="zto")
        cases.append(facts(parcel.case))
        [note] = [one for one in of_type(list(received(parcel)), "notice_raised") if "入库" in one.notice.title]
        assert note.why.facts == {"refund": "sim:R1,sim:R2,sim:R3"}
    assert all(case == cases[0] for case in cases)
    assert [one.line_ids for one in cases[0].contents] == [("L1", "L2"), ("L3",)]


def test_refunds_that_are_too_many_for_one_return_are_counted() -> None:
    told = [ReturnShipped(**sent_back().about, refund=f"sim:R{n}", content=content("O1"), at=NOW) for n in range(51)]
    parcel = Parcel(*told)
    assert len(parcel.case.returned_refunds) == 50
    assert parcel.run.last.counts == ("order_turned_away",)


def test_all_refunds_of_a_return_travel_with_its_number_to_another_courier() -> None:
    goods = {"sim:R1": content("O1", "L1"), "sim:R2": content("O1", "L2"), "sim:R3": content("O2", "L3")}
    told = [ReturnShipped(**sent_back().about, refund=refund, content=goods[refund], at=NOW) for refund in goods]
    parcel = Parcel(*told[:2])
    said = parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right="yto"), told[2], told[2])
    right = Parcel(*of_type(said, "return_shipped"), carrier="yto")
    assert right.case.returned_refunds == ("sim:R1", "sim:R2", "sim:R3")
    assert [one.line_ids for one in right.case.contents] == [("L1", "L2"), ("L3",)]


def test_goods_that_are_counted_in_end_all_and_the_desk_hears_of_it() -> None:
    parcel = sent_back()
    parcel.moves(Stage.PICKED_UP, Stage.DELIVERED)
    parcel.wait(30 * HOUR)
    assert parcel.open == ["return_not_received"]
    said = received(parcel)
    titles = [message.notice.title for message in of_type(list(said), "notice_raised")]
    assert titles == ["买家退货已入库，可处理退款", "已恢复：退货已签收未入库"]
    assert (parcel.open, parcel.due) == ([], None)
    assert received(parcel) == []


def test_a_return_is_not_over_with_the_courier_s_signature() -> None:
    parcel = sent_back()
    parcel.moves(Stage.PICKED_UP, Stage.DELIVERED)
    assert not parcel.case.is_finished
    assert parcel.due is not None


def test_a_source_that_ends_with_our_own_signature_is_not_subscribed_again() -> None:
    parcel = sent_back()
    parcel.moves(Stage.PICKED_UP, Stage.DELIVERED)
    parcel.take(TrackingEnded(**parcel.about, source="zto", reason="shutdown", gave_up=False))
    assert [*of_type(parcel.wait(10 * DAY), "subscribe_tracking", "query_tracking")] == []


def test_a_return_that_arrived_while_its_source_was_away_is_left_in_peace() -> None:
    parcel = sent_back()
    parcel.moves(Stage.PICKED_UP)
    parcel.take(TrackingEnded(**parcel.about, source="zto", reason="abort", gave_up=False))
    parcel.scan(Stage.DELIVERED)
    assert [*of_type(parcel.wait(10 * DAY), "subscribe_tracking", "query_tracking")] == []


def test_a_return_that_is_told_again_is_the_same() -> None:
    parcel = sent_back()
    goods = content().model_copy(update={"paid_fen": 10_000})
    again = ReturnShipped(**parcel.about, refund="sim:R1", content=goods, at=NOW)
    before = parcel.case
    assert parcel.take(again) == []
    assert parcel.case == before


def test_a_return_that_travels_with_another_courier_is_watched_there() -> None:
    parcel = sent_back()
    said = parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right="yto"))
    [told] = of_type(said, "return_shipped")
    assert (told.carrier, told.refund, told.at) == ("yto", "sim:R1", NOW)
    there = Parcel(told, carrier="yto")
    assert there.case.is_return
    assert notices(there.wait(36 * HOUR)) == ["预警：退货未揽收"]


# ---- under a number of its own -----------------------------------------------------------------------------------


def turned(number: str | None = "W1R") -> Parcel:
    """A parcel that was stopped, and is told to come back under another number."""
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted())
    parcel.take(answer(parcel.run, "accepted"))
    scan = Scan(stage=Stage.RETURNING, at=parcel.run.now, code="back")
    parcel.take(ParcelScanned(**parcel.about, scan=scan, return_waybill=number))
    return parcel


def test_what_comes_back_under_another_number_has_no_clock_of_its_own() -> None:
    parcel = turned()
    assert [linked.waybill for linked in of_type(parcel.run.said, "return_leg_linked")] == ["W1R"]
    assert notices(parcel.wait(20 * DAY)) == []
    assert [*of_type(parcel.run.said, "query_tracking")] == []
    assert parcel.due is not None  # until it is given up


def test_what_comes_back_under_its_own_number_has() -> None:
    parcel = turned(None)
    assert notices(parcel.wait(48 * HOUR)) == ["预警：退货在途停滞"]


def leg() -> Parcel:
    """The way back of another parcel."""
    return Parcel(ReturnLegLinked(**shipped().about, original="W0"))


def test_a_way_back_that_never_begins_is_told_however_often_it_is_subscribed() -> None:
    parcel = leg()
    said = parcel.wait(48 * HOUR)
    assert [*of_type(said, "subscribe_tracking")] != []
    assert notices(said) == ["预警：退货在途停滞"], "no buyer has to hand it over"
    assert "退货在途停滞" in notices(parcel.wait(24 * HOUR))


@pytest.mark.parametrize("gave_up", [True, False])
def test_a_way_back_of_which_nothing_is_heard_is_one_trouble_whatever_its_watch_says(*, gave_up: bool) -> None:
    parcel = leg()
    parcel.wait(72 * HOUR)
    for _ in range(5):
        parcel.take(TrackingEnded(**parcel.about, source="zto", reason="3天查询无记录", gave_up=gave_up))
        parcel.wait(2 * HOUR)
    assert parcel.case.watch.lost_at or parcel.case.watch.gave_up_at
    assert parcel.open == ["return_stalled"]


def test_a_way_back_that_nobody_watches_is_told_before_it_stalls() -> None:
    parcel = leg()
    refused(parcel)
    refused(parcel)
    parcel.wait(2 * MINUTE)
    assert parcel.open == ["unwatched"]


@pytest.mark.parametrize("stage", [Stage.LABEL_CREATED, Stage.UNKNOWN])
def test_a_label_of_the_way_back_brings_nothing_back(stage: Stage) -> None:
    parcel = leg()
    assert [*of_type(parcel.scan(stage), "return_leg_scanned")] == []


def test_the_first_and_the_last_scan_of_the_way_back_are_told_to_the_parcel_it_belongs_to() -> None:
    parcel = leg()
    parcel.wait(10 * HOUR)
    told = parcel.traced(
        (Stage.DELIVERED, NOW + 9 * HOUR), (Stage.PICKED_UP, NOW + HOUR), (Stage.IN_TRANSIT, NOW + 5 * HOUR)
    )
    said = [*of_type(parcel.take(told), "return_leg_scanned")]
    assert [(one.scan.stage, one.scan.at) for one in said] == [
        (Stage.RETURNING, NOW + HOUR),
        (Stage.RETURNED, NOW + 9 * HOUR),
    ]
    assert [one.waybill for one in said] == ["W0", "W0"]
    assert [*of_type(parcel.take(told), "return_leg_scanned")] == []


def test_the_parcel_that_is_back_at_its_sender_waits_for_the_warehouse() -> None:
    parcel = turned(None)
    parcel.moves(Stage.DELIVERED)
    assert parcel.case.stage is Stage.RETURNED
    assert notices(parcel.wait(24 * HOUR)) == ["预警：退货已签收未入库"]
    parcel.take(ReturnReceived(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, at=parcel.run.now))
    assert parcel.open == []
