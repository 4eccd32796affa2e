"""Runs the sandbox, which plays the outside world, as a background program of a local cloud."""

import os
import sys
from typing import Any

from infra.local.home import ROOT, Home
from infra.local.ministack import CREDENTIALS
from infra.local.processes import require_free, running_pid, start_program, stop_program, wait_until_healthy

_NAME = "sandbox"
_MODULE = "infra.local.sandbox"


def is_running(home: Home) -> bool:
    """Tell whether this home's sandbox runs."""
    return running_pid(home.pid(_NAME), _MODULE) is not None


def start(home: Home, outputs: dict[str, Any]) -> None:
    """Start the sandbox and wait until it is healthy. It finds the rest in the home's outputs.

    Raises:
        StartFailed: the port is taken, or it ended; the message says what to do.
    """
    port = int(outputs["SandboxPort"])
    require_free(port, "--sandbox-port")
    command = [sys.executable, "-m", _MODULE, "--port", str(port), "--home", str(home.path)]
    environment = CREDENTIALS | {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "AWS_ENDPOINT_URL": str(outputs["CloudEndpoint"]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command += ["--webhook-base", str(outputs["WebhookBaseUrl"])]
    start_program(command, environment, home.log(_NAME), home.pid(_NAME))
    wait_until_healthy(f"{outputs['SandboxUrl']}/health", home.pid(_NAME), _MODULE, home.log(_NAME))


def stop(home: Home) -> bool:
    """Stop the sandbox. Gives whether it was running."""
    return stop_program(home.pid(_NAME), _MODULE)
