"""Reading many items at once, strongly consistent, putting many and deleting many. The stores call it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.adapters.signed_aws import RETRY_AFTER
from shared.adapters.table_layout import ONLY
from shared.errors import Retryable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        KeysAndAttributesTypeDef,
        WriteRequestUnionTypeDef,
    )

KEYS_MAX = 100  # of one BatchGetItem
WRITES_MAX = 25  # of one BatchWriteItem
TRIES_MAX = 3


def batch_get(
    client: "DynamoDBClient", table: str, partitions: Sequence[str], attributes: str
) -> list[dict[str, "AttributeValueTypeDef"]]:
    """Read up to 100 different items that are alone in their partitions, in one call; absent ones are left out.

    Raises:
        Retryable: the table did not hand out everything in `TRIES_MAX` calls.
    """
    wanted: dict[str, KeysAndAttributesTypeDef] = {
        table: {
            "Keys": [{"pk": {"S": pk}, "sk": {"S": ONLY}} for pk in partitions],
            "ProjectionExpression": attributes,
            "ConsistentRead": True,
        }
    }
    items: list[dict[str, AttributeValueTypeDef]] = []
    for _ in range(TRIES_MAX):
        answer = client.batch_get_item(RequestItems=wanted)
        items += answer["Responses"].get(table, [])
        if not answer.get("UnprocessedKeys"):
            return items
        wanted = answer["UnprocessedKeys"]  # type: ignore[assignment]  # what it gives is what it takes
    raise Retryable("unprocessed keys", RETRY_AFTER)


def batch_put(client: "DynamoDBClient", table: str, items: Sequence[dict[str, "AttributeValueTypeDef"]]) -> None:
    """Put different items, whatever was there before; all are durable when this returns.

    Raises:
        Retryable: the table did not take everything in `TRIES_MAX` calls; some may have been put.
    """
    _batch_write(client, table, [{"PutRequest": {"Item": item}} for item in items])


def batch_delete(client: "DynamoDBClient", table: str, places: Sequence[tuple[str, str]]) -> None:
    """Delete different items by pk and sk, whether they are there or not; all are gone when this returns.

    Raises:
        Retryable: the table did not take everything in `TRIES_MAX` calls; some may be deleted.
    """
    _batch_write(client, table, [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in places])


def _batch_write(client: "DynamoDBClient", table: str, requests: "Sequence[WriteRequestUnionTypeDef]") -> None:
    for start in range(0, len(requests), WRITES_MAX):
        left = list(requests[start : start + WRITES_MAX])
        for _ in range(TRIES_MAX):
            answer = client.batch_write_item(RequestItems={table: left})
            left = list(answer.get("UnprocessedItems", {}).get(table, []))
            if not left:
                break
        else:
            raise Retryable("unprocessed items", RETRY_AFTER)
