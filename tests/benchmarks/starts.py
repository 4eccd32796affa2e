"""How a function starts, and what an event costs it then: instructions, modules, files, memory, wall time.

Each function first takes an event uncounted, which also leaves behind what the next event is about.
"""

import json
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shared.adapters.table_layout import CURSORS, ONLY, SHARDS, instant_text, policy_pk
from shared.domain.wire import Push
from shared.settings import ACCOUNTS_PREFIX
from shared.workflows.receive_push import write_raw_push
from tests.benchmarks import givens
from tests.benchmarks.givens import MERCHANT, WAYBILL, Event, queue_event
from tests.benchmarks.loopback import Cloud
from tests.benchmarks.session import HERE, Session

CACHEGRIND = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
PER_BATCH = 10
_COUNTED = re.compile(r"I +refs: +([\d,]+)")


@dataclass(frozen=True, slots=True)
class Start:
    """What a process did in all. `instructions` is 0 where valgrind is absent."""

    instructions: int
    calls: tuple[str, ...]
    modules: int = 0
    files: int = 0
    peak_kib: int = 0


class Starts:
    """Starts functions against one loopback cloud."""

    def __init__(self, session: Session, cloud: Cloud) -> None:
        self._session = session
        self._cloud = cloud
        zto = givens.ACCOUNTS["zto"] | {"base_url": f"{cloud.url}/zto"}
        cloud.secrets[ACCOUNTS_PREFIX + MERCHANT] = givens.ACCOUNTS | {"zto": zto}
        policy = givens.POLICY.model_dump_json(exclude_defaults=True)
        cloud.put({"pk": {"S": policy_pk(MERCHANT)}, "sk": {"S": ONLY}, "v": {"N": "1"}, "body": {"S": policy}})
        self._began = givens.real_now()

    def bare(self) -> Start:
        """Start the interpreter and nothing else."""
        return self._count(["-c", "pass"], None)

    def tls(self) -> int:
        """Count what trusting this machine's authorities adds: loopback has no TLS, AWS and the vendors do."""
        trust = "import ssl; ssl.create_default_context()"
        return self._count(["-c", trust], None).instructions - self._count(["-c", "import ssl"], None).instructions

    def floor(self) -> Start:
        """Start the script that does the webhook's job and no more."""
        return self._count(self._floor(), None)

    def naive(self, packages: Path) -> Start:
        """Start what the tutorials add up to, from an environment that has it all."""
        return self._count([str(HERE / "naive.py"), self._file([self._webhook()])], packages)

    def webhook(self) -> Start:
        """Start the door and push once."""
        return self.function("receive_webhook", [self._webhook()], self._session.webhook)

    def loads(self) -> tuple[Start, Start]:
        """See what the door loads, and what the floor does; needs no valgrind."""
        ours = self._probe("receive_webhook", [self._webhook()])
        return self._report(ours, self._session.webhook), self._report(self._floor(), None)

    def worker(self, name: str) -> Start:
        """Start a worker with one event of its kind."""
        first, second = self._events_of(name)
        if name == "watch_deadlines":
            self._sweep_from(self._began)
        self._report(self._probe(name, [first]), self._session.worker)
        return self.function(name, [second], self._session.worker)

    def function(self, name: str, events: Sequence[Event], bundle: Path) -> Start:
        """Start a function, let it take its events one by one."""
        return self._count(self._probe(name, events), bundle)

    def per_event(self) -> tuple[float, float]:
        """Count a worker's instructions and calls per event once it runs: twelve batches of scans less two.

        The parcels are watched ones: an order told of them before.
        """
        shipped = queue_event([givens.shipped(_waybill(parcel), self._began) for parcel in range(PER_BATCH)])
        self._report(self._probe("track_parcel", [shipped]), self._session.worker)
        batches = [queue_event([self._scan(parcel, batch) for parcel in range(PER_BATCH)]) for batch in range(13)]
        self._report(self._probe("track_parcel", batches[:3]), self._session.worker)
        few = self.function("track_parcel", batches[1:3], self._session.worker)
        many = self.function("track_parcel", batches[1:13], self._session.worker)
        events = 10 * PER_BATCH
        return (many.instructions - few.instructions) / events, (len(many.calls) - len(few.calls)) / events

    def floor_per_event(self) -> float:
        """Count what the floor script spends on one event more, which is two AWS calls as well."""
        few, many = (self._count(self._floor(events), None).instructions for events in (2, 102))
        return (many - few) / 100

    def wall_ratio(self, pairs: int) -> tuple[float, float, float]:
        """Give the median, smallest and largest ratio of the door's wall time to the floor's, run side by side."""
        ours = self._probe("receive_webhook", [self._webhook()])
        commands: list[tuple[list[str], Path | None]] = [(ours, self._session.webhook), (self._floor(), None)]
        ratios = []
        for _ in range(pairs):
            door, floor = (self._seconds(*command) for command in commands)
            ratios.append(door / floor)
        return statistics.median(ratios), min(ratios), max(ratios)

    def _probe(self, name: str, events: Sequence[Event]) -> list[str]:
        return [str(HERE / "probe.py"), self._file(events), name]

    def _floor(self, events: int = 1) -> list[str]:
        return [str(HERE / "floor.py"), self._file([self._webhook()] * events)]

    def _report(self, command: Sequence[str], bundle: Path | None) -> Start:
        environment = self._session.environment(self._cloud.url, bundle)
        said = self._session.run([str(HERE / "loaded.py"), *command], environment)
        return Start(0, (), **json.loads(said.splitlines()[-1]))

    def _seconds(self, command: Sequence[str], bundle: Path | None) -> float:
        environment = self._session.environment(self._cloud.url, bundle)
        began = time.perf_counter()
        self._session.run(command, environment)
        return time.perf_counter() - began

    def _count(self, command: Sequence[str], bundle: Path | None) -> Start:
        environment = self._session.environment(self._cloud.url, bundle)
        self._cloud.calls.clear()
        if self._session.valgrind is None:
            self._session.run(command, environment)
            return Start(0, tuple(self._cloud.calls))
        said = self._session.run(command, environment, [self._session.valgrind, *CACHEGRIND])
        found = _COUNTED.search(said)
        return Start(int(found[1].replace(",", "")) if found else 0, tuple(self._cloud.calls))

    def _events_of(self, name: str) -> tuple[Event, Event]:
        later = self._began + timedelta(seconds=1)
        match name:
            case "handle_refund":
                asked = givens.douyin_refund("200", self._began)
                changed = givens.douyin_refund("208", later, amount_fen=11_000)
                return self._queued(asked), self._queued(changed)
            case "call_courier":
                return queue_event([givens.intercept()]), queue_event([givens.intercept()])
            case "publish_outbox":
                outbox = json.dumps([{"lane": "courier-calls", "group": MERCHANT, "body": givens.intercept()}])
                return givens.stream_event([outbox]), givens.stream_event([outbox])
            case "watch_deadlines":
                return {}, {}
        raise ValueError(name)

    def _webhook(self) -> Event:
        return givens.douyin_refund("200", self._began)

    def _scan(self, parcel: int, batch: int) -> str:
        at = self._began + timedelta(minutes=batch)
        return self._raw(givens.zto_scan(_waybill(parcel), "ARRIVAL", at))

    def _queued(self, pushed: Event) -> Event:
        return queue_event([self._raw(pushed)])

    def _raw(self, pushed: Event) -> str:
        push = Push(pushed["headers"], {}, pushed["body"].encode())
        return write_raw_push(pushed["pathParameters"]["source"], MERCHANT, push, self._began)

    def _sweep_from(self, at: datetime) -> None:
        for shard in range(SHARDS):
            self._cloud.put({"pk": {"S": CURSORS}, "sk": {"S": str(shard)}, "until": {"S": instant_text(at)}})

    def _file(self, events: Sequence[Event]) -> str:
        path = self._session.scratch / "events.json"
        path.write_text(json.dumps(events), encoding="utf-8")
        return str(path)


def _waybill(parcel: int) -> str:
    return f"{int(WAYBILL) + 1 + parcel}"
