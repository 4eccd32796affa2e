"""Refunds at the platform: version lock, all or nothing, once only; and the self-built shop's own contract."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.unit.sandbox.outside import LINE, MERCHANT, ORDER, REFUND, Outside

NOT_ALLOWED = "isv.business-failed:20309541"


def _agree(outside: Outside, **item: Any) -> dict[str, Any]:
    return outside.douyin("afterSale/operate", {"type": 201, "items": [{"aftersale_id": REFUND} | item]})


def _info(outside: Outside) -> dict[str, Any]:
    reply = outside.douyin("afterSale/Detail", {"after_sale_id": REFUND})
    info: dict[str, Any] = reply["data"]["process_info"]["after_sale_info"]
    return info


def _events(outside: Outside) -> list[tuple[str, dict[str, Any]]]:
    """All Douyin events so far, checked for their signature."""
    events = []
    for request in outside.huhang.received:
        account = MERCHANT["douyin"]
        signed = account["app_key"].encode() + request.content + account["app_secret"].encode()
        assert request.headers["event-sign"] == hashlib.md5(signed).hexdigest()
        assert request.headers["app-id"] == account["app_key"]
        events += [(element["tag"], json.loads(element["data"])) for element in json.loads(request.content)]
    return events


def test_agreeing_on_the_version_that_was_read_refunds_once() -> None:
    outside = Outside().with_order()
    outside.ship()
    outside.ask_refund()
    info = _info(outside)
    assert (info["after_sale_id"], info["after_sale_status"], info["refund_total_amount"]) == (int(REFUND), 6, 1990)
    assert _agree(outside, update_time=info["update_time"])["code"] == 10000
    again = _agree(outside, update_time=_info(outside)["update_time"])
    assert (again["code"], again["sub_code"]) == (50002, NOT_ALLOWED)
    refund = outside.truth()["refunds"][REFUND]
    assert (refund["refund_effects"], refund["operate_calls"], refund["operate_accepted"]) == (1, 2, 1)
    assert refund["refunded_fen"] == 1990


def test_a_stale_version_is_refused_and_moves_no_money() -> None:
    outside = Outside().with_order()
    outside.ask_refund()
    seen = _info(outside)["update_time"]
    outside.control("POST", f"/refunds/{REFUND}/modify", {"amount_fen": 990})
    assert _info(outside)["update_time"] == seen + 1
    assert _agree(outside, update_time=seen)["code"] == 50002
    assert outside.truth()["totals"]["refunded_fen"] == 0
    assert _agree(outside)["code"] == 10000  # without the lock nothing is compared
    assert outside.truth()["totals"]["refunded_fen"] == 990


def test_operating_on_several_refunds_is_all_or_nothing() -> None:
    outside = Outside().with_order()
    outside.ask_refund()
    other = "7012345678901234999"
    outside.ask_refund(refund_id=other)
    outside.control("POST", f"/refunds/{other}/withdraw")
    items = [{"aftersale_id": REFUND}, {"aftersale_id": other}]
    assert outside.douyin("afterSale/operate", {"type": 201, "items": items})["sub_code"] == NOT_ALLOWED
    assert outside.truth()["totals"]["refund_effects"] == 0


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"sign": "0" * 64}, "isv.signature-invalid"),
        ({"access_token": "other"}, "isv.access-token-no-existed"),
        ({"method": "afterSale.List"}, "isv.parameter-invalid"),
        ({"app_key": "1"}, "isv.app-key-invalid"),
    ],
)
def test_douyin_rejects_strangers(change: dict[str, str], sub_code: str) -> None:
    outside = Outside().with_order()
    outside.ask_refund()
    reply = outside.douyin("afterSale/Detail", {"after_sale_id": REFUND}, **change)
    assert (reply["code"], reply["sub_code"]) == (30001, sub_code)
    assert outside.client.get("/calls?vendor=douyin").json()["calls"][-1]["verdict"] == "rejected"


def test_ids_are_text_or_int64_exactly_where_the_platform_wants_them() -> None:
    outside = Outside().with_order()
    outside.ask_refund()
    assert outside.douyin("afterSale/Detail", {"after_sale_id": int(REFUND)})["sub_code"] == "isv.parameter-invalid"
    target = {"company_code": "zhongtong", "tracking_no": "75000000000017"}
    wrong = {"after_sale_id": REFUND, "op_from": 1, "intercept_targets": [target]}
    assert outside.douyin("afterSale/applyLogisticsIntercept", wrong)["sub_code"] == "isv.parameter-invalid"


def test_the_list_pages_from_zero_within_update_times() -> None:
    outside = Outside().with_order()
    for number in range(3):
        outside.advance(seconds=10)
        outside.ask_refund(refund_id=str(int(REFUND) + number))
    now_s = int(outside.now.timestamp())
    window = {"update_start_time": now_s - 10, "update_end_time": now_s, "order_by": ["update_time asc"]}
    first = outside.douyin("afterSale/List", {"page": 0, "size": 1} | window)["data"]
    second = outside.douyin("afterSale/List", {"page": 1, "size": 1} | window)["data"]
    assert (first["total"], first["has_more"], second["has_more"]) == (2, True, False)
    assert first["items"][0]["aftersale_info"]["aftersale_id"] == str(int(REFUND) + 1)
    assert outside.douyin("afterSale/List", {"page": 0, "size": 101})["sub_code"] == "isv.parameter-invalid"


def test_the_order_shows_parcels_only_when_the_platform_was_told() -> None:
    outside = Outside().with_order()
    outside.ship(sync=False)
    detail = outside.douyin("order/orderDetail", {"shop_order_id": ORDER})["data"]["shop_order_detail"]
    assert (detail["order_status"], detail["logistics_info"]) == (2, [])
    erp = outside.jushuitan("open/orders/single/query", {"so_ids": [ORDER]})["data"]["orders"][0]
    assert (erp["status"], erp["l_id"]) == ("Sent", "75000000000017")
    outside.ship()
    detail = outside.douyin("order/orderDetail", {"shop_order_id": ORDER})["data"]["shop_order_detail"]
    assert (detail["order_status"], detail["logistics_info"][0]["tracking_no"]) == (3, "75000000000017")
    assert detail["sku_order_list"][0]["order_id"] == LINE


def test_copies_of_a_push_differ_in_message_id_and_milliseconds_only() -> None:
    outside = Outside().with_order(push=False)
    outside.ask_refund(copies=2)
    outside.advance(seconds=1)
    elements = json.loads(outside.huhang.received[0].content)
    assert len({element["msg_id"] for element in elements}) == 2
    first, second = (json.loads(element["data"]) for element in elements)
    assert (first.pop("update_time"), second.pop("update_time")) == (
        "2026-03-01T09:30:00+08:00",
        "2026-03-01T09:30:00.137+08:00",
    )
    assert first == second


def test_every_change_is_told_with_its_tag() -> None:
    outside = Outside().with_order()
    outside.ship()
    outside.control("POST", f"/orders/{ORDER}/address")
    outside.ask_refund()
    outside.control("POST", f"/refunds/{REFUND}/modify", {"amount_fen": 990})
    outside.control("POST", f"/refunds/{REFUND}/refuse_by_hand")
    outside.control("POST", f"/refunds/{REFUND}/modify", {"amount_fen": 980})
    outside.control("POST", f"/refunds/{REFUND}/agree_by_hand")
    outside.advance(seconds=5)
    events = _events(outside)
    assert [tag for tag, _ in events] == ["101", "102", "105", "200", "208", "204", "208", "201", "206"]
    assert events[-1][1]["refund_amount"] == 980
    assert events[-1][1]["aftersale_status"] == 12


def test_a_deadline_in_silence_makes_the_platform_pay() -> None:
    outside = Outside().with_order()
    outside.ask_refund(deadline_h=1)
    outside.advance(minutes=59)
    assert outside.truth()["refunds"][REFUND]["status"] == "waiting"
    outside.advance(minutes=2)
    assert outside.truth()["refunds"][REFUND]["refunded_by"] == "platform_deadline"


def test_a_forced_refund_leaves_nothing_to_agree_to() -> None:
    outside = Outside().with_order()
    outside.ask_refund(forced=True)
    assert _agree(outside)["sub_code"] == NOT_ALLOWED
    assert outside.truth()["refunds"][REFUND]["refunded_by"] == "platform_forced"


def test_a_stopped_shipment_refunds_an_unshipped_order_once() -> None:
    outside = Outside().with_order()
    outside.ask_refund(kind="refund_only_unshipped")
    param = {"aftersale_id": REFUND, "op_time": int(outside.now.timestamp())}
    assert outside.douyin("afterSale/CancelSendGoodsSuccess", param)["code"] == 10000
    assert outside.douyin("afterSale/CancelSendGoodsSuccess", param)["sub_code"] == NOT_ALLOWED
    assert outside.truth()["refunds"][REFUND]["refund_effects"] == 1


def test_the_self_built_shop_agrees_once_per_webhook_id_and_checks_the_version() -> None:
    outside = Outside().with_order("selfbuilt")
    outside.ask_refund("selfbuilt")
    refund = outside.command("refund.read", {"refund_id": REFUND}).json()["refund"]
    assert (refund["status"], refund["kind"], refund["version"]) == ("pending", "refund_only", 1)
    wish = {"refund_id": REFUND, "amount_fen": 1990, "version": 1}
    outside.control("POST", f"/refunds/{REFUND}/modify", {"amount_fen": 1500})
    stale = outside.command("refund.agree", wish, "msg_a")
    assert (stale.status_code, stale.json()) == (409, {"error": "stale_version"})
    wish |= {"amount_fen": 1500, "version": 2}
    assert outside.command("refund.agree", wish, "msg_b").json() == {"result": "refunded"}
    assert outside.command("refund.agree", wish, "msg_b").json() == {"result": "refunded"}
    assert outside.command("refund.agree", wish, "msg_c").json() == {"error": "not_pending"}
    assert outside.truth()["refunds"][REFUND]["refund_effects"] == 1
    assert outside.command("order.read", {"order_id": "?"}).status_code == 404
    assert outside.command("order.read", {"order_id": ORDER}).json()["order"]["lines"][0]["line_id"] == LINE
    assert outside.command("order.read", {"order_id": ORDER}, sign="v1,AAAA").status_code == 401


def test_the_self_built_shop_s_events_are_standard_webhooks() -> None:
    outside = Outside().with_order("selfbuilt")
    outside.advance(seconds=1)
    request = outside.huhang.received[0]
    assert request.url.path == "/webhooks/selfbuilt/m1"
    body = json.loads(request.content)
    assert (body["type"], body["data"]["order_id"], body["data"]["status"]) == ("order.paid", ORDER, "paid")
    key = base64.b64decode(MERCHANT["selfbuilt"]["secret"].removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.content
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
