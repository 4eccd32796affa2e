"""Every merchant's sources are asked; one that hangs or is slow delays its own merchant only."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.poll_sources import handler as function
from infra.catalog import FUNCTIONS
from shared.adapters.httpcore_http import WHOLE_TIMEOUT_S
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Unclear
from shared.workflows import patience
from shared.workflows.poll_sources import EVERY, TURN
from tests.fakes import FakeClock, FakeHttp, FakeQueue
from tests.unit.rules.build import NOW, SECOND

MERCHANTS = ("shop-1", "shop-2", "shop-3")


class House:
    """Three merchants at two platforms, of which one hangs; merchants may have others."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.accounts: dict[str, tuple[str, ...]] = dict.fromkeys(MERCHANTS, ("hanging", "well"))
        self.told: list[tuple[str, int]] = []
        self.flushed = 0
        self.polled: list[tuple[Any, ...]] = []
        self.http = FakeHttp(self._answer)
        self.cursors: dict[tuple[str, str], Any] = {}

    def _answer(self, request: HttpRequest) -> HttpReply:
        if "hanging" in request.url:
            self.clock.advance(8 * SECOND)
            raise Unclear("ReadTimeout")
        self.clock.advance((6 if "slow" in request.url else 4) * SECOND)
        return HttpReply(200, b"{}")

    def vendors(self, name: str) -> list[Any]:
        """The module of that name."""

        def list_events(*_: Any) -> Any:
            for _ in range(10 if name == "slow" else 1):
                yield HttpRequest("POST", f"https://{name}.test/", {}, b"")
            return []

        return [SimpleNamespace(list_events=list_events, __name__=name)]

    @property
    def seconds(self) -> float:
        """How long asking has taken so far."""
        return (self.clock.now() - NOW).total_seconds()

    def tick(self, number: int) -> float:
        """Poll at the tick of that number; give how many seconds it took."""
        self.clock.instant = NOW + number * EVERY
        function.handler({}, None)
        return (self.clock.now() - NOW - number * EVERY).total_seconds()

    def asked(self) -> list[str]:
        """The merchants that were asked, in order."""
        return [merchant for merchant, *_ in self.polled]

    def flush(self) -> None:
        """Count."""
        self.flushed += 1

    def failures(self) -> dict[tuple[str, str], str]:
        """How asking ended, where it failed."""
        return {(merchant, source): failure for merchant, source, _, failure in self.polled if failure}


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house = House()
    telemetry = SimpleNamespace(
        polled=lambda *poll: house.polled.append(poll),
        told=lambda what, count: house.told.append((what, count)),
        flush=house.flush,
    )
    cursors = SimpleNamespace(
        get=lambda merchant, source: house.cursors.get((merchant, source)),
        put=lambda merchant, source, until: house.cursors.update({(merchant, source): until}),
    )
    accounts = SimpleNamespace(all_accounts=lambda merchant: {name: {} for name in house.accounts[merchant]})
    for name, thing in {
        "http": house.http,
        "queue": FakeQueue(),
        "clock": house.clock,
        "cursors": cursors,
        "telemetry": telemetry,
        "accounts": accounts,
        "merchants": SimpleNamespace(
            memberships=lambda: [SimpleNamespace(merchant=merchant, has_left=False) for merchant in house.accounts]
        ),
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


def test_a_slow_source_delays_only_its_own_merchant(house: House) -> None:
    house.accounts = {"slow": ("slow",), "shop-2": ("well",), "shop-3": ("well",)}
    for number in range(3):
        house.polled.clear()
        house.tick(number)
        assert set(house.asked()) == set(house.accounts)
        assert house.failures() == {("slow", "slow"): "slower than its turn"}


def test_merchants_that_a_tick_had_no_time_for_are_asked_at_the_next_ticks(house: House) -> None:
    house.accounts = {f"slow-{number}": ("slow",) for number in range(5)} | {
        f"shop-{number:02}": ("well",) for number in range(15)
    }
    took = [house.tick(number) for number in range(12)]
    assert set(house.asked()) == set(house.accounts)
    assert len(house.told) == len(took), "every tick was cut short"
    assert sum(count for _, count in house.told) == len(house.polled)
    assert max(took) < (function.POLLS_FOR + TURN).total_seconds() + WHOLE_TIMEOUT_S


def test_the_last_source_of_a_tick_has_its_turn_and_its_last_call_before_the_function_ends() -> None:
    spec = next(spec for spec in FUNCTIONS if spec.name == "poll_sources")
    assert spec.every == EVERY
    assert function.POLLS_FOR + TURN + timedelta(seconds=WHOLE_TIMEOUT_S) < spec.timeout


def test_what_was_counted_before_a_bug_is_told(house: House) -> None:
    house.accounts = {"shop-1": ("well",)}
    house.cursors = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        function.handler({}, None)
    assert house.flushed == 1
