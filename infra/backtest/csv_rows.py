"""The rows of one CSV file, plain or gzip, one at a time; whatever makes the file unreadable names its line."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infra.backtest.columns import find_columns, read_mapping
from infra.backtest.dirt import Dirt
from infra.backtest.progress import Progress
from infra.backtest.stories import HistoryRefused
from infra.backtest.values import NoZone, read_time

DELIVERED = ("delivered", "finished", "completed", "交易成功", "已完成", "已签收")
CANCELLED = ("canceled", "cancelled", "unavailable", "closed", "refunded", "交易关闭", "已取消", "已关闭")
_GZIP = b"\x1f\x8b"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .xls
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Where(NamedTuple):
    """A condition on a column: it holds one of these texts, or (`negated`) none of them."""

    column: str
    values: tuple[str, ...]
    negated: bool = False

    @classmethod
    def parse(cls, text: str) -> "Where":
        """Read `column=a,b` or `column!=a,b`; an empty value is an empty cell.

        Raises:
            HistoryRefused: the text is no condition.
        """
        column, equals, values = text.partition("=")
        if not equals or not column.strip("! "):
            raise HistoryRefused(f"--where: {text!r} is neither column=value nor column!=value")
        return cls(column.rstrip("!").strip(), tuple(one.strip() for one in values.split(",")), column.endswith("!"))


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How files are to be read. `zone` is for times that name none; `merchant` is the policy's."""

    merchant: str
    columns: str = "plain"
    zone: ZoneInfo | None = None
    encoding: str = "utf-8-sig"
    where: tuple[Where, ...] = ()
    weight_column: str = ""
    platform: str = "shop"
    carrier: str = "carrier"
    delivered: frozenset[str] = frozenset(DELIVERED)
    cancelled: frozenset[str] = frozenset(CANCELLED)


class CsvRows:
    """The rows of a file that the conditions let through. Rows of another width are dirt."""

    def __init__(self, path: Path, options: CsvOptions, progress: Progress, dirt: Dirt | None = None) -> None:
        self._path, self._options, self._progress, self._dirt = path, options, progress, dirt
        self._line = 0

    def __enter__(self) -> "CsvRows":
        try:
            self._raw = self._path.open("rb")
        except OSError as error:
            raise HistoryRefused(f"{self._path}: {error.strerror}") from error
        try:
            self._begin()
        except BaseException:
            self._raw.close()
            raise
        return self

    def _begin(self) -> None:
        first = self._raw.peek(4)[:4]
        if first in _WORKBOOKS:
            raise HistoryRefused(
                f"{self._path}: 是 Excel 工作簿，请另存为「CSV UTF-8」 is a workbook: save it as CSV UTF-8"
            )
        if first[:2] in _UTF_16 and self._options.encoding == "utf-8-sig":
            raise HistoryRefused(f"{self._path}: 是 UTF-16 编码 is UTF-16: give --encoding utf-16")
        packed = first[:2] == _GZIP
        stream = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        self._text = TextIOWrapper(stream, encoding=self._options.encoding, newline="")
        self._reader = csv.reader(self._text, strict=True)
        header = self._next()
        if header is None:
            raise HistoryRefused(f"{self._path}: the file is empty")
        mapping = read_mapping(self._options.columns)
        self.columns = find_columns(str(self._path), header, mapping, optional=self._options.columns == "plain")
        names = [name.strip() for name in header]
        weight = self._options.weight_column
        self.weight_place = self._place(names, weight, "--weight-column") if weight else None
        self._conditions = [
            (self._place(names, one.column, "--where"), frozenset(one.values), one.negated)
            for one in self._options.where
        ]

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def __iter__(self) -> Iterator[list[str]]:
        while (row := self._next()) is not None:
            self._progress.at(self._path, self._raw.tell())
            if not row:
                continue
            if len(row) != self.columns.width:
                if self._dirt:
                    self._dirt.add("columns", self.where)
            elif all((row[place].strip() in values) is not negated for place, values, negated in self._conditions):
                yield row

    @property
    def where(self) -> str:
        """The place of the current row."""
        return f"{self._path.name}, line {self._line}"

    def time(self, row: Sequence[str], name: str) -> datetime | str | None:
        """Give a milestone of a row: an instant, a kind of dirt, or None where the cell is empty.

        Raises:
            HistoryRefused: it names no time zone, and none was said to be meant.
        """
        text = self.columns.text(row, name)
        try:
            return read_time(text, self._options.zone) if text else None
        except NoZone:
            raise HistoryRefused(
                f"{self._path}, line {self._line}: {text!r} names no time zone; "
                "say whose wall clock it is, such as --zone Asia/Shanghai"
            ) from None

    def _next(self) -> list[str] | None:
        try:
            row = next(self._reader, None)
        except UnicodeDecodeError as error:
            name = self._options.encoding.removesuffix("-sig")
            hint = "" if name == "gb18030" else "；表格软件常用 spreadsheets in China often write --encoding gb18030"
            raise HistoryRefused(
                f"{self._path}, after line {self._reader.line_num}: 编码不是 is not {name}{hint}"
            ) from error
        except (csv.Error, EOFError, zlib.error, OSError) as error:
            raise HistoryRefused(f"{self._path}, after line {self._reader.line_num}: {error}") from error
        self._line = self._reader.line_num
        return row

    def _place(self, names: list[str], column: str, option: str) -> int:
        if column not in names:
            raise HistoryRefused(
                f"{self._path}, line 1: no column {column!r} for {option}; there are {', '.join(names)}"
            )
        return names.index(column)
