"""What AWS bills by use, as metrics of its own, and what that costs where list prices are known (`prices.json`).

The dashboard shows both; `tests/benchmarks/costs.py` puts the same prices to what it counts.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infra.catalog import FUNCTIONS
from infra.signals import Signal, of_lambda, of_queue
from infra.watched import PAGES, Watched
from shared.domain.lanes import ASIDE, Lane

LISTED: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text("utf-8"))["regions"]
_REQUESTS = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "NumberOfEmptyReceives")


class Share(NamedTuple):
    """A metric, and how many of what is billed one of its units is."""

    signal: Signal
    units: float = 1


class Prices(NamedTuple):
    """List prices of a region, for a million units of each thing."""

    region: str
    read_on: str
    currency: str
    per_million: Mapping[str, float]


def billed(on: Watched) -> dict[str, Sequence[Share]]:
    """Give what is billed, by its name in the list of prices. Messages in batches are fewer requests than that."""
    queues = [on.named(name) for name in (*(lane + end for lane in Lane for end in ("", ASIDE)), PAGES)]
    table = {"TableName": on.table}
    logs = [{"LogGroupName": on.log_group(spec.name)} for spec in FUNCTIONS]
    return {
        "http_requests": [Share(Signal("AWS/ApiGateway", "Count", "Sum", {"ApiId": on.api}))],
        "invocations": [Share(of_lambda("Invocations", "Sum", on.named(spec.name))) for spec in FUNCTIONS],
        "gb_s": [
            Share(of_lambda("Duration", "Sum", on.named(spec.name)), units=spec.memory_mib / 1024 / 1000)
            for spec in FUNCTIONS
        ],
        "queue_requests": [Share(of_queue(request, "Sum", queue)) for request in _REQUESTS for queue in queues],
        "write_units": [Share(Signal("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Sum", table))],
        "read_units": [Share(Signal("AWS/DynamoDB", "ConsumedReadCapacityUnits", "Sum", table))],
        "log_bytes": [Share(Signal("AWS/Logs", "IncomingBytes", "Sum", group)) for group in logs],
    }


def prices_in(region: str) -> Prices | None:
    """Give the list prices of the region's partition; None while one of them is not known: a sum would be a lie."""
    listed = "cn-north-1" if region.startswith("cn-") else "us-east-1"
    known = LISTED[listed]
    per_million = {what: price["per_million"] for what, price in known["prices"].items()}
    return None if None in per_million.values() else Prices(listed, known["read_on"], known["currency"], per_million)
