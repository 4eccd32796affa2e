"""Reads the functions' log lines out of the emulator, for `logs`."""

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

from infra.catalog import FUNCTIONS
from infra.local.deployment import STACK, client

_FRAME = ("START RequestId", "END RequestId", "REPORT RequestId")
_EVENTS_MAX = 10_000
_MESSAGE_ID = re.compile(r'"message_id": ?"([^"]{8})')


def names() -> list[str]:
    """List the functions in the order of the catalog."""
    return [spec.name for spec in FUNCTIONS]


def lines(endpoint: str, chosen: list[str], case: str = "") -> Iterator[str]:
    """Give every stored line of the chosen functions, oldest first; of a case only those that have to do with it."""
    for _, text in related(_events(endpoint, chosen, since_ms=0), case):
        yield text


def follow(endpoint: str, chosen: list[str], case: str = "") -> Iterator[str]:
    """Give the stored lines and then new ones, for ever."""
    seen: set[str] = set()
    while True:
        for key, text in related(_events(endpoint, chosen, since_ms=0), case):
            if key not in seen:
                seen.add(key)
                yield text
        time.sleep(0.5)


def related(events: Iterable[tuple[str, str]], case: str) -> list[tuple[str, str]]:
    """Keep the lines that name a case, and those about the same messages: the door does not know what a push says."""
    found = list(events)
    if not case:
        return found
    messages = {id_ for _, text in found if case in text for id_ in _MESSAGE_ID.findall(text)}
    return [(key, text) for key, text in found if case in text or messages.intersection(_MESSAGE_ID.findall(text))]


def _events(endpoint: str, chosen: list[str], since_ms: int) -> Iterator[tuple[str, str]]:
    """Collect log events, each with a key of its own."""
    logs = client("logs", endpoint)
    found: list[tuple[int, str, dict[str, Any]]] = []
    for name in chosen:
        group = f"/huhang/{STACK}/{name}"
        try:
            events = logs.filter_log_events(logGroupName=group, startTime=since_ms, limit=_EVENTS_MAX)["events"]
        except logs.exceptions.ResourceNotFoundException:
            continue
        found += [(event["timestamp"], name, event) for event in events]
    found.sort(key=lambda entry: entry[0])
    for place, (timestamp, name, event) in enumerate(found):
        message = str(event["message"]).rstrip()
        if message and not message.startswith(_FRAME):
            key = event.get("eventId") or f"{name}/{timestamp}/{place}"
            yield str(key), f"{name:<18} {message}"
