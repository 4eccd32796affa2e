"""A parcel that should move: which clock runs when, by the courier's own times, and what a standstill costs."""

from datetime import timedelta

import pytest

from shared.domain.events import ParcelScanned, ParcelShipped, TicketTaken
from shared.domain.parcel import InterceptionPhase, Scan, Stage
from shared.domain.tickets import Anomaly
from shared.domain.watching import Pace, Span, Watching
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, policy, tick, wanted
from tests.unit.rules.parcels import answer, released
from tests.unit.rules.test_deadlines import limit
from tests.unit.rules.watched import Parcel, inside, notices, of_type, on_its_way, shipped

# ---- shipped, not picked up --------------------------------------------------------------------------------------


def test_a_pickup_one_minute_before_the_warning_opens_no_ticket() -> None:
    parcel = shipped()
    parcel.wait(18 * HOUR - MINUTE)
    parcel.scan(Stage.PICKED_UP)
    assert notices(parcel.wait(6 * HOUR)) == []
    assert parcel.open == []


def test_no_pickup_is_warned_of_after_18_hours_and_broken_after_24() -> None:
    parcel = shipped()
    assert notices(parcel.wait(18 * HOUR - MINUTE)) == []
    assert notices(parcel.wait(MINUTE)) == ["预警：已发货未揽收"]
    assert (parcel.ticket.rule, parcel.ticket.exposure_fen) == ("pickup_24h", 3_000)
    parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.NOT_PICKED_UP, by="李雷"))
    assert notices(parcel.wait(6 * HOUR)) == ["已发货未揽收"]
    assert notices(parcel.wait(48 * HOUR)) == []


def test_a_pickup_that_nobody_sees_to_reaches_the_specialist_before_its_24_hours_have_passed() -> None:
    parcel, heard = shipped(), []
    for hours in range(49):
        heard += [(hours, title) for title in notices(parcel.wait(NOW + hours * HOUR))]
    assert heard == [
        (18, "预警：已发货未揽收"),
        (19, "升级（1级）：已发货未揽收"),
        (22, "升级（2级）：已发货未揽收"),
        (24, "已发货未揽收"),
        (42, "升级（3级）：已发货未揽收"),
    ]


def test_a_merchant_s_own_warning_time_counts() -> None:
    parcel = shipped(watching=Watching(limits=(limit("pickup_24h", Span.SHIP_TO_PICKUP, 24, 10),)))
    assert notices(parcel.wait(14 * HOUR)) == ["预警：已发货未揽收"]


@pytest.mark.parametrize("stage", [Stage.LABEL_CREATED, Stage.UNKNOWN])
def test_a_label_is_no_pickup(stage: Stage) -> None:
    parcel = shipped()
    parcel.moves(stage)
    assert notices(parcel.wait(NOW + 18 * HOUR)) == ["预警：已发货未揽收"]


def test_a_label_does_not_start_the_clock_either() -> None:
    parcel = shipped()
    parcel.wait(12 * HOUR)
    parcel.scan(Stage.LABEL_CREATED)
    assert notices(parcel.wait(NOW + 18 * HOUR)) == ["预警：已发货未揽收"]  # counted from shipping
    unsaid = Parcel(ParcelShipped(**shipped().about, content=inside(shipped_at=None)))
    unsaid.scan(Stage.LABEL_CREATED)
    assert notices(unsaid.wait(40 * HOUR)) == []


def test_a_pickup_that_is_told_late_closes_the_ticket() -> None:
    parcel = shipped()
    parcel.wait(20 * HOUR)
    said = parcel.scan(Stage.PICKED_UP, NOW + 17 * HOUR)
    assert notices(said) == ["已恢复：已发货未揽收"]
    assert parcel.open == []


@pytest.mark.parametrize("days", [0.1, 5, 29])
def test_a_pickup_before_the_shop_said_that_it_had_shipped_counts(days: float) -> None:
    parcel = shipped()
    parcel.scan(Stage.PICKED_UP, NOW - days * DAY)
    assert parcel.case.picked_up_at == NOW - days * DAY
    parcel.scan(Stage.IN_TRANSIT)
    assert notices(parcel.wait(30 * HOUR)) == []


