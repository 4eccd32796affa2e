"""What holds for every history that Kuaidi100 tells, beyond its samples."""

import json
import random
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.couriers import kuaidi100
from shared.domain.events import EventIgnored, EventUnknown, ParcelTraced
from shared.domain.messages import AnyEvent, write_message
from shared.domain.parcel import Scan, Stage
from shared.domain.reading import BEIJING
from tests.contract.samples import ACCOUNTS, MERCHANT, NOW, command_of

FINAL = {Stage.DELIVERED, Stage.RETURNING, Stage.RETURNED}
FINAL_CODES = [code for code, stage in kuaidi100.STAGES.items() if stage in FINAL]
OTHER_CODES = [code for code in kuaidi100.STAGES if code not in FINAL_CODES]
TEXTS = ["已揽收", "已签收，本人签收", "快件退回寄件人", "包裹遗失", "谨防丢失", "已销单", "派件中", "1+1=2 %2B", ""]
WAYBILL = "75399000000121"

Fate = AnyEvent | EventIgnored | EventUnknown


def _time(minutes: int) -> str:
    return (datetime(2026, 2, 1, 8, tzinfo=BEIJING) + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")


def _entry(minutes: int, code: str | None, text: str = "") -> dict[str, Any]:
    return {"time": _time(minutes), "ftime": _time(minutes), "context": text} | ({"statusCode": code} if code else {})


def _param(data: object, state: object = "0", **more: Any) -> dict[str, Any]:
    result = {"message": "ok", "state": state, "status": "200", "com": "zhongtong", "nu": WAYBILL, "data": data}
    return {"status": "polling", "message": "", "lastResult": result, **more}


def _fates(param: object) -> list[Fate]:
    return kuaidi100.parse_push(MERCHANT, urlencode({"param": json.dumps(param)}).encode(), {})


def _scans(fates: list[Fate]) -> tuple[Scan, ...]:
    return next((fate.scans for fate in fates if isinstance(fate, ParcelTraced)), ())


codes = st.sampled_from([None, "777", *kuaidi100.STAGES])
entries = st.builds(_entry, st.integers(0, 40), codes, st.sampled_from(TEXTS))
states = st.sampled_from(["", "888", *kuaidi100.STAGES])


@settings(max_examples=300, deadline=None)
@given(data=st.lists(entries, max_size=30), state=states, seed=st.integers(0, 2**32))
def test_the_order_of_a_history_says_nothing(data: list[dict[str, Any]], state: str, seed: int) -> None:
    shuffled = list(data)
    random.Random(seed).shuffle(shuffled)
    one, other = _fates(_param(data, state)), _fates(_param(shuffled, state))
    assert _scans(one) == _scans(other)
    assert {str(fate) for fate in one} == {str(fate) for fate in other}


@settings(max_examples=200, deadline=None)
@given(
    data=st.lists(st.builds(_entry, st.integers(0, 40), st.sampled_from(list(kuaidi100.STAGES))), max_size=30),
    later=st.lists(st.builds(_entry, st.integers(0, 60), codes), max_size=10),
)
def test_a_later_push_holds_every_scan_of_the_ones_before(
    data: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    assert set(_scans(_fates(_param(data)))) <= set(_scans(_fates(_param([*later, *data]))))


@pytest.mark.parametrize("length", [1, 199, 200, 201, 1000])
def test_of_a_long_history_the_ends_are_told(length: int) -> None:
    told = _scans(_fates(_param([_entry(number, "0") for number in range(length)])))
    everything = [_time(number) for number in range(length)]
    expected = everything if length <= 200 else everything[:20] + everything[-180:]
    assert [scan.at_text for scan in told] == expected


def test_the_longest_history_fits_into_a_message() -> None:
    fates = _fates(_param([_entry(number, "1002") for number in range(5000)]))
    (traced,) = fates
    assert isinstance(traced, ParcelTraced)
    assert len(write_message(traced).encode()) < 40_000


def test_no_text_explains_an_unlisted_code() -> None:
    scans = _scans(_fates(_param([_entry(number, code, TEXTS[3]) for number, code in enumerate(["299", "2001", "9"])])))
    assert [scan.stage for scan in scans] == [Stage.UNKNOWN] * 3


@settings(max_examples=300, deadline=None)
@given(
    data=st.lists(
        st.builds(
            _entry,
            st.integers(0, 40),
            st.sampled_from([None, *OTHER_CODES]),
            st.lists(st.sampled_from(TEXTS), max_size=3).map("".join),
        ),
        max_size=20,
    ),
    state=st.sampled_from(["", *OTHER_CODES]),
)
def test_no_text_delivers_or_returns_a_parcel(data: list[dict[str, Any]], state: str) -> None:
    assert not {scan.stage for scan in _scans(_fates(_param(data, state)))} & FINAL


@pytest.mark.parametrize("code", ["401", "14", "203", "210", "1", "101", "102"])
def test_what_only_looks_final_is_not(code: str) -> None:
    assert Stage(kuaidi100.STAGES[code]) not in FINAL | {Stage.PICKED_UP}


@pytest.mark.parametrize(
    ("text", "is_lost"),
    [
        ("包裹遗失", True),
        ("快件疑似丢失", True),
        ("已确认丢失，请联系发件人", True),
        ("请尽快取件以免丢失", False),
        ("为避免遗失请本人签收", False),
        ("谨防丢失", False),
        ("如遗失请联系网点", False),
        ("如有丢失请联系网点", False),
        ("快件并未丢失", False),
    ],
)
def test_only_a_statement_of_a_loss_is_one(text: str, is_lost: bool) -> None:
    (scan,) = _scans(_fates(_param([_entry(0, "2", text)])))
    assert scan.stage is (Stage.SUSPECTED_LOST if is_lost else Stage.EXCEPTION)
    (scan,) = _scans(_fates(_param([_entry(0, "1002", text)])))
    assert scan.stage is Stage.IN_TRANSIT


@pytest.mark.parametrize(
    ("text", "is_picked_up"),
    [
        ("【广东省惠州市公司】 已揽收 取件人: 快递员", True),
        ("顺丰速运 已收取快件", True),
        ("示例公司-已收件", True),
        ("揽收任务已分配给李四", False),
        ("等待揽收", False),
        ("商家已通知快递员揽收", False),
        ("揽收失败", False),
    ],
)
def test_only_a_statement_of_the_pickup_is_one(text: str, is_picked_up: bool) -> None:
    (scan,) = _scans(_fates(_param([_entry(0, "1", text)])))
    assert scan.stage is (Stage.PICKED_UP if is_picked_up else Stage.LABEL_CREATED)
    (scan, _) = _scans(_fates(_param([_entry(0, None, text), _entry(1, "0")])))
    assert scan.stage is (Stage.PICKED_UP if is_picked_up else Stage.UNKNOWN)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just(_time(0)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(["time", "ftime", "context", "statusCode", "status"]), value=json_values, at=st.booleans())
def test_whatever_one_scan_holds_the_other_is_told(name: str, value: object, at: bool) -> None:
    fates = _fates(_param([_entry(60 * at, "5") | {name: value}, _entry(30, "1002", "已发出")]))
    assert any(scan.code == "1002" and scan.stage is Stage.IN_TRANSIT for scan in _scans(fates))
    assert all(isinstance(fate, ParcelTraced | EventUnknown) for fate in fates)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(["state", "com", "nu", "data", "message"]), value=json_values)
def test_whatever_a_result_holds_has_a_fate(name: str, value: object) -> None:
    param = _param([_entry(0, None), _entry(30, "1002")])
    param["lastResult"][name] = value
    assert all(isinstance(fate, ParcelTraced | EventIgnored | EventUnknown) for fate in _fates(param) or [None])


def test_our_names_of_couriers_and_kuaidi100s_belong_together() -> None:
    assert {ours: kuaidi100.CARRIERS[com] for ours, com in kuaidi100.COMS.items()} == {
        ours: ours for ours in kuaidi100.COMS
    }
    assert set(kuaidi100.COMS) == {"sf", "zto", "yto", "sto", "yunda", "jt", "jdl", "ems", "deppon"}
    assert set(kuaidi100.WITH_WORK_ORDERS) <= set(kuaidi100.CARRIERS)


@pytest.mark.parametrize(
    ("base", "hosts"),
    [("", ["www.kuaidi100.com", "poll.kuaidi100.com"]), ("http://127.0.0.1:9/kuaidi100", ["127.0.0.1:9"] * 2)],
)
def test_every_request_goes_over_tls_or_to_the_base_url(base: str, hosts: list[str]) -> None:
    account = ACCOUNTS["kuaidi100"] | {"base_url": base}
    requests = []
    for carrier in ("unknown", "zto"):
        command = command_of({"type": "query_tracking", "source": "kuaidi100", "carrier": carrier, "waybill": WAYBILL})
        requests.append(next(kuaidi100.carry_out(command, account, NOW)))  # type: ignore[arg-type]
    assert [urlsplit(request.url).netloc for request in requests] == hosts
    assert all(request.url.startswith(base or "https://") for request in requests)
