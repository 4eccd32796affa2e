"""Push is not enough: every source is also asked what it has, so that a lost webhook costs minutes, not an event.

What is found goes the way of every event; what was known already changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from shared.domain.events import Event
from shared.domain.messages import write_message
from shared.errors import Permanent, Retryable, Unclear
from shared.ports import Clock, Http, Queue
from shared.workflows.carry_out_command import converse

OVERLAP = timedelta(minutes=2)
_FIRST_LOOK = timedelta(hours=1)


class Cursors(Protocol):
    """Up to when each source of each merchant has been read."""

    def get(self, merchant: str, source: str) -> datetime | None:
        """Give the instant, or None before the first poll."""
        ...

    def put(self, merchant: str, source: str, until: datetime) -> None:
        """Store the instant."""
        ...


class Source(NamedTuple):
    """One thing to ask: a vendor's listing function, and the account to ask with."""

    merchant: str
    name: str
    account: Mapping[str, str]
    list_events: Callable[..., Any]


class Poll(NamedTuple):
    """How asking one source ended."""

    merchant: str
    source: str
    found: int
    failure: str = ""


def pollable(
    merchant: str, accounts: Mapping[str, Mapping[str, str]], find: Callable[[str], Sequence[ModuleType]]
) -> list[Source]:
    """Give everything that a merchant's vendors can be asked for."""
    return [
        Source(merchant, name, account, vendor.list_events)
        for name, account in accounts.items()
        for vendor in find(name)
        if hasattr(vendor, "list_events")
    ]


def poll_source(source: Source, *, http: Http, queue: Queue, cursors: Cursors, clock: Clock) -> Poll:
    """Ask one source what is new since last time, and pass it on before the cursor moves.

    A source that fails is asked again next time, from the same instant.
    """
    now = clock.now()
    cursor = cursors.get(source.merchant, source.name)
    since = (cursor or now - _FIRST_LOOK) - OVERLAP
    try:
        events: Sequence[Any] = converse(source.list_events(source.merchant, source.account, now, since), http)
    except (Retryable, Unclear, Permanent) as error:
        return Poll(source.merchant, source.name, 0, str(error)[:120])
    for lane in dict.fromkeys(event.case.lane for event in events):
        queue.send(lane, [(_group(event), write_message(event)) for event in events if event.case.lane is lane])
    cursors.put(source.merchant, source.name, now)
    return Poll(source.merchant, source.name, len(events))


def _group(event: Event) -> str:
    return event.merchant
