"""Exact counts from the loop: AWS calls, write units, log bytes. They are the same on every machine."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.domain.keys import CaseKind
from tests.benchmarks.loop import Loop, Taken
from tests.benchmarks.meter import POINTER

DECIDERS = ("handle_refund", "track_parcel", "send_notification")
CALLERS = ("call_platform", "call_courier", "call_erp", "send_notification")
SCHEDULED = ("watch_deadlines", "poll_sources")
_FATES = ("handled", "repeated", "ignored", "unknown")


@dataclass
class Tally:
    """What a story cost, by what caused it."""

    pushes: int = 0
    events: int = 0
    handled: int = 0
    repeated: int = 0
    reads: int = 0  # calls
    saves: int = 0  # calls that write a case
    pointers: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    command_writes: dict[str, set[int]] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)
    save_units: int = 0
    largest: int = 0
    door_bytes: int = 0
    worker_bytes: int = 0

    @property
    def all_units(self) -> int:
        """Write units of the story itself; the schedules' own cursors, and their calls at vendors, are everybody's."""
        return sum(count for kind, count in self.units.items() if kind not in ("cursor", "polled", "calls"))

    def units_of(self, kind: CaseKind) -> int:
        """Write units of the cases of a kind and of the pointers to them."""
        return self.units[kind] + self.units[kind + POINTER]


def tally(taken: Sequence[Taken]) -> Tally:
    """Add a story up."""
    total = Tally()
    for one in taken:
        size = sum(len(line.encode()) + 1 for line in one.lines)
        total.units.update(one.counts.writes)
        total.largest = max(total.largest, one.counts.largest)
        if one.function == "receive_webhook":
            total.pushes += 1
            total.door_bytes += size
        elif one.function in DECIDERS and (fates := fates_of(one)):
            total.worker_bytes += size
            _add_decision(total, one, fates)
        elif one.function in CALLERS:
            total.commands[one.what] += 1
            total.command_writes.setdefault(one.what, set()).add(one.counts.calls.count("UpdateItem"))
    return total


def fates_of(taken: Taken) -> Counter[str]:
    """Read from the log how the events of an invocation ended."""
    messages = [json.loads(line).get("message", "") for line in taken.lines]
    return Counter(message for message in messages if message in _FATES)


def _add_decision(total: Tally, one: Taken, fates: Counter[str]) -> None:
    calls = Counter(one.counts.calls)
    pointers = one.counts.pointers
    total.events += sum(fates.values())
    total.handled += fates["handled"]
    total.repeated += fates["repeated"]
    total.reads += calls["BatchGetItem"]
    total.pointers += pointers
    total.saves += calls["PutItem"] + calls["TransactWriteItems"] - pointers
    total.save_units += one.counts.cases


def cases_at_rest(loop: Loop) -> dict[str, int]:
    """Give the sizes in bytes of all cases without their outboxes."""
    sizes = loop.sizes(without="outbox")
    return {key: size for key, size in sizes.items() if key.partition("|")[2].partition("|")[0] in set(CaseKind)}
