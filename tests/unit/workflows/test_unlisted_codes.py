"""A code that nobody has taught us: counted and kept as it came, a sign of life, and never more than that."""

import json
from typing import Any

import pytest

from shared.domain.events import ParcelScanned, ParcelTraced
from shared.domain.keys import parcel_key
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.domain.parcel import UNCODED, ParcelCase, Scan, Stage
from shared.domain.wire import HttpReply
from shared.workflows.handle_event import Fate
from shared.workflows.take_message import CODES_MAX
from tests.contract.samples import Sample, command_of, load_samples
from tests.fakes import FakeHttp
from tests.unit.rules.build import HOUR, MERCHANT, NOW, WAYBILL
from tests.unit.workflows.test_take_call import Office
from tests.unit.workflows.test_take_message import Inbox
from tests.unit.workflows.vendor import Desk

ABOUT: dict[str, Any] = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
ANSWERS = {
    "kuaidi100": "query_with_an_unlisted_code",
    "sf": "track_unlisted_codes_are_signs_of_life",
    "zto": "track_unlisted_types_are_signs_of_life",
}


def _scan(code: str, stage: Stage = Stage.UNKNOWN, hours: float = 1) -> Scan:
    return Scan(stage=stage, at=NOW - hours * HOUR, code=code)


def _pushed(*scans: Scan) -> Inbox:
    return Inbox(ParcelTraced(**ABOUT, source="sim", scans=scans))


def _sample(vendor: str) -> Sample:
    return next(one for one in load_samples() if (one.vendor, one.name) == (vendor, ANSWERS[vendor]))


def _answered(sample: Sample) -> str:
    """The message that comes of asking the courier of a sample."""
    desk, command = Desk(), command_of(sample.given["command"])
    desk.http = FakeHttp(lambda _: HttpReply(200, json.dumps(sample.given["replies"][0]["body"]).encode()))
    desk.vendor = lambda: sample.module  # type: ignore[method-assign]
    office = Office(desk, {})
    office.accounts.accounts[command.merchant] = {sample.vendor: sample.account}
    office.caller.call(command, 1)
    [(_, message)] = desk.queue.take(Lane.PARCELS)
    return message


@pytest.mark.parametrize("vendor", ANSWERS)
def test_an_unlisted_code_in_an_answer_is_counted_and_the_answer_kept(vendor: str) -> None:
    sample, inbox = _sample(vendor), Inbox()
    message = _answered(sample)
    answer = parse_message(message)
    assert isinstance(answer, ParcelTraced)
    codes = {scan.code for scan in answer.scans if scan.stage is Stage.UNKNOWN}
    inbox.table.policies[answer.merchant] = inbox.table.policies[MERCHANT]
    *unknown, handled = inbox.take(message)
    assert handled.fate is Fate.HANDLED
    assert {(fate.fate, fate.what) for fate in unknown} == {
        (Fate.UNKNOWN, f"answer:{vendor}:{answer.carrier} code {code}") for code in codes
    }
    assert len(unknown) == len(codes) >= 1
    assert all(kept == answer.raw.encode() for _, _, _, kept in inbox.kept)
    assert all(code.removeprefix("query:") in answer.raw for code in codes)
    case = inbox.table.cases[parcel_key(answer.merchant, answer.carrier, answer.waybill)].case
    assert isinstance(case, ParcelCase)
    assert case.stage is Stage.PICKED_UP
    assert case.heard_at == max(scan.at for scan in answer.scans)


def test_an_answer_whose_codes_are_all_listed_travels_without_its_bytes() -> None:
    sample = next(one for one in load_samples() if (one.vendor, one.name) == ("zto", "track"))
    answer = parse_message(_answered(sample))
    assert isinstance(answer, ParcelTraced)
    assert (len(answer.scans) > 0, answer.raw) == (True, "")


def test_an_unlisted_code_in_a_push_is_counted_once_and_moves_nothing_but_the_last_sign_of_life() -> None:
    inbox = _pushed(_scan("50", Stage.PICKED_UP, 9), _scan("160", hours=2), _scan("160"))
    fates = inbox.push(b"{}")
    assert [(fate.fate, fate.what) for fate in fates] == [
        (Fate.UNKNOWN, "sim:zto code 160"),
        (Fate.HANDLED, "parcel_traced"),
    ]
    assert inbox.kept == [(MERCHANT, "sim", "zto code 160: unlisted code", b"{}")]
    case = inbox.table.cases[parcel_key(MERCHANT, "zto", WAYBILL)].case
    assert isinstance(case, ParcelCase)
    assert (case.stage, case.moved_at, case.heard_at) == (Stage.PICKED_UP, None, NOW - HOUR)


def test_a_scan_to_which_its_courier_gave_no_code_is_not_counted() -> None:
    assert [fate.fate for fate in _pushed(_scan(UNCODED)).push()] == [Fate.HANDLED]


def test_a_single_scan_of_an_unlisted_code_is_counted_too() -> None:
    inbox = Inbox(ParcelScanned(**ABOUT, scan=_scan("TELEPORTED")))
    assert [fate.fate for fate in inbox.push()] == [Fate.UNKNOWN, Fate.HANDLED]


def test_of_very_many_unlisted_codes_some_are_told() -> None:
    fates = _pushed(*(_scan(str(number)) for number in range(1000, 1500))).push()
    assert len([fate for fate in fates if fate.fate is Fate.UNKNOWN]) == CODES_MAX
