"""The whole loop in one process: the real handlers over moto, the sandbox as the outside world, one clock for both.

Each message is handed over alone, so that every call belongs to the event or command that caused it.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO
from typing import Any, NamedTuple

import httpx
from botocore.session import Session

from infra.catalog import FUNCTIONS
from infra.local.sandbox.app import build_app
from infra.local.sandbox.store import Store
from infra.local.sandbox.world import World
from shared import wiring
from shared.domain.lanes import Lane
from tests.benchmarks.givens import http_event, queue_event, stream_event
from tests.benchmarks.loopback import TABLE, Cloud
from tests.benchmarks.meter import Counts, Meter
from tests.fakes import FakeClock
from tests.sizes import item_size

START = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
SANDBOX = "http://127.0.0.1:4600"
CONSUMERS = {spec.consumes: spec.name for spec in FUNCTIONS if spec.consumes}


class Taken(NamedTuple):
    """One invocation: the function, what its message was about, what it called, what it logged."""

    function: str
    what: str
    counts: Counts
    lines: list[str]


class Loop:
    """One merchant, an empty table, and everything that happens, in `taken`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.clock = FakeClock(START)
        self.taken: list[Taken] = []
        self._latest: dict[str, Any] = {}
        self._runner = asyncio.Runner()
        self._store = Store(":memory:")
        self._world = World(self.clock.now, self._store)
        pushing = httpx.AsyncClient(transport=httpx.MockTransport(self._push))
        app = build_app(self._world, "http://huhang.test", pushing, ticking=False)
        self._outside = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SANDBOX)
        self.meter = Meter(wiring.aws(), TABLE)
        session = Session()
        self._tables: Any = session.create_client("dynamodb")
        self._streams: Any = session.create_client("dynamodbstreams")
        self._queues: Any = session.create_client("sqs")
        self._place = self._beginning()

    def close(self) -> None:
        """End what runs."""
        self._runner.run(self._outside.aclose())
        self._runner.close()
        self._store.close()

    def control(self, method: str, path: str, body: Any = None) -> None:
        """Make something happen outside."""
        reply = self._runner.run(self._outside.request(method, f"/control{path}", json=body or {}))
        if reply.status_code != 200:
            raise RuntimeError(reply.text)

    def ask_vendor(self, request: httpx.Request) -> httpx.Response:
        """Be the way of the callers to the vendors."""
        method, headers = request.method, request.headers
        copy = self._outside.build_request(method, request.url, headers=headers, content=request.content)
        answer = self._runner.run(self._outside.send(copy))
        return httpx.Response(answer.status_code, content=answer.content)

    def _push(self, request: httpx.Request) -> httpx.Response:
        """Be the door at which the vendors push."""
        source = request.url.path.split("/")[2]
        answer = self.invoke("receive_webhook", source, http_event(source, request.headers, request.content.decode()))
        return httpx.Response(answer["statusCode"], content=answer["body"].encode())

    def invoke(self, function: str, what: str, event: Any) -> Any:
        """Let a function take an event, and note what that cost."""
        self._latest[function] = event
        self.meter.take()
        self._cloud.calls.clear()
        with redirect_stdout(StringIO()) as output:
            answer = import_module(f"functions.{function}.handler").handler(event, None)
        if answer and answer.get("batchItemFailures"):
            raise RuntimeError(f"{function} failed on {what}: {output.getvalue()}")
        counts = self.meter.take()
        counts.calls += self._cloud.calls
        self.taken.append(Taken(function, what, counts, output.getvalue().splitlines()))
        return answer

    def repeat(self, function: str) -> Taken:
        """Deliver a function's latest event once more."""
        self.invoke(function, "again", self._latest[function])
        return self.taken[-1]

    def settle(self) -> None:
        """Hand over messages and changes of the table until nothing moves."""
        while bodies := [*self._from_door(), *self._from_queues()]:
            for lane, body in bodies:
                self.invoke(CONSUMERS[lane], json.loads(body)["type"], queue_event([body]))
                self._publish()

    def live(self, until: timedelta) -> None:
        """Let time pass from one thing that is due to the next."""
        end = START + until
        while self.clock.now() < end:
            self._runner.run(self._outside.post("/control/tick", json={}))
            self.settle()
            for schedule in ("watch_deadlines", "poll_sources"):
                self.invoke(schedule, "tick", {})
                self.settle()
            known = [self._world.next_due_at(), *self._dues(), end]
            following = min(at for at in known if at is not None and at > self.clock.now())
            self.clock.advance(following - self.clock.now())

    def sizes(self, without: str = "") -> dict[str, int]:
        """Give each item's size in bytes, but for one attribute."""
        items = self._tables.scan(TableName=TABLE)["Items"]
        return {
            item["pk"]["S"]: item_size({name: value for name, value in item.items() if name != without})
            for item in items
        }

    def _dues(self) -> list[datetime]:
        items = self._tables.scan(TableName=TABLE, ProjectionExpression="due")["Items"]
        return [datetime.fromtimestamp(int(item["due"]["N"]) / 1000, UTC) for item in items if "due" in item]

    def _beginning(self) -> str:
        arn = self._streams.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
        shard = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        place = self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return str(place["ShardIterator"])

    def _publish(self) -> None:
        found = self._streams.get_records(ShardIterator=self._place)
        self._place, fresh = found["NextShardIterator"], found["Records"]
        outboxes = [record["dynamodb"].get("NewImage", {}).get("outbox", {}).get("S") for record in fresh]
        if any(outboxes):  # the event source mapping passes only these
            self.invoke("publish_outbox", "stream", stream_event([outbox for outbox in outboxes if outbox]))

    def _from_door(self) -> Iterator[tuple[Lane, str]]:
        while self._cloud.sent:
            url, body = self._cloud.sent.pop(0)
            yield Lane(url.rpartition("/")[2]), body

    def _from_queues(self) -> Iterator[tuple[Lane, str]]:
        for lane in Lane:
            url = wiring.settings().queue_url(lane)
            while found := self._queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in found:
                    self._queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    yield lane, message["Body"]
