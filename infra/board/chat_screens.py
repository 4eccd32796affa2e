"""What the terminal shows of conversations: how the rules do, who was sent to people and why, one session in full."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.board.cells import WIDTH, Column, clean, fit, table
from infra.board.figures import clock, moment, share, wait

Document = Mapping[str, Any]
_INDENT = " " * 4
_ENDINGS = {"accepted": "已接起", "passed_on": "被转走", "abandoned": "已放弃", "waiting": "等待中"}
_HOLDERS = {"bot": "机器人", "waiting": "排队中", "agent": "人工", "closed": "已结束"}
_REPLAYED = {
    "same": "重算一致 made again: the same",
    "different": "重算不一致 made again: DIFFERENT",
    "by_hand": "人工转交 by hand",
    "no_policy": "该版本策略已不存在 that policy is gone",
}

_RULES = (
    Column("规则", 22),
    Column("命中", 5, right=True),
    Column("转人工", 6, right=True),
    Column("接起", 5, right=True),
    Column("转走", 5, right=True),
    Column("放弃", 5, right=True),
    Column("等待", 5, right=True),
    Column("二跳", 4, right=True),
    Column("首答p50", 7, right=True),
    Column("首答p90", 7, right=True),
)
_GROUPS = (
    Column("组", 22),
    Column("会话", 6, right=True),
    Column("已答", 6, right=True),
    Column("已解决", 6, right=True),
    Column("首答p50", 8, right=True),
    Column("首答p90", 8, right=True),
    Column("解决p50", 8, right=True),
    Column("解决p90", 8, right=True),
)
_INTENTS = (
    Column("意图", 22),
    Column("会话", 6, right=True),
    Column("仅机器人", 8, right=True),
    Column("占比", 6, right=True),
)
_SHADOWS = (
    Column("试运行规则", 22),
    Column("会话", 6, right=True),
    Column("去向不同", 8, right=True),
    Column("代替的规则", 40),
)


# ---- how the rules do --------------------------------------------------------------------------------------------


def routing_screen(answer: Document, days: int) -> Iterator[str]:
    """Show what became of every rule's decisions, of groups, intents and shadow rules."""
    span = next((one for one in answer["spans"] if one["days"] == days), None)
    yield f"{clean(answer['merchant'])}：近 {days} 天开始的会话 sessions of {days} days，{clock(answer['as_of'])}"
    if span is None:
        yield "没有会话 no conversations" + ("，看近 30 天 see --days 30" if days < 30 else "")
        return
    stars = f"{span['stars'] / span['ratings']:.1f}" if span["ratings"] else "–"
    yield (
        f"会话 {span['sessions']}，仅机器人 {span['bot_only']}（{share(span['bot_only'], span['sessions'])}），"
        f"未结 {span['open']}，二次转接 {span['second_hops']}，迟到发言 {span['late_lines']}，"
        f"评分 {stars}（{span['ratings']}）"
    )
    if span["advisory"]:
        counts = f"会话 {span['advisory']}，建议转人工 {span['advised_people']}"
        yield f"仅建议渠道 advisory channels：{counts}；只计在此 counted here only"
    yield from _section(_RULES, [_rule_row(row) for row in span["rules"]])
    yield from _section(_GROUPS, [_group_row(row) for row in span["groups"]])
    yield from _section(_INTENTS, [_intent_row(row) for row in span["intents"]])
    yield from _section(_SHADOWS, [_shadow_row(row) for row in span["shadows"]])
    yield ""
    yield "命中 = 机器人 + 转人工；转人工 = 接起 + 转走 + 放弃 + 等待；原因 why: transfers"


