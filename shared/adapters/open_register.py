"""Which cases need people? A small item for each, so that a list of them never looks at the healthy ones.

An entry is put before the save that opens its case, with the version that this save makes, and taken off after the
save that ends the need. Whatever call a process dies after, and whoever else writes at the same time, no case that
needs people is missing: an entry is taken off only by who knows a version that is not older.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.adapters.signed_aws import ConditionFailed
from shared.adapters.table_layout import from_ms, open_pk, to_ms
from shared.domain.keys import CaseKey
from shared.ports import OpenCase

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryInputTypeDef

PAGE_MAX = 500


def enter(client: "DynamoDBClient", table: str, entry: OpenCase) -> None:
    """Put an entry; one that knows a later version stays."""
    item = {**_place(entry.key), "v": {"N": str(entry.version)}, "at": {"N": str(to_ms(entry.at))}}
    with suppress(ConditionFailed):
        client.put_item(
            TableName=table,
            Item=item,
            ConditionExpression="attribute_not_exists(pk) OR v <= :v",
            ExpressionAttributeValues={":v": {"N": str(entry.version)}},
        )


def leave(client: "DynamoDBClient", table: str, key: CaseKey, version: int) -> None:
    """Take an entry off, unless a later version of its case has put it."""
    with suppress(ConditionFailed):
        client.delete_item(
            TableName=table,
            Key=_place(key),
            ConditionExpression="v <= :v",
            ExpressionAttributeValues={":v": {"N": str(version)}},
        )


def forget(client: "DynamoDBClient", table: str, entry: OpenCase) -> None:
    """Take exactly this entry off."""
    with suppress(ConditionFailed):
        client.delete_item(
            TableName=table,
            Key=_place(entry.key),
            ConditionExpression="v = :v AND #at = :at",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":v": {"N": str(entry.version)}, ":at": {"N": str(to_ms(entry.at))}},
        )


def read_page(client: "DynamoDBClient", table: str, merchant: str, after: CaseKey | None) -> Sequence[OpenCase]:
    """Give the entries behind a key, in order; one page."""
    query: QueryInputTypeDef = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk" if after is None else "pk = :pk AND sk > :after",
        "ExpressionAttributeValues": {":pk": {"S": open_pk(merchant)}},
        "Limit": PAGE_MAX,
        "ConsistentRead": True,
    }
    if after is not None:
        query["ExpressionAttributeValues"] = {":pk": {"S": open_pk(merchant)}, ":after": {"S": str(after)}}
    return [
        OpenCase(CaseKey.parse(item["sk"]["S"]), int(item["v"]["N"]), from_ms(int(item["at"]["N"])))
        for item in client.query(**query)["Items"]
    ]


def _place(key: CaseKey) -> dict[str, dict[str, str]]:
    return {"pk": {"S": open_pk(key.merchant)}, "sk": {"S": str(key)}}
