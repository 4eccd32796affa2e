"""How many calls has a merchant made at a vendor in this slot of time? Whoever calls vendors takes some first.

One item per bucket holds the newest slot and what is gone of it. Its first taker opens a slot, all others add to it:
one conditional update each, two for who hears of a slot by being late. A slot in the future is a closed bucket.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.adapters.signed_aws import ConditionFailed
from shared.adapters.table_layout import CALLS_KEPT, calls_pk, from_ms, to_expiry, to_ms
from shared.domain.walls import keep_to
from shared.ports import SlotState

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoCallTokens:
    """Counts calls at vendors in the table; knows from its own calls which slots have been opened."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._opened: dict[tuple[str, str], datetime] = {}

    def take(self, merchant: str, bucket: str, start: datetime, calls: int, gone_max: int) -> SlotState:
        """Take calls of a slot, in one call or two."""
        if self._opened.get((merchant, bucket)) != start:
            state = self._open(merchant, bucket, start, calls)
            if state.granted or state.start != start or state.gone + calls > gone_max:
                return state
        return self._add(merchant, bucket, start, calls, gone_max)

    def close(self, merchant: str, bucket: str, start: datetime) -> None:
        """Begin a slot of the future, with all its calls."""
        self._open(merchant, bucket, start, 0)

    def _open(self, merchant: str, bucket: str, start: datetime, calls: int) -> SlotState:
        """Begin a slot, unless it or a later one has begun."""
        state = self._update(
            merchant,
            bucket,
            start,
            UpdateExpression="SET #slot = :slot, gone = :calls, expires_at = :expires_at",
            ConditionExpression="attribute_not_exists(#slot) OR #slot < :slot",
            ExpressionAttributeValues={
                ":slot": {"N": str(to_ms(start))},
                ":calls": {"N": str(calls)},
                ":expires_at": {"N": str(to_expiry(start + CALLS_KEPT))},
            },
        )
        self._opened[merchant, bucket] = state.start
        return state

    def _add(self, merchant: str, bucket: str, start: datetime, calls: int, gone_max: int) -> SlotState:
        return self._update(
            merchant,
            bucket,
            start,
            UpdateExpression="SET gone = gone + :calls",
            ConditionExpression="#slot = :slot AND gone <= :room",
            ExpressionAttributeValues={
                ":slot": {"N": str(to_ms(start))},
                ":calls": {"N": str(calls)},
                ":room": {"N": str(gone_max - calls)},
            },
        )

    def _update(self, merchant: str, bucket: str, start: datetime, **update: Any) -> SlotState:
        keep_to(merchant, ())
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": calls_pk(merchant)}, "sk": {"S": bucket}},
                ExpressionAttributeNames={"#slot": "slot"},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update,
            )
        except ConditionFailed as error:
            item = error.answer.get("Item")
            if item is None:  # forgotten meanwhile: the next taker opens it
                self._opened.pop((merchant, bucket), None)
                return SlotState(start, 0, granted=False)
            return SlotState(from_ms(int(item["slot"]["N"])), int(item["gone"]["N"]), granted=False)
        return SlotState(start, int(answer["Attributes"]["gone"]["N"]), granted=True)
