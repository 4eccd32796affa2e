"""Turns measurements into rows: each figure beside the floor of the same session and the gate it is held to."""

import json
import statistics
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.bundle.__main__ import size_mib
from infra.local.home import DEFAULT_HOME
from infra.spending import LISTED
from shared.domain.commands import HARMLESS
from shared.domain.keys import CaseKind
from tests.benchmarks.costs import ASSUMED, priced, total_of
from tests.benchmarks.counts import Tally, cases_at_rest, tally
from tests.benchmarks.givens import intercept, stream_event
from tests.benchmarks.logs import log_bytes_per_event
from tests.benchmarks.routing_rows import routing_rows
from tests.benchmarks.running import running
from tests.benchmarks.session import Session
from tests.benchmarks.starts import Start, Starts
from tests.benchmarks.story import tell_delivered, tell_refunded
from tests.benchmarks.table import MILLION, Row, number

WORKERS = {"publish_outbox": 12.0, "watch_deadlines": 28.0, "call_courier": 30.0, "handle_refund": 32.0}
"""How many bare interpreters the start of each may take."""

PAIRS = 15


def start_rows(starts: Starts) -> Iterator[Row]:
    """P1, P3 and P9: cold starts in instructions, in bare interpreters, and what an event costs afterwards."""
    bare = starts.bare().instructions
    floor = starts.floor().instructions
    webhook = starts.webhook()
    yield Row("", "bare interpreter, million instructions", bare / MILLION)
    yield Row("", "floor script, x bare", floor / bare)
    naive = starts.naive(Path(sysconfig.get_path("purelib"))).instructions
    yield Row("", "naive stack (boto3, Powertools, pydantic, httpx), x bare", naive / bare)
    yield Row("", "TLS with this machine's authorities, x bare, in none of the rows", starts.tls() / bare)
    beside = f"{number(floor / bare)}; naive {number(naive / bare)}"
    yield Row("P1", "receive_webhook, cold, x bare", webhook.instructions / bare, _of(webhook, bare), beside, 12, 9)
    for name, gate in WORKERS.items():
        start = starts.worker(name)
        yield Row("P3", f"{name}, cold, x bare", start.instructions / bare, _of(start, bare), beside, gate)
    per_event, calls = starts.per_event()
    least = number(starts.floor_per_event() / MILLION)
    what = f"track_parcel, million instructions per event ({calls:.1f} calls), batch of 10"
    yield Row("P9", what, per_event / MILLION, "", least, gate=5, aim=1.5)


def _of(start: Start, bare: int) -> str:
    return f"{start.instructions / bare:.2f} ({start.instructions / MILLION:,.0f} M)"


def load_rows(starts: Starts) -> Iterator[Row]:
    """P4 and P5: what the door loads; without valgrind too."""
    door, floor = starts.loads()
    what = "receive_webhook, {} after one push"
    yield Row("P4", what.format("modules"), door.modules, "", str(floor.modules), gate=160, aim=120)
    yield Row("P4", what.format("files opened"), door.files, "", str(floor.files), gate=200, aim=130)
    mib = number(floor.peak_kib / 1024)
    yield Row("P5", what.format("peak MiB"), door.peak_kib / 1024, "", mib, gate=26, aim=22)


def wall_rows(starts: Starts) -> Iterator[Row]:
    """P2: told, never held to anything: the machine is not quiet."""
    middle, least, most = starts.wall_ratio(PAIRS)
    shown = f"{middle:.2f} ({least:.2f} to {most:.2f})"
    yield Row("P2", f"receive_webhook, wall time, x floor, {PAIRS} pairs", middle, shown, "1.00")


def bundle_rows(session: Session) -> Iterator[Row]:
    """P6: what is shipped, unzipped."""
    for name, folder, gate, aim in (("webhook", session.webhook, 25, 1.5), ("worker", session.worker, 25, 12)):
        yield Row("P6", f"{name} bundle, MiB", size_mib(folder), gate=gate, aim=aim)
        bare = [path for path in folder.rglob("*.py") if not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))]
        yield Row("P6", f"{name} bundle, sources without bytecode", len(bare), gate=0)


