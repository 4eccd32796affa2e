"""Push is not enough: every source is also asked what it has, so that a lost webhook costs minutes, not an event.

What is found goes the way of every event; what was known already changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from shared.domain.events import EventUnknown
from shared.domain.limits import Allowance, allowance_of
from shared.domain.messages import AnyEvent, write_message
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable, TooMuch, Unclear
from shared.ports import Clock, Http, Queue
from shared.workflows.carry_out_command import converse
from shared.workflows.meter import Meter, PacedHttp, Pause

OVERLAP = timedelta(minutes=2)
EVERY = timedelta(minutes=5)
TURN = timedelta(seconds=20)  # of a source at each tick; its last call may end after it
_GOLDEN = 0.6180339887
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


def complete_until(read_until: datetime) -> datetime:
    """Up to when nothing of a source can be missing: what it lists late is listed within the overlap."""
    return read_until - OVERLAP


class Source(NamedTuple):
    """One thing to ask: a vendor's listing function, the account to ask with, and how often it may be asked."""

    merchant: str
    name: str
    account: Mapping[str, str]
    list_events: Callable[..., Any]
    allowance: Callable[[], Allowance] = Allowance


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
        Source(merchant, name, account, vendor.list_events, partial(allowance_of, vendor, name, account, "list_events"))
        for name, account in accounts.items()
        for vendor in find(name)
        if hasattr(vendor, "list_events")
    ]


def in_turn(merchants: Sequence[str], now: datetime) -> list[str]:
    """Give all merchants, beginning somewhere else at each tick.

    Steps of the golden section come close to everybody soon, however few of the merchants a tick has time for.
    """
    first = int(len(merchants) * (now.timestamp() // EVERY.total_seconds() * _GOLDEN % 1))
    return [*merchants[first:], *merchants[:first]]


class Way(NamedTuple):
    """How sources are asked, and where what they tell goes."""

    http: Http
    meter: Meter
    pause: Pause
    queue: Queue
    cursors: Cursors
    clock: Clock


def poll_source(source: Source, way: Way) -> Poll:
    """Ask one source what is new since last time, and pass it on before the cursor moves.

    A source that fails is asked again next time, from the same instant. One that has too much to tell since then is
    asked about shorter times one after the other, so that an outage is caught up with step by step. One that is slow
    is asked no more when its turn is over.
    """
    now = way.clock.now()
    way = way._replace(http=_TimelyHttp(way.http, way.clock, now + TURN))
    begin = way.cursors.get(source.merchant, source.name) or now - _FIRST_LOOK
    since, until, read, found, trouble = begin - OVERLAP, now, begin, 0, ""
    for _ in range(_ASKS_MAX):
        try:
            told = _ask(source, way, now, since, until)
        except TooMuch:
            until = since + (until - since) / 2
            continue
        except (Retryable, Unclear, Permanent) as error:
            return Poll(source.merchant, source.name, found, str(error)[:120])
        events = [event for event in told if not isinstance(event, EventUnknown)]
        _pass_on(events, way.queue)
        found, trouble = found + len(events), trouble or _unreadable(told)
        if until > read:  # a part of the overlap alone does not turn the cursor back
            way.cursors.put(source.merchant, source.name, until)
            read = until
        if until >= now:
            return Poll(source.merchant, source.name, found, trouble)
        since, until = until, min(now, until + (until - since))
        if way.clock.now() >= now + TURN:
            break
    return Poll(source.merchant, source.name, found, trouble or ("too much at once" if read == begin else ""))


class _TimelyHttp:
    """An Http on which no call begins after an instant."""

    def __init__(self, http: Http, clock: Clock, until: datetime) -> None:
        self._http = http
        self._clock = clock
        self._until = until

    def send(self, request: HttpRequest) -> HttpReply:
        """Send and wait for the answer.

        Raises:
            Retryable: it is too late; nothing was sent.
        """
        if self._clock.now() >= self._until:
            raise Retryable("slower than its turn", timedelta())
        return self._http.send(request)


def _ask(
    source: Source, way: Way, now: datetime, since: datetime, until: datetime
) -> Sequence[AnyEvent | EventUnknown]:
    """Ask a source about a stretch of time, no faster than it allows."""
    allowed = source.allowance()
    http = PacedHttp(way.http, way.meter, source.merchant, allowed, way.pause)
    with way.meter.listening(source.merchant, allowed):
        told: Sequence[AnyEvent | EventUnknown] = converse(
            source.list_events(source.merchant, source.account, now, since, until), http
        )
    return told


def _pass_on(events: Sequence[AnyEvent], queue: Queue) -> None:
    for lane in dict.fromkeys(event.case.lane for event in events):
        queue.send(lane, [(event.merchant, write_message(event)) for event in events if event.case.lane is lane])


def _unreadable(told: Sequence[AnyEvent | EventUnknown]) -> str:
    reasons = [event.reason for event in told if isinstance(event, EventUnknown)]
    return f"{len(reasons)} unreadable: {reasons[0]}"[:120] if reasons else ""
