"""Every merchant's sources are asked at each tick; a vendor that hangs is tried for one of them only."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from functions.poll_sources import handler as function
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Unclear
from shared.workflows import patience
from tests.fakes import FakeClock, FakeHttp, FakeQueue
from tests.unit.rules.build import NOW

MERCHANTS = ("shop-1", "shop-2", "shop-3")


class House:
    """Three merchants at two platforms, of which one hangs."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.polled: list[tuple[Any, ...]] = []
        self.http = FakeHttp(self._answer)
        self.cursors: dict[tuple[str, str], Any] = {}

    def _answer(self, request: HttpRequest) -> HttpReply:
        if "hanging" in request.url:
            self.seconds += 8
            raise Unclear("ReadTimeout")
        self.seconds += 4
        return HttpReply(200, b"{}")

    def vendors(self, name: str) -> list[Any]:
        """The module of that name."""

        def list_events(*_: Any) -> Any:
            yield HttpRequest("POST", f"https://{name}.test/", {}, b"")
            return []

        return [SimpleNamespace(list_events=list_events, __name__=name)]

    def failures(self) -> dict[tuple[str, str], str]:
        """How asking ended, where it failed."""
        return {(merchant, source): failure for merchant, source, _, failure in self.polled if failure}


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house = House()
    accounts = {"hanging": {}, "well": {}}
    telemetry = SimpleNamespace(polled=lambda *poll: house.polled.append(poll), flush=lambda: None)
    cursors = SimpleNamespace(
        get=lambda merchant, source: house.cursors.get((merchant, source)),
        put=lambda merchant, source, until: house.cursors.update({(merchant, source): until}),
    )
    memberships = [SimpleNamespace(merchant=merchant, has_left=False) for merchant in MERCHANTS]
    for name, thing in {
        "http": house.http,
        "queue": FakeQueue(),
        "clock": FakeClock(NOW),
        "cursors": cursors,
        "telemetry": telemetry,
        "accounts": SimpleNamespace(all_accounts=lambda merchant: accounts),
        "merchants": SimpleNamespace(memberships=lambda: memberships),
        "meter": SimpleNamespace(listening=lambda *_: _Freely()),
    }.items():
        monkeypatch.setattr(function.wiring, name, lambda thing=thing: thing)
    monkeypatch.setattr(function.wiring, "find_vendors", house.vendors)
    monkeypatch.setattr("shared.workflows.poll_sources.PacedHttp", lambda http, *_: http)
    monkeypatch.setattr(patience.Patience.__init__, "__defaults__", (lambda: house.seconds, patience.SLOW))
    return house


class _Freely:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_a_vendor_that_hangs_is_tried_for_one_merchant_and_all_others_are_asked(house: House) -> None:
    function.handler({}, None)
    assert house.seconds == 8 + 3 * 4
    failures = house.failures()
    assert set(failures) == {(merchant, "hanging") for merchant in MERCHANTS}
    assert sum("keeps us waiting" in failure for failure in failures.values()) == 2
    assert {merchant for merchant, source in house.cursors if source == "well"} == set(MERCHANTS)


def test_the_next_tick_tries_it_again(house: House) -> None:
    function.handler({}, None)
    function.handler({}, None)
    assert sum("hanging" in request.url for request in house.http.requests) == 2
