"""Reading all that a query or a scan finds, page by page. The stores call it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.errors import TooMuch

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, QueryInputTypeDef, ScanInputTypeDef

    Items = list[dict[str, AttributeValueTypeDef]]

PAGES_MAX = 10_000  # of one megabyte


def query_all(client: "DynamoDBClient", query: "QueryInputTypeDef") -> "Items":
    """Give every item that a query finds, in order.

    Raises:
        TooMuch: a partition is larger than one function can read.
    """
    found: Items = []
    for _ in range(PAGES_MAX):
        page = client.query(**query)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        query = {**query, "ExclusiveStartKey": page["LastEvaluatedKey"]}
    raise TooMuch("partition", f"more than {PAGES_MAX} pages")


def scan_pages(client: "DynamoDBClient", scan: "ScanInputTypeDef") -> "Iterator[Items]":
    """Give what a scan finds, in no order.

    Raises:
        TooMuch: the table is larger than one function can read.
    """
    for _ in range(PAGES_MAX):
        page = client.scan(**scan)
        yield page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        scan = {**scan, "ExclusiveStartKey": page["LastEvaluatedKey"]}
    raise TooMuch("table", f"more than {PAGES_MAX} pages")
