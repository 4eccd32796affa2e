"""Parcels move as planned: scans, interceptions with ZTO's refusals, the way back, the warehouse."""

import json
from urllib.parse import parse_qs

import pytest

from infra.local.sandbox.signatures import zto_digest
from tests.unit.sandbox.outside import ORDER, Outside

BILL = "75000000000017"
FORWARD = [
    {"after_min": 60, "action": "GOT"},
    {"after_min": 300, "action": "DEPARTURE"},
    {"after_min": 1500, "action": "DISPATCH"},
    {"after_min": 1600, "action": "SIGNED"},
]
BACK = [
    {
        "after_min": 30,
        "action": "RETURN_SCAN",
        "desc": "快件退回，新单号75000000000099",
        "new_waybill": "75000000000099",
    },
    {"after_min": 1440, "action": "RETURN_SIGNED"},
]


def _status(outside: Outside) -> str:
    body = {"billCode": BILL}
    status: str = outside.zto("thirdcenter.queryInterceptAndReturnStatus", body)["result"]["status"]
    return status


def _pushed_actions(outside: Outside) -> list[tuple[str, str]]:
    forms = [parse_qs(request.content.decode()) for request in outside.huhang.received if "/zto/" in request.url.path]
    return [(data["billCode"], data["action"]) for data in (json.loads(form["data"][0]) for form in forms)]


def test_scans_are_pushed_in_order_with_the_courier_s_signature_and_beijing_time() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD)
    outside.advance(minutes=24 * 60)
    pushes = [request for request in outside.huhang.received if "/zto/" in request.url.path]
    form = parse_qs(pushes[0].content.decode(), keep_blank_values=True)
    assert form["data_digest"][0] == zto_digest(form["data"][0].encode(), "HhZtoSecret01")
    assert json.loads(form["data"][0])["actionTime"] == "2026-03-01 10:30:00"
    assert _pushed_actions(outside) == [(BILL, "GOT"), (BILL, "DEPARTURE")]


def test_a_stopped_parcel_drops_its_plan_goes_home_and_reaches_the_warehouse() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(
        scans=FORWARD,
        interception={"result": "succeed", "after_min": 60},
        way_back={"scans": BACK},
        warehouse_after_min=2000,
    )
    outside.advance(minutes=70)
    assert outside.intercept()["status"] is True
    assert _status(outside) == "INTERCEPTING"
    outside.advance(minutes=61)
    assert _status(outside) == "INTERCEPT_SUCCESS"
    outside.advance(minutes=30)
    assert _status(outside) == "PACKAGE_DELIVERING"
    outside.advance(minutes=2000)
    assert _status(outside) == "INTERCEPT_DISCONTINUE"
    parcel = outside.truth()["parcels"][BILL]
    assert [(scan["waybill"], scan["action"]) for scan in parcel["scans"]] == [
        (BILL, "GOT"),
        (BILL, "RETURN_SCAN"),
        ("75000000000099", "RETURN_SIGNED"),
    ]
    assert parcel["stage"] == "received"
    assert parcel["effective_interceptions"] == 1
    received = outside.jushuitan("open/aftersale/received/query", {"so_ids": [ORDER]})["data"]["datas"]
    assert [(row["so_id"], row["l_id"], row["items"][0]["qty"]) for row in received] == [(ORDER, "75000000000099", 2)]


@pytest.mark.parametrize("subscribes", [True, False])
def test_the_new_number_of_the_way_back_is_pushed_only_after_subscribing(subscribes: bool) -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD, interception={"result": "succeed", "after_min": 1}, way_back={"scans": BACK})
    outside.advance(minutes=61)
    outside.intercept()
    outside.advance(minutes=40)
    if subscribes:
        body = {"billCode": "75000000000099", "mobilePhone": "0017"}
        assert outside.zto("zto.merchant.waybill.track.subsrcibe", body)["status"]
    outside.advance(minutes=1440)
    assert (("75000000000099", "RETURN_SIGNED") in _pushed_actions(outside)) is subscribes


