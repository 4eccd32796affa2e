"""Every function of the system: what wakes it, what it may touch, what it means when it fails.

The stack makes the functions from this table and defines none of them itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from shared.domain.lanes import INBOXES, Lane

_DECIDE = ("BatchGetItem", "GetItem", "PutItem", "UpdateItem", "DeleteItem")
"""Load a case, save it with its pointer and the day's budget, enter it into the register of those that need people."""
_CALL = ("GetItem", "UpdateItem")
"""Ask for a merchant's standing, claim a command, record how it ended."""


CLOCK = "watch_deadlines"
"""The function that others may ring for."""

LOST_TICKS = "ticks"
UNANSWERED = "joining"  # stacks of merchants that were not answered
"""The kind of dead letters that tell of a scheduled function that did not run, or failed."""


class Trigger(Enum):
    """What wakes a function."""

    HTTP = "http"
    SCHEDULE = "schedule"
    QUEUE = "queue"
    STREAM = "stream"
    ALARMS = "alarms"
    STACKS = "stacks"  # merchants' own CloudFormation stacks


@dataclass(frozen=True, slots=True)
class Changes:
    """Which changes of the table a function is woken for, and how patiently. No more than two functions may read it."""

    name: str  # construct id of the mapping
    images: tuple[Mapping[str, Any], ...]  # what the new image must be, one of these, as Lambda filters events
    age_max: timedelta  # after that a change is given up
    dead_letters: str  # the kind of queue that is told of it
    given_up_means: str  # one sentence, for whoever is paged
    gathered_for: timedelta = timedelta(0)  # a batch may wait so long until it is full


@dataclass(frozen=True, slots=True)
class Door:
    """By which routes of the HTTP API a function is reached, and how it knows who may come in."""

    routes: tuple[str, ...]
    guard: str  # one sentence, for whoever audits an API without authorizers
    rate_max: int  # requests a second, of all its routes each; twice as many at a moment
    share: float = 1.0  # of `webhook_concurrency`, if that is given: no door's flood closes another


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function. Its name is its folder, construct id, log group, metric dimension and alarm prefix."""

    name: str
    trigger: Trigger
    failure_means: str  # one sentence, for whoever is paged
    every: timedelta | None = None  # schedules only
    consumes: Lane | None = None  # queues only
    changes: Changes | None = None  # streams only
    door: Door | None = None  # HTTP only
    concurrency_max: int = 10  # invocations at a time, of each of the lane's two queues; queues only
    sends_to: tuple[Lane, ...] = ()
    table_actions: tuple[str, ...] = ()
    reads_secrets: bool = False
    rings_clock: bool = False  # it wakes the clock before its tick
    awaits_pushes: bool = False  # it counts zeros for the sources that always talk
    keeps_history: bool = False
    onboards: bool = False  # reads what merchants offer, and writes the secrets that all others read
    calls_vendors: bool = False
    asks_model: bool = False  # of the deployment, if it names one
    batch_max: int = 10  # messages or changes per invocation; a vendor's slowness delays only its own command
    timeout: timedelta = timedelta(seconds=20)
    memory_mib: int = 512

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The queues it must know: those it sends to, and its own, whose messages it can put off."""
        own = () if self.consumes is None or self.consumes in self.sends_to else (self.consumes,)
        return self.sends_to + own


