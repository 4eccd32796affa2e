"""Objects of the archive as files: their lines one after the other, with the place of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from infra.backtest.progress import Progress
from infra.backtest.stories import HistoryRefused
from shared.workflows.read_history import BrokenHistory, Line, read_lines


@dataclass
class ArchiveFiles:
    """Files of the archive, or folders of them."""

    paths: Sequence[Path]
    progress: Progress

    @cached_property
    def files(self) -> list[Path]:
        """All objects, in the order of their names.

        Raises:
            HistoryRefused: a file does not exist, or a folder holds none.
        """
        found: list[Path] = []
        for path in self.paths:
            inside = sorted(path.rglob("*.jsonl.gz")) if path.is_dir() else [path]
            if not inside or not inside[0].is_file():
                raise HistoryRefused(f"{path}: 没有这个文件，或其中没有 no such file, or no *.jsonl.gz in it")
            if path.is_file() and path.suffix != ".gz":
                raise HistoryRefused(
                    f"{path}: 不是归档文件 is no *.jsonl.gz; 订单表格 orders in CSV: python -m infra.backtest --csv"
                )
            found += inside
        return sorted(set(found))

    def lines(self, doing: str) -> Iterator[tuple[Line, str]]:
        """Give every line and where it stands; `doing` is told meanwhile.

        Raises:
            HistoryRefused: a file is damaged.
        """
        self.progress.begin(doing, sum(path.stat().st_size for path in self.files))
        for path in self.files:
            try:
                for number, line in enumerate(read_lines(str(path), path.read_bytes()), start=1):
                    yield line, f"{path.name}, line {number}"
            except BrokenHistory as error:
                raise HistoryRefused(str(error)) from error
            except OSError as error:
                raise HistoryRefused(f"{path}: {error.strerror}") from error
            self.progress.at(path, path.stat().st_size)
