"""What has to happen so that each of our own metrics breaks its alarm, or does not: the product's own code, on fakes.

A scene runs once per period, with `broken` true or false, and whatever the code prints is its evidence.
"""

import base64
import json
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.onboard_merchant import handler as onboarding
from functions.receive_webhook import handler as door
from functions.send_notification import handler as notifier
from functions.watch_deadlines import handler as clockwork
from infra.catalog import FUNCTIONS
from infra.vendors import KINDS, polled, vendors_of
from shared import wiring
from shared.adapters import vendors
from shared.domain.commands import (
    AssignSession,
    EndTrial,
    FetchOrder,
    InterceptParcel,
    PostMessage,
    QueryTracking,
    StopOrder,
)
from shared.domain.events import InterceptionAccepted, InterceptionRefused
from shared.domain.keys import order_key, parcel_key
from shared.domain.merchant import Standing
from shared.domain.messages import write_message
from shared.domain.parcel import InterceptionPhase, Progress
from shared.domain.policy import Trial
from shared.domain.session import Holder
from shared.domain.why import Why
from shared.domain.wire import HttpReply, Push
from shared.errors import Permanent, Retryable, Throttled
from shared.ports import StoredCase
from shared.settings import Settings
from shared.telemetry import Telemetry
from shared.workflows.count_pushes import PushCounter
from shared.workflows.handle_event import handle_event
from shared.workflows.meter import Meter
from shared.workflows.page_operators import page_operators
from shared.workflows.poll_sources import Source, Way, poll_source
from shared.workflows.receive_push import write_raw_push
from shared.workflows.take_batch import PAST, Delivery, Past
from shared.workflows.take_call import Caller, take_call
from shared.workflows.take_message import take_message
from tests.fakes import (
    FakeAccounts,
    FakeCallTokens,
    FakeCaseStore,
    FakeClock,
    FakeDeliveries,
    FakeDueIndex,
    FakeHttp,
    FakeLedger,
    FakePolicyStore,
    FakeQueue,
    FakeRoutingReports,
    FakeScores,
    FakeTable,
)
from tests.unit.rules.build import MERCHANT, NOW, ORDER, REFUND_KEY, order, policy, progressed, reported
from tests.unit.rules.parcels import accepted, answer
from tests.unit.workflows.joining import House, Stack

DAYTIME = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # eleven in the morning in China
OK = HttpReply(200, b"{}")
ABOUT = {"merchant": MERCHANT, "reply_to": REFUND_KEY, "why": Why(rule="r", policy_version=1), "command_id": "c"}
Scene = Callable[[bool], None]


class World:
    """Fakes for everything that is outside, and a voice that prints."""

    def __init__(self, patch: pytest.MonkeyPatch, function: str = "") -> None:
        self.patch = patch
        self.telemetry = Telemetry(function)
        self.clock = FakeClock(DAYTIME)
        self.table = FakeTable()
        self.table.policies[MERCHANT] = policy()
        self.store = FakeCaseStore(self.table)
        self.queue = FakeQueue(self.table)
        self.calls = 0

    def wire(self, **parts: Any) -> None:
        """Let handlers find these parts; the voice and the clock are always there."""
        for name, part in {"telemetry": self.telemetry, "clock": self.clock, **parts}.items():
            self.patch.setattr(wiring, name, lambda *_, part=part: part)

    def call(self, command: Any, end: Any, takes: timedelta = timedelta(0)) -> None:
        """Carry a command out at a vendor that ends it so, after some time."""

        def answers(*_: Any) -> Any:
            yield SimpleNamespace(method="POST", url="sim://vendor")
            if isinstance(end, Exception):
                raise end
            return end

        def slow(_: Any) -> HttpReply:
            self.clock.advance(takes)
            return OK

        vendor = SimpleNamespace(carry_out=answers, find_out=answers)
        anybody = SimpleNamespace(account=lambda merchant, name: {})
        caller = Caller(
            anybody,
            FakeHttp(slow),
            FakeLedger(self.table),
            self.queue,
            self.clock,
            find_vendor=lambda *_: vendor,
            find_standing=lambda _: Standing.ACTIVE,
            meter=Meter(FakeCallTokens(self.table), self.clock),
        )
        self.calls += 1
        fresh = command.model_copy(update={"command_id": f"c{self.calls}"})
        with suppress(Retryable):
            take_call(Delivery(write_message(fresh), 1), caller, self.telemetry)


