"""Which cases may be due? Pointers in buckets of one hour and shard; the sweep calls it. Cost follows what is due."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.adapters.dynamo_batch import KEYS_MAX, batch_get, batch_put
from shared.adapters.table_layout import (
    CURSORS,
    DUE_PAGE_MAX,
    POINTER_KEPT,
    SHARDS,
    Lately,
    bucket_of,
    instant_text,
    parse_pointer,
    pointer_item,
    read_ms,
    whole_ms,
)
from shared.domain.keys import CaseKey
from shared.ports import DuePointer, Waiting

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PAGES_MAX = 1000
_AFTER_ALL_KEYS = "|\uffff"


class DynamoDueIndex:
    """Pointers to the cases that may be due, by time."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._lately = Lately()
        self.shards = SHARDS

    def cursor(self, shard: int) -> datetime | None:
        """Up to when this shard has been swept."""
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": CURSORS}, "sk": {"S": str(shard)}}, ConsistentRead=True
        )
        return datetime.fromisoformat(answer["Item"]["until"]["S"]) if "Item" in answer else None

    def reached(self, shard: int, since: datetime, until: datetime) -> Sequence[DuePointer]:
        """Give a page of pointers, earliest first and never cut within one instant.

        Pointers older than their TTL are gone: the search starts no earlier.
        """
        since = max(whole_ms(since), whole_ms(until - POINTER_KEPT))
        page: list[DuePointer] = []
        for bucket in _buckets(shard, since, until):
            room = DUE_PAGE_MAX - len(page)
            page += self._query(bucket, instant_text(since), instant_text(until) + _AFTER_ALL_KEYS, room)
            if len(page) >= DUE_PAGE_MAX:
                return page + self._same_instant(bucket, page[-1])
        return page

    def look(self, keys: Sequence[CaseKey]) -> Mapping[CaseKey, Waiting]:
        """Say what existing cases wait for, strongly consistent."""
        waiting: dict[CaseKey, Waiting] = {}
        partitions = list(dict.fromkeys(map(str, keys)))
        for start in range(0, len(partitions), KEYS_MAX):
            wanted = partitions[start : start + KEYS_MAX]
            for item in batch_get(self._client, self._table, wanted, "pk, due, armed, held"):
                waiting[CaseKey.parse(item["pk"]["S"])] = Waiting(*(read_ms(item, name) for name in Waiting._fields))
        return waiting

    def arm(self, pointers: Sequence[DuePointer]) -> None:
        """Put pointers, 25 per call."""
        fresh = self._lately.new([DuePointer(key, whole_ms(at)) for key, at in pointers])
        batch_put(self._client, self._table, [pointer_item(key, at) for key, at in fresh])
        self._lately.add(fresh)

    def advance(self, shard: int, until: datetime) -> None:
        """Store that the shard has been swept up to `until`, rounded down."""
        self._client.put_item(
            TableName=self._table,
            Item={"pk": {"S": CURSORS}, "sk": {"S": str(shard)}, "until": {"S": instant_text(until)}},
        )

    def _query(self, bucket: str, first: str, last: str, limit: int) -> list[DuePointer]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :bucket AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":bucket": {"S": bucket}, ":first": {"S": first}, ":last": {"S": last}},
            ProjectionExpression="sk",
            ConsistentRead=True,
            Limit=limit,
        )
        pointers = (parse_pointer(item["sk"]["S"]) for item in answer["Items"])
        return [DuePointer(key, at) for at, key in pointers]

    def _same_instant(self, bucket: str, last: DuePointer) -> list[DuePointer]:
        """Give the pointers behind `last` of its very millisecond: imports and promotions make many deadlines equal."""
        more: list[DuePointer] = []
        text = instant_text(last.at)
        for _ in range(PAGES_MAX):
            end = more[-1] if more else last
            page = self._query(bucket, f"{text}|{end.key}\0", text + _AFTER_ALL_KEYS, DUE_PAGE_MAX)
            more += page
            if len(page) < DUE_PAGE_MAX:
                break
        return more


def _buckets(shard: int, since: datetime, until: datetime) -> Iterator[str]:
    """The hours that hold the instants from `since` to `until`; none when there are no such instants."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while since <= until and hour <= until:
        yield bucket_of(shard, hour)
        hour += timedelta(hours=1)