FUNCTIONS: tuple[FunctionSpec, ...] = (
    FunctionSpec(
        "receive_webhook",
        Trigger.HTTP,
        "Vendors' pushes are being refused with an error, and vendors stop retrying after a while.",
        door=Door(
            (
                "POST /webhooks/{source}/{merchant_id}",
                "POST /webhooks/{source}/{merchant_id}/{token}",
            ),
            guard="Vendors sign their pushes; the function verifies every one.",
            rate_max=1_000,
        ),
        sends_to=INBOXES,
        reads_secrets=True,
        timeout=timedelta(seconds=10),
        memory_mib=256,
    ),
    FunctionSpec(
        "show_board",
        Trigger.HTTP,
        "The desk cannot see or take its open tickets; they are still told to the groups.",
        door=Door(
            (
                "GET /v1/merchants/{merchant_id}/tickets",
                "GET /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}",
                "GET /v1/merchants/{merchant_id}/scores",
                "GET /v1/merchants/{merchant_id}/sources",
                "GET /v1/merchants/{merchant_id}/routing",
                "GET /v1/merchants/{merchant_id}/transfers",
                "GET /v1/merchants/{merchant_id}/sessions/{channel}/{session_id}",
                "POST /v1/merchants/{merchant_id}/tickets/{kind}/{case_id}/{anomaly}/take",
                "POST /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}/answers",
                "POST /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}/troubles",
                "GET /v1/openapi.json",
            ),
            guard="The function compares the merchant's own token; the description of the API is public.",
            rate_max=50,
            share=0.2,
        ),
        sends_to=(Lane.REFUNDS, Lane.PARCELS),
        table_actions=("GetItem", "BatchGetItem", "Query", "DeleteItem"),
        reads_secrets=True,
    ),
    FunctionSpec(
        "route_message",
        Trigger.HTTP,
        "Chat desktops get no answer to where a buyer's line belongs; their own rules hold until this works again.",
        door=Door(
            ("POST /v1/chat/{merchant_id}/route",),
            guard="Chat desktops sign their questions; the function verifies every one.",
            rate_max=200,
            share=0.5,
        ),
        sends_to=(Lane.CHATS,),  # what is not decided at once
        table_actions=("BatchGetItem", "PutItem"),
        reads_secrets=True,
        asks_model=True,
        timeout=timedelta(seconds=10),
    ),
    FunctionSpec(
        "onboard_merchant",
        Trigger.STACKS,
        "Merchants cannot join, change or leave: their stacks wait, and are rolled back after a quarter of an hour.",
        table_actions=("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
        onboards=True,
        calls_vendors=True,
        timeout=timedelta(minutes=4),  # it tries every account of a merchant
    ),
    FunctionSpec(
        "poll_sources",
        Trigger.SCHEDULE,
        "Platforms that do not push are not being read, so their events are late.",
        every=timedelta(minutes=5),
        sends_to=INBOXES,
        table_actions=("GetItem", "Query", "PutItem", "UpdateItem"),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=90),
    ),
    FunctionSpec(
        CLOCK,
        Trigger.SCHEDULE,
        "Deadlines are not being noticed: silent parcels and unanswered calls wait until this works again.",
        every=timedelta(minutes=1),
        sends_to=(*INBOXES, Lane.NOTIFICATIONS),
        table_actions=("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem"),
        awaits_pushes=True,
        timeout=timedelta(seconds=55),  # a sweep, and then the word of new policies
    ),
    FunctionSpec(
        "fold_scores",
        Trigger.SCHEDULE,
        "Scorecards and reports on chats are not being made; deadlines go by what couriers did when they were.",
        every=timedelta(hours=1),
        table_actions=("Scan", "PutItem", "UpdateItem"),
        timeout=timedelta(minutes=5),  # it reads the whole table
    ),
    FunctionSpec(
        "forget_merchants",
        Trigger.SCHEDULE,
        "What is stored of merchants that have left is kept longer than was promised.",
        every=timedelta(hours=6),
        table_actions=("Scan", "Query", "GetItem", "BatchWriteItem", "DeleteItem"),
        timeout=timedelta(minutes=5),  # it reads the keys of the whole table, while somebody has left
    ),
    FunctionSpec(
        "page_operators",
        Trigger.ALARMS,
        "The operators' robot does not tell alarms; only e-mails do.",
    ),
    FunctionSpec(
        "handle_refund",
        Trigger.QUEUE,
        "Refund events are failing by a bug; they are retried and then kept in the dead-letter queue.",
        consumes=Lane.REFUNDS,
        table_actions=_DECIDE,
    ),
    FunctionSpec(
        "track_parcel",
        Trigger.QUEUE,
        "Parcel events are failing by a bug; they are retried and then kept in the dead-letter queue.",
        consumes=Lane.PARCELS,
        concurrency_max=20,
        table_actions=_DECIDE,
    ),
    FunctionSpec(
        "follow_chat",
        Trigger.QUEUE,
        "Conversations are not being followed: seats are not given, and silent agents are not noticed.",
        consumes=Lane.CHATS,
        sends_to=(Lane.CHATS,),  # what is left of a push whose words have to go
        table_actions=("BatchGetItem", "PutItem"),
    ),
    FunctionSpec(
        "publish_outbox",
        Trigger.STREAM,
        "Decided commands are not reaching their queues; cases ask again when their deadlines pass.",
        changes=Changes(
            "Outboxes",
            images=({"outbox": {"S": [{"exists": True}]}}, {"rings": {"S": [{"exists": True}]}}),
            age_max=timedelta(hours=1),  # older outboxes are asked for again by the deadlines of their cases
            dead_letters="outbox",
            given_up_means="Outboxes were not published for an hour; their cases ask again when their deadlines pass.",
        ),
        sends_to=tuple(Lane),
        rings_clock=True,
        batch_max=100,
        timeout=timedelta(seconds=10),
        memory_mib=256,
    ),
    FunctionSpec(
        "archive_history",
        Trigger.STREAM,
        "What happens to cases is not being kept; after 12 hours it is missing from backtests and scorecards.",
        changes=Changes(
            "History",
            # A filter cannot look into the middle of a key: policies and digests come too, and are left out in code.
            images=({"body": {"S": [{"exists": True}]}, "sk": {"S": ["-"]}},),
            age_max=timedelta(hours=12),  # nobody asks for it again, and the stream itself forgets after 24
            dead_letters="history",
            given_up_means="States of cases were not archived; the messages name their places in the stream.",
            gathered_for=timedelta(minutes=5),  # the longest that Lambda waits; objects are what the archive costs
        ),
        keeps_history=True,
        batch_max=500,  # each may be another merchant's and so an object of its own; all must fit into the timeout
        memory_mib=256,
    ),
    FunctionSpec(
        "call_platform",
        Trigger.QUEUE,
        "Commands to platforms, among them refunds, are failing by a bug.",
        consumes=Lane.PLATFORM_CALLS,
        batch_max=1,
        sends_to=(*INBOXES, Lane.PLATFORM_CALLS),  # what it has read, and what the vendor wants later
        table_actions=_CALL,
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
        sends_to=(*INBOXES, Lane.COURIER_CALLS),  # what it has read, and what the vendor wants later
        table_actions=_CALL,
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
        sends_to=(Lane.ERP_CALLS,),  # what the vendor wants later
        table_actions=_CALL,
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
    FunctionSpec(
        "send_notification",
        Trigger.QUEUE,
        "Groups and buyers are not being told what happened.",
        consumes=Lane.NOTIFICATIONS,
        sends_to=(Lane.NOTIFICATIONS,),  # what the vendor wants later
        concurrency_max=5,
        table_actions=(*_CALL, "BatchGetItem", "PutItem"),
        reads_secrets=True,
        calls_vendors=True,
        timeout=timedelta(seconds=30),
    ),
)
