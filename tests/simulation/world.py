"""The whole loop in memory: the real decisions, workflows and caller over the fakes, with crashes wherever wanted."""

from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from shared.adapters.table_layout import shard_of
from shared.domain.commands import EndTrial
from shared.domain.events import Event
from shared.domain.keys import CaseKey, parcel_key, refund_key
from shared.domain.lanes import Lane
from shared.domain.merchant import Standing
from shared.domain.messages import AnyEvent, parse_message, write_message
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.policy import Policy, Robot
from shared.domain.refund import RefundCase
from shared.domain.tickets import BuyerMoment
from shared.domain.watching import Watching
from shared.errors import Retryable, Throttled
from shared.ports import StoredCase
from shared.workflows.end_trial import end_trial
from shared.workflows.handle_event import handle_event
from shared.workflows.meter import Meter
from shared.workflows.publish_outbox import publish_outbox
from shared.workflows.take_call import Caller
from shared.workflows.watch_deadlines import OVERLAP, watch_deadlines
from tests.fakes.calls import FakeCallTokens
from tests.fakes.due_index import FakeDueIndex
from tests.fakes.ledger import FakeLedger
from tests.fakes.stores import FakePolicyStore
from tests.fakes.table import FakeTable
from tests.fakes.world import FakeAccounts, FakeClock, FakeHttp, FakeQueue
from tests.simulation.outside import START, WAYBILL, Outside
from tests.simulation.road import MERCHANT, Road, Roads
from tests.simulation.vendor import VENDOR
from tests.simulation.witness import Witness

CALLS = (Lane.PLATFORM_CALLS, Lane.COURIER_CALLS, Lane.ERP_CALLS)
REDELIVERY = timedelta(seconds=30)
VENDORS = ("sim", "zto", "yto", "kuaidi100", "jushuitan", "dingtalk")
WATCHING = Watching(
    urge_by={"zto": "zto", "yto": "kuaidi100"}, buyer_platforms=("sim",), buyer_progress=tuple(BuyerMoment)
)


class Crash(BaseException):
    """The function dies between two steps."""


