"""Reading many items at once, strongly consistent. The stores call it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.adapters.signed_aws import RETRY_AFTER
from shared.errors import Retryable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, KeysAndAttributesTypeDef

KEYS_MAX = 100  # of one BatchGetItem
TRIES_MAX = 3


def batch_get(
    client: "DynamoDBClient", table: str, partitions: Sequence[str], sort_key: str, attributes: str
) -> list[dict[str, "AttributeValueTypeDef"]]:
    """Read up to 100 different items in one call; absent ones are left out.

    Raises:
        Retryable: the table did not hand out everything in `TRIES_MAX` calls.
    """
    wanted: dict[str, KeysAndAttributesTypeDef] = {
        table: {
            "Keys": [{"pk": {"S": pk}, "sk": {"S": sort_key}} for pk in partitions],
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