def _section(columns: Sequence[Column], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield ""
        yield from table(columns, rows)


def _rule_row(row: Document) -> tuple[str, ...]:
    names = ("hits", "transfers", "accepted", "passed_on", "abandoned", "waiting", "second_hops")
    return (row["rule"], *(str(row[name]) for name in names), *_spread(row["answer"]))


def _group_row(row: Document) -> tuple[str, ...]:
    counts = (str(row[name]) for name in ("sessions", "answered", "solved"))
    return (row["group"], *counts, *_spread(row["answer"]), *_spread(row["solve"]))


def _intent_row(row: Document) -> tuple[str, ...]:
    return row["intent"], str(row["sessions"]), str(row["bot_only"]), share(row["bot_only"], row["sessions"])


def _shadow_row(row: Document) -> tuple[str, ...]:
    instead_of = "，".join(f"{rule} {count}" for rule, count in row["instead_of"].items())
    return row["rule"], str(row["sessions"]), str(row["differs"]), instead_of


def _spread(spread: Document | None) -> tuple[str, str]:
    return (wait(spread["median_s"]), wait(spread["p90_s"])) if spread else ("–", "–")


# ---- who was sent to people --------------------------------------------------------------------------------------


def transfers_screen(answer: Document) -> Iterator[str]:
    """Show the latest transfers: when, where to, what became of it, and why."""
    rows = answer["transfers"]
    yield f"{clean(answer['merchant'])}：近 7 天 {answer['found']} 次转人工 transfers，{clock(answer['as_of'])}"
    for row in rows:
        answered = f"，{wait(row['answer_s'])}后应答" if row["answer_s"] is not None else ""
        yield fit(f"{moment(row['at'])}  {_ENDINGS[row['ending']]}{answered} → {_desk(row)}", WIDTH).rstrip()
        yield from _folded(f"{row['session']}  {row['reason']}")
    if answer["found"] > len(rows):
        yield f"另有 {answer['found'] - len(rows)} 次 more：--limit 200"
    if rows:
        yield "一个会话的全部决定 one in full: python -m infra.board session CHANNEL SESSION"


def _desk(row: Document) -> str:
    if row["agent"]:
        return f"{row['group'] or ''}/{row['agent']}".lstrip("/")
    return row["group"] or "bot"


# ---- one session -------------------------------------------------------------------------------------------------


def session_screen(answer: Document) -> Iterator[str]:
    """Show a conversation: who has it, what was understood, and every decision made again."""
    holder = _HOLDERS[answer["holder"]] + ("（仅建议 advice）" if answer["advisory"] else "")
    yield fit(f"{answer['session']}　{holder} {_desk(answer) if answer['group'] else ''}".rstrip(), WIDTH).rstrip()
    marks = [f"转接 {answer['hops']}", f"负面 {answer['negative_lines']}", f"重复 {answer['repeated']}"]
    marks += [f"迟到发言 {answer['late_lines']}"] if answer["late_lines"] else []
    marks += [f"评分 {answer['rating']}"] if answer["rating"] else []
    yield fit(f"令牌 {answer['token']}，优先级 {answer['priority']}，{'，'.join(marks)}", WIDTH).rstrip()
    times = (("开始", "opened_at"), ("转人工", "people_since"), ("首答", "first_answered_at"), ("结束", "closed_at"))
    yield "，".join(f"{name} {moment(answer[field])}" for name, field in times if answer[field])
    lines = [f"{one['intent']}/{one['tone']}{' !' if one['negative'] else ''}" for one in answer["lines"]]
    yield from _folded(f"买家的话（意图/情绪） lines: {'  '.join(lines) or '–'}", indent="")
    for decision in answer["decisions"]:
        yield from _decision(decision)
    if answer["latest"]:
        yield ""
        yield "最近一句，未改变去向 the latest line moved nobody:"
        yield from _decision(answer["latest"])


def _decision(decision: Document) -> Iterator[str]:
    yield ""
    rule = f"{moment(decision['at'])}  {decision['rule']}（策略版本 policy version {decision['policy_version']}）"
    yield fit(rule, WIDTH).rstrip()
    yield from _folded(decision["reason"])
    facts = "  ".join(f"{name}={_plain(value)}" for name, value in decision["facts"].items())
    yield from _folded(facts)
    if decision["shadows"]:
        yield from _folded(f"试运行 shadow: {'，'.join(decision['shadows'])}")
    yield from _folded("；".join((_REPLAYED[decision["replayed"]], *decision["differences"])))


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _folded(text: str, indent: str = _INDENT) -> Iterator[str]:
    """Give a text in as many lines as it needs."""
    rest = clean(text)
    while rest:
        line = fit(rest, WIDTH - len(indent)).rstrip()
        if line != rest.rstrip():
            line = line.removesuffix("…")
        yield f"{indent}{line}".rstrip()
        rest = rest[len(line) :].lstrip()
