"""No secret of the merchant and no person is found in anything that huhang leaves behind. Runs last, after all others.

Shops, couriers and desktops tell more than anybody asked for, here on purpose everywhere where a push can end: taken,
ignored, unknown, malformed, forged.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from infra.local.demo.play import Played, Stage
from infra.local.sandbox.people import Person, buyer_of, rider_of
from tests.e2e.door import Door
from tests.e2e.emitted import everything_emitted
from tests.e2e.test_door import BIG, history, refund, scan

NO_SECRETS = ("base_url", "api_url", "callback_url", "shop_id", "work_order_type")
"""What stands beside the credentials and may be known."""

TALKATIVE = Person("示例收件人甲", "13987654321", "示例大街77号3单元902")
TOLD = {
    "receiver_name": TALKATIVE.name,
    "receiver": TALKATIVE._asdict(),
    "mobile": TALKATIVE.phone,
    "tel": int(TALKATIVE.phone),
    "address": TALKATIVE.address,
    "remark": f"请打电话{TALKATIVE.phone}，收件人：{TALKATIVE.name}",
}
LINE = f"我是{TALKATIVE.name}，电话{TALKATIVE.phone}，住{TALKATIVE.address}"


def secrets_of(credentials: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The merchant's secrets by where they stand, in all the ways in which they might be written."""
    found = {}
    for vendor, account in credentials.items():
        for name, value in account.items():
            if name not in NO_SECRETS:
                where = f"{vendor}.{name}"
                found[where] = value
                found[f"{where}, quoted"] = quote(value, safe="")
                found[f"{where}, Base64"] = base64.b64encode(value.encode()).decode().rstrip("=")
                found[f"{where}, without its prefix"] = value.removeprefix("whsec_")
    return found


def people_of(stage: Stage) -> dict[str, str]:
    """All that would find a person of the demo."""
    truth = stage.outside.truth()
    people = {f"buyer of {order}": buyer_of(order) for order in truth["orders"]}
    people |= {f"rider of {waybill}": rider_of(waybill) for waybill in truth["parcels"]}
    people["a talkative one"] = TALKATIVE
    return {f"{where}, {field}": value for where, who in people.items() for field, value in who._asdict().items()}


def searched(needles: Mapping[str, str], haystack: list[tuple[str, bytes]]) -> list[str]:
    """Say what was found where; never what it is."""
    sought = {where: {value.encode(), json.dumps(value)[1:-1].encode()} for where, value in needles.items()}
    whole = b"\n".join(data for _, data in haystack)
    suspects = {where: forms for where, forms in sought.items() if any(form in whole for form in forms)}
    return sorted(
        {
            f"{what} in {place}"
            for what, forms in suspects.items()
            for place, data in haystack
            if any(form in data for form in forms)
        }
    )


def _told_by_shop(door: Door, kind: str, data: Any) -> bytes:
    message = {"type": kind, "timestamp": door.stage.cloud.clock.now().isoformat(), "data": data}
    return json.dumps(message, ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def talked(played: Played, stage: Stage) -> Iterator[Door]:
    """Everybody has told too much, by every way and to every end."""
    door = Door(stage)
    order = {"order_id": "LEAK-1", "paid_fen": 100, "lines": [{"line_id": "L1", "amount_fen": 100}], **TOLD}
    assert door.selfbuilt(_told_by_shop(door, "order.paid", order)).status_code == 200
    assert door.selfbuilt(_told_by_shop(door, "order.paid", {**order, "paid_fen": "1.00"})).status_code == 200
    assert door.selfbuilt(_told_by_shop(door, "buyer.said", {"text": LINE, **TOLD})).status_code == 200
    assert door.selfbuilt(_told_by_shop(door, "order.paid", order), signature="v1,AAAA").status_code == 401
    assert door.selfbuilt(json.dumps([TOLD]).encode()).status_code == 400
    assert door.douyin_tag("200", refund(BIG + 7000, **TOLD)).status_code == 200
    assert door.douyin_tag("113", TOLD).status_code == 200
    assert door.douyin_tag("9999", TOLD).status_code == 200
    assert door.douyin_tag("200", {**TOLD, "aftersale_id": "no number at all"}).status_code == 200
    strange = scan(door, 1, "9998") | {"context": f"派件员：{TALKATIVE.name}，电话{TALKATIVE.phone}"}
    taken = scan(door, 2, "501") | {"context": f"已送达，收件人：{TALKATIVE.name}，电话{TALKATIVE.phone}"}
    assert door.kuaidi100(history("YT9000000007001", taken, strange)).status_code == 200
    assert door.kuaidi100(history("YT9000000007002", taken), "another salt").status_code == 401
    stranger = {"billCode": "75900000007001", "action": "DANCING", "actionTime": "2026-11-22 10:00:00", **TOLD}
    assert door.zto(json.dumps(stranger, ensure_ascii=False).encode()).status_code == 200
    said = {"session_id": "leak", "channel": "web", "message_id": "1", "text": LINE, "buyer": {"id": "b"}}
    assert door.chat("chat.message", said).status_code == 200
    assert door.chat("chat.message", {**said, "message_id": "2", "buyer": TALKATIVE.name}).status_code == 200
    assert door.chat("chat.summary", {"summary": LINE, **TOLD}).status_code == 200
    assert door.route({**said, "message_id": "3", **TOLD}).status_code == 200
    stage.flow.settle()
    yield door
    door.close()


def test_what_was_said_too_much_arrived_where_it_could_have_stayed(talked: Door) -> None:
    kept = [item for item in talked.stage.inside.items() if item["pk"]["S"].endswith("|unknown")]
    assert {item["source"]["S"] for item in kept} >= {"selfbuilt", "douyin", "kuaidi100", "zto", "chat"}


def test_no_secret_and_no_person_is_found_in_anything_that_is_left(talked: Door, stage: Stage) -> None:
    haystack = list(everything_emitted(stage.cloud))
    places = {place.split(" ")[0] for place, _ in haystack}
    assert places >= {"log", "table", "object", "stack", "template", "event", "function", "alarms", "file"}
    assert searched(secrets_of(stage.credentials), haystack) == []
    assert searched(people_of(stage), haystack) == []


def test_no_secret_and_no_person_is_told_to_the_staff(talked: Door, stage: Stage) -> None:
    messages = [("message", json.dumps(one, ensure_ascii=False).encode()) for one in stage.outside.messages()]
    assert messages
    assert searched(secrets_of(stage.credentials), messages) == []
    assert searched(people_of(stage), messages) == []


def test_the_search_finds_what_is_there(stage: Stage) -> None:
    haystack = [("here", b"..." + stage.credentials["zto"]["app_secret"].encode()), ("there", TALKATIVE.name.encode())]
    assert searched(secrets_of(stage.credentials), haystack) == [
        "zto.app_secret in here",
        "zto.app_secret, quoted in here",
        "zto.app_secret, without its prefix in here",
    ]
    assert searched(people_of(stage), haystack) == ["a talkative one, name in there"]
