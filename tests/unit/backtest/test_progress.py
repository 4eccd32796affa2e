"""How far a long run is: on stderr, and only when it takes long."""

from io import StringIO
from pathlib import Path

import pytest

from infra.backtest import progress
from infra.backtest.progress import Progress


class Terminal(StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands until it is moved."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_short_run_says_nothing(clock: list[float]) -> None:
    for stream in (StringIO(), Terminal()):
        told = Progress(stream)
        told.begin("orders", 100)
        clock[0] += 0.5
        told.at(None, 50)
        told.end()
        assert stream.getvalue() == ""


def test_a_terminal_has_one_line_that_goes_in_the_end(clock: list[float]) -> None:
    stream = Terminal()
    told = Progress(stream)
    told.begin("orders", 100)
    for done in (25, 50):
        clock[0] += 2
        told.at(None, done)
    told.end()
    assert "\rorders:  25%, 2 s" in stream.getvalue()
    assert "\rorders:  50%, 4 s" in stream.getvalue()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().endswith(" \r")


def test_a_log_has_a_line_now_and_then_over_all_files(clock: list[float]) -> None:
    stream = StringIO()
    told = Progress(stream)
    told.begin("orders", 200)
    told.at(Path("a"), 100)
    for _ in range(12):
        clock[0] += 1
        told.at(Path("b"), 50)
    told.end()
    assert stream.getvalue().splitlines() == ["orders:  75%, 5 s"]


def test_quiet_is_quiet(clock: list[float]) -> None:
    told = Progress(None)
    told.begin("orders", 0)
    clock[0] += 60
    told.at(None, 1)
    told.end()
