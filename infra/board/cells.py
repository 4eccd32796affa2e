"""Text in terminal cells: a Chinese character is two wide, and a table must not be wider than the terminal."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

WIDTH = 80
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, its cells, and on which side they stand."""

    title: str
    cells: int
    right: bool = False


def width_of(text: str) -> int:
    """Count the cells that a text fills."""
    return sum(_cells(character) for character in text)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Cut or fill a text to exactly so many cells."""
    text = clean(text)
    if width_of(text) > cells:
        text = _head(text, cells - 1) + _CUT
    padding = " " * (cells - width_of(text))
    return padding + text if right else text + padding


def clean(text: str) -> str:
    """Leave out what would move the cursor or change colours: some of these texts were written by strangers."""
    return "".join(character if character.isprintable() else " " for character in text)


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a table, its titles first."""
    for row in ([column.title for column in columns], *rows):
        cells = (fit(text, column.cells, right=column.right) for column, text in zip(columns, row, strict=True))
        yield " ".join(cells).rstrip()


def _head(text: str, cells: int) -> str:
    used = 0
    for place, character in enumerate(text):
        used += _cells(character)
        if used > cells:
            return text[:place]
    return text


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