def test_what_happened_to_the_number_a_month_before_shipping_is_another_parcel_s() -> None:
    parcel = shipped()
    parcel.scan(Stage.DELIVERED, NOW - 31 * DAY)
    assert parcel.case.stage is Stage.UNKNOWN
    assert notices(parcel.wait(18 * HOUR)) == ["预警：已发货未揽收"]


# ---- picked up, not moving ---------------------------------------------------------------------------------------


def test_the_clock_begins_at_the_courier_s_time_not_when_we_heard_of_it() -> None:
    parcel = shipped()
    parcel.wait(10 * HOUR)
    parcel.scan(Stage.PICKED_UP, NOW + 2 * HOUR)  # eight hours late
    assert notices(parcel.wait(NOW + 20 * HOUR - MINUTE)) == []
    assert notices(parcel.wait(MINUTE)) == ["预警：揽收后无走件"]
    assert parcel.ticket.breach_at == NOW + 26 * HOUR


@pytest.mark.parametrize(("paid_yuan", "costs_yuan"), [(10, 5), (100, 30), (5_000, 500)])
def test_a_false_shipment_costs_a_share_of_the_price(paid_yuan: int, costs_yuan: int) -> None:
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside(paid_fen=paid_yuan * 100)))
    parcel.moves(Stage.PICKED_UP)
    parcel.wait(20 * HOUR)
    assert parcel.ticket.exposure_fen == costs_yuan * 100


def test_a_parcel_of_several_orders_costs_what_each_of_them_does() -> None:
    parcel = shipped()
    parcel.take(ParcelShipped(**parcel.about, content=inside("O2", paid_fen=500_000)))
    parcel.moves(Stage.PICKED_UP)
    parcel.wait(20 * HOUR)
    assert parcel.ticket.exposure_fen == 3_000 + 50_000


def test_the_stricter_of_two_rules_warns_and_both_are_counted() -> None:
    parcel = on_its_way()
    parcel.wait(NOW + 25 * HOUR)
    assert (parcel.ticket.rule, parcel.ticket.count) == ("movement_24h", 1)
    parcel.wait(24 * HOUR)
    assert (parcel.ticket.rule, parcel.ticket.count) == ("movement_24h", 2)


def test_a_second_pickup_scan_is_no_movement() -> None:
    parcel = on_its_way()
    parcel.wait(10 * HOUR)
    parcel.scan(Stage.PICKED_UP)
    assert notices(parcel.wait(NOW + 19 * HOUR)) == ["预警：揽收后无走件"]


def test_a_sign_of_life_that_nobody_can_read_is_movement_all_the_same() -> None:
    parcel = on_its_way()
    parcel.wait(10 * HOUR)
    parcel.scan(Stage.UNKNOWN)
    assert notices(parcel.wait(NOW + 30 * HOUR)) == []
    assert notices(parcel.wait(NOW + 11 * HOUR + 36 * HOUR)) == ["预警：在途停滞"]


# ---- on the road -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("region", "open_after_48h"), [("浙江省", ["stalled"]), ("新疆维吾尔自治区", [])])
def test_a_standstill_of_48_hours_opens_one_ticket_but_for_remote_regions(
    region: str, open_after_48h: list[str]
) -> None:
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside(region=region)))
    parcel.moves(Stage.PICKED_UP, Stage.IN_TRANSIT)
    parcel.wait(48 * HOUR)
    assert parcel.open == open_after_48h
    parcel.wait(48 * HOUR)
    assert parcel.open == ["stalled"]


# stage -> hours from the last scan to the warning, and what is the matter then
CLOCKS: dict[Stage, tuple[int, str]] = {
    Stage.IN_TRANSIT: (36, "stalled"),
    Stage.ARRIVED_AT_HUB: (36, "stalled"),
    Stage.EXCEPTION: (36, "stalled"),
    Stage.OUT_FOR_DELIVERY: (18, "delivery_slow"),
    Stage.HELD_AT_PICKUP_POINT: (48, "pickup_point_overdue"),
    Stage.RETURNING: (48, "return_stalled"),
    Stage.RETURNED: (24, "return_not_received"),
}


