"""Runs MiniStack, the AWS emulator: loopback only, an environment of its own, state kept between runs."""

import json
import os
from pathlib import Path

from infra.local.home import Home
from infra.local.processes import (
    LOOPBACK,
    StartFailed,
    require_free,
    running_pid,
    start_program,
    stop_program,
    wait_until_healthy,
)
from infra.local.time_machine import CLOUD_ENVIRONMENT, install_worker_clock
from infra.options import EMULATOR_ACCOUNT

ACCOUNT = EMULATOR_ACCOUNT
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
_NAME = "ministack"


def is_running(home: Home) -> bool:
    """Tell whether this home's emulator runs."""
    return running_pid(home.pid(_NAME), _NAME) is not None


def start(home: Home, port: int) -> None:
    """Start the emulator and wait until it is ready.

    Raises:
        StartFailed: it is not installed, the port is taken, or it ended; the message says what to do.
    """
    program = CLOUD_ENVIRONMENT / "bin" / _NAME
    if not program.exists():
        raise StartFailed("the emulator is not installed: run `make setup`")
    require_free(port, "--port")
    install_worker_clock()
    _forget_stream_positions(home.state / "lambda.json")
    start_program([str(program)], _environment(home, port), home.log(_NAME), home.pid(_NAME))
    ready = f"http://{LOOPBACK}:{port}/_ministack/ready"
    wait_until_healthy(ready, home.pid(_NAME), _NAME, home.log(_NAME))


def stop(home: Home) -> bool:
    """Stop the emulator; it saves its state when it is asked. Gives whether it was running."""
    return stop_program(home.pid(_NAME), _NAME)


def _forget_stream_positions(saved: Path) -> None:
    """Let the table's stream be read from its beginning after a restart.

    The emulator saves how far it had read, but not the stream itself, and would skip as many new records as that.
    """
    if saved.exists():
        state = json.loads(saved.read_text())
        state.get("payload", {}).get("dynamodb_stream_positions", {}).get("data", {}).clear()
        saved.write_text(json.dumps(state))


def _environment(home: Home, port: int) -> dict[str, str]:
    """Give the whole environment: functions inherit it, so nothing of the developer's gets in."""
    return CREDENTIALS | {
        "HOME": str(home.tmp),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TMPDIR": str(home.tmp),
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(Path(home.state) / "s3"),
        "LOCAL_CLOCK_FILE": str(home.clock),
    }
