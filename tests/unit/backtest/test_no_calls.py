"""Outgoing calls during a backtest: none, since nothing that could make one is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.domain.policy import Policy
from tests.unit.backtest.build import record_some, write_csv
from tests.unit.backtest.test_chats import archive, talk

CALLERS = (
    "shared.adapters",
    "shared.wiring",
    "shared.ports",
    "shared.couriers",
    "shared.platforms",
    "shared.erps",
    "shared.channels",
    "boto3",
    "botocore",
    "httpx",
    "requests",
    "urllib.request",
    "http.client",
    "asyncio",
    "ssl",
)
WATCHED_RUN = """
import sys
calls = []
def hook(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")):
        calls.append(event)
sys.addaudithook(hook)
from %s.__main__ import main
assert main(sys.argv[1:]) == 0
loaded = [name for name in sys.modules if name.startswith(%r)]
sys.stderr.write(repr((calls, loaded)))
"""


@pytest.mark.parametrize("kind", ["csv", "archive", "chats"])
def test_a_run_opens_no_socket_starts_no_process_and_has_no_adapter(tmp_path: Path, kind: str) -> None:
    """A process of its own, so that nothing that other tests import is in it."""
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"merchant": "shop", "version": 1, "watching": {"urge_by": {"zto": "zto"}}}))
    program = "infra.backtest"
    if kind == "csv":
        history = ["--csv", str(write_csv(tmp_path / "o.csv", [("A1", 0, 60, 90)]))]
    elif kind == "chats":
        history, program = [str(archive(tmp_path / "history", talk(), merchant="shop"))], "infra.backtest.chats"
    else:
        history = [str(record_some(5, Policy(merchant="shop", version=1), 1).save(tmp_path))]
    command = [sys.executable, "-c", WATCHED_RUN % (program, CALLERS), "--policy", str(policy), *history, "--quiet"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "([], [])")
    assert ("conversations 1" if kind == "chats" else "calls that would be made: ") in run.stdout
