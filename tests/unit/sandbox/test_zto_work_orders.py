"""ZTO's people take questions, and answer them in their own time; huhang's translator understands them."""

from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.couriers import zto
from shared.domain.wire import HttpReply
from shared.errors import Permanent
from tests.contract.samples import command_of
from tests.unit.sandbox.outside import MERCHANT, Outside

WAYBILL = "75000000000017"
ACCOUNT = {
    **{name: str(value) for name, value in MERCHANT["zto"].items()},
    "base_url": "http://sandbox.test/zto",
    "contact_name": "售后组",
    "contact_phone": "020-00000017",
}
PARCEL = {"source": "zto", "carrier": "zto", "waybill": WAYBILL}


def call(outside: Outside, **command: Any) -> Any:
    """Let huhang's translator carry a command out."""
    steps: Generator[Any, HttpReply, Any] = zto.carry_out(command_of({**PARCEL, **command}), ACCOUNT, outside.now)
    try:
        request = next(steps)
        while True:
            reply = outside.client.post(urlsplit(request.url).path, headers=dict(request.headers), content=request.body)
            request = steps.send(HttpReply(reply.status_code, reply.content))
    except StopIteration as stop:
        return stop.value


def urged() -> tuple[Outside, str]:
    """A parcel about which ZTO's people were asked, and the number of the work order."""
    outside = Outside().with_order()
    outside.ship(WAYBILL)
    answer = call(outside, type="urge_courier", anomaly="stalled", text="在途停滞，请核实并尽快处理。")
    assert answer.type == "courier_urged"
    return outside, answer.number


def test_a_work_order_is_taken_and_answered_and_closed() -> None:
    outside, number = urged()
    assert call(outside, type="query_work_order", number=number).replies == ()
    outside.now = outside.now.replace(hour=2)
    outside.control("POST", f"/parcels/{WAYBILL}/work_order", {"text": "已派单"})
    report = call(outside, type="query_work_order", number=number)
    assert [(reply.text, reply.at) for reply in report.replies] == [("已派单", outside.now)]
    assert not report.done
    outside.control("POST", f"/parcels/{WAYBILL}/work_order", {"text": "今日派送", "closed": True})
    report = call(outside, type="query_work_order", number=number)
    assert ([reply.text for reply in report.replies], report.done) == (["已派单", "今日派送"], True)
    [order] = outside.truth()["parcels"][WAYBILL]["work_orders"]
    assert (order["kind"], order["content"], order["asked_after"]) == ("event-urge", "在途停滞，请核实并尽快处理。", 3)


@pytest.mark.parametrize(("number", "waybill"), [("GD1", WAYBILL), ("", WAYBILL), (None, "75000000000018")])
def test_a_work_order_that_is_not_there_is_refused(number: str | None, waybill: str) -> None:
    outside, mine = urged()
    with pytest.raises(Permanent, match="E418"):
        call(outside, type="query_work_order", number=mine if number is None else number, waybill=waybill)


def test_a_parcel_about_which_nobody_has_asked_cannot_be_answered() -> None:
    outside = Outside().with_order()
    outside.ship(WAYBILL)
    refusal = outside.control("POST", f"/parcels/{WAYBILL}/work_order", {"text": "已派单"}, status=409)
    assert refusal["error"] == "no_work_order"