def bugs(patch: pytest.MonkeyPatch, function: str) -> Scene:
    """A message that nobody understands, given to the function's own handler."""
    world = World(patch, f"huhang-{function}")
    world.wire(deliveries=lambda *_: None, case_store=world.store, unknown_pushes=None, queue=world.queue, caller=None)
    if function == "page_operators":
        return lambda broken: _page(world, broken)
    handler = __import__(f"functions.{function}.handler", fromlist=["handler"]).handler

    def scene(broken: bool) -> None:
        bodies = ['{"type":"nobody-knows"}'] if broken else []
        attributes = {"ApproximateReceiveCount": "1"}
        records = [{"messageId": "m1", "receiptHandle": "h", "body": body, "attributes": attributes} for body in bodies]
        handler({"Records": records}, None)

    return scene


def waiting(patch: pytest.MonkeyPatch, function: str) -> Scene:
    """A message that is put off once more, first sent hours ago or just now, by the function's own handler."""
    world = World(patch, f"huhang-{function}")
    patch.setattr(world.store, "load", _busy)
    spec = next(spec for spec in FUNCTIONS if spec.name == function)
    vendor = next((vendors_of(kind)[0] for kind, lane in KINDS.items() if lane is spec.consumes), "")
    body = write_message(_command_to(vendor) if vendor else reported())
    world.wire(
        deliveries=FakeDeliveries(),
        case_store=world.store,
        unknown_pushes=None,
        queue=world.queue,
        caller=SimpleNamespace(call=_busy),
    )
    handler = __import__(f"functions.{function}.handler", fromlist=["handler"]).handler

    def scene(broken: bool) -> None:
        now_ms = int(world.clock.now().timestamp() * 1000)
        first_ms = now_ms - (3 * 3_600_000 if broken else 1_000)
        times = {"SentTimestamp": str(now_ms), "ApproximateFirstReceiveTimestamp": str(now_ms)}
        record = {
            "messageId": "m1",
            "receiptHandle": "h",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", **times},
            "messageAttributes": {PAST: {"stringValue": str(Past(first_ms, tries=9))}},
        }
        handler({"Records": [record]}, None)

    return scene


def _busy(*_: Any, **__: Any) -> Any:
    raise Retryable("busy", timedelta(seconds=1))


def _page(world: World, broken: bool) -> None:
    """An alarm, and a robot that is not there any more."""
    answers = {"errcode": 300005 if broken else 0, "errmsg": ""}
    http = FakeHttp(lambda request: HttpReply(200, json.dumps(answers).encode()))
    alarm = json.dumps({"AlarmName": "a", "NewStateValue": "ALARM"})
    robots = {"dingtalk": {"access_token": "t"}}
    page_operators(
        [alarm], robots, find_channel=wiring.find_channel, http=http, clock=world.clock, telemetry=world.telemetry
    )
    world.telemetry.flush()


def joining(patch: pytest.MonkeyPatch, _: str) -> Scene:
    """A merchant's stack, and an office that breaks."""
    world = World(patch, "huhang-onboard_merchant")
    house = House()
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 200_000)

    def broken_office(_: Any) -> Any:
        raise ZeroDivisionError

    def scene(broken: bool) -> None:
        world.wire(http=FakeHttp(lambda request: OK), office=house.office())
        if broken:
            world.patch.setattr(wiring, "office", broken_office)
        onboarding.handler(Stack(house).event("Create"), context)

    return scene