class World:
    """One merchant, one order, its refunds; queues that double, reorder and redeliver.

    The order's parcel travels with the courier `right`, whatever the order says; `unasked` ones are pushed anyway.
    `limits` is how many calls each vendor takes.
    """

    def __init__(
        self,
        *,
        shipped: bool = True,
        refunds: int = 1,
        right: str = "zto",
        unasked: bool = True,
        limits: str = "",
        **policy: Any,
    ) -> None:
        self.clock = FakeClock(START)
        self.crash_in = 0
        self.table = FakeTable(self._maybe_crash)
        self.roads = Roads(unasked=unasked)
        self.road = self.roads.by_waybill[WAYBILL] = Road(WAYBILL, right)
        self.outside = Outside(shipped=shipped, refunds=refunds, roads=self.roads)
        self.queue = FakeQueue(self.table)
        self.store = Witness(self.table)
        self.index = FakeDueIndex(self.table)
        accounts = FakeAccounts({MERCHANT: {name: {"limits": limits} if limits else {} for name in VENDORS}})
        http = FakeHttp(self.outside.send)
        self.caller = Caller(
            accounts,
            http,
            FakeLedger(self.table),
            self.queue,
            self.clock,
            find_vendor=self._vendor,
            find_standing=lambda _: Standing.ACTIVE,
            meter=Meter(FakeCallTokens(self.table), self.clock),
        )
        robots = {"desk": Robot(channel="dingtalk", account="dingtalk")}
        self.policy = Policy(merchant=MERCHANT, version=1, robots=robots, **{"watching": WATCHING, **policy})
        self.table.policies[MERCHANT] = self.policy
        self.later: list[tuple[datetime, Lane, str, int]] = []
        self.accepted: list[AnyEvent] = []
        self.dead: list[str] = []

    @staticmethod
    def _vendor(kind: str, name: str) -> ModuleType:
        vendor: ModuleType = VENDOR
        return vendor

    def _maybe_crash(self, number: int, what: str) -> None:
        if self.crash_in:
            self.crash_in -= 1
            if not self.crash_in:
                raise Crash(what)

    # ---- events from outside -------------------------------------------------------------------------------------

    def accept(self, event: AnyEvent, after: timedelta = timedelta(0), copies: int = 1) -> None:
        """An event is acknowledged after a while: from then on it must not be lost."""
        self.accepted.append(event)
        self.later += [(self.clock.now() + after, event.case.lane, write_message(event), 1)] * copies

    def scan(self, stage: Stage, at: datetime, after: timedelta = timedelta(0), copies: int = 1) -> None:
        """The courier scans the parcel; whoever listens is told, after a while, perhaps several times."""
        for event in self.roads.scan(self.road, stage, at):
            self.accept(event, after, copies)

    # ---- one step of the machine ---------------------------------------------------------------------------------

    def publish(self, *, twice: bool = False) -> None:
        """Forward the stream; a crash delivers the same records again."""
        records = [
            {"dynamodb": {"NewImage": {"outbox": {"S": record.outbox}}}}
            for record in self.table.take_stream()
            if record.outbox
        ]
        for _ in range(2 if twice else 1):
            try:
                publish_outbox(records, self.queue, ring=lambda: None)
            except Crash:
                publish_outbox(records, self.queue, ring=lambda: None)
        self._collect()

    def deliver(self, choice: int = 0, *, twice: bool = False) -> bool:
        """Deliver one message that is ready, any of them; false when none is."""
        self._collect()
        ready = [entry for entry in self.later if entry[0] <= self.clock.now()]
        if not ready:
            return False
        entry = ready[choice % len(ready)]
        self.later.remove(entry)
        _, lane, body, attempt = entry
        for _ in range(2 if twice else 1):
            try:
                self._take(body, attempt)
            except Throttled as error:
                self.later.append((self.clock.now() + error.after, lane, body, attempt))  # put back as a new message
            except Retryable as error:
                self._redeliver(lane, body, attempt, error.after)
            except Crash:
                self._redeliver(lane, body, attempt, REDELIVERY)
        return True

    def tick(self, by: timedelta) -> None:
        """Let time pass and the sweep run."""
        self.clock.advance(by)
        try:
            watch_deadlines(self.index, self.queue, self.clock)
        except Crash:
            watch_deadlines(self.index, self.queue, self.clock)
        self._collect()

    def hasten(self) -> None:
        """Deliver now what was sent for an instant, as to a consumer whose clock is behind."""
        for lane in Lane:
            self.later += [(self.clock.now(), lane, body, 1) for _, body, _ in self.queue.take_later(lane)]

    def settle(self, hours: int = 48) -> None:
        """No more faults: let everything run, from deadline to deadline, until nothing moves or `hours` have passed."""
        self.crash_in = 0
        self.outside.faults.clear()
        end = self.clock.now() + timedelta(hours=hours)
        for _ in range(2000):
            self.publish()
            if self.deliver():
                continue
            dues = [stored.due for stored in self.table.cases.values() if stored.due]
            following = min([*dues, *(entry[0] for entry in self.later)], default=end)
            if following >= end:
                return
            self.tick(max(following - self.clock.now(), timedelta(0)) + timedelta(seconds=1))
        raise AssertionError("it never comes to rest")

    def _take(self, body: str, attempt: int) -> None:
        message = parse_message(body)
        if isinstance(message, Event):
            handle_event(message, self.store, self.clock)
        elif isinstance(message, EndTrial):
            end_trial(message, FakePolicyStore(self.table), self.clock)
        else:
            self.caller.call(message, attempt)

    def _redeliver(self, lane: Lane, body: str, attempt: int, after: timedelta) -> None:
        if attempt >= 8:
            self.dead.append(body)
        else:
            self.later.append((self.clock.now() + after, lane, body, attempt + 1))

    def _collect(self) -> None:
        now = self.clock.now()
        for lane in Lane:
            self.later += [(now, lane, body, 1) for _, body in self.queue.take(lane, now)]

    # ---- looking -------------------------------------------------------------------------------------------------

    def refund(self, name: str = "R1") -> RefundCase | None:
        """A refund case as stored."""
        case = self._stored(refund_key(MERCHANT, "sim", name)).case
        return case if isinstance(case, RefundCase) else None

    @property
    def parcel(self) -> ParcelCase | None:
        """The parcel case as stored."""
        case = self._stored(parcel_key(MERCHANT, "zto", WAYBILL)).case
        return case if isinstance(case, ParcelCase) else None

    def _stored(self, key: CaseKey) -> StoredCase:
        return self.table.cases.get(key) or StoredCase(key)

    def unguarded(self) -> list[CaseKey]:
        """Give the cases with a deadline that no sweep would notice: there should never be one.

        What guards a deadline is a pointer that is not later and that a sweep will still read, or a wake under way.
        """
        return [key for key, stored in self.table.cases.items() if stored.due and not self._is_guarded(stored)]

    def _is_guarded(self, stored: StoredCase) -> bool:
        shard, key, now = shard_of(stored.key), str(stored.key), self.clock.now()
        swept = self.table.cursors.get(shard)
        latest = max(stored.due or now, now)
        ahead = (at for at, name in self.table.pointers[shard] if name == key and (not swept or at >= swept - OVERLAP))
        if any(at <= latest for at in ahead):
            return True
        waiting = [body for _, _, body, _ in self.later]
        waiting += [body for lane in Lane for _, body, at in self.queue.later[lane] if at <= now]
        return any(is_wake_of(body, key) for body in waiting)


def is_wake_of(body: str, key: str) -> bool:
    """Whether a message lets a case look at the clock."""
    return '"type":"deadline_reached"' in body and f'"about":"{key}"' in body
