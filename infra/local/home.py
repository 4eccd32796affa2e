"""The folder in which one local cloud keeps everything: state, logs, process ids, outputs and its clock."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_HOME = ROOT / ".local"
_MARKER = "this-is-a-huhang-home"


class HomeRefused(RuntimeError):
    """The folder is somebody else's. Choose another with `--home`."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where things are in a home. Nothing outside of it is written, but the code bundles in `.build/`."""

    path: Path

    @property
    def state(self) -> Path:
        """Give the emulator's saved state, written when it stops."""
        return self.path / "state"

    @property
    def tmp(self) -> Path:
        """Give the emulator's scratch space: unpacked functions, gone with `down`."""
        return self.path / "tmp"

    @property
    def clock(self) -> Path:
        """Give the file that holds the clock's offset in seconds."""
        return self.path / "clock"

    @property
    def outputs(self) -> Path:
        """Give the file that tells other programs where everything is."""
        return self.path / "outputs.json"

    @property
    def assembly(self) -> Path:
        """Give the synthesized app."""
        return self.path / "cdk.out"

    def log(self, name: str) -> Path:
        """Give the log file of a program."""
        return self.path / "logs" / f"{name}.log"

    def pid(self, name: str) -> Path:
        """Give the file with a program's process id."""
        return self.path / f"{name}.pid"

    @property
    def is_ours(self) -> bool:
        """Tell whether `claim` has made this folder."""
        return (self.path / _MARKER).exists()

    def claim(self) -> None:
        """Make the folders and mark them as ours.

        Raises:
            HomeRefused: the folder exists with other things in it.
        """
        if self.path.exists() and not self.is_ours and any(self.path.iterdir()) and self.path != DEFAULT_HOME:
            raise HomeRefused(f"{self.path} is not empty and was not made by this program")
        for folder in (self.path, self.state, self.tmp, self.path / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.path / _MARKER).touch()

    def clean(self) -> None:
        """Empty the scratch space."""
        shutil.rmtree(self.tmp, ignore_errors=True)

    def forget(self) -> None:
        """Delete what the local cloud and its sandbox have stored."""
        for entry in self.path.iterdir():
            if entry.name in {_MARKER, "lock"}:
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def read_outputs(self) -> dict[str, Any]:
        """Read the outputs of the last `up`; nothing before the first."""
        if not self.outputs.exists():
            return {}
        outputs: dict[str, Any] = json.loads(self.outputs.read_text())
        return outputs

    def write_outputs(self, outputs: dict[str, Any]) -> None:
        """Replace the outputs at once, so that no reader sees half a file."""
        unfinished = self.outputs.with_suffix(".new")
        unfinished.write_text(json.dumps(outputs, indent=2, ensure_ascii=False) + "\n")
        unfinished.replace(self.outputs)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one command at a time change this home."""
        with (self.path / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield
