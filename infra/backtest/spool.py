"""Brings together what an archive has scattered: lines go to files by their case, and come back case by case.

Memory holds one of the files at a time, so an archive may be larger than memory; the disk holds it once.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, NamedTuple, Self
from zlib import crc32

from shared.domain.keys import CaseKey

PARTS = 64


class State(NamedTuple):
    """A recorded state of a case: its version, when it was stored (ISO 8601), where it was read, and its body."""

    version: int
    at: str
    where: str
    body: dict[str, Any]


class Spool:
    """A folder that lives as long as one run."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        root = Path(self._stack.enter_context(TemporaryDirectory(prefix="huhang-backtest-")))
        self._paths = [root / f"{part:02}.jsonl" for part in range(PARTS)]
        self._files = [self._stack.enter_context(path.open("w", encoding="utf-8")) for path in self._paths]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def put(self, key: CaseKey, state: State) -> None:
        """Keep a state of a case."""
        file = self._files[crc32(str(key).encode()) % PARTS]
        file.write(json.dumps([str(key), *state], ensure_ascii=False, separators=(",", ":")) + "\n")

    def cases(self) -> Iterator[tuple[float, CaseKey, list[State]]]:
        """Give the done share, each case, and its states in order of their versions, each once."""
        for file in self._files:
            file.flush()
        for part, path in enumerate(self._paths):
            cases: dict[str, dict[int, State]] = {}
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    key, *state = json.loads(line)
                    cases.setdefault(key, {})[state[0]] = State(*state)
            for place, key in enumerate(sorted(cases)):
                states = cases[key]
                yield (part + place / len(cases)) / PARTS, CaseKey.parse(key), [states[v] for v in sorted(states)]