def call_rows() -> Iterator[Row]:
    """P7 and P8: AWS calls and write units of two shipments of twelve scans."""
    with running() as loop:
        tell_delivered(loop)
        first, second, *_ = (one.counts.calls for one in loop.taken if one.function == "receive_webhook")
        again = loop.repeat("track_parcel").counts
        letter = {"lane": "courier-calls", "group": "demo-shop", "body": intercept()}
        loop.invoke("publish_outbox", "many", stream_event([json.dumps([letter] * 5)] * 5))
        sends = loop.taken[-1].counts.calls
        plain = tally(loop.taken)
        at_rest = max(cases_at_rest(loop).values())
    yield Row("P7", "calls per push, warm", len(second), floor="1", gate=1)
    yield Row("P7", "calls per push, cold or after five minutes", len(first), floor="2", gate=2)
    yield Row("P7", "reads per event, plain shipment", plain.reads / plain.events, floor="1", gate=1)
    yield Row("P7", "writes per handled event, plain shipment", plain.saves / plain.handled, floor="1", gate=1)
    yield Row("P7", "calls per repeated event", len(again.calls), floor="1", gate=1)
    yield Row("P7", "sends per 25 commands of one lane", len(sends), floor="3", gate=3)
    yield Row("P8", "write units per event, plain shipment", plain.save_units / plain.handled, floor="1", gate=1)
    yield from _shipment_rows(plain, at_rest)
    yield from _refund_rows()


def _shipment_rows(plain: Tally, at_rest: int) -> Iterator[Row]:
    parcel, order = plain.units_of(CaseKind.PARCEL), plain.units_of(CaseKind.ORDER)
    shown = f"{parcel}, {plain.units['parcel pointer']} of them pointers; its order {order} more"
    yield Row("P8", "write units, the parcel of a shipment of 12 scans", parcel, shown, "13", gate=16, aim=15)
    yield Row("P8", "plain parcel at rest, bytes", at_rest, gate=1023)


def _refund_rows() -> Iterator[Row]:
    with running() as loop:
        tell_refunded(loop)
        at_rest = max(cases_at_rest(loop).values())
        told = tally(loop.taken)
    harmless = {model.model_fields["type"].default for model in HARMLESS}
    yield Row("P7", "writes per harmless command", _most(told, harmless, inside=True), floor="0", gate=0)
    yield Row("P7", "writes per command with an effect", _most(told, harmless, inside=False), floor="2", gate=2)
    yield Row("P8", "largest case of a stopped shipment at rest, bytes", at_rest, gate=2048, aim=1024)
    yield Row("P8", "largest case with its outbox, bytes", told.largest, gate=2048, aim=1024)
    yield Row("P8", "write units per handled event, stopped shipment", told.save_units / told.handled, gate=2, aim=1)
    shown = f"{told.all_units} for {told.handled} events, {told.commands.total()} commands, {told.pointers} pointers"
    yield Row("P8", "write units, stopped shipment in all", told.all_units, shown)


def _most(told: Tally, harmless: set[str], *, inside: bool) -> int:
    return max(max(writes) for what, writes in told.command_writes.items() if (what in harmless) is inside)


def log_rows(events: int) -> Iterator[Row]:
    """P20: bytes that are logged about an event."""
    with running() as loop:
        door, worker = log_bytes_per_event(loop, events)
    shown = f"{door + worker:.0f} (door {door:.0f}, worker {worker:.0f})"
    yield Row("P20", f"log bytes per event, {events:,} events", door + worker, shown, "0", gate=400, aim=250)
    yield from routing_rows()  # P16 and P17


def cost_rows(used: Mapping[str, float]) -> Iterator[Row]:
    """C16: what 1,000 orders cost where all prices are known."""
    for region, most in ASSUMED["budget"].items():
        currency = LISTED[region]["currency"]
        total = total_of(priced(used, region))
        what = f"{currency} per 1,000 orders at the list prices of {region}"
        yield Row("C16", what, total or 0, f"{total or 0:.4f}", gate=most)


def demo_rows(home: Path = DEFAULT_HOME) -> Iterator[Row]:
    """How long a refund's way to the courier took in the last demo, if it left its figures behind."""
    path = home / "demo.json"
    if not path.exists():
        yield Row("", "refund pushed to courier asked, ms", 0, "`make demo` tells it per scene, 推送→快递")
        return
    found = json.loads(path.read_text())["refund_to_request_ms"]
    yield Row("", "refund pushed to courier asked, ms, median", statistics.median(found))