@pytest.mark.parametrize("stage", CLOCKS)
def test_every_stage_has_its_clock(stage: Stage) -> None:
    hours, anomaly = CLOCKS[stage]
    parcel = on_its_way(stage)
    parcel.wait(hours * HOUR - MINUTE)
    assert anomaly not in parcel.open
    parcel.wait(MINUTE)
    assert anomaly in parcel.open


def test_every_scan_begins_the_standstill_anew() -> None:
    parcel = on_its_way(*[Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB] * 5)
    assert notices(parcel.run.said) == []
    for _ in range(4):
        assert notices(parcel.wait(35 * HOUR)) == []
        parcel.scan(Stage.ARRIVED_AT_HUB)


def test_a_reminder_of_the_pickup_point_does_not_give_it_more_time() -> None:
    parcel = on_its_way(Stage.HELD_AT_PICKUP_POINT)
    parcel.wait(DAY)
    parcel.scan(Stage.HELD_AT_PICKUP_POINT)
    parcel.wait(DAY)
    assert parcel.open == ["pickup_point_overdue"]


def test_a_parcel_without_a_sign_of_life_for_days_is_probably_lost() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(8 * DAY)
    assert parcel.open == ["stalled", "suspected_lost"]
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert parcel.open == []


def test_a_parcel_that_arrived_has_no_clock_at_all() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    assert parcel.due is None
    assert parcel.open == []


def test_an_order_s_promise_of_59_hours_is_counted_by_the_scores_and_opens_no_ticket() -> None:
    parcel = on_its_way(*[Stage.IN_TRANSIT] * 60)
    assert parcel.open == []
    assert notices(parcel.run.said) == []


def test_a_merchant_may_want_a_ticket_for_it_and_reads_it_in_the_digest() -> None:
    wanted_late = Watching(limits=(limit("arrival_59h", Span.PAY_TO_SIGN, 59, 7),))
    parcel = on_its_way(*[Stage.IN_TRANSIT] * 60, watching=wanted_late)
    assert (parcel.ticket.anomaly, parcel.ticket.since) == (Anomaly.LATE, NOW - 5 * HOUR)
    assert [said.notice.urgent for said in of_type(parcel.run.said, "notice_raised")] == [False, False]


def test_a_standstill_that_opens_no_ticket_is_noted_in_time_all_the_same() -> None:
    silent = tuple(
        limit(rule, Span.STAGNATION, hours, lead, alert=False)
        for rule, hours, lead in (("stalled_48h", 48, 12), ("stalled_remote_96h", 96, 24))
    )
    parcel = on_its_way(Stage.IN_TRANSIT, watching=Watching(limits=silent))
    since = parcel.case.heard_at
    parcel.wait(36 * HOUR - MINUTE)
    assert parcel.case.stalled_since is None
    parcel.wait(2 * MINUTE)
    assert (parcel.case.stalled_since, parcel.open) == (since, [])


def test_of_two_orders_in_one_parcel_the_earlier_deadline_counts() -> None:
    parcel = shipped()
    parcel.take(ParcelShipped(**parcel.about, content=inside("O2", shipped_at=NOW - 2 * HOUR)))
    assert notices(parcel.wait(NOW + 16 * HOUR)) == ["预警：已发货未揽收"]


def test_a_measured_courier_is_warned_of_by_its_own_pace() -> None:
    parcel = shipped(paces={"zto": Pace(lag_s=3_600, handling_s=9 * 3_600)})
    parcel.wait(NOW + 14 * HOUR)
    assert parcel.open == ["not_picked_up"]  # nine hours, and the margin of one, before the 24th hour
    assert parcel.ticket.breach_at == NOW + 25 * HOUR


