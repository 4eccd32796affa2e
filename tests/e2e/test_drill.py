"""The drill of docs/deploy.md: its commands, as they stand there, restore the table beside the one at work."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo.play import Stage
from infra.local.home import ROOT
from infra.local.ministack import CREDENTIALS, REGION

SECTION = (ROOT / "docs" / "deploy.md").read_text("utf-8").split("\n## 7.")[1].split("\n## ")[0]
[DRILL, _] = re.findall(r"^```\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
END = "\n".join(" ".join(command.split()) for command in re.findall(r"`(aws [^`]+)`", SECTION))
RESTORED = "huhang-restored"


@pytest.fixture
def shell(stage: Stage, tmp_path: Path) -> Any:
    """Run commands as an operator of this cloud; give the lines that they print."""
    command = tmp_path / "aws"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.e2e.aws_command "$@"\n')
    command.chmod(0o755)
    own = {"PATH": f"{tmp_path}{os.pathsep}{os.defpath}", "AWS_ENDPOINT_URL": stage.cloud.endpoint, "LANG": "C.UTF-8"}

    def run(commands: str) -> list[str]:
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", commands],
            cwd=ROOT,
            env=CREDENTIALS | own | {"AWS_REGION": REGION},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.mark.usefixtures("resting")
def test_the_drill_restores_every_item_with_stream_expiry_and_recovery(stage: Stage, shell: Any) -> None:
    dynamodb, table = stage.cloud.client("dynamodb"), stage.inside.table
    *_, at_work, restored, arns = shell(DRILL)
    assert int(at_work) == int(restored) == sum(1 for _ in stage.inside.items()) > 0

    made, own = (dynamodb.describe_table(TableName=name)["Table"] for name in (RESTORED, table))
    assert arns.split("\t") == [made["TableArn"], made["LatestStreamArn"]]
    for what in ("KeySchema", "StreamSpecification", "BillingModeSummary"):
        assert made[what] == own[what], what
    assert made["DeletionProtectionEnabled"]
    expiries = [dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] for name in (RESTORED, table)]
    assert expiries[0] == expiries[1]
    backups = dynamodb.describe_continuous_backups(TableName=RESTORED)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"

    shell(END)
    assert RESTORED not in dynamodb.list_tables()["TableNames"]
