"""Kuaidi100: who may ask and subscribe, what it answers and pushes, and how long it insists."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from infra.local.sandbox.signatures import kuaidi100_push_sign
from tests.unit.sandbox.outside import CALLBACK, Outside

BILL = "777000000000017"
SCANS: list[dict[str, Any]] = [
    {"after_min": 60, "stage": "picked_up", "city": "广州市"},
    {"after_min": 300, "stage": "in_transit", "city": "广州市"},
    {"after_min": 900, "stage": "held_at_pickup_point"},
]


def _outside(scans: list[dict[str, Any]] | None = None, **road: Any) -> Outside:
    outside = Outside().with_order(push=False)
    outside.send(BILL, SCANS if scans is None else scans, **({"carrier": "sto"} | road))
    return outside


def test_a_subscription_gets_the_whole_history_newest_first_with_every_scan() -> None:
    outside = _outside()
    assert outside.poll(BILL, "shentong") == "200"
    outside.advance(minutes=1000)
    pushes = outside.huhang.tracked()
    assert [len(push["lastResult"]["data"]) for push in pushes] == [1, 2, 3]
    assert {push["status"] for push in pushes} == {"polling"}
    last = pushes[-1]["lastResult"]
    assert (last["com"], last["nu"], last["state"], last["ischeck"]) == ("shentong", BILL, "501", "0")
    assert [(line["ftime"], line["statusCode"]) for line in last["data"]] == [
        ("2026-03-02 00:30:00", "501"),
        ("2026-03-01 14:30:00", "1002"),
        ("2026-03-01 10:30:00", "103"),
    ]
    assert last["data"][2]["context"] == "[广州市]快件已揽收"
    assert outside.parcel(BILL)["scans_pushed"] == {"zto": 0, "kuaidi100": 3}


def test_a_push_is_a_form_signed_with_the_salt_at_the_url_of_the_subscription() -> None:
    outside = _outside()
    outside.poll(BILL, "shentong", callbackurl=f"{CALLBACK}?token=t1")
    outside.advance(minutes=61)
    request = outside.huhang.received[-1]
    form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
    assert str(request.url) == f"{CALLBACK}?token=t1"
    assert form["sign"] == kuaidi100_push_sign(form["param"], "huhang-salt")


def test_without_a_salt_nothing_is_signed_and_without_resultv2_a_line_is_time_and_text() -> None:
    outside = _outside()
    outside.poll(BILL, "shentong", salt="", resultv2="")
    outside.advance(minutes=61)
    assert "sign" not in parse_qs(outside.huhang.received[-1].content.decode())
    assert set(outside.huhang.tracked()[0]["lastResult"]["data"][0]) == {"time", "ftime", "context"}


def test_who_subscribes_late_is_told_what_is_known_a_minute_later() -> None:
    outside = _outside()
    outside.advance(minutes=400)
    outside.poll(BILL, "shentong")
    outside.advance(minutes=2)
    assert [len(push["lastResult"]["data"]) for push in outside.huhang.tracked()] == [2]


@pytest.mark.parametrize(
    ("company", "how", "code"),
    [
        ("shentong", {}, "200"),
        ("shentong", {"key": "wrong"}, "600"),
        ("shentong", {"callbackurl": "huhang.test"}, "700"),
        ("", {}, "700"),
        ("penguin", {}, "701"),
        ("", {"autoCom": "1"}, "200"),
        ("", {"autoCom": 1}, "200"),
    ],
)
def test_a_subscription_is_answered_with_kuaidi100_s_codes(company: str, how: dict[str, Any], code: str) -> None:
    assert _outside().poll(BILL, company, **how) == code


def test_a_number_whose_carrier_nobody_can_tell_is_refused_and_not_detected() -> None:
    outside = _outside(recognisable=False)
    assert outside.poll(BILL, "", autoCom="1") == "702"
    url = f"/kuaidi100/autonumber/auto?num={BILL}&key=HhTestKey001"
    assert outside.client.get(url).json() == []
    outside.control("POST", f"/parcels/{BILL}", {"recognisable": True})
    assert outside.client.get(url).json()[0]["comCode"] == "shentong"
    assert outside.client.get(url.replace("HhTestKey001", "x")).json()["returnCode"] == "600"


def test_a_repeated_subscription_is_a_duplicate_and_changes_nothing() -> None:
    outside = _outside()
    assert [outside.poll(BILL, "shentong") for _ in range(3)] == ["200", "501", "501"]
    outside.advance(minutes=61)
    assert len(outside.huhang.tracked()) == 1
    subscription = outside.parcel(BILL)["subscriptions"][0]
    assert (subscription["by"], subscription["alive"], subscription["asks"]) == ("huhang", True, 3)


def test_an_unacknowledged_push_comes_again_after_half_an_hour_until_the_third_failure() -> None:
    outside = _outside(SCANS[:1])
    outside.poll(BILL, "shentong")
    outside.huhang.failures_left = 1
    outside.advance(minutes=61)
    assert outside.advance(minutes=29) == 0
    assert outside.advance(minutes=2) == 1
    assert outside.huhang.tracked()[0] == outside.huhang.tracked()[1]
    outside.huhang.failures_left = 9
    outside.scan(BILL, "damaged")
    for _ in range(6):
        outside.advance(minutes=31)
    push = outside.client.get("/pushes?vendor=kuaidi100").json()["pushes"][-1]
    assert (push["status"], push["attempts"]) == ("given_up", 3)


def test_a_signature_ends_the_subscription() -> None:
    outside = _outside([*SCANS, {"after_min": 1000, "stage": "collected"}, {"after_min": 1100, "stage": "damaged"}])
    outside.poll(BILL, "shentong")
    outside.advance(minutes=2000)
    last = outside.huhang.tracked()[-1]
    assert (last["status"], last["lastResult"]["state"], last["lastResult"]["ischeck"]) == ("shutdown", "3", "1")
    assert outside.parcel(BILL)["subscriptions"][0]["status"] == "shut_down"
    assert outside.poll(BILL, "shentong") == "200"  # long after its end
    assert outside.track(BILL, "shentong")["data"][0]["statusCode"] == "209"


def test_a_query_tells_the_whole_history_and_counts() -> None:
    outside = _outside()
    assert outside.track(BILL, "shentong")["returnCode"] == "500"
    outside.advance(minutes=400)
    answer = outside.track(BILL, "shentong")
    assert (answer["message"], answer["state"], answer["status"], answer["com"]) == ("ok", "0", "200", "shentong")
    assert [line["statusCode"] for line in answer["data"]] == ["1002", "103"]
    oldest_first = outside.track(BILL, "shentong", order="asc")["data"]
    assert [line["statusCode"] for line in oldest_first] == ["103", "1002"]
    parcel = outside.parcel(BILL)
    assert parcel["queries_answered"] == {"zto": 0, "kuaidi100": 3}
    assert parcel["queries_too_soon"] == 1


@pytest.mark.parametrize(
    ("company", "how", "code"),
    [
        ("shentong", {"sign": "0" * 32}, "503"),
        ("shentong", {}, "408"),
        ("yuantong", {"phone": "0017"}, "500"),
        ("penguin", {"phone": "0017"}, "400"),
    ],
)
def test_a_query_is_refused_with_kuaidi100_s_codes(company: str, how: dict[str, str], code: str) -> None:
    outside = _outside(phone_tail="0017")
    outside.advance(minutes=61)
    answer = outside.track(BILL, company, **how)
    assert (answer["result"], answer["returnCode"]) == (False, code)
    assert outside.track(BILL, "shentong", phone="13000000017")["status"] == "200"


def test_a_damaged_refused_or_lost_parcel_is_told_in_state_and_text() -> None:
    outside = _outside([])
    outside.poll(BILL, "shentong")
    for stage, more in (
        ("unreachable", {}),
        ("delivery_failed", {"reason": "门牌不存在"}),
        ("refused", {}),
        ("damaged", {}),
        ("suspected_lost", {}),
    ):
        outside.advance(minutes=10)
        outside.scan(BILL, stage, **more)
    outside.advance(minutes=1)
    last = outside.huhang.tracked()[-1]["lastResult"]
    assert last["state"] == "2"
    assert [line["statusCode"] for line in last["data"]] == ["2", "209", "203", "204", "206"]
    assert "遗失" in last["data"][0]["context"]
    assert "门牌不存在" in last["data"][3]["context"]


def test_a_work_order_arrives_only_for_couriers_that_take_them_here() -> None:
    outside = _outside()
    outside.send("75000000000018", carrier="zto")
    question: dict[str, Any] = {"secondType": 1, "kuaidinum": BILL, "desc": {"content": "三天没有更新，请催派送"}}
    assert outside.work_order(**question, sign="0" * 32)["returnCode"] == "503"
    answer = outside.work_order(**question)
    assert (answer["code"], answer["success"], answer["data"]["status"]) == (200, True, 0)
    assert outside.work_order(**question | {"kuaidinum": "75000000000018"})["code"] == 400
    assert outside.work_order(**question | {"secondType": 4})["code"] == 400  # the weight is missing
    orders = outside.truth()["parcels"][BILL]["work_orders"]
    assert [(str(answer["data"]["id"]), "请催派送" in order["content"]) for order in orders] == [
        (orders[0]["key"], True)
    ]


def test_kuaidi100_s_calls_are_logged_without_keys() -> None:
    outside = _outside()
    outside.poll(BILL, "shentong")
    outside.track(BILL, "shentong")
    calls = outside.client.get("/calls?vendor=kuaidi100").json()["calls"]
    assert [call["api"] for call in calls] == ["poll", "poll/query.do"]
    assert calls[0]["request"]["body"]["param"]["number"] == BILL
    assert "HhTestKey001" not in json.dumps(calls)
    assert "huhang-salt" not in json.dumps(calls)


def test_kuaidi100_can_be_made_to_fail() -> None:
    outside = _outside()
    outside.control("POST", "/faults", {"vendor": "kuaidi100", "api": "poll", "kind": "refuse:500"})
    assert [outside.poll(BILL, "shentong") for _ in range(2)] == ["500", "200"]
    reply = outside.client.post("/kuaidi100/poll", content=urlencode({"schema": "json", "param": "no json"}))
    assert reply.json()["returnCode"] == "700"
