"""Parcels that fall silent: stalls, subscriptions that die, end, are corrected; ZTO beside Kuaidi100; delays."""

from typing import Any

import pytest

from tests.unit.sandbox.outside import Outside

BILL, ZTO_BILL = "YT1000000000017", "75000000000017"
DAY = 24 * 60
SCANS: list[dict[str, Any]] = [{"after_min": hour * 60, "stage": "in_transit"} for hour in range(1, 9)]


def _outside(waybill: str = BILL, scans: list[dict[str, Any]] | None = None, **road: Any) -> Outside:
    outside = Outside().with_order(push=False)
    outside.send(waybill, SCANS if scans is None else scans, **({"carrier": "yto"} | road))
    return outside


def _happens(outside: Outside, what: str, waybill: str = BILL, **more: Any) -> list[str]:
    reply = outside.control("POST", f"/parcels/{waybill}/subscription", {"happens": what} | more)
    return [one["status"] for one in reply["subscriptions"]]


def test_a_subscription_dies_silently_while_queries_tell_the_truth_and_a_new_one_tells_all() -> None:
    outside = _outside()
    outside.poll(BILL, "yuantong")
    outside.advance(minutes=130)
    assert _happens(outside, "dies") == ["dead"]
    outside.advance(minutes=200)
    assert [len(push["lastResult"]["data"]) for push in outside.huhang.tracked()] == [1, 2]
    assert len(outside.track(BILL, "yuantong")["data"]) == 5
    assert outside.poll(BILL, "yuantong") == "200"
    outside.advance(minutes=200)
    assert [len(push["lastResult"]["data"]) for push in outside.huhang.tracked()] == [1, 2, 5, 6, 7, 8]
    parcel = outside.parcel(BILL)
    assert [one["alive"] for one in parcel["subscriptions"]] == [False, True]
    assert (parcel["subscribed_by_huhang"], parcel["scans_pushed"]["kuaidi100"]) == (2, 8)


def test_a_dead_subscription_may_come_to_life_by_itself() -> None:
    outside = _outside()
    outside.poll(BILL, "yuantong")
    _happens(outside, "dies")
    outside.advance(minutes=70)
    assert _happens(outside, "revives") == ["alive"]
    outside.advance(minutes=60)
    assert [len(push["lastResult"]["data"]) for push in outside.huhang.tracked()] == [2]


def test_nothing_happens_to_a_stalled_parcel_until_somebody_scans_it() -> None:
    outside = _outside()
    outside.poll(BILL, "yuantong")
    outside.advance(minutes=130)
    outside.control("POST", f"/parcels/{BILL}/stall")
    outside.advance(minutes=2 * DAY)
    assert len(outside.huhang.tracked()) == 2
    assert outside.parcel(BILL)["stalled"] is True
    outside.scan(BILL, "held_up")
    outside.advance(minutes=1)
    assert outside.huhang.tracked()[-1]["lastResult"]["data"][0]["statusCode"] == "208"
    assert len(outside.parcel(BILL)["scans"]) == 3


def test_a_number_without_a_record_is_given_up_after_three_days_and_may_be_taken_up_again() -> None:
    outside = _outside(scans=[])
    outside.poll(BILL, "yuantong")
    outside.advance(minutes=3 * DAY - 1)
    assert outside.huhang.tracked() == []
    outside.advance(minutes=1)
    push = outside.huhang.tracked()[0]
    assert (push["status"], push["message"], push["autoCheck"], push["comNew"]) == ("abort", "3天查询无记录", "0", "")
    assert push["lastResult"]["data"] == []
    assert outside.poll(BILL, "yuantong") == "501"  # too early
    outside.advance(minutes=31)
    assert outside.poll(BILL, "yuantong") == "200"


def test_a_number_without_a_change_is_given_up_after_sixty_days() -> None:
    outside = _outside(scans=SCANS[:1])
    outside.poll(BILL, "yuantong")
    outside.advance(minutes=59 * DAY)
    assert len(outside.huhang.tracked()) == 1
    outside.advance(minutes=2 * DAY)
    assert [push["message"] for push in outside.huhang.tracked()] == ["", "60天无变化"]


def test_a_wrong_carrier_is_corrected_after_three_days() -> None:
    outside = _outside(named="sto")
    outside.poll(BILL, "shentong")
    outside.advance(minutes=3 * DAY)
    outside.advance(minutes=1)
    old, new = outside.huhang.tracked()
    assert (old["status"], old["autoCheck"], old["comOld"], old["comNew"]) == ("abort", "0", "", "yuantong")
    assert (new["status"], new["autoCheck"], new["comOld"], new["comNew"]) == ("polling", "1", "shentong", "yuantong")
    assert (new["lastResult"]["com"], len(new["lastResult"]["data"])) == ("yuantong", 8)
    subscriptions = outside.parcel(BILL)["subscriptions"]
    assert [(one["by"], one["status"]) for one in subscriptions] == [("huhang", "replaced"), ("kuaidi100", "alive")]
    assert outside.poll(BILL, "yuantong") == "501"


def test_a_scene_can_correct_abort_end_and_repeat_at_once() -> None:
    outside = _outside()
    outside.poll(BILL, "shentong")
    outside.advance(minutes=70)
    assert _happens(outside, "corrected") == ["replaced", "alive"]
    outside.advance(minutes=1)
    _happens(outside, "repeated")
    _happens(outside, "aborted", message="暂停")
    outside.advance(minutes=1)
    assert [push["status"] for push in outside.huhang.tracked()] == ["abort", "polling", "updateall", "abort"]
    assert outside.huhang.tracked()[-1]["message"] == "暂停"
    outside.control("POST", f"/parcels/{BILL}/subscription", {"happens": "shut_down"}, status=409)


