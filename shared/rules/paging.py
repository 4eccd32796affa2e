"""What operators read of alarms: what broke together is told together, Chinese first, with the page that helps.

An alarm's description holds its severity, one sentence in each language and the address of its runbook, with bars
between them. What is no alarm is told as it came: nothing that was sent to the operators is dropped.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.domain.commands import PostMessage
from shared.domain.why import Why

BAR = " | "
TOLD_MAX = 20
_CHINA = ZoneInfo("Asia/Shanghai")
_OPERATORS = "operators"
_BROKEN, _FINE, _NO_DATA = "ALARM", "OK", "INSUFFICIENT_DATA"


class Page(NamedTuple):
    """One thing to tell. `state` is the alarm's, or empty for a message that is none; `since` is CloudWatch's text."""

    name: str
    state: str
    severity: str
    sentences: tuple[str, ...]
    runbook: str
    since: str
    figures: str
    before: str = ""
    times: int = 1


def read_page(body: str) -> Page:
    """Read a notification of CloudWatch's, or anything else that was published to the topic."""
    try:
        alarm = json.loads(body)
    except ValueError:
        alarm = None
    if not isinstance(alarm, dict) or not {"AlarmName", "NewStateValue"} <= alarm.keys():
        return Page(body[:60], "", "", (body[:2000],), "", "", "")
    parts = str(alarm.get("AlarmDescription") or "").split(BAR)
    known = len(parts) == 4
    return Page(
        name=str(alarm["AlarmName"]),
        state=str(alarm["NewStateValue"]),
        severity=parts[0] if known else "",
        sentences=tuple(parts[1:3]) if known else tuple(filter(None, parts)),
        runbook=parts[3] if known else "",
        since=str(alarm.get("StateChangeTime") or ""),
        figures=str(alarm.get("NewStateReason") or "")[:300],
        before=str(alarm.get("OldStateValue") or ""),
    )


def worth_telling(pages: Iterable[Page]) -> list[Page]:
    """Keep each alarm's last state, the worst first; an alarm that is merely new and fine is nobody's business."""
    last: dict[str, Page] = {}
    for page in sorted(set(pages), key=lambda page: (page.since, page.name)):
        if page.state == _NO_DATA or (page.state == _FINE and page.before == _NO_DATA):
            continue
        known = last.get(page.name)
        last[page.name] = page._replace(times=known.times + 1 if known else 1)
    return sorted(last.values(), key=lambda page: (page.state == _FINE, "critical" not in page.severity, page.since))


def write_message(pages: Sequence[Page], channel: str, account: str) -> PostMessage:
    """Write the message that tells them; the same pages are the same message however often it is sent."""
    named = "".join(f"{page.name}{page.state}{page.since}{page.sentences}" for page in pages)
    left = len(pages) - TOLD_MAX
    blocks = [_block(page) for page in pages[:TOLD_MAX]] + ([f"另有 {left} 条 and {left} more"] if left > 0 else [])
    return PostMessage(
        merchant=_OPERATORS,
        command_id=f"page-{hashlib.sha256(named.encode()).hexdigest()[:32]}",
        reply_to=_OPERATORS,
        why=Why(rule="alarm", policy_version=0),
        channel=channel,
        account=account,
        group=_OPERATORS,
        title=_title(pages),
        text="\n\n".join(blocks),
    )


def _title(pages: Sequence[Page]) -> str:
    first = pages[0]
    others = f" +{len(pages) - 1}" if len(pages) > 1 else ""
    return f"护航告警 {_headline(first)}{others}"


def _headline(page: Page) -> str:
    if not page.state:
        return "消息 message"
    return f"{'已恢复 resolved' if page.state == _FINE else page.severity or _BROKEN}：{page.name}"


def _block(page: Page) -> str:
    lines = [f"**{_headline(page)}**" + (f"（×{page.times}）" if page.times > 1 else ""), *page.sentences]
    if page.since:
        lines.append(f"自 since {_instant(page.since)}")
    if page.state == _BROKEN:
        lines += [line for line in (page.figures, page.runbook and f"处理 what to do: {page.runbook}") if line]
    return "\n\n".join(lines)


def _instant(text: str) -> str:
    """Write an instant for people in China and for the logs, which are in UTC."""
    try:
        at = datetime.fromisoformat(text.replace("+0000", "+00:00"))
    except ValueError:
        return text
    return f"{at.astimezone(_CHINA):%m-%d %H:%M} 北京时间（{at:%H:%M} UTC）" if at.tzinfo else text
