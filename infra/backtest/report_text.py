"""A result as text for people, at most 80 columns wide: Chinese first, and the names by which machines read it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from unicodedata import east_asian_width

from infra.backtest.clocks import known_limits
from infra.backtest.figures import TICKET_FIGURES, Figures, figures_of
from infra.backtest.run import Result
from infra.backtest.timeline import CALLS, lines_of
from shared.domain.hours import Weekday
from shared.domain.tickets import ANOMALIES, Anomaly
from shared.domain.watching import Limit
from shared.rules.deadlines import BY_PLATFORM

WIDTH = 80
_NAME = 19
_LEGEND = (
    "超时 broken：按快递和店铺自己的时间，真的超过了规则 really longer than allowed",
    "误报 false：预警之后按时完成 warned, and then kept in time",
    "≥6h：超时的单中，至少提前 6 小时预警的 of what broke, warned six hours before",
    "提前 lead：超时的单预警提前量的中位数，没赶上记 0 median; 0: not in time",
    "敞口 exposure：超时可能的损失，元 what breaches may cost, in main units",
    "看过 looked at；每条规则单独评判 each rule is judged alone",
)
_ABOUT_PREDICTION = (
    "窗口 windows：每四周一个，用结果已知的前四周来预测 each from the last four",
    "偶然 by chance：什么都没变也会有的误差；超出即情况变了 above: things changed",
)
_DAYS = dict(zip(Weekday, ("周一", "周二", "周三", "周四", "周五", "周六", "周日"), strict=True))
_TICKET_HEADS = dict(zip(TICKET_FIGURES, ("建单", "超时", "升级", "关闭", "当时真实"), strict=True))
_HOUR = timedelta(hours=1)


def as_text(result: Result, *, predict: bool) -> str:
    """Write a result for people."""
    figures = figures_of(result, predict=predict)
    parts: list[Iterable[str]] = [
        _head(figures, result),
        _rules(figures["rules"]),
        _meanings(result, figures["rules"]),
        _weekdays(figures["rules"]),
        _tickets(figures),
        _people(figures),
        _left_out(figures),
        _against(figures),
        _prediction(figures["prediction"]),
        _sample(result),
    ]
    written = ("".join(f"{clip(line)}\n" for line in part) for part in parts)
    return "\n".join(part for part in written if part)


def _head(figures: Figures, result: Result) -> Iterator[str]:
    history, policy = figures["history"], figures["policy"]
    cases, weight = history["cases"], history["weight"]
    yield f"回测 backtest：{policy['merchant']} 的策略第 {policy['version']} 版；什么都没有发出 nothing was sent"
    what = "单 orders" if history["sparse"] else "个订单和包裹 orders and parcels"
    last_day = result.until.astimezone(result.history.zone).date()
    yield f"{cases:,} {what}，{history['first_day']} 至 {last_day}（{history['zone']}）" + (
        f"，代表 standing for {number(weight)}" if weight != cases else ""
    )


def _rules(rules: Figures) -> Iterator[str]:
    yield _row("规则 rule", ("看过", "预警", "超时", "占比", "误报", "≥6h", "提前", "敞口"))
    for rule, one in rules.items():
        yield _row(
            rule,
            (
                number(one["looked_at"]),
                number(one["warned"]),
                number(one["broken"]),
                percent(one["broken_share"]),
                number(one["false_alarms"]),
                percent(one["early_share"], 0),
                _hours(one["median_lead_minutes"]),
                number(one["exposure_fen"] / 100),
            ),
        )
    yield ""
    yield from _LEGEND
    for rule, one in rules.items():
        if one["undecided"] or one["called_wrongly"]:
            late = f"；因消息迟到误判超时 called broken late: {number(one['called_wrongly'])}"
            yield f"{rule}：未定 undecided {number(one['undecided'])}" + (late if one["called_wrongly"] else "")


def _row(name: str, cells: Sequence[str]) -> str:
    widths = (9, 8, 8, 7, 8, 5, 6, 10)
    return pad(name, _NAME) + "".join(right(cell, width) for cell, width in zip(cells, widths, strict=True))


def _meanings(result: Result, rules: Figures) -> Iterator[str]:
    limits: dict[str, list[Limit]] = {}
    for limit in known_limits(result.question.policy):
        limits.setdefault(limit.rule, []).append(limit)
    for rule in rules:
        for limit in limits.get(rule, []):
            title = ANOMALIES[limit.span.anomaly].title
            yield f"{pad(rule, _NAME)}{title}：时限 limit {_length(limit.breach)}，提前 lead {_length(limit.lead)}"
        if rule == BY_PLATFORM:
            yield f"{pad(rule, _NAME)}{ANOMALIES[Anomaly.NOT_SHIPPED].title}：平台给出的最晚发货时间 ship_by"


def _weekdays(rules: Figures) -> Iterator[str]:
    yield _columns("超时占比 broken", list(_DAYS.values()), 8)
    for rule, one in rules.items():
        shares = one["broken_share_by_weekday"]
        yield _columns(rule, [percent(shares[day], 0) for day in _DAYS], 8)


def _tickets(figures: Figures) -> Iterator[str]:
    names = TICKET_FIGURES[:-1] if figures["history"]["sparse"] else TICKET_FIGURES
    yield _columns("工单 tickets", [_TICKET_HEADS[name] for name in names], 9, 35)
    for kind, one in figures["tickets"].items():
        yield _columns(f"{ANOMALIES[Anomaly(kind)].title} {kind}", [number(one[name]) for name in names], 9, 35)


def _people(figures: Figures) -> Iterator[str]:
    yield _columns("通知 notices to", ("全部", "立即", "单日最多", "哪一天"))
    for group, one in figures["notices"].items():
        yield _columns(group, (number(one["said"]), number(one["urgent"]), number(one["peak"]), one["peak_day"] or "-"))
    yield ""
    calls = [f"{CALLS.get(command, command)} {command} {number(count)}" for command, count in figures["calls"].items()]
    yield from fold("会发出的调用 calls that would be made: " + ("，".join(calls) or "无 none"), "  ")


def _columns(name: str, cells: Iterable[str], columns: int = 11, first: int = 22) -> str:
    return pad(name, first) + "".join(right(cell, columns) for cell in cells)


def _left_out(figures: Figures) -> Iterator[str]:
    if figures["untested"]:
        yield "未测的规则，历史没有它们所需的时间 not tested, the history is silent about them:"
        yield from fold("  " + ", ".join(figures["untested"]), "  ")
    if figures["dirt"]:
        yield "数据问题 dirt in the data"
    for one in figures["dirt"]:
        yield from fold(f"{one['count']:>7,}  {one['effect']}", " " * 9)
        yield f"         首个 first: {one['first']}"


def _against(figures: Figures) -> Iterator[str]:
    against = figures["against"]
    if against is None:
        return
    version, mine = against["policy"]["version"], figures["policy"]["version"]
    other = "另一份策略 the other policy" if version == mine else f"第 {version} 版 version {version} "
    other = "现行规则包 the pack in force" if against["by_pack"] else other
    yield f"与{other}相比，有变化的单 cases that change: {number(against['cases_changed'])}"
    yield _changes("规则 rule", ("预警：新增", "不再", "超时：新增", "不再", "敞口"))
    for rule, one in against["changes"].items():
        money = (one["exposure_now_fen"] - one["exposure_before_fen"]) / 100
        names = ("newly_warned", "no_longer_warned", "newly_broken", "no_longer_broken")
        yield _changes(rule, [*(number(one[name]) for name in names), _signed(money)])
    for title, before, now in _totals(against, figures):
        yield f"{pad(title, 38)}{right(number(before), 10)} → {number(now)}"
    for title, cases in (("新增 newly", against["newly"]), ("不再 no longer", against["no_longer"])):
        for case in cases:
            yield f"  {title}: {case}"


def _totals(before: Figures, now: Figures) -> Iterator[tuple[str, float, float]]:
    for group in sorted({*before["notices"], *now["notices"]}):
        yield f"通知 notices to {group}", *(one["notices"].get(group, {}).get("said", 0) for one in (before, now))
    for command in sorted({*before["calls"], *now["calls"]}):
        title = f"调用 calls {command}"
        yield title, before["calls"].get(command, 0), now["calls"].get(command, 0)


def _changes(name: str, cells: Sequence[str]) -> str:
    widths = (15, 11, 15, 11, 9)
    return pad(name, _NAME) + "".join(right(cell, width) for cell, width in zip(cells, widths, strict=True))


def _prediction(prediction: Figures | None) -> Iterator[str]:
    if prediction is None:
        return
    yield f"能预测吗？按 {prediction['split']} 之前各星期的比率，预测之后 Would it have held?"
    yield _predicted("规则 rule", ("预测", "实际", "误差", "偶然", "窗口", "误差", "偶然"))
    for rule, one in prediction["rules"].items():
        halves: dict[str, Any] = one["halves"] or {}
        cells = (
            number(halves["predicted"]) if halves else "-",
            number(halves["real"]) if halves else "-",
            percent(halves.get("error")),
            percent(halves.get("error_by_chance")),
            str(one["windows"]),
            percent(one["window_error"]),
            percent(one["window_error_by_chance"]),
        )
        yield _predicted(rule, cells)
    yield from _ABOUT_PREDICTION


def _predicted(name: str, cells: Sequence[str]) -> str:
    widths = (9, 9, 7, 10, 9, 7, 10)
    return pad(name, _NAME) + "".join(right(cell, width) for cell, width in zip(cells, widths, strict=True))


def _sample(result: Result) -> Iterator[str]:
    if result.sample:
        yield "几单的全部经过 some cases in full"
    for trace in result.sample:
        yield ""
        yield trace.story.name
        for line in lines_of(trace, result.history.zone):
            yield f"  {line}"


# ---- cells -------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Write a count of orders; a weighted one without its fraction."""
    return f"{value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share."""
    return "-" if share is None else f"{share:.{digits}%}"


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if value else "0"


def _hours(minutes: int | None) -> str:
    return "-" if minutes is None else f"{minutes / 60:.1f}h"


def _length(length: timedelta) -> str:
    return f"{length / _HOUR:g}h"


def width(text: str) -> int:
    """How many columns a text takes: Chinese characters take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def clip(text: str, columns: int = WIDTH) -> str:
    """Cut a text that is too wide."""
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def pad(text: str, columns: int) -> str:
    """Fill a cell up, or cut it."""
    text = clip(text, columns - 1)
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Put a text at the right side of its cell."""
    return " " * (columns - width(text)) + text


def fold(text: str, indent: str) -> Iterator[str]:
    """Give a text in lines of at most `WIDTH`, broken at spaces where there are any, the later ones indented."""
    while width(text) > WIDTH:
        line = clip(text, WIDTH + 1)[:-1]
        end = line.rstrip().rfind(" ") if not text[len(line)].isspace() else len(line)
        end = end if end > WIDTH // 2 else len(line)
        yield text[:end].rstrip()
        text = indent + text[end:].lstrip()
    yield text
