"""The control API, faults, retries, restart and the page."""

import json
from pathlib import Path

import pytest

from infra.local.sandbox.delivery import reachable
from tests.unit.sandbox.outside import LINE, MERCHANT, ORDER, REFUND, Outside

DETAIL = {"after_sale_id": REFUND}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"merchant": "m1"}, "platform"),
        ({"merchant": "m1", "platform": "taobao"}, "platform"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_input_is_answered_field_by_field(body: dict[str, object], field: str) -> None:
    outside = Outside().with_order()
    reply = outside.control("POST", "/orders", body, status=400)
    assert reply["error"] == "invalid"
    assert field in {detail["field"] for detail in reply["details"]}


def test_a_douyin_order_needs_ids_that_douyin_could_have_given() -> None:
    outside = Outside().with_order()
    line = {"line_id": "a", "amount_fen": 1}
    order = {"merchant": "m1", "platform": "douyin", "order_id": "A-1", "paid_fen": 1, "lines": [line]}
    assert "int64" in outside.control("POST", "/orders", order, status=400)["message"]
    outside.control("POST", "/orders/unknown/ship", {}, status=404)
    outside.control("POST", "/orders", order | {"order_id": ORDER, "lines": [line | {"line_id": "1"}]}, status=409)


@pytest.mark.parametrize(
    ("kind", "http_status", "effects"),
    [("http_500", 500, 0), ("timeout", 504, 0), ("timeout_after_effect", 504, 1), ("refuse:11001", 200, 0)],
)
def test_a_fault_strikes_as_often_as_it_was_told(kind: str, http_status: int, effects: int) -> None:
    outside = Outside().with_order()
    outside.ask_refund()
    fault = {"vendor": "douyin", "api": "operate", "kind": kind, "times": 1, "delay_s": 0}
    outside.control("POST", "/faults", fault)
    assert outside.douyin("afterSale/Detail", DETAIL)["code"] == 10000
    agree = {"type": 201, "items": [{"aftersale_id": REFUND}]}
    outside.douyin("afterSale/operate", agree)
    call = outside.client.get("/calls?vendor=douyin").json()["calls"][-1]
    assert (call["verdict"], call["http_status"]) == (f"fault:{kind}", http_status)
    assert outside.truth()["totals"]["refund_effects"] == effects
    outside.douyin("afterSale/operate", agree)
    assert outside.truth()["totals"]["refund_effects"] == 1


def test_rate_limits_are_worded_by_each_vendor() -> None:
    outside = Outside().with_order()
    for vendor in ("zto", "jushuitan", "dingtalk"):
        outside.control("POST", "/faults", {"vendor": vendor, "kind": "rate_limited"})
    assert outside.intercept()["statusCode"] == "S206"
    assert outside.jushuitan("open/orders/single/query", {"so_ids": [ORDER]})["code"] == 199
    assert outside.dingtalk()["errcode"] == 130101


def test_an_unacknowledged_push_is_sent_again_with_the_same_id() -> None:
    outside = Outside().with_order("selfbuilt")
    outside.huhang.failures_left = 2
    assert outside.advance(seconds=1) == 0
    assert outside.advance(seconds=6) == 0
    assert outside.advance(minutes=6) == 1
    assert len({request.headers["webhook-id"] for request in outside.huhang.received}) == 1
    push = outside.client.get("/pushes").json()["pushes"][0]
    assert (push["status"], push["attempts"]) == ("delivered", 3)


def test_zto_gives_up_after_sixteen_more_attempts() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=[{"after_min": 1, "action": "GOT"}], sync=False)
    outside.huhang.failures_left = 100
    for _ in range(30):
        outside.advance(minutes=1)
    push = outside.client.get("/pushes?vendor=zto").json()["pushes"][0]
    assert (push["status"], push["attempts"]) == ("given_up", 17)


def test_the_world_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.sqlite")
    before = Outside(path).with_order()
    before.ship(scans=[{"after_min": 60, "action": "GOT"}])
    before.ask_refund()
    before.dingtalk()
    after = Outside(path)
    assert after.truth() == before.truth()
    after.advance(minutes=61)
    assert after.truth()["parcels"]["75000000000017"]["stage"] == "picked_up"
    assert [json.loads(request.content)[0]["tag"] for request in after.huhang.received[:1]] == ["101"]


def test_a_reset_forgets_all_but_wanted_merchants() -> None:
    outside = Outside().with_order()
    outside.control("DELETE", "/world?keep=merchants")
    assert outside.truth()["orders"] == {}
    assert outside.client.get("/health").json()["merchants"] == 1
    outside.control("DELETE", "/world")
    assert outside.client.get("/health").json()["merchants"] == 0


def test_calls_are_listed_since_a_number_or_an_instant_without_secrets() -> None:
    outside = Outside().with_order()
    outside.dingtalk()
    outside.advance(minutes=5)
    outside.intercept()
    calls = outside.client.get("/calls").json()["calls"]
    assert [call["vendor"] for call in calls] == ["dingtalk", "zto"]
    assert "ding-token" not in json.dumps(calls)
    later = outside.client.get("/calls", params={"since": calls[0]["id"]}).json()["calls"]
    assert [call["vendor"] for call in later] == ["zto"]
    since = outside.client.get("/calls", params={"since": outside.now.isoformat()}).json()["calls"]
    assert [call["vendor"] for call in since] == ["zto"]
    assert outside.client.get("/calls?since=yesterday").status_code == 400


def test_the_page_shows_what_happened_and_escapes_it() -> None:
    outside = Outside().with_order()
    outside.ship(scans=[{"after_min": 60, "action": "GOT"}])
    outside.ask_refund()
    outside.dingtalk("### 退款待审\n- **金额** 19.90 元\n<script>alert(1)</script>")
    outside.advance(minutes=61)
    page = outside.client.get("/").text
    for text in ("<h4>退款待审</h4>", "<b>金额</b>", REFUND, "75000000000017", "揽收", "&lt;script&gt;"):
        assert text in page
    assert "<script>alert" not in page
    assert "http://" not in page.split("</style>")[0]


def test_pushes_reach_a_localhost_name_that_the_resolver_does_not_know() -> None:
    url, host = reachable("http://a0000001.execute-api.localhost:4566/webhooks/zto/m1")
    assert (url, host) == ("http://127.0.0.1:4566/webhooks/zto/m1", "a0000001.execute-api.localhost:4566")
    assert reachable("http://localhost:4566/x") == ("http://localhost:4566/x", "")


def test_a_merchant_may_name_its_own_door() -> None:
    outside = Outside()
    outside.control("PUT", "/merchants/m1", MERCHANT | {"webhooks": {"douyin": "http://elsewhere.test/in"}})
    line = {"line_id": LINE, "amount_fen": 1}
    order = {"merchant": "m1", "platform": "douyin", "order_id": ORDER, "paid_fen": 1, "lines": [line]}
    outside.control("POST", "/orders", order)
    outside.advance(seconds=1)
    assert str(outside.huhang.received[0].url) == "http://elsewhere.test/in"
