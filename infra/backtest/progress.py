"""How far a long run is, on stderr: on a terminal one line that replaces itself, elsewhere a line now and then."""

import time
from pathlib import Path
from typing import TextIO

_FIRST_AFTER_S = {True: 1.0, False: 5.0}  # a terminal; a log
_EVERY_S = {True: 0.2, False: 10.0}


class Progress:
    """Counts bytes of files or cases. `stream` None is silent."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._terminal = bool(stream and stream.isatty())
        self._began = self._next = time.monotonic()
        self._what, self._total = "", 0
        self._done: dict[Path | None, int] = {}
        self._shown = False

    def begin(self, what: str, total: int) -> None:
        """Begin a part of the work."""
        self._what, self._total, self._done = what, total, {}
        self._began = time.monotonic()
        self._next = self._began + _FIRST_AFTER_S[self._terminal]

    def at(self, path: Path | None, done: int) -> None:
        """Say how much is done, of one of several files or of the whole."""
        self._done[path] = done
        now = time.monotonic()
        if self._stream is None or now < self._next:
            return
        self._next = now + _EVERY_S[self._terminal]
        share = min(sum(self._done.values()) / self._total, 1) if self._total else 0
        line = f"{self._what}: {share:4.0%}, {now - self._began:.0f} s"
        self._stream.write(f"\r{line}   " if self._terminal else f"{line}\n")
        self._stream.flush()
        self._shown = True

    def end(self) -> None:
        """Take the line away."""
        if self._stream and self._terminal and self._shown:
            self._stream.write("\r" + " " * 60 + "\r")
            self._stream.flush()
