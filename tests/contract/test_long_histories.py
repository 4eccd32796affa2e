"""A parcel's history of any length: bounded, and both its ends are told."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from shared.adapters.httpcore_http import REPLY_BYTES_MAX
from shared.couriers import kuaidi100, sf, zto
from shared.domain.parcel import Stage
from shared.domain.reading import BEIJING
from shared.domain.vendor import NEWEST_MAX, OLDEST_MAX
from shared.domain.wire import HttpReply
from tests.contract.samples import ACCOUNTS, NOW, command_of

BEGIN = datetime(2026, 1, 1, 8, tzinfo=BEIJING)


def _at(minute: int) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def _text(minute: int) -> str:
    return _at(minute).strftime("%Y-%m-%d %H:%M:%S")


def _written(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def _zto(minutes: list[int]) -> dict[str, Any]:
    kinds = {0: "收件", max(minutes): "签收"}
    rows = [{"scanDate": int(_at(one).timestamp() * 1000), "scanType": kinds.get(one, "到件")} for one in minutes]
    return {"status": True, "statusCode": "SYS000", "message": "", "result": rows}


def _sf(minutes: list[int]) -> dict[str, Any]:
    codes = {0: "50", max(minutes): "80"}
    routes = [{"acceptTime": _text(one), "opCode": codes.get(one, "31")} for one in minutes]
    answer = {"success": True, "errorCode": "S0000", "msgData": {"routeResps": [{"mailNo": "W1", "routes": routes}]}}
    return {"apiResultCode": "A1000", "apiResultData": answer}


def _kuaidi100(minutes: list[int]) -> dict[str, Any]:
    codes = {0: "103", max(minutes): "301"}
    data = [{"time": _text(one), "context": "", "statusCode": codes.get(one, "1001")} for one in minutes]
    return {"message": "ok", "status": "200", "com": "yuantong", "nu": "W1", "data": data}


SOURCES: list[tuple[ModuleType, str, Callable[[list[int]], dict[str, Any]]]] = [
    (zto, "zto", _zto),
    (sf, "sf", _sf),
    (kuaidi100, "yto", _kuaidi100),
]


@pytest.mark.parametrize(("module", "carrier", "history"), SOURCES, ids=[module.CARRIER for module, *_ in SOURCES])
def test_of_the_longest_history_that_fits_both_ends_are_told(
    module: ModuleType, carrier: str, history: Callable[[list[int]], dict[str, Any]]
) -> None:
    """The pickup, that ends one clock, and where the parcel is now, that starts another."""
    count = REPLY_BYTES_MAX // (len(_written(history(list(range(1000))))) // 1000 + 1)
    minutes = list(range(count))
    random.Random(7).shuffle(minutes)
    body = _written(history(minutes))
    assert REPLY_BYTES_MAX * 0.9 < len(body) <= REPLY_BYTES_MAX
    asked = command_of({"type": "query_tracking", "source": module.CARRIER, "carrier": carrier, "waybill": "W1"})
    steps = module.carry_out(asked, ACCOUNTS[module.CARRIER], NOW)
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(HttpReply(200, body))
    scans = end.value.value.scans
    kept = [*range(OLDEST_MAX), *range(count - NEWEST_MAX, count)]
    assert [scan.at for scan in scans] == [_at(minute) for minute in kept]
    assert (scans[0].stage, scans[-1].stage) == (Stage.PICKED_UP, Stage.DELIVERED)
