"""Two shops in one deployment, A and B, and everything that A does reaching whatever it can reach.

B's credentials differ from A's in every value; otherwise the two could not be told apart: the same orders, the same
parcels, the same sessions. All that is read, written, said and asked of vendors is noted with its merchant.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from shared.adapters.vendors import find_source, find_vendor
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.lanes import Lane
from shared.domain.merchant import Standing
from shared.domain.messages import Message, parse_message
from shared.domain.policy import Policy, Robot
from shared.domain.routing import Routing
from shared.domain.watching import Watching
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import Refused, Retryable, WrongMerchant
from shared.ports import Loaded, StoredCase
from shared.workflows.handle_event import count_nothing
from shared.workflows.meter import Meter
from shared.workflows.publish_outbox import publish_outbox
from shared.workflows.receive_push import receive_push
from shared.workflows.take_call import Caller
from shared.workflows.take_chat import take_chat
from shared.workflows.take_message import take_message
from tests.contract.samples import ACCOUNTS, MERCHANT, NOW, load_samples, push_of
from tests.fakes import (
    FakeAccounts,
    FakeCallTokens,
    FakeCaseStore,
    FakeClock,
    FakeHttp,
    FakeLedger,
    FakeQueue,
    FakeTable,
    StreamRecord,
)

A, B = MERCHANT, "shop-8"
INBOXES = (Lane.REFUNDS, Lane.PARCELS, Lane.CHATS, Lane.NOTIFICATIONS)
CALLS = (Lane.PLATFORM_CALLS, Lane.COURIER_CALLS, Lane.ERP_CALLS)
ROUNDS_MAX = 12
BOARD = {"board": {"token": "board-token-of-shop-7"}}

GENUINE = [
    sample
    for sample in load_samples()
    if "headers" in sample.given and isinstance(sample.expect, list) and not sample.given.get("account")
]

_SECRET = ("secret", "token", "salt", "checkword", "key", "hook")
_GROUPS = {name: {"agents": [{"agent": agent, "seats": 2}]} for name, agent in (("presale", "p"), ("aftersale", "a"))}


def policy_of(merchant: str) -> Policy:
    """The same policy for both: robots, trackers, two desks."""
    routing = {"groups": _GROUPS, "presale_group": "presale", "aftersale_group": "aftersale"}
    return Policy(
        merchant=merchant,
        version=1,
        robots={name: Robot(channel="dingtalk", account="dingtalk") for name in ("desk", "specialist", "director")},
        watching=Watching(trackers={"zto": "zto"}, urge_by={"yto": "kuaidi100"}),
        routing=Routing.model_validate(routing),
    )


def _of_another(account: dict[str, str]) -> dict[str, str]:
    """Change every credential of an account."""
    return {name: _another(value) if name.endswith(_SECRET) else value for name, value in account.items()}


def _another(value: str) -> str:
    return value.replace("AwMDAwM", "BwMDAwM") if value.startswith("whsec_") else value[::-1] + "B"


class WatchedStore(FakeCaseStore):
    """Notes for whom which merchants' cases are loaded and saved."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.loaded: list[tuple[str, CaseKey]] = []

    def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
        """Read and note."""
        found = super().load(merchant, keys)
        self.loaded += [(merchant, key) for key in keys]
        return found


