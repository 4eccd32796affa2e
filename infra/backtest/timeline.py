"""One case from beginning to end: what happened, and what the policy would have said and done about it."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from infra.backtest.replay import Trace
from infra.backtest.stories import Seen, Step
from shared.domain.board import STAGE_TEXTS
from shared.domain.events import OrderReported
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase

CALLS = {
    "subscribe_tracking": "订阅轨迹",
    "query_tracking": "查询轨迹",
    "urge_courier": "催快递",
    "tell_buyer": "通知买家",
}
_LINES_MAX = 60


def lines_of(trace: Trace, zone: ZoneInfo) -> list[str]:
    """Give the lines in the order of time; of one instant, what happened stands before what follows from it."""
    told: list[tuple[datetime, int, str]] = []
    for step in trace.story.steps:
        if step.at <= trace.end:
            told += [(step.at, 0, text) for text in _happened(step, zone)]
    for said in trace.notices:
        told.append((said.at, 1, f"  → {said.group}{'!' if said.urgent else ''}: {said.title} ({said.rule})"))
    told += [(call.at, 2, f"  → {CALLS.get(call.command, '')} {call.command}") for call in trace.calls]
    told.sort(key=lambda one: one[:2])
    lines = [f"{at.astimezone(zone):%Y-%m-%d %H:%M}  {text}" for at, _, text in told]
    if len(lines) > _LINES_MAX:
        lines[_LINES_MAX:] = [f"… 另有 and {len(lines) - _LINES_MAX} more"]
    if trace.story.known_until:
        lines.append(f"{'':18}（之后不详 how it went on is not known）")
    return lines


def _happened(step: Step, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(step.what, Seen):
        yield from _learned(step.what, zone)
    elif isinstance(step.what, OrderReported):
        yield _named(step.what.status or "order")
    else:
        yield _named(step.what.scan.stage)


def _named(word: str) -> str:
    return f"{STAGE_TEXTS.get(word, '订单')} {word}"


def _learned(seen: Seen, zone: ZoneInfo) -> Iterator[str]:
    before, after = seen.before, seen.after
    if isinstance(after, OrderCase):
        if not isinstance(before, OrderCase) or before.status is not after.status:
            yield _named(after.status)
        return
    known = before if isinstance(before, ParcelCase) else ParcelCase(carrier=after.carrier, waybill=after.waybill)
    if after.contents and not known.contents:
        yield "发货 shipped"
    if after.last_scan and after.last_scan != known.last_scan:
        scanned_at = after.last_scan.at.astimezone(zone)
        yield f"{_named(after.last_scan.stage)}，扫描于 scanned {scanned_at:%m-%d %H:%M}"
    if after.interception.phase is not known.interception.phase:
        yield f"拦截 interception {after.interception.phase}"
    if after.received_at and not known.received_at:
        yield "仓库收货 received by the warehouse"
