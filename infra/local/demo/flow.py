"""Is everything quiet, and has everything arrived? Queues, the table's stream and the functions' logs, put together.

Quiet: no message waits or is being handled (postponed ones have told so in the logs), and every letter of the stream
has been published. Arrived: as many fates were recorded as events were accepted, found, woken and told.

Under load the emulator gives up on a worker's lines after 50 ms and may never show them: an invocation that ended
without a line is silent, and what it did is not known. It says "REPORT" in any case.
"""

import json
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.catalog import FUNCTIONS
from infra.local.cloud import LocalCloud
from infra.local.demo.chronicle import Chronicle
from infra.local.deployment import STACK
from shared.domain.events import Event
from shared.domain.lanes import ASIDE
from shared.domain.messages import Message, parse_message
from shared.errors import HuhangError

PATIENCE_S = 45.0
LOOK_EVERY_S = 0.03  # more often takes the time away from those who are looked at
LATE_MS = 10_000  # a log line may be stored this much later than an earlier one
SILENCE_S = 5.0  # so long a letter of a silent invocation is waited for
FATES = ("handled", "repeated", "ignored", "unknown")
CONSUMERS = ("handle_refund", "track_parcel", "follow_chat", "send_notification")
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NeverQuiet(HuhangError):
    """The cloud does not come to rest; the message says what moves."""


@dataclass
class Counted:
    """What the logs and the stream told since the flow is watched."""

    letters: int = 0
    own_events: int = 0
    published: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    polled: int = 0
    woken: int = 0
    asked: int = 0  # buyers' lines that were put on the queue
    set_aside: Counter[str] = field(default_factory=Counter)  # message id: postponed or failed so often
    rules: dict[str, list[str]] = field(default_factory=dict)  # case: the rules behind its commands, in order
    failed: list[str] = field(default_factory=list)
    poll_failures: list[str] = field(default_factory=list)
    ended: dict[str, set[str]] = field(default_factory=dict)  # function: its invocations, by their log streams
    spoken: dict[str, set[str]] = field(default_factory=dict)  # those of them that said anything

    def silent(self, *names: str) -> int:
        """Count the invocations of functions of which no line is known."""
        return sum(len(self.ended.get(name, set()) - self.spoken.get(name, set())) for name in names)


