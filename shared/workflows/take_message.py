"""What one queue message becomes: each event in it reaches a recorded fate.

A message is a vendor's push as it came, or one of our own events.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from types import ModuleType
from typing import NamedTuple, Protocol

from shared.domain.chat_events import AgentNoticed, AgentSeen, LineSaid
from shared.domain.events import Event, EventIgnored, EventUnknown, ParcelScanned, ParcelTraced
from shared.domain.messages import AnyEvent, parse_message
from shared.errors import Permanent, UnknownMerchant
from shared.ports import CaseStore, Clock
from shared.workflows.handle_event import Count, Fate, count_nothing, handle_event
from shared.workflows.receive_push import read_raw_push

CLOCKS_DIFFER_MAX = timedelta(hours=1)
"""How far a courier's clock may be ahead of ours."""
CODES_MAX = 20
"""How many different unlisted codes of one history are told."""

ANSWER = "answer:"
"""Before the source of what is kept, where it was no push but an answer to a question of ours."""

PushItem = AnyEvent | LineSaid | AgentNoticed | EventIgnored | EventUnknown


class FateRecord(NamedTuple):
    """How one event of a message ended."""

    fate: Fate
    merchant: str
    what: str
    about: str = ""
    reason: str = ""


class UnknownPushes(Protocol):
    """Where pushes are kept that nobody has taught us."""

    def keep(self, merchant: str, source: str, reason: str, body: bytes, at: datetime) -> None:
        """Store the raw bytes; keeping the same bytes twice keeps them once."""
        ...


def take_message(
    body: str,
    *,
    store: CaseStore,
    clock: Clock,
    find_source: Callable[[str], ModuleType],
    unknown: UnknownPushes,
    count: Count = count_nothing,
) -> list[FateRecord]:
    """Take all events of a message; repeating it changes nothing."""
    message = json.loads(body)
    vendor: ModuleType | None = None
    if message.get("type") == "raw_push":
        source, merchant, raw, headers = read_raw_push(message)
        vendor = find_source(source)
        items = vendor.parse_push(merchant, raw, headers)
    else:
        event = parse_message(body)
        if not isinstance(event, Event):
            raise Permanent("not_an_event", event.type)
        source, merchant, items = ANSWER + getattr(event, "source", ""), event.merchant, [event]
        raw = (getattr(event, "raw", "") or body).encode()
    fates = []
    for read in sifted(items, clock.now()):
        item = _at_its_desk(read, store) if isinstance(read, AgentNoticed) else read
        if isinstance(item, EventIgnored):
            fates.append(FateRecord(Fate.IGNORED, merchant, f"{source}:{item.what}"))
        elif isinstance(item, EventUnknown):
            kept = _without_persons(vendor, raw) if vendor else raw
            unknown.keep(merchant, source, f"{item.what}: {item.reason}", kept, clock.now())
            fates.append(FateRecord(Fate.UNKNOWN, merchant, f"{source}:{item.what}", reason=item.reason[:120]))
        else:
            fates.append(_record(item, handle_event(item, store, clock, count)))
    return fates


def _without_persons(vendor: ModuleType, raw: bytes) -> bytes:
    from shared.domain.privacy import masked

    kept: bytes = vendor.redact(raw) if hasattr(vendor, "redact") else masked(raw)
    return kept


def _at_its_desk(noticed: AgentNoticed, store: CaseStore) -> AgentSeen | EventIgnored:
    """Find the desk of an agent: the policy knows it."""
    policy, left = store.load(noticed.merchant, [])[1:]
    if left:
        return EventIgnored(what="presence of an agent of a merchant that has left")
    if policy is None:
        raise UnknownMerchant("no_policy", noticed.merchant)
    for name, group in policy.routing.groups.items():
        if any(one.agent == noticed.agent for one in group.agents):
            return AgentSeen(**dict(noticed), group=name)
    return EventIgnored(what="presence of an agent in no group")


def sifted(items: Iterable[PushItem], now: datetime) -> Iterator[PushItem]:
    """Take scans out that have not happened yet, and tell of codes that nobody has taught us.

    A time to come, believed, would hide all true scans until then; an unlisted code is a sign of life all the same.
    """
    for item in items:
        if not isinstance(item, ParcelScanned | ParcelTraced):
            yield item
            continue
        scans = (item.scan,) if isinstance(item, ParcelScanned) else item.scans
        early = [scan for scan in scans if scan.at > now + CLOCKS_DIFFER_MAX]
        if early:
            what = f"{item.carrier} scan {early[0].code}"
            yield EventUnknown(what=what, reason=f"impossible time {early[0].at_text or early[0].at}")
        unlisted = dict.fromkeys(scan.code for scan in scans if scan.is_unlisted)
        for code in list(unlisted)[:CODES_MAX]:
            yield EventUnknown(what=f"{item.carrier} code {code}", reason="unlisted code")
        if not early:
            yield item
        elif isinstance(item, ParcelTraced):
            yield item.model_copy(update={"scans": tuple(scan for scan in scans if scan not in early)})


def _record(event: Event, fate: Fate) -> FateRecord:
    name = str(getattr(event, "type", ""))
    return FateRecord(fate, event.merchant, name, about=f"{event.case.kind}:{event.case.id}")
