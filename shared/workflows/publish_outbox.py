"""The table's stream becomes messages: each new outbox is put on its lanes. What rings lets the clock look at once.

Repeating it is harmless: events are idempotent and commands are claimed. What is inside the letters is not read, so
no model is loaded: every command waits for this function's cold start.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from shared.domain.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from shared.ports import Queue


def publish_outbox(records: Iterable[Mapping[str, Any]], queue: Queue, ring: Callable[[], None]) -> int:
    """Send the messages of stream records (with new images) to their lanes; give how many there were."""
    bodies: dict[Lane, list[tuple[str, str]]] = defaultdict(list)
    rings = False
    for record in records:
        image = record.get("dynamodb", {}).get("NewImage", {})
        rings = rings or "rings" in image
        outbox = image.get("outbox", {}).get("S")
        for entry in json.loads(outbox) if outbox else ():
            bodies[Lane(entry["lane"])].append((entry["group"], entry["body"]))
    for lane, messages in bodies.items():
        queue.send(lane, messages)
    if rings:
        ring()
    return sum(map(len, bodies.values()))
