"""One case from beginning to end: what happened, and what the policy would have said and done about it."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from infra.backtest.replay import Trace
from infra.backtest.stories import Seen, Step
from shared.domain.events import OrderReported
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase

_LINES_MAX = 60


def lines_of(trace: Trace, zone: ZoneInfo) -> list[str]:
    """Give the lines in the order of time; of one instant, what happened stands before what follows from it."""
    told: list[tuple[datetime, int, str]] = []
    for step in trace.story.steps:
        if step.at <= trace.end:
            told += [(step.at, 0, text) for text in _happened(step)]
    for said in trace.notices:
        told.append((said.at, 1, f"  → {said.group}{'!' if said.urgent else ''}: {said.title} ({said.rule})"))
    told += [(call.at, 2, f"  → {call.command}") for call in trace.calls]
    told.sort(key=lambda one: one[:2])
    lines = [f"{at.astimezone(zone):%Y-%m-%d %H:%M}  {text}" for at, _, text in told]
    if len(lines) > _LINES_MAX:
        lines[_LINES_MAX:] = [f"… and {len(lines) - _LINES_MAX} more"]
    if trace.story.known_until:
        lines.append("                  (how it went on is not known)")
    return lines


def _happened(step: Step) -> Iterator[str]:
    if isinstance(step.what, Seen):
        yield from _learned(step.what)
    elif isinstance(step.what, OrderReported):
        yield step.what.status or "order"
    else:
        yield step.what.scan.stage


def _learned(seen: Seen) -> Iterator[str]:
    before, after = seen.before, seen.after
    if isinstance(after, OrderCase):
        if not isinstance(before, OrderCase) or before.status is not after.status:
            yield after.status
        return
    known = before if isinstance(before, ParcelCase) else ParcelCase(carrier=after.carrier, waybill=after.waybill)
    if after.contents and not known.contents:
        yield "shipped"
    if after.last_scan and after.last_scan != known.last_scan:
        yield f"{after.last_scan.stage}, scanned {after.last_scan.at:%m-%d %H:%M}Z"
    if after.interception.phase is not known.interception.phase:
        yield f"interception {after.interception.phase}"
    if after.received_at and not known.received_at:
        yield "received by the warehouse"
