"""Push is not enough: every source is also asked what it has, so that a lost webhook costs minutes, not an event.

What is found goes the way of every event; what was known already changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from shared.domain.events import EventUnknown
from shared.domain.messages import AnyEvent, write_message
from shared.errors import Permanent, Retryable, TooMuch, Unclear
from shared.ports import Clock, Http, Queue
from shared.workflows.carry_out_command import converse

OVERLAP = timedelta(minutes=2)
_FIRST_LOOK = timedelta(hours=1)
_ASKS_MAX = 12


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

    A source that fails is asked again next time, from the same instant. One that has too much to tell since then is
    asked about shorter times one after the other, so that an outage is caught up with step by step.
    """
    now = clock.now()
    begin = cursors.get(source.merchant, source.name) or now - _FIRST_LOOK
    since, until, read, found, trouble = begin - OVERLAP, now, begin, 0, ""
    for _ in range(_ASKS_MAX):
        asking = source.list_events(source.merchant, source.account, now, since, until)
        try:
            told: Sequence[AnyEvent | EventUnknown] = converse(asking, http)
        except TooMuch:
            until = since + (until - since) / 2
            continue
        except (Retryable, Unclear, Permanent) as error:
            return Poll(source.merchant, source.name, found, str(error)[:120])
        events = [event for event in told if not isinstance(event, EventUnknown)]
        _pass_on(events, queue)
        found, trouble = found + len(events), trouble or _unreadable(told)
        if until > read:  # a part of the overlap alone does not turn the cursor back
            cursors.put(source.merchant, source.name, until)
            read = until
        if until >= now:
            return Poll(source.merchant, source.name, found, trouble)
        since, until = until, min(now, until + (until - since))
    return Poll(source.merchant, source.name, found, trouble or ("too much at once" if read == begin else ""))


def _pass_on(events: Sequence[AnyEvent], queue: Queue) -> None:
    for lane in dict.fromkeys(event.case.lane for event in events):
        queue.send(lane, [(event.merchant, write_message(event)) for event in events if event.case.lane is lane])


def _unreadable(told: Sequence[AnyEvent | EventUnknown]) -> str:
    reasons = [event.reason for event in told if isinstance(event, EventUnknown)]
    return f"{len(reasons)} unreadable: {reasons[0]}"[:120] if reasons else ""
