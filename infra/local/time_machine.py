"""Simulated time for the local cloud: two days of silence pass in a second.

The clock is one file with an offset in seconds. Functions follow it (`worker_clock.py`), and so do the sandbox, the
demo and the end-to-end tests; the emulator itself, its schedules and queues stay on real time.
"""

import shutil
from datetime import UTC, datetime, timedelta
from filecmp import cmp
from pathlib import Path

from infra.local.home import ROOT

CLOUD_ENVIRONMENT = ROOT / ".venv-cloud"


class LocalClock:
    """The clock of one local cloud. A missing file means real time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Tell the simulated time, aware UTC."""
        return datetime.now(UTC) + self.offset

    @property
    def offset(self) -> timedelta:
        """Give how far the clock is ahead of real time."""
        try:
            return timedelta(seconds=float(self._path.read_text().strip() or 0))
        except OSError:
            return timedelta()

    def advance(self, by: timedelta) -> None:
        """Move the clock on; a negative step moves it back."""
        self._write(self.offset + by)

    def set(self, instant: datetime) -> None:
        """Move the clock to an aware instant, from where it runs on."""
        self._write(instant - datetime.now(UTC))

    def reset(self) -> None:
        """Return to real time."""
        self._path.unlink(missing_ok=True)

    def _write(self, offset: timedelta) -> None:
        """Replace the file at once: workers read it at any moment."""
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(f"{offset.total_seconds():.6f}\n")
        unfinished.replace(self._path)


def install_worker_clock(environment: Path = CLOUD_ENVIRONMENT) -> Path:
    """Put the hook into the emulator's virtual environment, unless it is there already."""
    packages = next((environment / "lib").glob("python3*/site-packages"))
    source, hook = Path(__file__).with_name("worker_clock.py"), packages / "sitecustomize.py"
    if not (hook.exists() and cmp(source, hook, shallow=False)):
        shutil.copyfile(source, hook)
    return hook
