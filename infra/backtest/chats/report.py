"""What a trial of routing rules prints: per rule what was and would be, and conversations that would go elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from infra.backtest.chats.history import ChatHistory
from infra.backtest.dirt import KINDS
from shared.domain.policy import Policy
from shared.rules.chat.compare import Sample, Stop, Trial

_RULE, _COUNT = 40, 10


def as_text(policy: Policy, tried: Trial, against: Trial | None, history: ChatHistory, sample_max: int) -> str:
    """Write a report for people."""
    return "\n".join(_lines(policy, tried, against, history, sample_max)) + "\n"


def as_json(policy: Policy, tried: Trial, against: Trial | None, history: ChatHistory, sample_max: int) -> str:
    """Write a report for machines."""
    document = {
        "merchant": policy.merchant,
        "policy_version": policy.version,
        "tried": _document(tried, sample_max),
        "against": _document(against, sample_max) if against else None,
        "dirt": dict(history.dirt.counts),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _document(trial: Trial, sample_max: int) -> dict[str, object]:
    samples = [
        {
            "session": one.session,
            "at": one.first.at.isoformat(),
            "was": [stop._asdict() for stop in one.was],
            "now": [stop._asdict() for stop in one.now],
            "facts": one.facts,
        }
        for one in trial.samples[:sample_max]
    ]
    return trial._asdict() | {"samples": samples}


def _lines(policy: Policy, tried: Trial, against: Trial | None, history: ChatHistory, sample_max: int) -> Iterator[str]:
    yield f"{policy.merchant}：试行第 {policy.version} 版策略 trying policy version {policy.version}"
    yield f"会话 conversations {tried.conversations}，买家的话 lines {tried.lines}，人工转交 by hand {tried.by_hand}"
    was_to_people = against.to_people if against else tried.was_to_people
    yield f"转人工的会话 sent to people by rules: {was_to_people} → {tried.to_people}"
    yield f"去向与实际不同 would have gone elsewhere: {tried.moved}（规则名不同 by other rules: {tried.changed}）"
    if tried.unreadable:
        yield f"其他版本的事实，未试 lines of another version, not tried: {tried.unreadable}"
    yield ""
    yield from _rules(against.hits if against else tried.was_hits, tried.hits, "另一版" if against else "当时")
    samples = tried.samples[:sample_max]
    if samples:
        yield ""
        yield f"示例 samples（{len(samples)} / {tried.moved}）"
    for sample in samples:
        yield from _sample(sample, ZoneInfo(policy.zone))
    for kind, count, first in history.dirt.rows():
        yield f"数据问题 dirt: {count} × {KINDS[kind]}（{first}）"


def _rules(was: Mapping[str, int], now: Mapping[str, int], before: str) -> Iterator[str]:
    yield f"{'rule':<{_RULE}}{'was':>{_COUNT}}{'now':>{_COUNT}}{'':>{_COUNT}}   规则：{before}命中 → 将命中"
    for rule in sorted({*was, *now}, key=lambda name: (-now.get(name, 0), -was.get(name, 0), name)):
        before_count, after_count = was.get(rule, 0), now.get(rule, 0)
        yield f"{rule:<{_RULE}}{before_count:>{_COUNT}}{after_count:>{_COUNT}}{after_count - before_count:>+{_COUNT}}"


def _sample(sample: Sample, zone: ZoneInfo) -> Iterator[str]:
    yield f"{sample.first.at.astimezone(zone):%m-%d %H:%M}  {sample.session}"
    yield f"    当时 was: {_way(sample.was)}"
    yield f"    将会 now: {_way(sample.now)}"
    facts = "  ".join(f"{name}={_plain(value)}" for name, value in sample.facts.items())
    yield f"    所见 saw: {facts}"


def _way(stops: Sequence[Stop]) -> str:
    return " ⇒ ".join(f"{stop.rule} → {stop.agent or stop.group or 'bot'}" for stop in stops) or "–"


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