def test_scans_are_told_late_with_the_time_at_which_they_happened() -> None:
    outside = _outside(scans=SCANS[:1], delay_min=90)
    outside.poll(BILL, "yuantong")
    outside.advance(minutes=100)
    assert outside.huhang.tracked() == []
    assert outside.track(BILL, "yuantong")["returnCode"] == "500"
    assert outside.parcel(BILL)["stage"] == "in_transit"
    outside.advance(minutes=50)
    assert outside.huhang.tracked()[0]["lastResult"]["data"][0]["ftime"] == "2026-03-01 10:30:00"
    outside.scan(BILL, "damaged", ago_min=120)
    outside.advance(minutes=1)
    lines = outside.huhang.tracked()[-1]["lastResult"]["data"]
    assert [(line["ftime"], line["statusCode"]) for line in lines] == [
        ("2026-03-01 10:30:00", "1002"),
        ("2026-03-01 10:00:00", "209"),
    ]


def test_without_the_phone_number_kuaidi100_finds_nothing() -> None:
    outside = _outside(carrier="sf", phone_tail="0017")
    assert outside.poll(BILL, "shunfeng", phone="9999") == "200"
    outside.advance(minutes=100)
    assert outside.huhang.tracked() == []
    outside.advance(minutes=3 * DAY)
    assert outside.huhang.tracked()[0]["message"] == "3天查询无记录"
    outside.advance(minutes=31)
    outside.poll(BILL, "shunfeng", phone="0017")
    outside.advance(minutes=2)
    assert len(outside.huhang.tracked()[-1]["lastResult"]["data"]) == 8


@pytest.mark.parametrize("own_label", [True, False])
def test_zto_pushes_the_merchant_s_own_label_unasked_and_others_once_subscribed(own_label: bool) -> None:
    outside = _outside(ZTO_BILL, carrier="zto", subscribed=own_label)
    outside.advance(minutes=70)
    assert len(outside.huhang.scanned()) == int(own_label)
    body = {"billCode": ZTO_BILL, "mobilePhone": "0017"}
    for _ in range(2):
        assert outside.zto("zto.merchant.waybill.track.subsrcibe", body)["status"]
    outside.advance(minutes=60)
    assert len(outside.huhang.scanned()) == 1 + int(own_label)
    by_huhang = [one for one in outside.parcel(ZTO_BILL)["subscriptions"] if one["by"] == "huhang"]
    assert [one["asks"] for one in by_huhang] == [2]


def test_zto_falls_silent_too_and_speaks_again_once_asked() -> None:
    outside = _outside(ZTO_BILL, carrier="zto")
    assert _happens(outside, "dies", ZTO_BILL) == ["dead"]
    outside.advance(minutes=130)
    assert outside.huhang.scanned() == []
    body = {"billCode": ZTO_BILL, "mobilePhone": "0017"}
    told = outside.zto("zto.merchant.waybill.track.query", body)["result"]
    assert [(row["scanType"], row["scanSite"]["city"]) for row in told] == [("发件", "杭州市")] * 2
    assert told[0]["scanDate"] == 1772332200000
    outside.zto("zto.merchant.waybill.track.subsrcibe", body)
    outside.advance(minutes=60)
    assert outside.huhang.scanned() == [(ZTO_BILL, "DEPARTURE")]
    assert outside.parcel(ZTO_BILL)["queries_answered"]["zto"] == 1


def test_zto_knows_nothing_of_other_couriers_parcels() -> None:
    outside = _outside()
    for api in ("track.subsrcibe", "track.query"):
        body = {"billCode": BILL, "mobilePhone": "0017"}
        assert outside.zto(f"zto.merchant.waybill.{api}", body)["statusCode"] == "E416"
    assert outside.intercept(waybill=BILL)["statusCode"] == "E416"
    outside.advance(minutes=DAY)
    assert outside.huhang.scanned() == []


def test_both_sources_may_watch_one_zto_parcel() -> None:
    outside = _outside(ZTO_BILL, carrier="zto")
    outside.poll(ZTO_BILL, "zhongtong")
    outside.advance(minutes=70)
    assert (len(outside.huhang.scanned()), len(outside.huhang.tracked())) == (1, 1)
    outside.scan(ZTO_BILL, "not_updated")  # an aggregator's own finding
    outside.advance(minutes=1)
    assert (len(outside.huhang.scanned()), len(outside.huhang.tracked())) == (1, 2)
    assert outside.parcel(ZTO_BILL)["scans"][0]["told_by"] == ["zto", "kuaidi100"]


def test_the_new_number_of_a_way_back_is_watched_on_its_own() -> None:
    new = "75000000000099"
    outside = _outside(ZTO_BILL, scans=[], carrier="zto")
    outside.poll(ZTO_BILL, "zhongtong")
    outside.poll(new, "zhongtong")
    outside.scan(ZTO_BILL, "returning", new_waybill=new)
    outside.advance(minutes=10)
    outside.scan(ZTO_BILL, "returned")
    outside.advance(minutes=1)
    told = [(push["lastResult"]["nu"], push["lastResult"]["state"]) for push in outside.huhang.tracked()]
    assert told == [(ZTO_BILL, "6"), (new, "4")]
    assert outside.parcel(new)["subscribed_by_huhang"] == 2


def test_a_number_that_nobody_carries_is_a_strange_subscription() -> None:
    outside = _outside()
    assert outside.poll("YT9999999999999", "yuantong") == "200"
    assert [one["waybill"] for one in outside.truth()["strange_subscriptions"]] == ["YT9999999999999"]
    outside.control("GET", "/parcels/YT9999999999999", status=404)
    outside.control("POST", f"/parcels/{BILL}/scan", {}, status=400)
    outside.control("POST", f"/parcels/{BILL}/scan", {"stage": "flying"}, status=400)