class TwoShops:
    """A deployment in memory. `kept` are unknown pushes, `said` all events and commands that were sent."""

    def __init__(self) -> None:
        self.table = FakeTable()
        for merchant in (A, B):
            self.table.policies[merchant] = policy_of(merchant)
        self.store = WatchedStore(self.table)
        self.queue = FakeQueue()
        self.clock = FakeClock(NOW)
        theirs = {vendor: _of_another(account) for vendor, account in ACCOUNTS.items()}
        self.accounts = FakeAccounts({A: {**ACCOUNTS, **BOARD}, B: {**theirs, "board": {"token": "another"}}})
        self.http = FakeHttp(self._answer)
        self.asked: list[str] = []
        ledger = FakeLedger(self.table)
        self.caller = Caller(
            self.accounts,
            self.http,
            ledger,
            self.queue,
            self.clock,
            find_vendor=find_vendor,
            find_standing=lambda merchant: Standing.ACTIVE,
            meter=Meter(FakeCallTokens(self.table), self.clock),
        )
        self.kept: list[tuple[str, bytes]] = []
        self.said: list[Message] = []
        self.stopped: list[str] = []
        self.written: list[StreamRecord] = []

    def push(self, source: str, merchant: str, push: Push, token: str | None = None) -> bool:
        """Push to a merchant's address, with its own token if no other is given; whether it was accepted."""
        token = self.accounts.account(merchant, source).get("token", "") if token is None else token
        try:
            receive_push(
                source,
                merchant,
                token,
                push,
                find_source=find_source,
                find_accounts=self.accounts.accepted,
                send=lambda lane, group, message: self.queue.send(lane, [(group, message)]),
                now=NOW,
            )
        except Refused:
            return False
        return True

    def run(self) -> None:
        """Let everything take its course, until nothing is left to do or the rounds are used up."""
        for _ in range(ROUNDS_MAX):
            self._publish()
            taken = [(lane, body) for lane in (*INBOXES, *CALLS) for _, body in self.queue.take(lane)]
            if not taken:
                return
            for lane, body in taken:
                self.take(lane, body)

    def take(self, lane: Lane, body: str) -> None:
        """Take one message as its consumer would; a wall in its way is noted."""
        try:
            self._take(lane, body)
        except Retryable:
            pass  # it would come again
        except WrongMerchant:
            self.stopped.append(body)

    def _take(self, lane: Lane, body: str) -> None:
        kind = json.loads(body).get("type")
        if kind != "raw_push":
            message = parse_message(body)
            self.said.append(message)
            if hasattr(message, "command_id"):
                self.asked.append(message.merchant)
                self.caller.call(message, attempt=1)  # type: ignore[arg-type]  # what has an id is a command
                return
        around: dict[str, Any] = {
            "store": self.store,
            "clock": self.clock,
            "find_source": find_source,
            "unknown": self,
            "count": count_nothing,
        }
        if lane is Lane.CHATS:
            take_chat(body, 1, queue=self.queue, **around)
        else:
            take_message(body, **around)

    def _publish(self) -> None:
        written = self.table.take_stream()
        self.written += written
        images = [{"dynamodb": {"NewImage": {"outbox": {"S": one.outbox}}}} for one in written]
        publish_outbox(images, self.queue, ring=lambda: None)

    def keep(self, merchant: str, source: str, reason: str, body: bytes, at: Any) -> None:
        """Keep an unknown push."""
        self.kept.append((merchant, body))

    def _answer(self, request: HttpRequest) -> HttpReply:
        return HttpReply(400, b"{}")

    # ---- what an observer sees -----------------------------------------------------------------------------------

    def of(self, merchant: str) -> dict[CaseKey, StoredCase]:
        """A merchant's cases."""
        return {key: stored for key, stored in self.table.cases.items() if key.merchant == merchant}

    def forgetting(self) -> "TwoShops":
        """Forget what was noted so far."""
        for noted in (self.store.loaded, self.kept, self.said, self.asked, self.stopped, self.written):
            noted.clear()
        for shard in self.table.pointers:
            shard.clear()
        return self

    def touched(self) -> set[str]:
        """The merchants for whom something was read, written, kept, said or asked since then, and whose it was."""
        return {
            *(name for merchant, key in self.store.loaded for name in (merchant, key.merchant)),
            *(record.key.split("|", 1)[0] for record in self.written if not record.key.startswith("due|")),
            *(CaseKey.parse(key).merchant for shard in self.table.pointers for _, key in shard),
            *(merchant for merchant, _ in self.kept),
            *(message.merchant for message in self.said),
            *self.asked,
        }


@cache
def shops_told() -> TwoShops:
    """Two shops with the same cases, made once: all that the samples tell."""
    shops = TwoShops()
    for sample in GENUINE:
        shops.push(sample.vendor, A, push_of(sample))
    shops.run()
    for key, stored in shops.of(A).items():
        theirs = key._replace(merchant=B)
        shops.table.cases[theirs] = stored._replace(key=theirs)
    assert {key.kind for key in shops.of(B)} >= {CaseKind.ORDER, CaseKind.REFUND, CaseKind.PARCEL, CaseKind.SESSION}
    return shops