@pytest.mark.parametrize(
    ("minutes", "scans", "code"),
    [
        (0, FORWARD, "E23119"),
        (1501, FORWARD, "E23120"),
        (1601, FORWARD, "E23101"),
        (20, [{"after_min": 10, "action": "ARRIVAL", "delivery_outlet": True}], "E23137"),
        (20, [{"after_min": 10, "action": "INBOUND"}], "E23112"),
        (20, [{"after_min": 10, "action": "RETURN_SCAN"}], "E23123"),
    ],
    ids=["not_picked_up", "out_for_delivery", "signed", "at_delivery_outlet", "at_station", "returning"],
)
def test_an_interception_too_early_or_too_late_is_refused(
    minutes: float, scans: list[dict[str, object]], code: str
) -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=scans)
    outside.advance(minutes=minutes)
    assert outside.intercept()["statusCode"] == code
    assert outside.truth()["parcels"][BILL]["effective_interceptions"] == 0


def test_one_live_interception_per_parcel_and_one_answer_per_request_id() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD, interception={"result": "silent"})
    outside.advance(minutes=61)
    first = outside.intercept("hh-0001")
    assert outside.intercept("hh-0001") == first
    assert outside.intercept("hh-0002")["statusCode"] == "E23121"
    cancel = {"billCode": BILL, "thirdBizNo": "hh-0001"}
    assert outside.zto("thirdcenter.cancelIntercept", cancel)["status"] is True
    assert outside.zto("thirdcenter.cancelIntercept", cancel)["statusCode"] == "E23130"
    assert _status(outside) == "INTERCEPT_CANCEL"
    assert outside.truth()["parcels"][BILL]["interception_requests"] == 3


@pytest.mark.parametrize(
    ("result", "status", "stage"),
    [("fail", "INTERCEPT_FAIL", "signed"), ("silent", "INTERCEPTING", "signed")],
)
def test_a_parcel_that_is_not_stopped_is_delivered(result: str, status: str, stage: str) -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD, interception={"result": result, "after_min": 30})
    outside.advance(minutes=61)
    outside.intercept()
    outside.advance(minutes=2000)
    assert _status(outside) == status
    assert outside.truth()["parcels"][BILL]["stage"] == stage


def test_a_success_that_comes_after_the_signature_is_a_failure() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD, interception={"result": "succeed", "after_min": 3000})
    outside.advance(minutes=61)
    outside.intercept()
    outside.advance(minutes=5000)
    assert _status(outside) == "INTERCEPT_FAIL"


def test_a_planned_refusal_speaks_with_its_code() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD, interception={"result": "refuse:E23102"})
    outside.advance(minutes=61)
    assert outside.intercept()["statusCode"] == "E23102"


def test_zto_rejects_a_wrong_digest_and_a_wrong_phone() -> None:
    outside = Outside().with_order(push=False)
    outside.ship()
    assert outside.zto("thirdcenter.createIntercept", {"billCode": BILL}, digest="AAAA")["statusCode"] == "S211"
    body = {"billCode": BILL, "mobilePhone": "9999"}
    assert outside.zto("zto.merchant.waybill.track.subsrcibe", body)["statusCode"] == "E409"
    assert outside.truth()["parcels"][BILL]["interception_requests"] == 0


def test_a_number_that_nobody_subscribed_to_is_not_pushed() -> None:
    outside = Outside().with_order(push=False)
    outside.ship(scans=FORWARD, subscribed=False)
    outside.advance(minutes=70)
    assert _pushed_actions(outside) == []


def test_a_merged_parcel_brings_lines_of_two_orders_and_two_receipts() -> None:
    outside = Outside().with_order(push=False)
    line = {"line_id": "6917845678901234999", "amount_fen": 500}
    second = {"merchant": "m1", "platform": "douyin", "order_id": "6917845678901234998", "paid_fen": 500}
    outside.control("POST", "/orders", second | {"lines": [line], "push": False})
    plan = {"scans": FORWARD, "interception": {"after_min": 1}, "warehouse_after_min": 10}
    parcel = {"waybill": BILL, "line_ids": ["6917845678901234568", "6917845678901234999"], "plan": plan}
    outside.control("POST", f"/orders/{ORDER}/ship", {"parcels": [parcel], "push": False})
    outside.advance(minutes=61)
    outside.intercept()
    outside.advance(minutes=60)
    truth = outside.truth()
    assert len(truth["parcels"][BILL]["lines"]) == 2
    assert {order["status"] for order in truth["orders"].values()} == {"shipped"}
    rows = outside.jushuitan("open/aftersale/received/query", {"so_ids": list(truth["orders"])})["data"]["datas"]
    assert {row["so_id"] for row in rows} == set(truth["orders"])
