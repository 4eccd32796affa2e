"""The ERP's inner failures and call limits, and the robot's twenty messages a minute."""

import pytest

from tests.unit.sandbox.outside import ORDER, Outside


def _erp(outside: Outside) -> dict[str, object]:
    orders = outside.jushuitan("open/orders/single/query", {"so_ids": [ORDER]})["data"]["orders"]
    order: dict[str, object] = orders[0]
    return order


def test_a_hold_tells_its_failures_inside_an_outer_success() -> None:
    outside = Outside().with_order()
    hold = "open/webapi/orderapi/questionorder/questions"
    reply = outside.jushuitan(hold, {"so_ids": [ORDER, "unknown"], "question_type": "买家退款"})
    assert reply["code"] == 0
    assert reply["data"] == {"success": 1, "fail": 1, "message": [{"id": "unknown", "msg": "订单不存在"}]}
    assert _erp(outside)["status"] == "Question"
    assert outside.jushuitan(hold, {"so_ids": [ORDER], "o_ids": [1]})["code"] == 100


@pytest.mark.parametrize(("sent", "status"), [(False, "Cancelled"), (True, "Sent")])
def test_a_cancel_answers_success_whatever_became_of_the_order(sent: bool, status: str) -> None:
    outside = Outside().with_order()
    if sent:
        outside.ship()
    biz = {"o_ids": [_erp(outside)["o_id"]], "cancel_type": "售后取消", "remark": "huhang"}
    assert outside.jushuitan("open/jushuitan/orderbyoid/cancel", biz)["code"] == 0
    assert _erp(outside)["status"] == status


def test_one_order_may_have_several_shipments() -> None:
    outside = Outside().with_order()
    outside.ship("75000000000017")
    outside.ship("75000000000018")
    rows = outside.jushuitan("open/logistic/query", {"so_ids": [ORDER]})["data"]["orders"]
    assert [row["l_id"] for row in rows] == ["75000000000017", "75000000000018"]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"sign": "0" * 32}, 10), ({"access_token": "old"}, 100), ({"timestamp": "1772320000"}, 140)],
    ids=["signature", "token", "clock"],
)
def test_jushuitan_rejects_strangers(change: dict[str, str], code: int) -> None:
    outside = Outside().with_order()
    assert outside.jushuitan("open/orders/single/query", {"so_ids": [ORDER]}, **change)["code"] == code


def test_jushuitan_allows_five_calls_a_second_and_a_hundred_a_minute() -> None:
    outside = Outside().with_order()
    codes = []
    for call in range(105):
        if call >= 6:
            outside.advance(seconds=0.25)
        codes.append(outside.jushuitan("open/orders/single/query", {"so_ids": [ORDER]})["code"])
    assert codes[:6] == [0, 0, 0, 0, 0, 199]
    assert codes[-1] == 200


def test_the_robot_takes_twenty_a_minute_and_then_says_nothing_for_ten() -> None:
    outside = Outside().with_order()
    assert [outside.dingtalk()["errcode"] for _ in range(21)] == [0] * 20 + [130101]
    outside.advance(minutes=9)
    assert outside.dingtalk()["errcode"] == 130101
    outside.advance(minutes=2)
    assert outside.dingtalk()["errcode"] == 0
    assert outside.truth()["robot_messages"] == {"m1": 21}


def test_the_robot_rejects_a_wrong_signature_with_http_200() -> None:
    outside = Outside().with_order()
    assert outside.dingtalk(sign="AAAA") == {"errcode": 310000, "errmsg": "sign not match"}
    assert outside.dingtalk("x" * 21_000)["errcode"] == 460101
    assert outside.truth()["robot_messages"] == {}
