"""What the afternoon left in the table can be read from the bucket too, with all that it was before."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.demo.play import Played, Stage
from infra.local.ministack import CREDENTIALS
from shared.adapters.s3_archive import S3Archive, bucket_url
from shared.adapters.signed_aws import SignedAws
from shared.workflows.archive_history import KINDS
from shared.workflows.read_history import Line, read_history

PATIENCE_S = 20
Key = tuple[str, str]


def archived(stage: Stage) -> dict[Key, list[Line]]:
    """The states of each case; the emulator dates its stream by the machine's clock."""
    outputs = stage.cloud.home.read_outputs()
    environment = CREDENTIALS | {"AWS_ENDPOINT_URL": stage.cloud.endpoint}
    aws = SignedAws(environment)
    today = datetime.now(UTC).date()  # noqa: TID251 - the emulator's clock
    found: dict[Key, list[Line]] = {}
    archive = S3Archive(aws, bucket_url(outputs["HistoryBucketName"], environment))
    for line in read_history(archive, stage.merchant, today - timedelta(days=1), today):
        found.setdefault((line.kind, line.id), []).append(line)
    aws.close()
    return found


def stored(stage: Stage) -> dict[Key, tuple[int, Any]]:
    """The version and the body of each case in the table."""
    found = {}
    for page in stage.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=stage.inside.table):
        for item in page["Items"]:
            _, *key = item["pk"]["S"].split("|", 2)
            if "body" in item and key[0] in KINDS:
                found[key[0], key[1]] = int(item["v"]["N"]), json.loads(item["body"]["S"])
    return found


def test_every_state_of_every_case_is_in_the_archive(played: Played, stage: Stage) -> None:
    left = stored(stage)
    assert {kind for kind, _ in left} == KINDS
    assert played.refund_ids <= {identity.partition(":")[2] for kind, identity in left if kind == "refund"}
    found = wait_for(stage, {key: version for key, (version, _) in left.items()})
    for key, states in found.items():
        assert [line.v for line in states] == list(range(1, len(states) + 1)), key
    assert {key: (states[-1].v, states[-1].case) for key, states in found.items()} == left


def wait_for(stage: Stage, versions: dict[Key, int]) -> dict[Key, list[Line]]:
    """Read the archive until it is as far as the table."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = archived(stage)
        if {key: states[-1].v for key, states in found.items()} == versions or time.monotonic() > end:
            return found
        time.sleep(0.1)
