"""The real HTTP door: what is bad is refused without an effect, what is strange is kept, what is exact stays exact."""

import json
from typing import Any

import pytest

from infra.local.demo.inside import refunds_of
from tests.e2e.door import JSON, Door

BIG = 2**53 + 1  # the first integer that a float cannot hold


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
    before = door.fates()
    assert door.post("douyin", b"[]", JSON).status_code == 401
    assert door.post("selfbuilt", b"{}", JSON).status_code == 401
    assert door.fates() == before


def test_a_wrong_signature_is_refused(door: Door) -> None:
    before = door.fates()
    assert door.douyin(b"[]", **{"event-sign": "0" * 32}).status_code == 401
    assert door.selfbuilt(b'{"type":"x","data":{}}', signature="v1,AAAA").status_code == 401
    assert door.zto(b'{"billCode":"75000000000001"}', digest="AAAAAAAAAAAAAAAAAAAAAA==").status_code == 401
    assert door.fates() == before


def test_a_signature_of_other_bytes_is_refused(door: Door) -> None:
    signed = door.douyin(b"[]").request.headers["event-sign"]
    assert door.douyin(b"[ ]", **{"event-sign": signed}).status_code == 401


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
    body = json.dumps({"type": "order.paid", "data": {"note": "x" * 1_050_000}}).encode()
    before = door.fates()
    assert door.selfbuilt(body).status_code == 413
    assert door.fates() == before


def test_an_unknown_tag_is_acknowledged_and_kept(door: Door) -> None:
    before, kept = door.fates(), door.stage.inside.unknown_pushes()
    reply = door.douyin_tag("99999", {"p_id": BIG})
    assert (reply.status_code, reply.json()["code"]) == (200, 0)
    assert door.fates().get("unknown", 0) == before.get("unknown", 0) + 1
    assert door.stage.inside.unknown_pushes() == kept + 1


@pytest.mark.parametrize("amount", ["19.90", 19.9, "1990", -1990, True])
def test_money_that_is_not_fen_is_kept_and_not_guessed(door: Door, amount: object) -> None:
    number = BIG + 1000 + int(abs(hash(str(amount))) % 10**6) * 10
    before, kept = door.fates(), door.stage.inside.unknown_pushes()
    assert door.douyin_tag("200", refund(number, refund_amount=amount)).status_code == 200
    assert door.fates().get("unknown", 0) == before.get("unknown", 0) + 1
    assert door.stage.inside.unknown_pushes() == kept + 1
    assert str(number) not in refunds_of(door.stage.inside.cases())


def test_ids_beyond_2_53_survive_exactly(door: Door) -> None:
    assert door.douyin_tag("200", refund(BIG)).status_code == 200
    door.fates()
    case = refunds_of(door.stage.inside.cases())[str(BIG)]
    assert (case.order_id, case.line_ids) == (str(BIG + 1), (str(BIG + 2),))


def test_an_order_that_nobody_knows_becomes_a_ticket(door: Door) -> None:
    number = BIG + 100
    assert door.douyin_tag("200", refund(number)).status_code == 200
    door.fates()
    case = refunds_of(door.stage.inside.cases())[str(number)]
    assert (case.phase, case.tickets) == ("by_hand", ("call_failed",))


def test_the_same_message_many_times_opens_one_case(door: Door) -> None:
    before = door.fates()
    for _ in range(5):
        assert door.douyin_tag("200", refund(BIG + 200)).status_code == 200
    after = door.fates()
    assert after["repeated"] - before.get("repeated", 0) >= 4
    assert str(BIG + 200) in refunds_of(door.stage.inside.cases())