def sweep_lag(patch: pytest.MonkeyPatch, _: str) -> Scene:
    """A clock that was away for an hour, and cannot catch up in one tick."""
    world = World(patch)
    world.wire(due_index=FakeDueIndex(world.table), wide_queue=world.queue, settings=Settings(), policy_changes=None)
    patch.setattr(clockwork, "spread_policies", lambda *_, **__: 0)

    def scene(broken: bool) -> None:
        index = FakeDueIndex(world.table)
        for shard in range(index.shards):
            index.advance(shard, DAYTIME - timedelta(hours=1))
        patch.setattr("shared.workflows.watch_deadlines.SWEEPS_FOR", timedelta(0 if broken else 20))
        clockwork.handler({}, None)

    return scene


def polls(patch: pytest.MonkeyPatch, vendor: str) -> Scene:
    """A source that does not answer."""
    world, [module] = World(patch), wiring.find_vendors(vendor)
    cursors = SimpleNamespace(get=lambda *_: None, put=lambda *_: None)
    account = dict.fromkeys(("app_key", "app_secret", "access_token", "shop_id"), "1")

    def scene(broken: bool) -> None:
        listing = module.list_events if broken else (lambda *_: iter(()))
        http = FakeHttp(lambda request: HttpReply(503, b""))
        source = Source(MERCHANT, vendor, account, listing if broken else _nothing_new)
        meter = Meter(FakeCallTokens(world.table), world.clock)
        poll = poll_source(source, Way(http, meter, lambda _: None, world.queue, cursors, world.clock))
        world.telemetry.polled(*poll)
        world.telemetry.flush()

    return scene


def _nothing_new(*_: Any) -> Any:
    yield SimpleNamespace(method="GET", url="sim://vendor")
    return []


def _command_to(vendor: str) -> Any:
    kind = next(kind for kind in KINDS if vendor in vendors_of(kind))
    if vendor == "chat":
        return AssignSession(**ABOUT, channel="chat", session_id="s", holder=Holder.BOT, token=1)
    commands: dict[str, Callable[[], Any]] = {
        "platforms": lambda: FetchOrder(**ABOUT, platform=vendor, order_id=ORDER),
        "couriers": lambda: QueryTracking(**ABOUT, source=vendor, carrier="zto", waybill="1"),
        "erps": lambda: StopOrder(**ABOUT, erp=vendor, platform="sim", refund_id="R", order_id=ORDER, whole=True),
        "channels": lambda: PostMessage(**ABOUT, channel=vendor, account=vendor, group="desk", title="t", text="t"),
    }
    return commands[kind]()


def vendor(patch: pytest.MonkeyPatch, name: str) -> Scene:
    """A vendor that is busy, that takes its time, that wants fewer calls, or that says no."""
    who, _, how = name.rpartition("-")
    ends: dict[str, Exception | None] = {
        "errors": Retryable("busy", timedelta(seconds=1)),
        "throttles": Throttled("http 429", timedelta(seconds=60)),
        "refuses": Permanent("token", "expired"),
        "slow": None,
    }

    def scene(broken: bool) -> None:
        world = World(patch)  # a new ledger: every command is a new one
        takes = timedelta(seconds=6 if broken and how == "slow" else 0.2)
        world.call(_command_to(who), ends[how] if broken and ends[how] else Permanent("other", ""), takes)
        if not (broken and how == "refuses"):
            world.call(_command_to(who), _fine())
        world.telemetry.flush()

    return scene


def _fine() -> Any:
    return InterceptionAccepted(merchant=MERCHANT, carrier="zto", waybill="1", answers="c", number="")


