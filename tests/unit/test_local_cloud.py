"""`python -m infra.local.cloud`: what it says where it cannot do what is asked. Nothing is started here."""

import socket
import sys
from pathlib import Path

import pytest

from infra.local.cloud import main


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that cannot be done, and give what it says."""
    monkeypatch.setattr(sys, "argv", ["cloud", *map(str, arguments)])
    try:
        status = main()
    except SystemExit as end:
        status = int(str(end.code))
    assert status in {1, 2}
    return capsys.readouterr().err


def test_a_port_that_is_taken_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = told(monkeypatch, capsys, "up", "--home", tmp_path / "home", "--sandbox-port", port)
    assert f"port {port} is taken by another program: stop that, or choose another" in said
    assert "starting" not in said


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("logs",), "本机云没有运行 nothing runs: make up"),
        (("env",), "本机云没有运行 nothing runs: make up"),
        (("up", "--port", "99999999"), "'99999999' is no port from 0 to 65535"),
        (("up", "--sandbox-port", "-1"), "is no port"),
        (("logs", "nonsense"), "invalid choice: 'nonsense'"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    text: str,
) -> None:
    assert text in told(monkeypatch, capsys, *arguments, "--home", tmp_path / "home")
