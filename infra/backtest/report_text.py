"""A result as text for people, at most 80 columns wide."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any
from unicodedata import east_asian_width

from infra.backtest.figures import TICKET_FIGURES, Figures, figures_of
from infra.backtest.run import Result
from infra.backtest.timeline import lines_of
from shared.domain.hours import Weekday

WIDTH = 80
_NAME = 19
_LEGEND = (
    "broken: really took longer than the rule allows, by the courier's or the shop's own times. false: warned, and "
    "then kept in time. ≥6h: of what broke, warned at least six hours before; lead: the median of these warnings, 0 "
    "where none came in time. exposure: what the breaches may cost, in main units of money. Each rule is judged alone."
)
_ABOUT_PREDICTION = (
    "windows: each four weeks, predicted from the last four whose outcome was known. by chance: the error to be "
    "expected where nothing changes; what is above it has changed in the meantime."
)


def as_text(result: Result, *, predict: bool) -> str:
    """Write a result for people."""
    figures = figures_of(result, predict=predict)
    parts: list[Iterable[str]] = [
        _head(figures),
        _rules(figures["rules"]),
        _weekdays(figures["rules"]),
        _people(figures),
        _left_out(figures),
        _against(figures),
        _prediction(figures["prediction"]),
        _sample(result),
    ]
    written = ("".join(f"{clip(line)}\n" for line in part) for part in parts)
    return "\n".join(part for part in written if part)


def _head(figures: Figures) -> Iterator[str]:
    history, policy = figures["history"], figures["policy"]
    cases, weight = history["cases"], history["weight"]
    yield f"Backtest of {policy['merchant']}'s policy, version {policy['version']}; nothing was sent to anybody"
    what = "orders" if history["sparse"] else "orders and parcels"
    yield f"{cases:,} {what}, {history['first_day']} to {history['until'][:10]} ({history['zone']})" + (
        f", standing for {number(weight)}" if weight != cases else ""
    )


def _rules(rules: Figures) -> Iterator[str]:
    heads = ("looked at", "warned", "broken", "", "false", "≥6h", "lead", "exposure")
    yield _row("rule", heads)
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
    yield from wrap(_LEGEND, WIDTH)
    for rule, one in rules.items():
        if one["undecided"] or one["called_wrongly"]:
            late = f"; called broken because news came late: {number(one['called_wrongly'])}"
            yield f"{rule}: undecided {number(one['undecided'])}" + (late if one["called_wrongly"] else "")


def _row(name: str, cells: Sequence[str]) -> str:
    widths = (9, 8, 8, 7, 8, 5, 6, 10)
    return pad(name, _NAME) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _weekdays(rules: Figures) -> Iterator[str]:
    yield _columns("broken, begun on", list(Weekday), 8)
    for rule, one in rules.items():
        yield _columns(rule, [percent(share, 0) for share in one["broken_share_by_weekday"].values()], 8)


def _people(figures: Figures) -> Iterator[str]:
    names = TICKET_FIGURES[:-1] if figures["history"]["sparse"] else TICKET_FIGURES
    yield _columns("tickets", names)
    for kind, one in figures["tickets"].items():
        yield _columns(kind, [number(one[name]) for name in names])
    yield ""
    yield _columns("notices to", ("all", "at once", "on one day", "which was"))
    for group, one in figures["notices"].items():
        yield _columns(group, (number(one["said"]), number(one["urgent"]), number(one["peak"]), one["peak_day"] or "-"))
    yield ""
    calls = [f"{command} {number(count)}" for command, count in figures["calls"].items()]
    yield from wrap("calls that would have been made: " + (", ".join(calls) or "none"), WIDTH, subsequent_indent="  ")


def _columns(name: str, cells: Iterable[str], columns: int = 11) -> str:
    return pad(name, 22) + "".join(cell.rjust(columns) for cell in cells)


def _left_out(figures: Figures) -> Iterator[str]:
    if figures["untested"]:
        text = "not tested, since the history says nothing about their stretch: " + ", ".join(figures["untested"])
        yield from wrap(text, WIDTH, subsequent_indent="  ")
    if figures["dirt"]:
        yield "dirt in the data"
    for one in figures["dirt"]:
        yield from wrap(f"{one['count']:>7,}  {one['effect']}", WIDTH, subsequent_indent=" " * 9)
        yield f"         first: {one['first']}"


def _against(figures: Figures) -> Iterator[str]:
    against = figures["against"]
    if against is None:
        return
    other = "the pack in force" if against["by_pack"] else f"version {against['policy']['version']}"
    yield f"What changes against {other}; cases that change: {number(against['cases_changed'])}"
    yield _changes("rule", ("warned: newly", "no longer", "broken: newly", "no longer", "exposure"))
    for rule, one in against["changes"].items():
        money = (one["exposure_now_fen"] - one["exposure_before_fen"]) / 100
        names = ("newly_warned", "no_longer_warned", "newly_broken", "no_longer_broken")
        yield _changes(rule, [*(number(one[name]) for name in names), _signed(money)])
    for title, before, now in _totals(against, figures):
        yield f"{pad(title, 30)}{number(before):>12} → {number(now)}"
    for title, cases in (("newly", against["newly"]), ("no longer", against["no_longer"])):
        for case in cases:
            yield f"  {title}: {case}"


def _totals(before: Figures, now: Figures) -> Iterator[tuple[str, float, float]]:
    for group in sorted({*before["notices"], *now["notices"]}):
        yield f"notices to {group}", *(one["notices"].get(group, {}).get("said", 0) for one in (before, now))
    for command in sorted({*before["calls"], *now["calls"]}):
        yield f"calls {command}", before["calls"].get(command, 0), now["calls"].get(command, 0)


def _changes(name: str, cells: Sequence[str]) -> str:
    widths = (15, 11, 15, 11, 9)
    return pad(name, _NAME) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _prediction(prediction: Figures | None) -> Iterator[str]:
    if prediction is None:
        return
    yield f"Would it have held? Rates per weekday until {prediction['split']}, on what came after"
    yield _predicted("rule", ("predicted", "real", "error", "by chance", "windows", "error", "by chance"))
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
    yield from wrap(_ABOUT_PREDICTION, WIDTH)


def _predicted(name: str, cells: Sequence[str]) -> str:
    widths = (9, 9, 7, 10, 9, 7, 10)
    return pad(name, _NAME) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _sample(result: Result) -> Iterator[str]:
    for place, trace in enumerate(result.sample):
        if place:
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
