"""Does one shop's burst delay another's decisions? `python -m tests.benchmarks.neighbours [--events 10000]`.

A local cloud of its own. A quiet shop's scans are timed from their push to their decision: alone; while a busy shop
pushes as much and as fast as it is let to another lane, which only takes the machine's time; while it does so to the
same lane; before a backlog that a faster door would have put aside; and, to see what the second queue is for, behind
that backlog on the shared one. Told as ratios of one session, since wall time is noise: what counts is the same lane's
against another lane's.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from infra.local import deployment
from infra.local.cloud import LocalCloud, running_cloud
from infra.local.sandbox.signatures import standard_webhook_signature
from shared.adapters.aws_clients import AwsClients
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.adapters.signed_aws import SignedAws
from shared.domain.lanes import ASIDE, Lane
from shared.domain.policy import Policy
from shared.domain.wire import Push
from shared.settings import ACCOUNTS_PREFIX
from shared.workflows.receive_push import write_raw_push
from tests.benchmarks.givens import ACCOUNTS, real_now, zto_scan

BUSY, QUIET = "busy-shop", "quiet-shop"
QUIET_EVERY_S = 0.25
SECRET = "whsec_" + "bmVpZ2hib3Vycy1vZi1hLWJ1c3ktc2hvcA=="
WARM, ALONE, LEAST = 30, 80, 30
PATIENCE_S = 600.0


class Timed(NamedTuple):
    """Seconds from the push of a scan to its acknowledgement and to its decision."""

    accepted: float
    decided: float


@dataclass
class Pushing:
    """Who pushes, and when each of its scans was pushed and acknowledged."""

    merchant: str
    first_waybill: int
    source: str = "zto"
    pushed: dict[str, tuple[float, float]] = field(default_factory=dict)
    refused: int = 0

    def push(self, door: HTTPConnection, base: str, number: int) -> None:
        """Push one scan of a parcel of its own."""
        waybill = str(self.first_waybill + number)
        event = zto_scan(waybill, "ARRIVAL", real_now()) if self.source == "zto" else _order(waybill)
        began = time.time()
        while True:
            door.request("POST", f"{base}/webhooks/{self.source}/{self.merchant}", event["body"], event["headers"])
            reply = door.getresponse()
            reply.read()
            if reply.status == 200:
                break
            self.refused += 1
            time.sleep(0.05)
        self.pushed[waybill] = (began, time.time())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.neighbours", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="the busy shop's")
    parser.add_argument("--at-once", type=int, default=2, help="how many of them are on their way at a time")
    parser.add_argument(
        "--per-second", type=float, help="so many a second, not as many as can be; without the backlogs"
    )
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder, running_cloud(Path(folder) / "home", with_sandbox=False) as cloud:
        _enrol(cloud)
        bench = Neighbours(cloud, arguments.at_once, arguments.per_second)
        bench.ask(WARM, lambda: False)
        alone = bench.ask(ALONE, lambda: False)
        print("alone")
        _tell(alone, alone)
        bursts = (
            ("beside a burst on another lane", lambda: bench.burst("selfbuilt", arguments.events)),
            ("beside a burst on the same lane", lambda: bench.burst("zto", arguments.events)),
        )
        backlogs = (
            ("before a backlog aside", lambda: bench.backlog(arguments.events, ASIDE)),
            ("behind a backlog on the shared queue", lambda: bench.backlog(arguments.events, "")),
        )
        for title, begin in bursts if arguments.per_second else (*bursts, *backlogs):
            began = time.monotonic()
            is_busy = begin()
            times = bench.ask(LEAST, is_busy)
            print(f"{title} ({time.monotonic() - began:.0f} s)")
            _tell(times, alone)
    return 0


def _tell(times: Sequence[Timed], alone: Sequence[Timed]) -> None:
    for name, place in (("accepted", 0), ("decided", 1)):
        for share in (0.5, 0.95, 0.99):
            before, after = (_quantile([one[place] for one in found], share) for found in (alone, times))
            ratio = f"{after / before:.1f}x" if times is not alone else ""
            print(f"    quiet shop's scan {name}, p{share * 100:.0f}: {1000 * after:>7,.0f} ms  {ratio}")


class Neighbours:
    """The two shops before one cloud."""

    def __init__(self, cloud: LocalCloud, at_once: int, per_second: float | None) -> None:
        self._cloud = cloud
        self._at_once = at_once
        self._pause_s = at_once / per_second if per_second else 0.0
        self._quiet = Pushing(QUIET, 75000000000000)
        self._busy = {source: Pushing(BUSY, 76000000000000, source) for source in ("zto", "selfbuilt")}

    def ask(self, least: int, is_busy: Callable[[], bool]) -> list[Timed]:
        """Push the quiet shop's scans, so many at least, and as long as the busy one is at it; time them."""
        known = set(self._quiet.pushed)
        with _door(self._cloud) as (door, base):
            while len(self._quiet.pushed) - len(known) < least or is_busy():
                self._quiet.push(door, base, len(self._quiet.pushed))
                time.sleep(QUIET_EVERY_S)
        return _wait(self._cloud, self._quiet, set(self._quiet.pushed) - known)

    def burst(self, source: str, events: int) -> Callable[[], bool]:
        """Let the busy shop begin to push; give the question whether it still does."""
        shares = [range(first, events, self._at_once) for first in range(self._at_once)]
        threads = [
            threading.Thread(target=_burst, args=(self._cloud, self._busy[source], share, self._pause_s))
            for share in shares
        ]
        for thread in threads:
            thread.start()
        return lambda: any(thread.is_alive() for thread in threads)

    def backlog(self, events: int, end: str) -> Callable[[], bool]:
        """Put accepted scans of the busy shop on a queue of the lane at once; give the question whether any is left."""
        sqs = self._cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{deployment.STACK}-{Lane.PARCELS}{end}")["QueueUrl"]
        for first in range(0, events, 10):
            entries = [
                {"Id": str(n), "MessageBody": _accepted(first + n), "MessageGroupId": BUSY}
                for n in range(min(10, events - first))
            ]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_left() -> bool:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return any(int(found[name]) for name in names)

        return is_left


