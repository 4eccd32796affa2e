"""What belongs to no case: pushes that nobody has taught us, and how far each source has been polled."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.adapters.table_layout import instant_text, to_expiry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

UNKNOWN_KEPT = timedelta(days=90)
BODY_MAX = 300_000  # an item holds 400 KB


class DynamoUnknownPushes:
    """Raw pushes under `<merchant>|unknown`, one item per different body."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, merchant: str, source: str, reason: str, body: bytes, at: datetime) -> None:
        """Store the raw bytes for 90 days; keeping the same bytes twice keeps them once."""
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": f"{merchant}|unknown"},
                "sk": {"S": f"{source}|{hashlib.sha256(body).hexdigest()[:32]}"},
                "source": {"S": source},
                "reason": {"S": reason[:300]},
                "at": {"S": instant_text(at)},
                "raw": {"B": body[:BODY_MAX]},
                "expires_at": {"N": str(to_expiry(at + UNKNOWN_KEPT))},
            },
        )


class DynamoCursors:
    """Instants under `<merchant>|polled`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, merchant: str, source: str) -> datetime | None:
        """Give up to when a source has been read, or None before the first poll."""
        answer = self._client.get_item(TableName=self._table, Key=_polled(merchant, source), ConsistentRead=True)
        return datetime.fromisoformat(answer["Item"]["until"]["S"]) if "Item" in answer else None

    def all(self, merchant: str) -> dict[str, datetime]:
        """Give up to when each source of a merchant has been read; there are as many as it has vendors."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :polled",
            ExpressionAttributeValues={":polled": {"S": f"{merchant}|polled"}},
        )
        return {item["sk"]["S"]: datetime.fromisoformat(item["until"]["S"]) for item in answer["Items"]}

    def put(self, merchant: str, source: str, until: datetime) -> None:
        """Store up to when a source has been read."""
        item = {**_polled(merchant, source), "until": {"S": instant_text(until)}}
        self._client.put_item(TableName=self._table, Item=item)


def _polled(merchant: str, source: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{merchant}|polled"}, "sk": {"S": source}}
