"""A scan from the future would hide every true one until its time has come."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.events import EventUnknown, ParcelScanned, ParcelTraced
from shared.domain.parcel import Scan, Stage
from shared.workflows.take_message import CLOCKS_DIFFER_MAX, possible
from tests.unit.rules.build import HOUR, NOW

ABOUT: dict[str, Any] = {"merchant": "demo", "carrier": "zto", "waybill": "W1"}


def scan(at: Any, code: str = "GOT") -> Scan:
    return Scan(stage=Stage.PICKED_UP, at=at, code=code)


@pytest.mark.parametrize(
    ("ahead", "is_taken"),
    [(-HOUR, True), (timedelta(), True), (CLOCKS_DIFFER_MAX, True), (CLOCKS_DIFFER_MAX + timedelta(seconds=1), False)],
)
def test_a_scan_may_be_as_far_ahead_as_clocks_differ(ahead: timedelta, is_taken: bool) -> None:
    told = ParcelScanned(**ABOUT, scan=scan(NOW + ahead))
    (found,) = possible([told], NOW)
    assert (found == told) is is_taken
    if not is_taken:
        assert isinstance(found, EventUnknown)
        assert "impossible time" in found.reason


def test_the_true_scans_of_a_history_are_taken_all_the_same() -> None:
    true = scan(NOW - HOUR)
    history = ParcelTraced(**ABOUT, source="kuaidi100", scans=(scan(NOW + 48 * HOUR, "SIGNED"), true))
    unknown, traced = possible([history], NOW)
    assert isinstance(unknown, EventUnknown)
    assert isinstance(traced, ParcelTraced)
    assert traced.scans == (true,)


def test_what_is_no_scan_passes() -> None:
    other = EventUnknown(what="x", reason="y")
    assert list(possible([other], NOW)) == [other]
