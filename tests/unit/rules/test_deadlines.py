"""When clocks run out: every span, every scope, the earliest rule, measured couriers, dated packs, what it costs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.hours import BusinessHours
from shared.domain.packs import Pack, pack_for, packs
from shared.domain.watching import Exposure, Limit, Pace, Span, Watching
from shared.rules.deadlines import BY_PLATFORM, Deadline, Running, Scope, deadline_of, limits_of
from tests.unit.rules.build import DAY, HOUR, MINUTE, NOW

SHOP = Scope("taobao", "zto", "浙江省", NOW - DAY, 10_000)
# span -> (the rule that governs, hours until it breaks, hours of warning before); None: of the merchant alone
PACK: dict[Span, tuple[str, int, int]] = {
    Span.PAY_TO_SHIP: ("ship_48h", 48, 12),
    Span.SHIP_TO_PICKUP: ("pickup_24h", 24, 6),
    Span.PICKUP_TO_MOVEMENT: ("movement_24h", 24, 6),
    Span.STAGNATION: ("stalled_48h", 48, 12),
    Span.OUT_FOR_DELIVERY: ("delivery_24h", 24, 6),
    Span.PICKUP_POINT: ("pickup_point_72h", 72, 24),
    Span.PAY_TO_SIGN: ("arrival_52h", 52, 7),
    Span.SILENCE: ("lost_10d", 240, 48),
    Span.RETURN_PICKUP: ("return_pickup_48h", 48, 12),
    Span.RETURN_STAGNATION: ("return_stalled_72h", 72, 24),
    Span.RETURN_RECEIPT: ("return_receipt_48h", 48, 24),
}


def limit(rule: str = "mine", span: Span = Span.STAGNATION, hours: int = 30, lead: int = 5, **fields: Any) -> Limit:
    """A merchant's own limit."""
    known = {"rule": rule, "span": span, "breach": hours * HOUR, "lead": lead * HOUR}
    return Limit.model_validate({**known, **fields})


def watching(*limits: Limit, **fields: Any) -> Watching:
    """A merchant's wishes."""
    return Watching(limits=limits, **fields)


def found(span: Span, scope: Scope = SHOP, *limits: Limit, **more: Any) -> Deadline:
    """The deadline of a clock that began now."""
    deadline = deadline_of(Running(span, NOW), scope, watching(*limits), **more)
    assert deadline is not None
    return deadline


def rules(scope: Scope, *limits: Limit, span: Span = Span.STAGNATION) -> list[str]:
    """The names of the limits that hold."""
    return sorted(one.rule for one in limits_of(span, scope, watching(*limits)))


# ---- spans -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", Span)
def test_every_span_has_a_limit_that_warns_before_it_breaks(span: Span) -> None:
    rule, breach, lead = PACK[span]
    deadline = found(span)
    assert (deadline.rule, deadline.since, deadline.limit) == (rule, NOW, breach * HOUR)
    assert deadline.breach_at == NOW + breach * HOUR
    assert deadline.warn_at == NOW + (breach - lead) * HOUR
    assert deadline.ask_at == deadline.warn_at - 5 * MINUTE


def test_every_limit_of_the_pack_names_its_source() -> None:
    assert all(one.source for pack in packs() for one in pack.limits)


def test_a_span_whose_every_limit_is_switched_off_has_no_deadline() -> None:
    off = limit("stalled_48h", watch=False), limit("stalled_remote_96h", watch=False)
    assert deadline_of(Running(Span.STAGNATION, NOW), SHOP, watching(*off)) is None


def test_a_limit_must_warn_before_it_breaks_and_begin_before_it_ends() -> None:
    with pytest.raises(ValidationError, match="lead"):
        limit(hours=5, lead=5)
    with pytest.raises(ValidationError, match="since"):
        limit(since=NOW, until=NOW)


# ---- scopes ------------------------------------------------------------------------------------------------------

