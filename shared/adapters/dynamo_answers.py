"""What was a stack told? The same request may be delivered again, much later: it is told the same and does nothing."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.adapters.table_layout import JOINING, to_expiry
from shared.domain.joining import Answer
from shared.ports import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=30)


class DynamoAnswers:
    """Answers to requests, by the request's id."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def answer(self, request_id: str) -> Answer | None:
        """Give what was answered; None where nothing was."""
        key = {"pk": {"S": JOINING}, "sk": {"S": request_id}}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return Answer(**json.loads(item["answer"]["S"])) if item else None

    def keep(self, request_id: str, answer: Answer) -> None:
        """Store what is answered; it is durable when this returns."""
        text = json.dumps(answer._asdict(), ensure_ascii=False)
        expires_at = str(to_expiry(self._clock.now() + KEPT))
        item = {"pk": {"S": JOINING}, "sk": {"S": request_id}, "answer": {"S": text}, "expires_at": {"N": expires_at}}
        self._client.put_item(TableName=self._table, Item=item)