def test_the_first_moment_of_every_stretch_is_kept_whatever_arrives_first() -> None:
    stages = (Stage.LABEL_CREATED, Stage.PICKED_UP, Stage.ARRIVED_AT_HUB, Stage.HELD_AT_PICKUP_POINT, Stage.RETURNING)
    scans = [(stage, NOW + hour * HOUR) for hour, stage in enumerate(stages, start=1)]
    for told in (scans, scans[::-1]):
        case = shipped().traced(*told)
        parcel = Parcel(case, case.model_copy(update={"scans": case.scans[-2:]}))
        kept = parcel.case
        hours = [kept.picked_up_at, kept.moved_at, kept.held_at, kept.return_scan_at, kept.heard_at]
        assert hours == [NOW + hour * HOUR for hour in (2, 3, 4, 5, 5)]


def test_a_limit_that_was_broken_once_is_remembered_and_a_warning_is_not() -> None:
    parcel = shipped()
    parcel.wait(20 * HOUR)
    assert parcel.case.broken == ()
    parcel.wait(5 * HOUR)
    parcel.scan(Stage.PICKED_UP)
    assert parcel.case.broken == (Anomaly.NOT_PICKED_UP,)


# ---- couriers that take back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("carrier", "stage"), [("ems", Stage.IN_TRANSIT), ("zto", Stage.DELIVERED)])
def test_of_a_courier_that_takes_scans_back_the_youngest_counts(carrier: str, stage: Stage) -> None:
    parcel = shipped(carrier=carrier)
    parcel.moves(Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.DELIVERED, Stage.IN_TRANSIT)
    assert parcel.case.stage is stage
    parcel.wait(48 * HOUR)
    assert parcel.open == (["stalled"] if carrier == "ems" else [])


def test_what_nobody_can_read_takes_no_signature_back() -> None:
    parcel = shipped(carrier="ems")
    parcel.moves(Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.DELIVERED, Stage.UNKNOWN)
    assert parcel.case.stage is Stage.DELIVERED
    parcel.wait(10 * DAY)
    assert parcel.open == []


# ---- the platform may pay ----------------------------------------------------------------------------------------


def _standing() -> Parcel:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(40 * HOUR)
    assert parcel.open == ["stalled"]
    return parcel


def test_a_standstill_says_from_when_on_a_platform_may_pay_unasked() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    said = parcel.wait(36 * HOUR)
    [warning] = of_type(said, "notice_raised")
    risk = "强制退款风险：11-13 10:00 起平台可不经商家同意直接退款（剩余 12.0 小时）"
    assert risk in warning.notice.lines


def test_a_refund_of_a_parcel_that_stands_still_hears_of_the_risk_and_stops_it_by_itself() -> None:
    parcel = _standing()
    said = parcel.take(wanted())
    [told] = of_type(said, "parcel_progressed")
    assert told.forced_refund_at == NOW + 2 * HOUR + 48 * HOUR
    assert len(list(of_type(said, "intercept_parcel"))) == 1
    [told] = of_type(parcel.take(answer(parcel.run, "accepted")), "parcel_progressed")
    assert told.forced_refund_at == NOW + 2 * HOUR + 48 * HOUR


def test_what_we_stop_stands_still_on_purpose() -> None:
    parcel = _standing()
    assert notices(parcel.take(wanted())) == []
    assert "已转拦截：在途停滞" in notices(parcel.take(answer(parcel.run, "accepted")))
    assert notices(parcel.wait(5 * DAY)) == []
    assert parcel.open == []


def test_a_courier_that_refuses_to_stop_a_parcel_lets_its_ticket_go_on_and_nobody_is_told_again() -> None:
    parcel = _standing()
    parcel.wait(30 * HOUR)
    parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.STALLED, by="li"))
    before = parcel.ticket
    said = parcel.take(wanted())
    said += parcel.take(answer(parcel.run, "refused"))
    assert notices([*said, *parcel.wait(HOUR)]) == []
    assert parcel.ticket == before


