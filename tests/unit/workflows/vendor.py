"""A vendor that answers as the test says, and a command for it."""

import json
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from shared.domain.commands import AgreeRefund, ReadRefund
from shared.domain.events import CommandFailed, RefundAgreed
from shared.domain.lanes import Lane
from shared.domain.merchant import Standing
from shared.domain.messages import parse_message
from shared.domain.why import Why
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Retryable, Unclear
from shared.workflows.carry_out_command import LEASE, carry_out_command
from shared.workflows.meter import Meter
from shared.workflows.take_call import Caller
from tests.fakes import FakeAccounts, FakeCallTokens, FakeClock, FakeHttp, FakeLedger, FakeQueue, FakeTable

NOW = datetime.fromisoformat("2026-11-11T00:00:00+00:00")
MERCHANT, KEY = "demo", "demo|refund|sim:R1"
ABOUT = {"merchant": MERCHANT, "reply_to": KEY, "why": Why(rule="reviewed", policy_version=1)}
AGREE = AgreeRefund(
    **ABOUT, command_id=f"{KEY}#2", platform="sim", refund_id="R1", order_id="O1", amount_fen=5, version=1
)
READ = ReadRefund(**ABOUT, command_id=f"{KEY}#1", platform="sim", refund_id="R1", order_id="O1")
AGREED = RefundAgreed(merchant=MERCHANT, platform="sim", refund_id="R1", answers=AGREE.command_id, at=NOW)
STALE = CommandFailed(merchant=MERCHANT, reply_to=KEY, answers=AGREE.command_id, command="agree_refund", code="stale")
REQUEST = HttpRequest("POST", "sim://vendor", {}, b"{}")
OK = HttpReply(200, b"{}")
Answer = Any


def requests(count: int, end: Answer) -> Generator[HttpRequest, HttpReply, Answer]:
    """Send some requests, then end: with an outcome, or an error."""
    for _ in range(count):
        yield REQUEST
    if isinstance(end, Exception):
        raise end
    return end


class Desk:
    """A ledger, a clock, and a vendor whose answers are written down beforehand."""

    def __init__(self, crash_after: Callable[[int, str], None] | None = None) -> None:
        self.table = FakeTable(crash_after)
        self.ledger = FakeLedger(self.table)
        self.queue = FakeQueue(self.table)
        self.clock = FakeClock(NOW)
        self.http = FakeHttp(lambda request: OK)
        self.standing = Standing.ACTIVE
        self.calls: list[Answer] = []
        self.finds: list[Answer] = []
        self.asked: list[str] = []

    def vendor(self) -> Any:
        """The vendor's module."""

        def carry_out(command: Any, account: Any, now: Any) -> Any:
            self.asked.append("call")
            return requests(1, self.calls.pop(0))

        def find_out(command: Any, account: Any, now: Any) -> Any:
            self.asked.append("find")
            return requests(1, self.finds.pop(0))

        return SimpleNamespace(carry_out=carry_out, find_out=find_out)

    def carry_out(self, attempt: int = 1) -> Any:
        """Carry a command with an effect out as its queue's function does."""
        return carry_out_command(
            AGREE, self.vendor(), {}, http=self.http, ledger=self.ledger, clock=self.clock, attempt=attempt
        )

    def later(self, by: timedelta = LEASE) -> None:
        """Let the lease run out."""
        self.clock.advance(by)

    def caller(self, *, known: bool = True) -> Caller:
        """What carries any command out, with the merchant's account if it is `known`."""
        accounts = FakeAccounts({MERCHANT: {"sim": {}} if known else {}})
        return Caller(
            accounts,
            self.http,
            self.ledger,
            self.queue,
            self.clock,
            find_vendor=lambda kind, name: self.vendor(),
            find_standing=lambda merchant: self.standing,
            meter=Meter(FakeCallTokens(self.table), self.clock),
        )

    def sent(self) -> list[Any]:
        """The events that went straight to the lane of refunds."""
        return [parse_message(body) for _, body in self.queue.take(Lane.REFUNDS)]

    def told(self) -> list[Any]:
        """The outcomes that went into the stream."""
        outboxes = [record.outbox for record in self.table.take_stream() if record.outbox]
        return [parse_message(entry["body"]) for outbox in outboxes for entry in json.loads(outbox)]


REFUSED_CONNECTION = Retryable("connection refused", timedelta(seconds=30))
LOST = Unclear("no answer")