def _order(number: str) -> dict[str, Any]:
    """Give a push of a self-built shop, of a kind that is kept unread: it goes to another lane."""
    body, stamp = json.dumps({"type": "order.noticed", "data": {"order_id": number}}), str(int(time.time()))
    sign = standard_webhook_signature(SECRET, number, stamp, body.encode())
    names = {"webhook-id": number, "webhook-timestamp": stamp, "webhook-signature": sign}
    return {"body": body, "headers": {"content-type": "application/json", **names}}


def _accepted(number: int) -> str:
    """Give a scan of the busy shop as the door puts it on the queue."""
    event = zto_scan(str(77000000000000 + number), "ARRIVAL", real_now())
    push = Push({"content-type": event["headers"]["content-type"]}, {}, event["body"].encode())
    return write_raw_push("zto", BUSY, push, real_now())


def _burst(cloud: LocalCloud, busy: Pushing, numbers: Sequence[int], pause_s: float) -> None:
    began = time.monotonic()
    with _door(cloud) as (door, base):
        for place, number in enumerate(numbers):
            time.sleep(max(0.0, began + place * pause_s - time.monotonic()))
            busy.push(door, base, number)


@contextmanager
def _door(cloud: LocalCloud) -> Iterator[tuple[HTTPConnection, str]]:
    parts = urlsplit(str(cloud.home.read_outputs()["WebhookBaseUrl"]))
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    yield connection, parts.path
    connection.close()


def _wait(cloud: LocalCloud, quiet: Pushing, waybills: set[str]) -> list[Timed]:
    """Wait until all these scans are decided, and read when that was from the log."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        decided = _decided(cloud)
        if waybills <= set(decided):
            break
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(waybills - set(decided))} scans were not decided in {PATIENCE_S:.0f} s")
        time.sleep(0.5)
    return [Timed(quiet.pushed[one][1] - quiet.pushed[one][0], decided[one] - quiet.pushed[one][0]) for one in waybills]


def _decided(cloud: LocalCloud) -> Mapping[str, float]:
    """Give when each of the quiet shop's scans was decided."""
    logs = cloud.client("logs")
    found: dict[str, float] = {}
    query: dict[str, Any] = {"logGroupName": f"/huhang/{deployment.STACK}/track_parcel", "filterPattern": QUIET}
    for event in logs.filter_log_events(**query, limit=10_000)["events"]:
        line = json.loads(event["message"])
        if line.get("merchant") == QUIET:
            found.setdefault(line["about"].rpartition(":")[2], event["timestamp"] / 1000)
    return found


def _enrol(cloud: LocalCloud) -> None:
    outputs = cloud.home.read_outputs()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": str(outputs["Region"])}
    aws = SignedAws(keys | {"AWS_ENDPOINT_URL": cloud.endpoint})
    store = DynamoPolicyStore(AwsClients(aws).dynamodb, str(outputs["TableName"]))
    for merchant in (BUSY, QUIET):
        store.put_policy(Policy(merchant=merchant, version=1))
        text = json.dumps({"zto": ACCOUNTS["zto"], "selfbuilt": {"secret": SECRET}})
        cloud.client("secretsmanager").create_secret(Name=ACCOUNTS_PREFIX + merchant, SecretString=text)
    aws.close()


def _quantile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


if __name__ == "__main__":
    sys.exit(main())
