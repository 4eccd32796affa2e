"""The inside of a local cloud, as an operator could read it: cases, scheduled functions, dead letters."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.local import deployment
from infra.local.cloud import LocalCloud
from infra.local.demo.chronicle import case_key
from shared.adapters.dynamo_cases import read_case
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey
from shared.domain.parcel import ParcelCase
from shared.domain.refund import RefundCase


class Inside:
    """Huhang as it runs in one local cloud."""

    def __init__(self, cloud: LocalCloud, outputs: Mapping[str, Any]) -> None:
        self.cloud = cloud
        self.table = str(outputs["TableName"])
        self._dynamodb = cloud.client("dynamodb")

    def cases(self) -> dict[CaseKey, AnyCase]:
        """The state of every case in the table."""
        found: dict[CaseKey, AnyCase] = {}
        for item in self.items():
            key = case_key(item)
            stored = read_case(key, item) if key else None
            if stored and stored.case is not None:
                found[stored.key] = stored.case
        return found

    def wake(self, function: str) -> None:
        """Run a scheduled function now, as its schedule would."""
        self.cloud.tick(function)

    def dead_letters(self) -> dict[str, int]:
        """The dead-letter queues that are not empty."""
        depths = deployment.queue_depths(self.cloud.endpoint)
        return {name: count for name, count in depths.items() if name.endswith("-dead") and count}

    def items(self) -> Iterator[dict[str, Any]]:
        """Everything in the table."""
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True):
            yield from page["Items"]


def refunds_of(cases: Mapping[CaseKey, AnyCase]) -> dict[str, RefundCase]:
    """The refund cases by the platform's number."""
    return {case.refund_id: case for case in cases.values() if isinstance(case, RefundCase)}


def parcels_of(cases: Mapping[CaseKey, AnyCase]) -> dict[str, ParcelCase]:
    """The parcel cases by waybill; of a number that moved to another courier, the case that it moved to."""
    parcels = [case for case in cases.values() if isinstance(case, ParcelCase)]
    return {case.waybill: case for case in sorted(parcels, key=lambda case: case.moved_to is None)}
