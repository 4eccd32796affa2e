"""A list of stories on a terminal of any width: a line that names the scene, and under it what there is to tell."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

WIDTH = 100  # columns where there is no terminal
_INDENT = " " * 5
_GAP = "  "
_NOTHING = ("", "–")


class Row(NamedTuple):
    """One story of a scene; cells may hold markup, and there is nothing to tell of one that is empty or a dash."""

    number: int
    title: str
    heading: str
    cells: tuple[str, ...]


def print_rows(console: Console, title: str, rows: Iterable[Row], summary: str) -> None:
    """Print rows under a title; a scene is named before the first of its rows."""
    console.print(f"\n[bold]{title}[/]", soft_wrap=True)
    named = 0
    for row in rows:
        if row.number != named:
            console.print(f"[cyan]{row.number:>3}[/]  {row.title} [dim]{row.heading}[/]", soft_wrap=True)
            named = row.number
        for line in _filled(row.cells, console.width):
            console.print(line, soft_wrap=True)
    console.print(summary, soft_wrap=True)


def _filled(cells: Iterable[str], width: int) -> Iterator[Text]:
    """Put cells into lines, as many as fit; one that is wider than a line by itself stands alone, whole."""
    line = Text()
    for cell in cells:
        if cell in _NOTHING:
            continue
        text = Text.from_markup(cell)
        if line and line.cell_len + len(_GAP) + text.cell_len > width:
            yield line
            line = Text()
        line = line.append(_GAP if line else _INDENT).append_text(text)
    yield line