def refused(patch: pytest.MonkeyPatch, name: str) -> Scene:
    """Pushes of a shop: with a wrong secret, from yesterday, in an unknown form, or after its secret is lost."""
    world = World(patch)
    secret = "whsec_" + base64.b64encode(b"0" * 32).decode()
    accounts: dict[str, dict[str, dict[str, str]]] = {MERCHANT: {"selfbuilt": {"secret": secret}}}
    if name == "merchants":
        accounts[MERCHANT] = {}
    aws = SimpleNamespace(send_message=lambda *_: "id", answering_within=lambda _: nullcontext())
    world.wire(accounts=FakeAccounts(accounts), signed_aws=aws, settings=Settings(), push_counter=PushCounter())
    body = "[1]" if name == "malformed" else "{}"
    usual, unusual = {"lasting": (0, 1), "malformed": (0, 7)}.get(name, (1, 100))

    def scene(broken: bool) -> None:
        stamp = world.clock.now() - (timedelta(days=1) if name == "timestamps" else timedelta(0))
        headers = {"webhook-id": "m", "webhook-timestamp": str(int(stamp.timestamp())), "webhook-signature": "v1,AAAA"}
        if name in ("timestamps", "malformed"):
            from standardwebhooks import Webhook

            headers["webhook-signature"] = Webhook(secret).sign("m", stamp, body)
        for _ in range(unusual if broken else usual):
            door.handler(
                {"pathParameters": {"source": "selfbuilt", "merchant_id": MERCHANT}, "headers": headers, "body": body},
                None,
            )

    return scene


def unknown(patch: pytest.MonkeyPatch, _: str) -> Scene:
    """A push of Douyin's whose tag nobody has taught us."""
    world = World(patch)
    kept = SimpleNamespace(keep=lambda *_: None)

    def scene(broken: bool) -> None:
        tag = json.dumps([{"tag": "99999", "msg_id": "1:99999", "data": "{}"}] if broken else [])
        push = write_raw_push("douyin", MERCHANT, Push({"content-type": "application/json"}, {}, tag.encode()), NOW)
        for _ in range(7):
            fates = take_message(
                push, store=world.store, clock=world.clock, find_source=vendors.find_source, unknown=kept
            )
            for fate in fates:
                world.telemetry.fate(*fate)
        world.telemetry.flush()

    return scene


def interceptions(patch: pytest.MonkeyPatch, name: str) -> Scene:
    """Couriers that refuse, or that promise and then deliver."""
    about = {"merchant": MERCHANT, "carrier": "zto", "waybill": "W1"}

    def asked(broken: bool) -> None:
        world = World(patch)
        refusal = InterceptionRefused(**about, answers="c", code="E1", text="no", retry_after_scan=False)
        fine = InterceptionAccepted(**about, answers="c", number="")
        world.call(InterceptParcel(**ABOUT, carrier="zto", waybill="W1"), refusal if broken else fine)
        world.telemetry.flush()

    def ended(broken: bool) -> None:
        world, run = World(patch), accepted()
        case = run.case
        key = parcel_key(MERCHANT, case.carrier, case.waybill)
        world.table.cases[key] = StoredCase(key, 1, case)
        news = answer(run, "reported", state="failed" if broken else "succeeded")
        handle_event(news, world.store, world.clock, world.telemetry.counted)
        world.telemetry.flush()

    return asked if name == "refused" else ended


def falling(patch: pytest.MonkeyPatch, _: str) -> Scene:
    """A month of interceptions that couriers accepted, and hours in which they refuse two in five."""
    from functions.fold_scores import handler as folding

    world = World(patch)
    world.wire(scores=FakeScores(world.table), routing_reports=FakeRoutingReports(world.table))

    def scene(broken: bool) -> None:
        phases = [("accepted", 9 * 24)] * 40 + [("accepted", 1)] * 12 + [("refused" if broken else "accepted", 1)] * 8
        for number, (phase, hours) in enumerate(phases):
            case, asked_at = accepted().case, world.clock.now() - timedelta(hours=hours)
            promised_at = asked_at if phase == "accepted" else None
            mine = {"phase": InterceptionPhase(phase), "requested_at": asked_at, "accepted_at": promised_at}
            case = case.model_copy(update={"interception": case.interception.model_copy(update=mine)})
            key = parcel_key(MERCHANT, "zto", f"W{number}")
            world.table.cases[key] = StoredCase(key, 1, case)
        folding.handler({}, None)

    return scene


