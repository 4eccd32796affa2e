"""The sandbox's whole state: tables, time, numbers, and what is due when.

Every change is made in one go between two awaits, so nothing here needs a lock.
"""

import heapq
from datetime import datetime
from typing import Literal

from infra.local.sandbox.clock import Clock
from infra.local.sandbox.records import (
    Answered,
    Call,
    Counter,
    Due,
    ErpOrder,
    ErpReceipt,
    Fault,
    Merchant,
    Order,
    Parcel,
    Push,
    Refund,
    RobotMessage,
)
from infra.local.sandbox.store import Store, Table
from infra.local.sandbox.tracking_records import BuyerMessage, Subscription, TrackQuery, WorkOrder

CALLS_MAX = 5000
PUSHES_MAX = 5000
MESSAGES_MAX = 1000
ANSWERS_MAX = 5000
QUERIES_MAX = 5000


class Refused(Exception):
    """The world does not allow this. `code` is in the vendor's own words where it has some."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class World:
    """All that exists outside of huhang."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self.now = clock
        self._store = store
        self.merchants = Table("merchant", Merchant)
        self.orders = Table("order", Order)
        self.erp_orders = Table("erp_order", ErpOrder)
        self.receipts = Table("receipt", ErpReceipt)
        self.parcels = Table("parcel", Parcel)
        self.refunds = Table("refund", Refund)
        self.subscriptions = Table("subscription", Subscription)
        self.track_queries = Table("track_query", TrackQuery, QUERIES_MAX)
        self.work_orders = Table("work_order", WorkOrder)
        self.buyer_messages = Table("buyer_message", BuyerMessage)
        self.faults = Table("fault", Fault)
        self.dues = Table("due", Due)
        self.pushes = Table("push", Push, PUSHES_MAX)
        self.calls = Table("call", Call, CALLS_MAX)
        self.messages = Table("message", RobotMessage, MESSAGES_MAX)
        self.answered = Table("answered", Answered, ANSWERS_MAX)
        self.counters = Table("counter", Counter)
        self.recent_calls: dict[str, list[datetime]] = {}  # per rate limit; forgotten on restart
        for table in self._tables():
            store.load(table)
        self._heap: list[tuple[datetime, int]] = [(due.at, int(due.key)) for due in self.dues]
        heapq.heapify(self._heap)

    def _tables(self) -> list[Table]:  # type: ignore[type-arg]  # a list of tables of different rows
        return [table for table in vars(self).values() if isinstance(table, Table)]

    def save(self) -> None:
        """Write every change to the file."""
        for table in self._tables():
            self._store.save(table)
        self._store.commit()

    def reset(self, keep_merchants: bool = False) -> None:
        """Forget everything but the counters, so that numbers never come twice."""
        for table in self._tables():
            if table is self.counters or (keep_merchants and table is self.merchants):
                continue
            table.clear()
        self._heap.clear()
        self.recent_calls.clear()
        self.save()

    def next_number(self, name: str = "id", first: int = 1) -> int:
        """Give a number that this name has never had before."""
        counter = self.counters.get(name) or Counter(key=name, value=first - 1)
        counter.value += 1
        self.counters.put(counter)
        return counter.value

    def schedule(self, at: datetime, kind: str, subject: str, number: int = 0) -> None:
        """Let something happen by itself at an instant."""
        key = self.next_number("due")
        self.dues.put(
            Due.model_validate({"key": str(key), "at": at, "kind": kind, "subject": subject, "number": number})
        )
        heapq.heappush(self._heap, (at, key))

    def pop_due(self, until: datetime) -> Due | None:
        """Take the earliest thing that is due by then; equal instants keep the order in which they were planned."""
        while self._heap and self._heap[0][0] <= until:
            _, key = heapq.heappop(self._heap)
            due = self.dues.get(str(key))
            if due is not None:
                self.dues.drop(due.key)
                return due
        return None

    def peek_due(self, until: datetime) -> Due | None:
        """Look at what `pop_due` would give."""
        if not self._heap or self._heap[0][0] > until:
            return None
        return self.dues.get(str(self._heap[0][1]))

    def next_due_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def find_parcel(self, waybill: str) -> Parcel | None:
        """Find a parcel by its first number or by that of its way back."""
        direct = self.parcels.get(waybill)
        return direct or next((parcel for parcel in self.parcels if parcel.return_waybill == waybill), None)

    def parcels_of(self, order_id: str) -> list[Parcel]:
        return [parcel for parcel in self.parcels if any(line.order_id == order_id for line in parcel.lines)]

    def subscriptions_to(self, waybill: str) -> list[Subscription]:
        """Find who ever wanted this number's scans, the earliest first."""
        return [one for one in self.subscriptions if one.waybill == waybill]

    def erp_orders_of(self, order_id: str) -> list[ErpOrder]:
        return [order for order in self.erp_orders if order.so_id == order_id]

    def find_merchant(
        self, vendor: Literal["douyin", "zto", "kuaidi100", "jushuitan", "dingtalk"], field: str, value: str
    ) -> Merchant | None:
        """Find the shop whose account at this vendor has this key."""
        for merchant in self.merchants:
            account = getattr(merchant, vendor)
            if account is not None and getattr(account, field) == value:
                return merchant
        return None
