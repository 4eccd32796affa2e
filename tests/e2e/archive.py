"""What the archive holds of the cases, beside what the table holds."""

import json
from functools import cache
from typing import Any

from infra.local.demo.play import Stage
from shared.workflows.archive_history import KINDS
from shared.workflows.read_history import read_lines

Key = tuple[str, str]
State = tuple[int, Any]
"""The version of a case, and its body."""


def objects(stage: Stage) -> dict[str, bytes]:
    """The merchant's objects, by their names."""
    bucket = str(stage.cloud.home.read_outputs()["HistoryBucketName"])
    listing = stage.cloud.client("s3").get_paginator("list_objects_v2")
    pages = listing.paginate(Bucket=bucket, Prefix=f"history/{stage.merchant}/")
    names = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {name: _read(stage, bucket, name) for name in names}


@cache
def _read(stage: Stage, bucket: str, name: str) -> bytes:
    """Read an object, which never changes."""
    data: bytes = stage.cloud.client("s3").get_object(Bucket=bucket, Key=name)["Body"].read()
    return data


def archived(stage: Stage) -> dict[Key, dict[int, Any]]:
    """All bodies that each case has had, by their versions."""
    found: dict[Key, dict[int, Any]] = {}
    for name, data in objects(stage).items():
        for line in read_lines(name, data):
            found.setdefault((line.kind, line.id), {})[line.v] = line.case
    return found


def last_states(found: dict[Key, dict[int, Any]]) -> dict[Key, State]:
    """The newest archived state of each case."""
    return {key: (max(states), states[max(states)]) for key, states in found.items()}


def stored(stage: Stage) -> dict[Key, State]:
    """The state of each case in the table."""
    found = {}
    for item in stage.inside.items():
        merchant, *key = item["pk"]["S"].split("|", 2)
        if "body" in item and merchant == stage.merchant and key[0] in KINDS:
            found[key[0], key[1]] = int(item["v"]["N"]), json.loads(item["body"]["S"])
    return found
