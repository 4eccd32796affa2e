"""The real HTTP door: what is bad is refused without an effect, what is strange is kept, what is exact stays exact."""

import json
from datetime import timedelta
from typing import Any

import pytest

from infra.local.demo.inside import parcels_of, refunds_of
from infra.local.sandbox.clock import beijing_text
from shared.domain.keys import CaseKey, parcel_key, refund_key
from shared.domain.refund import RefundCase
from tests.e2e.door import JSON, Door
from tests.e2e.patience import wait_until

BIG = 2**53 + 1  # the first integer that a float cannot hold
KEPT = "demo|unknown"


def refund(refund_id: int, **fields: Any) -> dict[str, Any]:
    """The data of a tag 200 for an order that the platform does not know."""
    return {
        "aftersale_id": refund_id,
        "aftersale_status": 6,
        "aftersale_type": 2,
        "apply_time": 1795368000,
        "p_id": refund_id + 1,
        "s_id": refund_id + 2,
        "refund_amount": 1990,
        "update_time": "2026-11-22T17:20:00+08:00",
        **fields,
    }


def refund_push(refund_id: int) -> bytes:
    """A push of Douyin's that opens a refund."""
    return json.dumps([{"tag": "200", "msg_id": "1:200", "data": json.dumps(refund(refund_id))}]).encode()


def ended(door: Door, key: CaseKey) -> bool:
    """Whether a refund was left to the desk."""
    case = door.stored(key).case
    return isinstance(case, RefundCase) and case.phase == "by_hand"


def scan(door: Door, hours_ago: float, code: str = "1002") -> dict[str, str]:
    """A line of Kuaidi100's history."""
    text = beijing_text(door.stage.cloud.clock.now() - timedelta(hours=hours_ago))
    return {"time": text, "ftime": text, "context": "scanned", "statusCode": code}


def history(waybill: str, *scans: dict[str, str]) -> dict[str, Any]:
    """A push of Kuaidi100's for a parcel that nobody of ours has shipped."""
    result = {"status": "200", "state": "0", "com": "yuantong", "nu": waybill, "data": list(scans)}
    return {"status": "polling", "message": "", "autoCheck": "0", "comOld": "", "comNew": "", "lastResult": result}


def test_an_unknown_source_is_not_found(door: Door) -> None:
    reply = door.post("taobaoo", b"{}", JSON)
    assert reply.status_code == 404
    assert set(reply.json()) == {"error", "message"}


@pytest.mark.parametrize("merchant", ["nobody", "Demo!", "demo2"])
def test_an_unknown_merchant_is_not_found(door: Door, merchant: str) -> None:
    assert door.post("douyin", b"[]", JSON, merchant=merchant).status_code == 404


def test_a_secret_in_the_address_is_not_guessed(door: Door) -> None:
    assert door.post("douyin", b"[]", JSON, merchant="demo/some-token").status_code == 404


def test_a_missing_signature_is_refused(door: Door) -> None:
    assert door.post("douyin", refund_push(BIG + 10), JSON).status_code == 401
    assert door.post("selfbuilt", json.dumps({"type": "x", "data": {"id": BIG + 10}}).encode(), JSON).status_code == 401
    assert door.traces(str(BIG + 10)) == []


def test_a_wrong_signature_is_refused(door: Door) -> None:
    strange = json.dumps({"type": "x", "data": {"id": BIG + 20}}).encode()
    assert door.douyin(refund_push(BIG + 20), **{"event-sign": "0" * 32}).status_code == 401
    assert door.selfbuilt(strange, signature="v1,AAAA").status_code == 401
    assert door.zto(b'{"billCode":"%d"}' % (BIG + 20), digest="AAAAAAAAAAAAAAAAAAAAAA==").status_code == 401
    assert door.traces(str(BIG + 20)) == []


def test_a_signature_of_other_bytes_is_refused(door: Door) -> None:
    signed = door.douyin(b"[]").request.headers["event-sign"]
    assert door.douyin(refund_push(BIG + 30), **{"event-sign": signed}).status_code == 401
    assert door.traces(str(BIG + 30)) == []


def test_what_those_were_refused_for_has_an_effect_when_it_is_genuine(door: Door) -> None:
    assert door.douyin(refund_push(BIG + 40)).status_code == 200
    assert f"demo|refund|douyin:{BIG + 40}" in door.traces(str(BIG + 40))
    assert door.selfbuilt(json.dumps({"type": "x", "data": {"id": BIG + 50}}).encode()).status_code == 200
    assert door.zto(b'{"billCode":"%d"}' % (BIG + 50)).status_code == 200
    assert door.traces(str(BIG + 50)) == [KEPT, KEPT]


@pytest.mark.parametrize("ahead_s", [-400, 400])
def test_a_stale_or_future_timestamp_is_refused(door: Door, ahead_s: int) -> None:
    reply = door.selfbuilt(b'{"type":"order.paid","data":{}}', ahead_s=ahead_s)
    assert reply.status_code == 401


@pytest.mark.parametrize("body", [b"[{", b"{}", b'"text"', b"[1]", b""])
def test_genuine_nonsense_is_malformed(door: Door, body: bytes) -> None:
    assert door.douyin(body).status_code == 400


def test_genuine_bytes_that_are_no_text_are_malformed(door: Door) -> None:
    assert door.douyin(b"\xff\xfe[]", **{"content-type": "application/octet-stream"}).status_code == 400


