"""A scan from the future would hide every true one until its time has come."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.events import EventUnknown, ParcelScanned, ParcelTraced
from shared.domain.keys import CaseKey
from shared.domain.messages import write_message
from shared.domain.parcel import ParcelCase, Scan, Stage
from shared.workflows.handle_event import Fate
from shared.workflows.take_message import CLOCKS_DIFFER_MAX, sifted
from tests.unit.rules.build import HOUR, NOW
from tests.unit.workflows.test_take_message import Inbox

ABOUT: dict[str, Any] = {"merchant": "demo", "carrier": "zto", "waybill": "W1"}


def scan(at: Any, code: str = "GOT") -> Scan:
    return Scan(stage=Stage.PICKED_UP, at=at, code=code)


@pytest.mark.parametrize(
    ("ahead", "is_taken"),
    [(-HOUR, True), (timedelta(), True), (CLOCKS_DIFFER_MAX, True), (CLOCKS_DIFFER_MAX + timedelta(seconds=1), False)],
)
def test_a_scan_may_be_as_far_ahead_as_clocks_differ(ahead: timedelta, is_taken: bool) -> None:
    told = ParcelScanned(**ABOUT, scan=scan(NOW + ahead))
    (found,) = sifted([told], NOW)
    assert (found == told) is is_taken
    if not is_taken:
        assert isinstance(found, EventUnknown)
        assert "impossible time" in found.reason


def test_the_true_scans_of_a_history_are_taken_all_the_same() -> None:
    true = scan(NOW - HOUR)
    history = ParcelTraced(**ABOUT, source="kuaidi100", scans=(scan(NOW + 48 * HOUR, "SIGNED"), true))
    unknown, traced = sifted([history], NOW)
    assert isinstance(unknown, EventUnknown)
    assert isinstance(traced, ParcelTraced)
    assert traced.scans == (true,)


def test_what_is_no_scan_passes() -> None:
    other = EventUnknown(what="x", reason="y")
    assert list(sifted([other], NOW)) == [other]


def test_what_a_source_answers_is_believed_no_more_than_what_it_pushes() -> None:
    true, inbox = scan(NOW - HOUR), Inbox()
    answer = ParcelTraced(**ABOUT, source="sim", scans=(true, scan(NOW + 400 * 24 * HOUR)), answers="ask-1")
    told = write_message(answer)
    assert [fate.fate for fate in inbox.take(told)] == [Fate.UNKNOWN, Fate.HANDLED]
    case = inbox.table.cases[CaseKey.parse("demo|parcel|zto:W1")].case
    assert isinstance(case, ParcelCase)
    assert case.heard_at == true.at
    [(merchant, source, reason, kept)] = inbox.kept
    assert (merchant, source, kept) == ("demo", "answer:sim", told.encode())
    assert "impossible time" in reason
