"""Makes the operators' robot of a local cloud: known to the function that tells alarms, and to the sandbox."""

import json
from pathlib import Path
from typing import Any

from infra.local.seed import invent_robot, put_secret, tell_sandbox
from shared.settings import OPERATORS

ROBOT = "operators"
"""The merchant under which the sandbox keeps what the operators' robot says."""


def seed_operators(outputs: dict[str, Any], known: Path) -> None:
    """Give the operators a DingTalk robot of the sandbox; the same one as long as the file `known` is there.

    Raises:
        StartFailed: the sandbox did not take it.
    """
    robot = json.loads(known.read_text()) if known.exists() else invent_robot()
    robot["base_url"] = f"{outputs['SandboxUrl']}/dingtalk"
    known.touch(mode=0o600)
    known.write_text(json.dumps(robot) + "\n")
    put_secret(str(outputs["CloudEndpoint"]), OPERATORS, json.dumps({"dingtalk": robot}))
    tell_sandbox(outputs, ROBOT, {"dingtalk": robot})
