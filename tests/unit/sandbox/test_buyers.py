"""What tracking needs to know of orders, what buyers send back, and what they are told."""

from typing import Any

import pytest

from tests.unit.sandbox.outside import LINE, ORDER, REFUND, Outside

BILL = "YT1000000000017"
BACK = "SF1000000000017"


def _read_order(outside: Outside) -> dict[str, Any]:
    order: dict[str, Any] = outside.command("order.read", {"order_id": ORDER}).json()["order"]
    return order


def _read_refund(outside: Outside) -> dict[str, Any]:
    refund: dict[str, Any] = outside.command("refund.read", {"refund_id": REFUND}).json()["refund"]
    return refund


def _notify(outside: Outside, webhook_id: str, **changed: Any) -> Any:
    data = {
        "order_id": ORDER,
        "parcel": {"carrier": "yto", "waybill": BILL},
        "topic": "stalled",
        "text": "包裹停滞，已催",
    }
    return outside.command("buyer.notify", data | changed, webhook_id)


def test_the_self_built_shop_tells_when_it_was_paid_and_shipped_and_where_it_goes() -> None:
    outside = Outside().with_order("selfbuilt", province="西藏自治区", buyer_notices=False)
    outside.advance(minutes=90)
    outside.send(BILL, carrier="yto")
    order = _read_order(outside)
    assert (order["paid_at"], order["province"], order["buyer_notices"]) == (
        "2026-03-01T01:30:00+00:00",
        "西藏自治区",
        False,
    )
    parcel = {"carrier": "yto", "waybill": BILL, "line_ids": [LINE], "shipped_at": "2026-03-01T03:00:00+00:00"}
    assert order["parcels"] == [parcel]


@pytest.mark.parametrize(("named", "company"), [("", ""), ("sto", "shentong"), (None, "yuantong")])
def test_shops_may_name_no_carrier_or_a_wrong_one(named: str | None, company: str) -> None:
    outside = Outside().with_order(province="广东省")
    outside.send(BILL, carrier="yto", named=named)
    detail = outside.douyin("order/orderDetail", {"shop_order_id": ORDER})["data"]["shop_order_detail"]
    assert detail["logistics_info"][0]["company"] == company
    assert detail["post_addr"]["province"]["name"] == "广东省"
    assert detail["logistics_info"][0]["ship_time"] == detail["pay_time"] == 1772328600
    assert outside.truth()["parcels"][BILL]["carrier"] == "yto"
    shipped = outside.jushuitan("open/logistic/query", {"so_ids": [ORDER]})["data"]["orders"][0]
    assert bool(shipped["lc_id"]) is bool(company)


def test_a_buyer_s_parcel_is_entered_travels_untold_and_reaches_the_warehouse() -> None:
    outside = Outside().with_order("selfbuilt", push=False)
    outside.ask_refund("selfbuilt", kind="return_and_refund", push=False)
    assert _read_refund(outside)["return_parcel"] is None
    plan = {
        "scans": [{"after_min": 60, "stage": "picked_up"}, {"after_min": 600, "stage": "delivered"}],
        "warehouse_after_min": 120,
    }
    outside.control("POST", f"/refunds/{REFUND}/buyer_ships", {"waybill": BACK, "carrier": "sf", "plan": plan})
    assert _read_refund(outside)["return_parcel"] == {
        "carrier": "sf",
        "waybill": BACK,
        "shipped_at": "2026-03-01T01:30:00+00:00",
    }
    outside.poll(BACK, "shunfeng")
    outside.advance(minutes=800)
    assert [push["status"] for push in outside.huhang.tracked()] == ["polling", "shutdown"]
    parcel = outside.parcel(BACK)
    assert (parcel["kind"], parcel["refund_id"], parcel["stage"]) == ("buyer_return", REFUND, "received")
    received = outside.jushuitan("open/aftersale/received/query", {"so_ids": [ORDER]})["data"]["datas"]
    assert [(row["l_id"], row["logistics_company"]) for row in received] == [(BACK, "顺丰速运")]
    order = outside.truth()["orders"][ORDER]
    assert (order["waybills"], order["return_waybills"]) == ([], [BACK])


def test_a_buyer_may_enter_a_wrong_number_and_no_carrier() -> None:
    outside = Outside().with_order(push=False)
    outside.ask_refund(kind="return_and_refund", push=False)
    outside.control("POST", f"/refunds/{REFUND}/agree_by_hand", {"push": False})
    wrong = {"waybill": BACK, "carrier": "sf", "named": "", "entered": "SF1000000000018"}
    outside.control("POST", f"/refunds/{REFUND}/buyer_ships", wrong)
    process = outside.douyin("afterSale/Detail", {"after_sale_id": REFUND})["data"]["process_info"]
    back = process["logistics_info"]["return"]
    assert (back["tracking_no"], back["company_code"], back["logistics_time"]) == ("SF1000000000018", "", 1772328600)
    assert process["after_sale_info"]["got_pkg"] == 0


def test_the_shop_is_told_of_a_buyer_s_parcel_by_a_changed_refund() -> None:
    outside = Outside().with_order("selfbuilt", push=False)
    outside.ask_refund("selfbuilt", kind="return_and_refund", push=False)
    outside.control("POST", f"/refunds/{REFUND}/buyer_ships", {"waybill": BACK, "carrier": "sf"})
    outside.advance(seconds=1)
    event = outside.client.get("/pushes").json()["pushes"][-1]["body"]
    assert (event["type"], event["data"]["return_parcel"]["waybill"]) == ("refund.modified", BACK)


def test_a_buyer_is_told_once_per_webhook_id() -> None:
    outside = Outside().with_order("selfbuilt")
    outside.send(BILL, carrier="yto")
    for webhook_id in ("msg_a", "msg_a", "msg_b"):
        assert _notify(outside, webhook_id).json() == {"accepted": True}
    messages = outside.truth()["parcels"][BILL]["buyer_messages"]
    assert [(one["topic"], one["text"], one["times"]) for one in messages] == [
        ("stalled", "包裹停滞，已催", 2),
        ("stalled", "包裹停滞，已催", 1),
    ]
    assert outside.truth()["totals"]["buyer_messages"] == 2


def test_a_buyer_who_opted_out_is_not_told() -> None:
    outside = Outside().with_order("selfbuilt", buyer_notices=False)
    assert _notify(outside, "msg_a").json() == {"accepted": False, "reason": "opted_out"}
    assert outside.truth()["totals"]["buyer_messages_accepted"] == 0
    assert _notify(outside, "msg_b", order_id="?").status_code == 404
    assert _notify(outside, "msg_c", text="").status_code == 400
