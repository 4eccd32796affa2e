"""What AWS would count: calls by name, and DynamoDB's units by its sizing rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.adapters.table_layout import CURSORS, parse_pointer
from shared.domain.keys import CaseKind
from tests.moto_aws import MotoAws
from tests.sizes import READ_UNIT, WRITE_UNIT, item_size, units

CASES = frozenset(CaseKind)
POINTER = " pointer"


@dataclass
class Counts:
    """What happened since the last `take`."""

    calls: list[str] = field(default_factory=list)
    writes: dict[str, int] = field(default_factory=dict)  # units by kind: parcel, parcel pointer, open, command …
    reads: int = 0  # units, strongly consistent
    largest: int = 0  # bytes of the largest case written, its outbox included

    @property
    def cases(self) -> int:
        """Write units of cases."""
        return sum(units for kind, units in self.writes.items() if kind in CASES)

    @property
    def pointers(self) -> int:
        """Write units of pointers."""
        return sum(units for kind, units in self.writes.items() if kind.endswith(POINTER))


class Meter:
    """Watches the clients of a function; looks at items with clients of its own, which are not counted."""

    def __init__(self, clients: MotoAws, table: str) -> None:
        self._own = MotoAws().dynamodb
        self._table = table
        self._before: dict[tuple[str, str], int] = {}
        self.counts = Counts()
        for client in (clients.dynamodb, clients.sqs):
            client.meta.events.register("before-call", self._count)
        events = clients.dynamodb.meta.events
        events.register("provide-client-params.dynamodb", self._note_before)
        events.register("after-call.dynamodb", self._note_after)

    def take(self) -> Counts:
        """Give what happened since the last time, and begin anew."""
        taken, self.counts = self.counts, Counts()
        return taken

    def _count(self, model: Any, **_: Any) -> None:
        self.counts.calls.append(model.name)

    def _note_before(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self._before = {place: self._size(place) for place in _written(model.name, params)}

    def _note_after(self, parsed: Mapping[str, Any], model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code != 200 and not self._before:
            return
        for place, before in self._before.items():
            after, kind = self._size(place), _kind(place)
            twice = 2 if model.name == "TransactWriteItems" else 1
            cost = twice * units(max(before, after), WRITE_UNIT)
            self.counts.writes[kind] = self.counts.writes.get(kind, 0) + cost
            if kind in CASES:
                self.counts.largest = max(self.counts.largest, after)
        self._before = {}
        if "Read" in str(model.name) or model.name in ("BatchGetItem", "GetItem", "Query"):
            found = [*parsed.get("Responses", {}).get(self._table, []), *parsed.get("Items", [])]
            self.counts.reads += max(1, sum(units(item_size(item), READ_UNIT) for item in found))

    def _size(self, place: tuple[str, str]) -> int:
        pk, sk = place
        found = self._own.get_item(TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True)
        return item_size(found["Item"]) if "Item" in found else 0


def _written(operation: str, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name the items that a call writes."""
    match operation:
        case "PutItem":
            keys = [params["Item"]]
        case "UpdateItem" | "DeleteItem":
            keys = [params["Key"]]
        case "BatchWriteItem":
            keys = [one["PutRequest"]["Item"] for asked in params["RequestItems"].values() for one in asked]
        case "TransactWriteItems":
            parts = [next(iter(part.values())) for part in params["TransactItems"]]
            keys = [part.get("Item") or part["Key"] for part in parts]
        case _:
            keys = []
    return [(key["pk"]["S"], key["sk"]["S"]) for key in keys]


def _kind(place: tuple[str, str]) -> str:
    pk, sk = place
    if pk == CURSORS:
        return "cursor"
    if pk.startswith("due|"):
        return parse_pointer(sk)[1].kind + POINTER
    return pk.split("|")[1] if "|" in pk else pk