def test_a_parcel_that_is_being_stopped_raises_no_ticket_but_tells_its_refund_of_the_risk() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted())
    parcel.take(answer(parcel.run, "accepted"))
    said = parcel.wait(5 * DAY)
    assert notices(said) == []
    risks = [told.forced_refund_at for told in of_type(said, "parcel_progressed")]
    assert risks[-1] == NOW + 2 * HOUR + 48 * HOUR


def test_a_parcel_that_moves_on_is_no_risk_any_more() -> None:
    parcel = _standing()
    parcel.take(wanted())
    [told] = of_type(parcel.scan(Stage.ARRIVED_AT_HUB), "parcel_progressed")
    assert told.forced_refund_at is None


def test_a_parcel_whose_interception_was_refused_is_watched_again() -> None:
    parcel = on_its_way(Stage.OUT_FOR_DELIVERY)
    parcel.take(wanted())
    parcel.wait(timedelta(hours=18))
    assert parcel.open == ["delivery_slow"]


@pytest.mark.parametrize("change", ["a longer limit", "switched off", "a remote region"])
def test_what_another_limit_ends_is_not_said_to_have_moved(change: str) -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR)
    if change == "a remote region":
        said = parcel.take(ParcelShipped(**parcel.about, content=inside(region="西藏自治区")))
    else:
        mine = limit("stalled_48h", Span.STAGNATION, 90, 6).model_copy(update={"watch": change == "a longer limit"})
        parcel.run.policy = policy(watching=Watching(limits=(mine,)))
        said = parcel.take(tick(parcel.key))
    assert notices(said) == ["时限已调整：在途停滞"]
    assert parcel.open == []


@pytest.mark.parametrize("stage", [Stage.LABEL_CREATED, Stage.UNKNOWN])
def test_nobody_is_sent_to_pick_up_what_a_refund_wants_to_stay(stage: Stage) -> None:
    parcel = shipped(watching=Watching(urge_by={"zto": "zto"}))
    parcel.scan(stage)
    parcel.take(wanted())
    if parcel.case.interception.phase is InterceptionPhase.REQUESTED:
        parcel.take(answer(parcel.run, "refused", code="E23119", retry_after_scan=True))
    said = parcel.wait(5 * DAY)
    assert parcel.case.interception.phase is InterceptionPhase.WAITING
    assert (notices(said), list(of_type(said, "urge_courier")), parcel.open) == ([], [], [])
    parcel.take(released())
    parcel.wait(2 * MINUTE)
    assert parcel.open == ["not_picked_up"]


def test_a_label_that_a_refund_wants_to_stay_ends_the_search_for_its_pickup() -> None:
    parcel = shipped()
    parcel.scan(Stage.LABEL_CREATED)
    parcel.wait(20 * HOUR)
    assert notices(parcel.take(wanted())) == ["已转拦截：已发货未揽收"]


@pytest.mark.parametrize("other", ["goods of another order", "too cheap to be stopped"])
def test_what_must_leave_all_the_same_is_picked_up_in_time(other: str) -> None:
    parcel = shipped(intercept_amount_min_fen=0 if other == "goods of another order" else 10**6)
    if other == "goods of another order":
        parcel.take(ParcelShipped(**parcel.about, content=inside("O2")))
        parcel.scan(Stage.LABEL_CREATED)
    parcel.take(wanted())
    parcel.wait(20 * HOUR)
    assert parcel.case.interception.phase is InterceptionPhase.WAITING
    assert parcel.open == ["not_picked_up"]


@pytest.mark.parametrize("is_assumed", [True, False])
def test_a_deadline_that_rests_on_a_time_of_an_assumed_zone_says_so(is_assumed: bool) -> None:
    parcel = on_its_way()
    scan = Scan(stage=Stage.IN_TRANSIT, at=parcel.run.now, code="x", zone_assumed=is_assumed)
    parcel.take(ParcelScanned(**parcel.about, scan=scan))
    [warned] = of_type(parcel.wait(36 * HOUR), "notice_raised")
    assert ("时区 按北京时间（快递未给）" in warned.notice.lines[-1]) == is_assumed