HOLDS: dict[str, tuple[dict[str, Any], Scope, bool]] = {
    "no scope": ({}, SHOP, True),
    "its platform": ({"platforms": ("taobao", "jd")}, SHOP, True),
    "another platform": ({"platforms": ("jd",)}, SHOP, False),
    "its carrier": ({"carriers": ("zto",)}, SHOP, True),
    "another carrier": ({"carriers": ("sf",)}, SHOP, False),
    "its region": ({"regions": ("浙江",)}, SHOP, True),
    "another region": ({"regions": ("广东", "江苏")}, SHOP, False),
    "a region that nobody told": ({"regions": ("浙江",)}, SHOP._replace(region=""), False),
    "near, remote regions exempt": ({"remote_exempt": True}, SHOP, True),
    "remote, remote regions exempt": ({"remote_exempt": True}, SHOP._replace(region="新疆维吾尔自治区"), False),
    "nobody told where to, remote regions exempt": ({"remote_exempt": True}, SHOP._replace(region=""), True),
    "paid during the promotion": ({"since": NOW - 2 * DAY, "until": NOW}, SHOP, True),
    "paid as the promotion began": ({"since": NOW - DAY}, SHOP, True),
    "paid before the promotion": ({"since": NOW}, SHOP, False),
    "paid as the promotion ended": ({"until": NOW - DAY}, SHOP, False),
    "paid nobody knows when, in a promotion": ({"since": NOW - 2 * DAY}, SHOP._replace(paid_at=None), False),
    "paid nobody knows when, until its end": ({"until": NOW}, SHOP._replace(paid_at=None), False),
    "all scopes at once": (
        {"platforms": ("taobao",), "carriers": ("zto",), "regions": ("浙",), "remote_exempt": True, "until": NOW},
        SHOP,
        True,
    ),
}


@pytest.mark.parametrize("what", HOLDS)
def test_a_limit_holds_where_its_scope_says(what: str) -> None:
    scope_of_limit, scope, holds = HOLDS[what]
    assert ("mine" in rules(scope, limit(**scope_of_limit))) == holds


def test_a_merchant_s_limit_replaces_the_pack_s_of_the_same_name() -> None:
    assert found(Span.STAGNATION, SHOP, limit("stalled_48h", hours=40)).limit == 40 * HOUR


def test_outside_of_its_scope_a_merchant_s_limit_leaves_the_pack_s_alone() -> None:
    mine = limit("stalled_48h", hours=40, carriers=("sf",))
    assert found(Span.STAGNATION, SHOP, mine).limit == 48 * HOUR
    assert found(Span.STAGNATION, SHOP._replace(carrier="sf"), mine).limit == 40 * HOUR


def test_remote_regions_that_a_merchant_exempts_have_no_limit_of_that_name() -> None:
    mine = limit("pickup_24h", Span.SHIP_TO_PICKUP, hours=30, remote_exempt=True)
    assert found(Span.SHIP_TO_PICKUP, SHOP, mine).limit == 30 * HOUR
    assert limits_of(Span.SHIP_TO_PICKUP, SHOP._replace(region="西藏自治区"), watching(mine)) == []


def test_a_switched_off_limit_leaves_the_next_one() -> None:
    deadline = found(Span.PICKUP_TO_MOVEMENT, SHOP, limit("movement_24h", Span.PICKUP_TO_MOVEMENT, watch=False))
    assert (deadline.rule, deadline.limit) == ("false_shipment_48h", 48 * HOUR)


# ---- two rules on one clock --------------------------------------------------------------------------------------


def test_of_two_rules_on_one_clock_the_earlier_governs_and_is_named_and_both_are_counted() -> None:
    deadline = found(Span.PICKUP_TO_MOVEMENT)
    assert deadline.rule == "movement_24h"
    assert deadline.breaches == (NOW + 24 * HOUR, NOW + 48 * HOUR)
    assert deadline.exposure_fen == 3_000  # the later one costs money


def test_of_two_rules_of_one_length_the_name_decides_so_that_it_never_changes() -> None:
    pair = [limit(name, hours=20) for name in ("b", "a")]
    assert found(Span.STAGNATION, SHOP, *pair).rule == found(Span.STAGNATION, SHOP, *pair[::-1]).rule == "a"


def test_a_rule_that_alerts_nobody_does_not_hide_behind_it_one_that_does() -> None:
    silent = limit("movement_24h", Span.PICKUP_TO_MOVEMENT, 24, 6, alert=False)
    deadline = found(Span.PICKUP_TO_MOVEMENT, SHOP, silent)
    assert (deadline.rule, deadline.alert, deadline.breaches[0]) == ("false_shipment_48h", True, NOW + 24 * HOUR)
    both = silent, limit("false_shipment_48h", Span.PICKUP_TO_MOVEMENT, 48, 12, alert=False)
    deadline = found(Span.PICKUP_TO_MOVEMENT, SHOP, *both)
    assert (deadline.rule, deadline.alert) == ("movement_24h", False)


