"""Starts, finds and stops the background programs of a local cloud, each by the id in its own file."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

LOOPBACK = "127.0.0.1"
STARTS_WITHIN_S = 30.0
ENDS_WITHIN_S = 15.0
ANSWERS_WITHIN_S = 1.0
TAIL_LINES = 25
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_started: dict[int, subprocess.Popen[bytes]] = {}  # our own children, to be collected when they end


class StartFailed(RuntimeError):
    """A background program did not come up. The message holds the end of its log."""


def start_program(command: list[str], environment: Mapping[str, str], log: Path, pid_file: Path) -> int:
    """Start a program in a session of its own and remember its id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _started[process.pid] = process
    while process.poll() is None and not _command_line(process.pid):
        time.sleep(0.001)  # the system names a new program a moment after it runs
    pid_file.write_text(str(process.pid))
    return process.pid


def running_pid(pid_file: Path, word: str) -> int | None:
    """Give the id of the running program, or None. `word` must stand in its command line, since ids are used again."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid if word in _command_line(pid) else None


def stop_program(pid_file: Path, word: str) -> bool:
    """Ask a program to end, wait, and end its whole group if it does not. Gives whether it was running."""
    pid = running_pid(pid_file, word)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while running_pid(pid_file, word) and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(0.05)
        if running_pid(pid_file, word):
            os.killpg(pid, signal.SIGKILL)
            _reap(pid)
    pid_file.unlink(missing_ok=True)
    return pid is not None


def wait_until_healthy(url: str, pid_file: Path, word: str, log: Path) -> None:
    """Wait until a program answers 200.

    Raises:
        StartFailed: it ended or stays silent.
    """
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not answers(url):
        if running_pid(pid_file, word) is None or time.monotonic() > deadline:
            raise StartFailed(f"{word} did not come up on {url}; the end of {log}:\n{tail_of(log)}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Tell whether a GET is answered with 200."""
    try:
        with _NO_PROXY.open(url, timeout=ANSWERS_WITHIN_S) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def require_free(port: int, option: str) -> None:
    """Check that nobody listens on a port; `option` chooses another.

    Raises:
        StartFailed: somebody does; the message says what to do.
    """
    if not is_free(port):
        raise StartFailed(
            f"端口 {port} 被别的程序占用 port {port} is taken by another program: stop that, "
            f"or choose another: make reset; python -m infra.local.cloud up {option} 0"
        )


def find_free_port() -> int:
    """Let the system choose a free loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def tail_of(log: Path) -> str:
    """Give the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:]) if log.exists() else "(no log)"


def _command_line(pid: int) -> str:
    """Read a process's command line, from /proc where there is one; a zombie has none."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        return proc.read_text().replace("\0", " ") if proc.exists() else ""
    answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout


def _reap(pid: int) -> None:
    """Collect a child that has ended; a program that somebody else started is not ours to collect."""
    if pid in _started:
        _started[pid].poll()