def test_nonsense_of_the_others_is_malformed(door: Door) -> None:
    assert door.selfbuilt(b"[]").status_code == 400
    assert door.zto(b"no json").status_code == 400


def test_a_megabyte_is_too_large(door: Door) -> None:
    body = json.dumps({"type": "order.paid", "data": {"order_id": "too-large", "note": "x" * 1_050_000}}).encode()
    assert door.selfbuilt(body).status_code == 413
    assert door.traces("too-large") == []


def test_a_push_that_arrives_slowly_and_never_whole_delays_nobody_and_has_no_effect(door: Door) -> None:
    with door.begun(b'[{"tag":"99999","msg_id":"never-whole","data":"{}"}]'):
        assert door.douyin_tag("99999", {"p_id": BIG + 7}).status_code == 200
        assert door.traces(str(BIG + 7)) == [KEPT]
    assert door.traces("never-whole") == []


def test_an_unknown_tag_is_acknowledged_and_kept(door: Door) -> None:
    reply = door.douyin_tag("99999", {"p_id": BIG + 60})
    assert (reply.status_code, reply.json()["code"]) == (200, 0)
    assert door.traces(str(BIG + 60)) == [KEPT]


@pytest.mark.parametrize(("nth", "amount"), list(enumerate(["19.90", 19.9, "1990", -1990, True])))
def test_money_that_is_not_fen_is_kept_and_not_guessed(door: Door, nth: int, amount: object) -> None:
    number = BIG + 1000 + 10 * nth
    assert door.douyin_tag("200", refund(number, refund_amount=amount)).status_code == 200
    assert door.traces(str(number)) == [KEPT]


def test_ids_beyond_2_53_survive_exactly(door: Door) -> None:
    assert door.douyin_tag("200", refund(BIG)).status_code == 200
    wait_until(lambda: str(BIG) in refunds_of(door.stage.inside.cases()))
    case = refunds_of(door.stage.inside.cases())[str(BIG)]
    assert (case.order_id, case.line_ids) == (str(BIG + 1), (str(BIG + 2),))


def test_an_order_that_nobody_knows_becomes_a_ticket(door: Door) -> None:
    key = refund_key("demo", "douyin", str(BIG + 100))
    assert door.douyin_tag("200", refund(BIG + 100)).status_code == 200
    wait_until(lambda: ended(door, key))
    assert door.stored(key).case.tickets == ("call_failed",)


def test_the_same_message_many_times_changes_nothing_after_the_first_one(door: Door) -> None:
    key = refund_key("demo", "douyin", str(BIG + 200))
    assert door.douyin_tag("200", refund(BIG + 200)).status_code == 200
    wait_until(lambda: ended(door, key))
    before = door.stored(key)
    for _ in range(4):
        assert door.douyin_tag("200", refund(BIG + 200)).status_code == 200
    door.stage.flow.settle()
    assert door.stored(key) == before


# ---- tracking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("salt", ["", "another"])
def test_a_history_that_is_not_signed_with_our_salt_is_refused(door: Door, salt: str) -> None:
    assert door.kuaidi100(history("YT9000000000001", scan(door, 1)), salt).status_code == 401
    assert door.traces("YT9000000000001") == []


def test_an_unlisted_code_is_kept_and_hides_no_other_scan(door: Door) -> None:
    reply = door.kuaidi100(history("YT9000000000002", scan(door, 2, "103"), scan(door, 1, "9999")))
    assert (reply.status_code, reply.json()["result"]) == (200, True)
    assert door.traces("YT9000000000002").count(KEPT) == 1
    assert parcels_of(door.stage.inside.cases())["YT9000000000002"].stage == "picked_up"


def test_a_scan_from_the_future_is_kept_and_not_believed(door: Door) -> None:
    assert door.kuaidi100(history("YT9000000000003", scan(door, 2), scan(door, -48, "301"))).status_code == 200
    assert door.traces("YT9000000000003").count(KEPT) == 1
    assert parcels_of(door.stage.inside.cases())["YT9000000000003"].stage == "in_transit"


def test_a_history_of_three_thousand_scans_is_taken_as_one_event(door: Door) -> None:
    lines = [scan(door, hours / 10, "301" if hours == 10 else "1002") for hours in range(10, 3010)]
    assert door.kuaidi100(history("YT9000000000004", *lines)).status_code == 200
    assert KEPT not in door.traces("YT9000000000004")
    found = door.stored(parcel_key("demo", "yto", "YT9000000000004"))
    case = found.case
    assert found.version == 1
    assert case.stage == "delivered"
    assert case.last_scan is not None
    assert case.last_scan.at_text == lines[0]["ftime"]


def test_a_parcel_that_nobody_of_ours_has_shipped_is_known_and_not_watched(door: Door) -> None:
    assert door.kuaidi100(history("YT9000000000005", scan(door, 200, "103"), scan(door, 199))).status_code == 200
    door.stage.flow.settle()
    case = parcels_of(door.stage.inside.cases())["YT9000000000005"]
    assert (case.stage, case.contents, case.tickets, case.watch.step) == ("in_transit", (), (), 0)
    strange = door.stage.outside.truth()["strange_subscriptions"]
    assert [one for one in strange if one["waybill"] == "YT9000000000005"] == []