# ---- what it costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paid_yuan", "costs_yuan"), [(0, 5), (10, 5), (16, 5), (17, 5), (100, 30), (5_000, 500)])
def test_a_breach_costs_a_share_of_the_payment_within_bounds(paid_yuan: int, costs_yuan: int) -> None:
    scope = SHOP._replace(paid_fen=paid_yuan * 100)
    cost = found(Span.SHIP_TO_PICKUP, scope).exposure_fen
    assert cost // 100 == costs_yuan
    assert cost == max(500, min(50_000, paid_yuan * 100 * 30 // 100))


def test_a_limit_without_a_price_costs_nothing() -> None:
    assert found(Span.STAGNATION).exposure_fen == 0
    assert Exposure(percent=100).of(5) == 5


# ---- business hours ----------------------------------------------------------------------------------------------


def test_a_limit_in_business_hours_runs_while_the_shop_is_open() -> None:
    friday = datetime.fromisoformat("2026-11-13T16:30:00+08:00")
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",))
    hours = BusinessHours.model_validate({"week": week})
    mine = limit("stalled_48h", Span.STAGNATION, 2, 1, in_hours=True)
    deadline = deadline_of(Running(Span.STAGNATION, friday), SHOP, watching(mine, hours=hours))
    assert deadline
    assert deadline.breach_at == datetime.fromisoformat("2026-11-16T10:30:00+08:00")
    assert deadline.limit == 2 * HOUR


# ---- measured couriers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handling", "lead"),
    [
        (0 * HOUR, 6 * HOUR),  # never less than the limit's own
        (4 * HOUR, 6 * HOUR),
        (8 * HOUR, 9 * HOUR),
        (11 * HOUR, 12 * HOUR),  # nor more than half of the limit
        (40 * HOUR, 12 * HOUR),
    ],
)
def test_a_courier_of_known_pace_is_warned_of_as_long_before_as_it_takes_to_react(
    handling: timedelta, lead: timedelta
) -> None:
    pace = Pace(handling_s=int(handling.total_seconds()))
    deadline = found(Span.SHIP_TO_PICKUP, pace=pace)
    assert deadline.breach_at - deadline.warn_at == lead


@pytest.mark.parametrize(("urged_at_hour", "lead"), [(5, 11), (6, 6), (11, 6), (12, 9), (18, 8)])
def test_how_long_before_depends_on_the_hour_at_which_a_courier_would_be_urged(urged_at_hour: int, lead: int) -> None:
    pace = Pace(handling_s=7 * 3_600, handling_by_part=(36_000, 3_600, 28_800, None))
    midnight = datetime.fromisoformat("2026-11-13T00:00:00+08:00")
    began = midnight + (urged_at_hour - 18) * HOUR  # six hours before the 24th hour
    deadline = deadline_of(Running(Span.SHIP_TO_PICKUP, began), SHOP, watching(), pace)
    assert deadline
    assert deadline.breach_at - deadline.warn_at == lead * HOUR


def test_a_longer_lead_than_half_of_the_limit_is_the_merchant_s_to_choose() -> None:
    early = limit("stalled_48h", hours=48, lead=30)
    for pace in (Pace(), Pace(handling_s=36_000), Pace(handling_s=90 * 3_600)):
        assert found(Span.STAGNATION, SHOP, early, pace=pace).warn_at == NOW + 18 * HOUR


def test_people_have_a_quarter_of_an_hour_whatever_a_limit_says() -> None:
    hasty = Limit(rule="stalled_48h", span=Span.STAGNATION, breach=48 * HOUR, lead=MINUTE)
    deadline = found(Span.STAGNATION, SHOP, hasty)
    assert deadline.breach_at - deadline.warn_at == 15 * MINUTE


def test_what_a_courier_reports_late_is_not_silence_yet() -> None:
    on_time, late = found(Span.STAGNATION), found(Span.STAGNATION, pace=Pace(lag_s=7_200))
    assert late.breach_at - on_time.breach_at == 2 * HOUR
    assert (late.ask_at, late.warn_at) == (on_time.ask_at, on_time.warn_at)  # it is asked, and cannot be late then
    lost = found(Span.STAGNATION, pace=Pace(lag_s=30 * 3_600))
    assert lost.breach_at == on_time.breach_at + 12 * HOUR  # at most a quarter of the limit


@pytest.mark.parametrize("span", [Span.PAY_TO_SHIP, Span.RETURN_RECEIPT])
def test_a_courier_s_lateness_does_not_excuse_our_own_warehouse(span: Span) -> None:
    assert found(span, pace=Pace(lag_s=7_200)) == found(span)


@settings(max_examples=100)
@given(
    st.sampled_from(Span),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.sampled_from(["", "浙江省", "西藏自治区"]),
    st.none() | st.integers(-90, 0).map(lambda days: NOW + days * DAY),
)
def test_a_deadline_is_asked_about_before_it_is_warned_of_and_warned_of_before_it_breaks(
    span: Span, lag_s: int, handling_s: int | None, region: str, paid_at: datetime | None
) -> None:
    scope = SHOP._replace(region=region, paid_at=paid_at)
    deadline = found(span, scope, limit(span=span), pace=Pace(lag_s=lag_s, handling_s=handling_s))
    assert NOW <= deadline.ask_at <= deadline.warn_at < deadline.breach_at
    assert deadline.breach_at - deadline.warn_at >= 15 * MINUTE
    assert deadline.breach_at in deadline.breaches
    assert list(deadline.breaches) == sorted(deadline.breaches)


# ---- the platform's own deadline ---------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [10, 48, 200])
def test_a_platform_s_own_deadline_wins_over_every_limit_and_is_named(hours: int) -> None:
    deadline = found(Span.PAY_TO_SHIP, platform_at=NOW + hours * HOUR)
    assert (deadline.rule, deadline.limit, deadline.breach_at) == (BY_PLATFORM, hours * HOUR, NOW + hours * HOUR)
    assert deadline.breach_at - deadline.warn_at == min(12, hours * 3 / 4) * HOUR
    assert deadline.exposure_fen == 3_000


def test_a_platform_s_deadline_that_is_over_already_is_warned_of_at_once() -> None:
    assert found(Span.PAY_TO_SHIP, platform_at=NOW - HOUR).warn_at == NOW


# ---- dated packs -------------------------------------------------------------------------------------------------


def _pack(name: str, days: int, hours: int, platform: str = "") -> Pack:
    limits = (limit("stall", hours=hours),)
    fields = {"name": name, "platform": platform, "since": NOW + days * DAY, "remote": ("西藏",), "limits": limits}
    return packs()[0].model_copy(update=fields)


KNOWN = (_pack("old", -100, 50), _pack("new", 0, 40), _pack("jd-old", -50, 30, "jd"), _pack("jd-new", 10, 20, "jd"))
DATED: dict[str, tuple[str, datetime | None, str]] = {
    "before all packs": ("taobao", NOW - 200 * DAY, "old"),
    "as the old pack began": ("taobao", NOW - 100 * DAY, "old"),
    "right before the new pack": ("taobao", NOW - MINUTE, "old"),
    "as the new pack began": ("taobao", NOW, "new"),
    "nobody knows when": ("taobao", None, "new"),
    "before the platform had packs of its own": ("jd", NOW - 51 * DAY, "old"),
    "a platform with packs of its own": ("jd", NOW + DAY, "jd-old"),
    "a platform's own new pack": ("jd", NOW + 10 * DAY, "jd-new"),
}


@pytest.mark.parametrize("paid", DATED)
def test_an_order_keeps_the_pack_of_the_day_on_which_it_was_paid(paid: str) -> None:
    platform, paid_at, name = DATED[paid]
    assert pack_for(platform, paid_at, KNOWN).name == pack_for(platform, paid_at, KNOWN[::-1]).name == name


def test_old_orders_keep_the_old_limit_and_new_ones_get_the_new() -> None:
    def hours(paid_at: datetime) -> float:
        [only] = limits_of(Span.STAGNATION, SHOP._replace(paid_at=paid_at), watching(), KNOWN)
        return only.breach / HOUR

    assert (hours(NOW - DAY), hours(NOW + DAY)) == (50, 40)


def test_the_remote_list_is_the_pack_s() -> None:
    far = SHOP._replace(region="西藏自治区")
    mine = watching(limit("mine", remote_exempt=True))
    assert [one.rule for one in limits_of(Span.STAGNATION, far, mine, KNOWN)] == ["stall"]


@pytest.mark.parametrize("region", [name for pack in packs() for name in pack.remote])
def test_in_every_remote_region_a_standstill_has_twice_the_time(region: str) -> None:
    assert found(Span.STAGNATION, SHOP._replace(region=region)).limit == 96 * HOUR