class Flow:
    """Watches what flows through a local cloud, from its making on."""

    def __init__(self, cloud: LocalCloud, table: str, chronicle: Chronicle) -> None:
        self.seen = Counted()
        self.chronicle = chronicle
        self._clock = cloud.clock
        self._forgiven = 0  # silent invocations whose letters are taken for published
        self._messages_url = f"{cloud.endpoint}/_ministack/sqs/messages"
        self._logs = cloud.client("logs")
        self._since_ms = {spec.name: int(time.time() * 1000) for spec in FUNCTIONS}
        self._lines: dict[str, Counter[tuple[str, int, str]]] = {spec.name: Counter() for spec in FUNCTIONS}
        self._streams = cloud.client("dynamodbstreams")
        arn = cloud.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        self._iterators = [
            self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST")[
                "ShardIterator"
            ]
            for shard in shards
        ]

        for message in (one for waiting in self._queues().values() for one in waiting if not one["IsVisible"]):
            self.seen.set_aside[message["MessageId"]] = message["ReceiveCount"]  # postponed before we came

    def settle(self) -> None:
        """Wait until nothing moves: two looks in a row that found nothing new.

        Raises:
            NeverQuiet: it still moves after a while.
        """
        began = time.monotonic()
        last: tuple[int, int] | None = None
        while True:
            busy = self.busy()
            if not busy:
                self._read_stream()
                if self.seen.letters > self.seen.published:
                    self.read_logs("publish_outbox")
            look = (self.seen.letters, self.seen.published)
            took_s = time.monotonic() - began
            silent = took_s > SILENCE_S and self.seen.silent("publish_outbox") > self._forgiven
            if not busy and (look[0] <= look[1] or silent):
                if last == look:
                    self._forgiven = self.seen.silent("publish_outbox")
                    self.seen.published = max(look)
                    return
                last = look
                continue
            last = None
            if took_s > PATIENCE_S:
                raise NeverQuiet(f"{busy or 'the stream'} still moves: {look[0]} letters, {look[1]} published")
            time.sleep(LOOK_EVERY_S)

    def count(self) -> Counted:
        """Read all logs and give the sums."""
        for spec in FUNCTIONS:
            self.read_logs(spec.name)
        return self.seen

    def read_logs(self, name: str) -> None:
        """Take the new lines of a function."""
        since, known = self._since_ms[name], self._lines[name]
        window: Counter[tuple[str, int, str]] = Counter()
        query: dict[str, Any] = {"logGroupName": f"/huhang/{STACK}/{name}", "startTime": since, "limit": 10_000}
        try:
            events = self._logs.filter_log_events(**query)["events"]
        except self._logs.exceptions.ResourceNotFoundException:
            return
        for event in events:
            window[event["logStreamName"], event["timestamp"], event["message"]] += 1
        for (stream, _, message), times in (window - known).items():
            if message.startswith("REPORT"):
                self.seen.ended.setdefault(name, set()).add(stream)
            elif not message.startswith(("START", "END")):
                self.seen.spoken.setdefault(name, set()).add(stream)
            for _ in range(times):
                self._take_line(name, message)
        newest = max((key[1] for key in window), default=since)
        self._since_ms[name] = max(since, newest - LATE_MS)
        self._lines[name] = Counter({key: n for key, n in window.items() if key[1] >= self._since_ms[name]})

    def _take_line(self, name: str, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            return
        message, seen = line.get("message") if isinstance(line, dict) else None, self.seen
        if name in CONSUMERS and message in FATES:
            seen.fates[message] += 1
        elif name == "receive_webhook" and message == "webhook":
            seen.answers[int(line["status"])] += 1
        elif message == "published":
            seen.published += int(line["count"])
        elif message == "polled":
            seen.polled += int(line["count"])
            seen.poll_failures += [f"{line['source']}: {line['reason']}"] if "reason" in line else []
        elif message == "route":
            seen.asked += bool(line.get("queued"))
        elif message == "swept":
            seen.woken += int(line["woken"])
        elif message in ("postponed", "failed"):
            seen.set_aside[line["message_id"]] += 1
            seen.failed += [f"{name}: {line.get('exception', '')[-300:]}"] if message == "failed" else []

    def _read_stream(self) -> None:
        for place, iterator in enumerate(self._iterators):
            answer = self._streams.get_records(ShardIterator=iterator)
            self._iterators[place] = answer["NextShardIterator"]
            for record in answer["Records"]:
                image = record["dynamodb"].get("NewImage")
                if image is None:
                    continue
                self.chronicle.take(image, self._clock.now())
                outbox = image.get("outbox", {}).get("S")
                letters = json.loads(outbox) if outbox else []
                self.seen.letters += len(letters)
                for letter in letters:
                    self._take_letter(parse_message(letter["body"]))

    def _take_letter(self, message: Message) -> None:
        if isinstance(message, Event):
            self.seen.own_events += 1
            return
        rules = self.seen.rules.setdefault(message.reply_to, [])
        if message.why.rule not in rules:
            rules.append(message.why.rule)

    def busy(self) -> list[str]:
        """The queues with messages that wait or are being handled."""
        queues = self._queues()
        busy = [name for name, messages in queues.items() if any(map(self._is_busy, messages))]
        if any(message["IsVisible"] for name in busy for message in queues[name]):
            return busy
        for spec in FUNCTIONS:
            own = f"{STACK}-{spec.consumes.value}" if spec.consumes else ""
            if own and {own, own + ASIDE} & set(busy):
                self.read_logs(spec.name)  # it may have said that it postponed them
        return [name for name in busy if any(map(self._is_busy, queues[name]))]

    def _queues(self) -> dict[str, list[dict[str, Any]]]:
        """The messages of every queue that is neither empty nor for dead letters."""
        with _NO_PROXY.open(self._messages_url, timeout=10) as reply:
            accounts = json.loads(reply.read())["messages"]
        return {
            url.rsplit("/", 1)[-1]: messages
            for regions in accounts.values()
            for by_url in regions.values()
            for url, messages in by_url.items()
            if messages and not url.endswith("-dead")
        }

    def _is_busy(self, message: dict[str, Any]) -> bool:
        was_set_aside = self.seen.set_aside[message["MessageId"]] >= message["ReceiveCount"]
        return bool(message["IsVisible"]) or not was_set_aside
