"""One row per figure: beside it its floor and its gate, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A figure. `value` and `gate` are what is compared; without a gate it is only told."""

    id: str
    what: str
    value: float
    shown: str = ""
    floor: str = ""
    gate: float | None = None
    aim: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is within its gate."""
        return self.gate is None or self.value <= self.gate

    @property
    def verdict(self) -> str:
        """What the table says."""
        return "" if self.gate is None else ("PASS" if self.holds else "FAIL")


def number(value: float) -> str:
    """Write a figure with as many places as it deserves."""
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.2f}"


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print the rows in columns."""
    heads = ("", "what", "figure", "floor", "gate", "")
    cells = [heads, *((_cells(row)) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(heads))]
    print(f"\n{title}")
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    gate = "" if row.gate is None else f"≤ {number(row.gate)}" + (f" (aim {number(row.aim)})" if row.aim else "")
    return row.id, row.what, row.shown or number(row.value), row.floor, gate, row.verdict
