"""Every function of the system: what wakes it, what it may touch, what it means when it fails.

The stack makes the functions from this table and defines none of them itself.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from shared.domain.lanes import Lane

INBOXES = (Lane.REFUNDS, Lane.PARCELS)  # what has happened; the other lanes carry what is to be done

_LOAD = ("GetItem", "BatchGetItem", "Query")
_SAVE = ("PutItem", "UpdateItem", "ConditionCheckItem")  # a transaction needs the rights of its parts


class Trigger(Enum):
    """What wakes a function."""

    HTTP = "http"
    SCHEDULE = "schedule"
    QUEUE = "queue"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function. Its name is its folder, construct id, log group, metric dimension and alarm prefix."""

    name: str
    trigger: Trigger
    failure_means: str  # one sentence, for whoever is paged
    every: timedelta | None = None  # schedules only
    consumes: Lane | None = None  # queues only
    concurrency_max: int = 10  # invocations at a time; queues only
    sends_to: tuple[Lane, ...] = ()
    table_actions: tuple[str, ...] = ()
    reads_secrets: bool = False
    calls_vendors: bool = False
    batch_max: int = 10  # messages per invocation, queues only; a vendor's slowness delays only its own command
    timeout: timedelta = timedelta(seconds=20)
    memory_mib: int = 512

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The queues it must know: those it sends to, and its own, whose messages it can put off."""
        return self.sends_to if self.consumes is None else (*self.sends_to, self.consumes)


FUNCTIONS: tuple[FunctionSpec, ...] = (
    FunctionSpec(
        "receive_webhook",
        Trigger.HTTP,
        "Vendors' pushes are being refused with an error, and vendors stop retrying after a while.",
        sends_to=INBOXES,
        reads_secrets=True,
        timeout=timedelta(seconds=10),
        memory_mib=256,
    ),
    FunctionSpec(
        "poll_sources",
        Trigger.SCHEDULE,
        "Platforms that do not push are not being read, so their events are late.",
        every=timedelta(minutes=5),
        sends_to=INBOXES,
        table_actions=(*_LOAD, *_SAVE),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
    FunctionSpec(
        "watch_deadlines",
        Trigger.SCHEDULE,
        "Deadlines are not being noticed: silent parcels and unanswered calls wait until this works again.",
        every=timedelta(minutes=1),
        sends_to=(*INBOXES, Lane.NOTIFICATIONS),
        table_actions=(*_LOAD, *_SAVE, "DeleteItem"),
        timeout=timedelta(seconds=30),
    ),
    FunctionSpec(
        "handle_refund",
        Trigger.QUEUE,
        "Refund events are failing by a bug; they are retried and then kept in the dead-letter queue.",
        consumes=Lane.REFUNDS,
        table_actions=(*_LOAD, *_SAVE),
    ),
    FunctionSpec(
        "track_parcel",
        Trigger.QUEUE,
        "Parcel events are failing by a bug; they are retried and then kept in the dead-letter queue.",
        consumes=Lane.PARCELS,
        concurrency_max=20,
        table_actions=(*_LOAD, *_SAVE),
    ),
    FunctionSpec(
        "publish_outbox",
        Trigger.STREAM,
        "Decided commands are not reaching their queues; cases ask again when their deadlines pass.",
        sends_to=tuple(Lane),
        timeout=timedelta(seconds=10),
        memory_mib=256,
    ),
    FunctionSpec(
        "call_platform",
        Trigger.QUEUE,
        "Commands to platforms, among them refunds, are failing by a bug.",
        consumes=Lane.PLATFORM_CALLS,
        batch_max=1,
        table_actions=(*_LOAD, *_SAVE),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
    FunctionSpec(
        "call_courier",
        Trigger.QUEUE,
        "Commands to couriers, among them interceptions, are failing by a bug.",
        consumes=Lane.COURIER_CALLS,
        batch_max=1,
        table_actions=(*_LOAD, *_SAVE),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
    FunctionSpec(
        "call_erp",
        Trigger.QUEUE,
        "Commands to ERPs, among them stopping a shipment, are failing by a bug.",
        consumes=Lane.ERP_CALLS,
        batch_max=1,
        table_actions=(*_LOAD, *_SAVE),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
    FunctionSpec(
        "send_notification",
        Trigger.QUEUE,
        "Groups and buyers are not being told what happened.",
        consumes=Lane.NOTIFICATIONS,
        concurrency_max=5,
        table_actions=(*_LOAD, *_SAVE),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
)
