"""What is stored, place by place, and deleting it: for merchants that have left. One scan a run reads the keys."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.adapters.dynamo_batch import batch_delete
from shared.adapters.dynamo_pages import scan_pages
from shared.ports import Place

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import ScanInputTypeDef


class DynamoRemains:
    """The places of all items in the one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def pages(self) -> Iterator[list[Place]]:
        """Give the places of all items, in no order.

        Raises:
            TooMuch: the table is larger than one function can read; delete with an export's tools instead.
        """
        scan: ScanInputTypeDef = {"TableName": self._table, "ProjectionExpression": "pk, sk"}
        for page in scan_pages(self._client, scan):
            yield [Place(item["pk"]["S"], item["sk"]["S"]) for item in page]

    def erase(self, places: Sequence[Place]) -> None:
        """Delete these items; those that are gone already stay gone.

        Raises:
            Retryable: the table did not take everything; some may be deleted.
        """
        batch_delete(self._client, self._table, places)
