"""One parcel on the board: what happened in order, what is left of its limits, when its orders will arrive."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.board import STAGE_TEXTS, Band, Basis, ParcelView
from shared.domain.events import ParcelShipped
from shared.domain.keys import parcel_key
from shared.domain.order import OrderStatus
from shared.domain.packs import packs
from shared.domain.parcel import Content, Interception, InterceptionPhase, ParcelCase, Scan, Stage, Watch
from shared.domain.scores import ScoreRow, Scores
from shared.domain.tickets import Anomaly
from shared.domain.watching import Pace, Span
from shared.rules.decide_parcel import decide_parcel
from shared.rules.parcel_view import band_of, parcel_view
from tests.unit.board import P_KEY, ticket
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, ORDER, PAID, WAYBILL, Run, policy, scanned, wish

CONTENT = Content(
    platform="sim",
    order_id=ORDER,
    line_ids=("L1",),
    paid_fen=PAID,
    paid_at=NOW - 20 * HOUR,
    shipped_at=NOW - 12 * HOUR,
    region="浙江省",
)


def on_the_road(**fields: Any) -> ParcelCase:
    """A parcel that was scanned four hours ago."""
    known = {
        "carrier": "zto",
        "waybill": WAYBILL,
        "contents": (CONTENT,),
        "last_scan": Scan(stage=Stage.ARRIVED_AT_HUB, at=NOW - 4 * HOUR, code="x"),
        "heard_at": NOW - 4 * HOUR,
        "picked_up_at": NOW - 10 * HOUR,
        "moved_at": NOW - 8 * HOUR,
        "watch": Watch(source="zto", step=1, asked_at=NOW - 11 * HOUR),
    }
    return ParcelCase.model_validate(known | fields)


def view(case: ParcelCase, scores: Scores | None = None, **policy_fields: Any) -> ParcelView:
    """What the board shows now."""
    return parcel_view(parcel_key(MERCHANT, case.carrier, case.waybill), case, policy(**policy_fields), scores, NOW)


# ---- what happened -----------------------------------------------------------------------------------------------


def test_the_timeline_is_what_is_known_in_order() -> None:
    found = view(on_the_road())
    assert [(moment.what, (moment.at - NOW) / HOUR) for moment in found.timeline] == [
        ("paid", -20),
        ("shipped", -12),
        ("watched", -11),
        ("picked_up", -10),
        ("in_transit", -8),
        ("arrived_at_hub", -4),
    ]
    assert [moment.text for moment in found.timeline][:4] == [
        "买家付款 sim O1",
        "发货 sim O1",
        "订阅轨迹 中通",
        "已揽收",
    ]
    assert (found.stage, found.stage_text, found.carrier_text, found.watched_by) == (
        "arrived_at_hub",
        "到达中转",
        "中通",
        "zto",
    )
    assert (found.merchant, found.carrier, found.waybill, found.as_of, found.finished) == (
        MERCHANT,
        "zto",
        WAYBILL,
        NOW,
        False,
    )


def test_a_scan_that_is_a_milestone_is_told_once() -> None:
    found = view(on_the_road(last_scan=Scan(stage=Stage.IN_TRANSIT, at=NOW - 8 * HOUR, code="x")))
    assert [moment.what for moment in found.timeline].count("in_transit") == 1


def test_from_payment_to_signature_every_stage_stays_in_the_story() -> None:
    run = Run(decide_parcel, at=NOW - 12 * HOUR)
    run.take(ParcelShipped(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, content=CONTENT))
    way = (Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB, Stage.OUT_FOR_DELIVERY, Stage.DELIVERED)
    for hours, stage in enumerate(way):
        run.take(scanned(stage, at=NOW + (hours - 10) * HOUR), after=2 * HOUR)
    told = [(moment.what, (moment.at - NOW) / HOUR) for moment in view(run.case).timeline]
    assert [one for one in told if one[0] != "watched"] == [
        ("paid", -20),
        ("shipped", -12),
        ("picked_up", -10),
        ("in_transit", -9),
        ("out_for_delivery", -7),
        ("delivered", -6),
    ]


def test_a_signature_right_after_the_pickup_is_told() -> None:
    found = view(on_the_road(last_scan=Scan(stage=Stage.DELIVERED, at=NOW - 8 * HOUR, code="x")))
    assert [moment.what for moment in found.timeline][-2:] == ["in_transit", "delivered"]


def test_tickets_answers_and_interceptions_are_part_of_the_story() -> None:
    asked = ticket(
        urged_at=NOW - 2 * HOUR, urge_number="U7", answer="已在派送", answered_at=NOW - HOUR, answered_by="zto"
    )
    stopping = Interception(
        phase=InterceptionPhase.SUCCEEDED, wanted_at=NOW - 50 * MINUTE, accepted_at=NOW - 40 * MINUTE, succeeded_at=NOW
    )
    found = view(on_the_road(tickets=(asked,), interception=stopping, wishes=(wish(),), broken=(Anomaly.LATE,)))
    texts = [moment.text for moment in found.timeline][6:]
    assert texts == [
        "催促快递 在途停滞 U7",
        "预警 在途停滞",
        "反馈 中通 已在派送",
        "退款要求拦截",
        "快递受理拦截",
        "快递称已拦下",
    ]
    assert [row.anomaly for row in found.tickets] == ["stalled"]
    assert (found.broken_once, found.broken_once_texts) == ((Anomaly.LATE,), ("到货时长超出目标",))


def test_a_broken_limit_is_told_apart_from_trouble_that_knows_none_and_said_once() -> None:
    late = ticket(
        opened_at=NOW - 12 * HOUR, breach_at=NOW - HOUR, answer="今日派送", answered_at=NOW, answered_by="zto"
    )
    failed = ticket(Anomaly.DELIVERY_FAILED, opened_at=NOW - MINUTE, breach_at=NOW - MINUTE)
    failed = failed.model_copy(update={"answer": "今日派送", "answered_at": NOW, "answered_by": "zto"})
    texts = [moment.text for moment in view(on_the_road(tickets=(late, failed))).timeline]
    assert "预警 在途停滞" in texts
    assert texts[-3:] == ["超时 在途停滞", "工单 派送不成功", "反馈 中通 今日派送"]


def test_where_the_story_goes_on_is_named() -> None:
    found = view(on_the_road(moved_to="sf", return_waybill="W9", return_scan_at=NOW - HOUR, received_at=NOW))
    assert (found.moved_to, found.return_waybill, found.stage, found.finished) == ("sf", "W9", "returned", True)
    assert [moment.text for moment in found.timeline][-2:] == ["首次退回扫描", "仓库收货"]


@pytest.mark.parametrize(("refund", "text"), [("sim:R1", "买家寄回"), ("", "快递换单退回")])
def test_a_way_back_begins_with_whoever_sent_it(refund: str, text: str) -> None:
    found = view(on_the_road(return_of="W0", return_for=refund, returned_from=NOW))
    assert [moment.text for moment in found.timeline if moment.what == "sent_back"] == [text]


def test_every_stage_has_words() -> None:
    assert {str(stage) for stage in (*Stage, *OrderStatus)} <= set(STAGE_TEXTS)


# ---- what is left ------------------------------------------------------------------------------------------------


def test_limits_come_with_the_hours_that_are_left_of_them_the_next_one_first() -> None:
    found = view(on_the_road()).limits
    assert [(one.span, one.rule, one.hours_left) for one in found] == [
        (Span.PAY_TO_SIGN, "arrival_52h", 32.0),
        (Span.STAGNATION, "stalled_48h", 44.0),
        (Span.SILENCE, "lost_10d", 236.0),
    ]
    assert (found[1].limit_hours, found[1].since, found[1].breach_at) == (48.0, NOW - 4 * HOUR, NOW + 44 * HOUR)


@pytest.mark.parametrize("is_assumed", [True, False])
def test_a_limit_whose_clock_began_with_a_time_of_an_assumed_zone_says_so(is_assumed: bool) -> None:
    scan = Scan(stage=Stage.ARRIVED_AT_HUB, at=NOW - 4 * HOUR, code="x", zone_assumed=is_assumed)
    assumed = {one.span: one.zone_assumed for one in view(on_the_road(last_scan=scan)).limits}
    assert assumed == {Span.PAY_TO_SIGN: False, Span.STAGNATION: is_assumed, Span.SILENCE: is_assumed}


def test_a_late_reporter_s_limits_are_later_by_what_it_is_known_to_be_late() -> None:
    found = view(on_the_road(), paces={"zto": Pace(lag_s=7200)}).limits
    assert next(one.hours_left for one in found if one.span is Span.STAGNATION) == 46.0


def test_a_parcel_that_we_have_stopped_has_no_limits_on_its_way_out() -> None:
    stopping = Interception(phase=InterceptionPhase.ACCEPTED, step=1, accepted_at=NOW)
    assert view(on_the_road(interception=stopping, wishes=(wish(),))).limits == ()


# ---- from payment to signature -----------------------------------------------------------------------------------


def scores(*rows: tuple[str, str, float, int]) -> Scores:
    """Averages of 30 days: courier, region, hours, orders."""
    made = tuple(
        ScoreRow(days=30, carrier=carrier, region=region, arrivals=count, arrival_minutes=int(hours * 60 * count))
        for carrier, region, hours, count in rows
    )
    return Scores(merchant=MERCHANT, as_of=NOW, rows=made)


HERE = ("zto", "浙江省", 55.0, 3)
COURIER = ("zto", "", 40.0, 9)
EXPECTED = {
    "as parcels into this region": (scores(HERE, COURIER), 55.0, Band.FOUR, Basis.REGION),
    "as this courier's, if nobody went there": (scores(COURIER), 40.0, Band.FIVE, Basis.COURIER),
    "as this courier's, if nobody arrived there": (
        scores(("zto", "浙江省", 9.0, 0), COURIER),
        40.0,
        Band.FIVE,
        Basis.COURIER,
    ),
    "at least what has passed": (scores(("zto", "", 12.0, 9)), 20.0, Band.FIVE, Basis.ELAPSED),
    "what has passed, if nothing was measured": (None, 20.0, Band.FIVE, Basis.ELAPSED),
    "not as another courier's": (scores(("sf", "浙江省", 70.0, 9)), 20.0, Band.FIVE, Basis.ELAPSED),
}


@pytest.mark.parametrize(("measured", "hours", "band", "basis"), EXPECTED.values(), ids=EXPECTED.keys())
def test_an_order_is_expected_to_take(measured: Scores | None, hours: float, band: Band, basis: Basis) -> None:
    [found] = view(on_the_road(), measured).arrivals
    assert (found.hours_used, found.hours_left_for_5, found.hours_left_for_4) == (20.0, 32.0, 39.0)
    assert (found.expected_hours, found.expected_band, found.basis) == (hours, band, basis)
    assert (found.platform, found.order_id, found.region, found.signed_at) == ("sim", ORDER, "浙江省", None)


def test_what_was_signed_for_took_what_it_took() -> None:
    signed_at = NOW - 30 * MINUTE
    case = on_the_road(last_scan=Scan(stage=Stage.DELIVERED, at=signed_at, code="x"))
    [found] = view(case, scores(HERE)).arrivals
    assert (found.signed_at, found.hours_used, found.expected_hours, found.basis) == (
        signed_at,
        19.5,
        19.5,
        Basis.SIGNED,
    )
    assert view(case).finished
    assert view(case).limits == ()


def test_every_order_in_a_parcel_has_its_own_time() -> None:
    other = CONTENT.model_copy(update={"order_id": "O2", "paid_at": NOW - 60 * HOUR})
    untold = CONTENT.model_copy(update={"order_id": "O3", "paid_at": None})
    found = view(on_the_road(contents=(CONTENT, other, untold))).arrivals
    assert [(one.order_id, one.hours_left_for_4, one.expected_band) for one in found] == [
        (ORDER, 39.0, Band.FIVE),
        ("O2", -1.0, Band.LESS),
    ]


@pytest.mark.parametrize(
    "fields", [{"return_scan_at": NOW}, {"moved_to": "sf"}, {"return_for": "sim:R1", "returned_from": NOW}]
)
def test_what_will_not_reach_the_buyer_has_no_arrival(fields: dict[str, Any]) -> None:
    assert view(on_the_road(**fields)).arrivals == ()


@pytest.mark.parametrize(
    ("took", "band"),
    [
        (52 * HOUR, Band.FIVE),
        (52 * HOUR + timedelta(seconds=1), Band.FOUR),
        (59 * HOUR, Band.FOUR),
        (59 * HOUR + timedelta(seconds=1), Band.LESS),
        (30 * DAY, Band.LESS),
    ],
)
def test_the_bands_end_at_52_and_59_hours(took: timedelta, band: Band) -> None:
    assert band_of(took, packs()[0].bands) is band


def test_a_parcel_of_which_nothing_is_known_but_its_number_can_be_shown() -> None:
    found = parcel_view(P_KEY, ParcelCase(carrier="unknown", waybill=WAYBILL), policy(), None, NOW)
    assert (found.timeline, found.limits, found.arrivals, found.stage_text) == ((), (), (), "未知")