def budget(patch: pytest.MonkeyPatch, _: str) -> Scene:
    """A refund that is agreed when nearly everything has been drawn before."""

    def scene(broken: bool) -> None:
        world = World(patch)
        world.clock = FakeClock(NOW)
        key = order_key(MERCHANT, "sim", ORDER)
        world.table.cases[key] = StoredCase(key, 1, order("W1"))
        world.table.budgets[MERCHANT, NOW.date()] = (450_000 if broken else 0, 0)
        for event in (reported(), progressed(Progress.SUCCEEDED), reported(answers=f"{REFUND_KEY}#1")):
            handle_event(event, world.store, world.clock, world.telemetry.counted)
        world.telemetry.flush()

    return scene


def trial(patch: pytest.MonkeyPatch, _: str) -> Scene:
    """A policy on trial whose budget is used up; and one that somebody else has replaced."""
    world = World(patch)
    policies = FakePolicyStore(world.table)
    world.wire(policy_store=policies, deliveries=None)
    world.table.policies.clear()
    policies.put_policy(policy(version=1))

    def scene(broken: bool) -> None:
        until = Trial(until=DAYTIME + timedelta(days=1), amount_max_fen=1, count_max=1)
        version = policies.version(MERCHANT) + 1
        policies.put_policy(policy(version=version, trial=until if broken else None))
        end = EndTrial(**ABOUT, version=version)
        attributes = {"ApproximateReceiveCount": "1"}
        record = {"messageId": "m", "receiptHandle": "h", "body": write_message(end), "attributes": attributes}
        notifier.handler({"Records": [record]}, None)

    return scene


def silence(patch: pytest.MonkeyPatch, source: str) -> Scene:
    """A clock that awaits pushes, and a door at which nobody knocks."""
    world, counter = World(patch), PushCounter()
    world.wire(
        due_index=FakeDueIndex(world.table),
        wide_queue=world.queue,
        settings=Settings(talking_sources=(source,)),
        policy_changes=None,
    )
    patch.setattr(clockwork, "spread_policies", lambda *_, **__: 0)

    def scene(broken: bool) -> None:
        clockwork.handler({}, None)
        if not broken:
            sys.stdout.write(json.dumps(counter.accepted(source, world.clock.now())))
        world.clock.advance(timedelta(minutes=5))

    return scene


def scenes() -> dict[str, tuple[Callable[[pytest.MonkeyPatch, str], Scene], str]]:
    """Give for every alarm on our own metrics what trips it, and the word that the scene is told."""
    consumers = [spec.name for spec in FUNCTIONS if spec.consumes]
    named: dict[str, tuple[Callable[[pytest.MonkeyPatch, str], Scene], str]] = {
        "sweep-lag": (sweep_lag, ""),
        "signatures-refused": (refused, "signatures"),
        "signatures-refused-lasting": (refused, "lasting"),
        "timestamps-refused": (refused, "timestamps"),
        "pushes-malformed": (refused, "malformed"),
        "merchants-unknown": (refused, "merchants"),
        "events-unknown": (unknown, ""),
        "interceptions-refused": (interceptions, "refused"),
        "interceptions-failing": (interceptions, "failing"),
        "interceptions-falling": (falling, ""),
        "budget-near-end": (budget, ""),
        "trial-ended": (trial, ""),
        **{f"{name}-bugs": (bugs, name) for name in (*consumers, "page_operators")},
        **{f"{name}-waiting": (waiting, name) for name in consumers},
        "onboard_merchant-bugs": (joining, ""),
        **{f"polls-{name}": (polls, name) for name in polled()},
        **{f"silence-{name}": (silence, name) for name in ("douyin", "zto")},
    }
    for kind in KINDS:
        for name in vendors_of(kind):
            hows = ("errors", "slow", "throttles", "refuses")
            named |= {f"vendor-{name}-{how}": (vendor, f"{name}-{how}") for how in hows}
    return named
