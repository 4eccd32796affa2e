"""A vendor that hangs delays its own commands only: the real callers over a queue of both vendors' commands.

Ten callers, one command at a time each, as the couriers' lane has them. The dead vendor takes all of the time limit.
"""

from collections import deque
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from shared.domain.commands import QueryTracking
from shared.domain.events import CommandFailed
from shared.domain.merchant import Standing
from shared.domain.messages import write_message
from shared.domain.why import Why
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Unclear
from shared.workflows.meter import Meter
from shared.workflows.patience import Patience
from shared.workflows.take_batch import take_batch
from shared.workflows.take_call import Caller, take_call
from tests.fakes import FakeAccounts, FakeCallTokens, FakeClock, FakeDeliveries, FakeHttp, FakeQueue, FakeTable
from tests.unit.rules.build import MERCHANT, NOW

CALLERS = 10
LIMIT_S, USUAL_S = 8.0, 0.3
WHY = Why(rule="ask_source", policy_version=1)
ACCOUNTS = {MERCHANT: {"dead": {}, "well": {}}}


class Sent(NamedTuple):
    """A command, and when it was sent."""

    at: float
    source: str


class Time:
    """Seconds, moved by the simulation."""

    def __init__(self) -> None:
        self.s = 0.0


class Silent:
    """Telemetry that says nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Bench:
    """The callers of one lane, its two queues, and two vendors."""

    def __init__(self, *, with_patience: bool) -> None:
        self.time = Time()
        self.aside: deque[Sent] = deque()
        self.done: list[tuple[Sent, float]] = []
        self.free_at = [0.0] * CALLERS
        self.callers = [self._caller(with_patience) for _ in range(CALLERS)]

    def _caller(self, with_patience: bool) -> Caller:
        caller = Caller(
            FakeAccounts(ACCOUNTS),
            FakeHttp(self._answer),
            SimpleNamespace(),  # type: ignore[arg-type]  # harmless commands are not claimed
            FakeQueue(),
            FakeClock(NOW),
            find_vendor=lambda kind, name: SimpleNamespace(carry_out=lambda command, *_: self._ask(command)),  # type: ignore[arg-type, return-value]
            find_standing=lambda merchant: Standing.ACTIVE,
            meter=Meter(FakeCallTokens(FakeTable()), FakeClock(NOW)),
        )
        caller.patience = Patience(lambda: self.time.s if with_patience else 0.0)
        return caller

    def _ask(self, command: QueryTracking) -> Any:
        yield HttpRequest("POST", f"https://{command.source}.test/", {}, b"")
        return CommandFailed(
            merchant=MERCHANT, reply_to=command.reply_to, answers="c", command="query_tracking", code="x", certain=True
        )

    def _answer(self, request: HttpRequest) -> HttpReply:
        if "dead" in request.url:
            self.time.s += LIMIT_S
            raise Unclear("ReadTimeout")
        self.time.s += USUAL_S
        return HttpReply(200, b"{}")

    def run(self, queue: deque[Sent]) -> None:
        """Let the first free caller take the next command, until the lane is empty."""
        while queue:
            sent = queue.popleft()
            number = min(range(CALLERS), key=self.free_at.__getitem__)
            self.time.s = max(self.free_at[number], sent.at)
            deliveries = FakeDeliveries()
            caller = self.callers[number]
            take_batch([_record(sent)], lambda one: take_call(one, caller, Silent()), deliveries, Silent())  # type: ignore[arg-type]  # noqa: B023
            self.free_at[number] = self.time.s
            if deliveries.aside:
                self.aside.append(sent)
            self.done.append((sent, self.time.s))

    def waits(self, source: str, since: float = 0.0) -> list[float]:
        """Seconds from sending to the end, of one vendor's commands that were sent from then on."""
        return [end - sent.at for sent, end in self.done if sent.source == source and sent.at >= since]


def _record(sent: Sent) -> dict[str, Any]:
    case = f"{MERCHANT}|parcel|{sent.source}:W1"
    command = QueryTracking(
        merchant=MERCHANT, command_id="c", reply_to=case, why=WHY, source=sent.source, carrier=sent.source, waybill="W1"
    )
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "0", "ApproximateFirstReceiveTimestamp": "0"}
    return {"messageId": "m", "receiptHandle": "h", "body": write_message(command), "attributes": attributes}


def commands() -> deque[Sent]:
    """Ten minutes of two commands a second to the dead vendor and five to the well one."""
    dead = [Sent(number / 2, "dead") for number in range(1_200)]
    well = [Sent(number / 5, "well") for number in range(3_000)]
    return deque(sorted(dead + well))


@pytest.fixture(scope="module")
def bench() -> Bench:
    bench = Bench(with_patience=True)
    bench.run(commands())
    return bench


def test_others_wait_at_most_for_one_time_limit_when_it_begins_and_not_at_all_afterwards(bench: Bench) -> None:
    assert max(bench.waits("well")) <= LIMIT_S + USUAL_S
    settled = [wait for wait in bench.waits("well", since=2 * LIMIT_S) if wait > 2 * USUAL_S]
    assert len(settled) <= 0.02 * len(bench.waits("well")), "when callers look again, after five minutes"


def test_no_command_of_the_dead_vendor_is_lost(bench: Bench) -> None:
    called = sum(wait >= LIMIT_S for wait in bench.waits("dead"))
    assert len(bench.waits("dead")) == 1_200
    assert len(bench.aside) >= 1_200 - called
    assert called <= 3 * CALLERS


def test_without_patience_the_others_wait_behind_it_for_minutes() -> None:
    bench = Bench(with_patience=False)
    bench.run(commands())
    assert max(bench.waits("well")) > 180
