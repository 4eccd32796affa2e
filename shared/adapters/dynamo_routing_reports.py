"""Where do reports on routing lie? One item per merchant, replaced every hour."""

from typing import TYPE_CHECKING

from shared.adapters.table_layout import ONLY, routing_pk
from shared.domain.routing_report import RoutingReport

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoRoutingReports:
    """The newest report of each merchant."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def put(self, report: RoutingReport) -> None:
        """Replace a merchant's report."""
        body = report.model_dump_json(exclude_defaults=True)
        item = {"pk": {"S": routing_pk(report.merchant)}, "sk": {"S": ONLY}, "report": {"S": body}}
        self._client.put_item(TableName=self._table, Item=item)

    def report(self, merchant: str) -> RoutingReport | None:
        """Give the newest report."""
        key = {"pk": {"S": routing_pk(merchant)}, "sk": {"S": ONLY}}
        answer = self._client.get_item(TableName=self._table, Key=key)
        return RoutingReport.model_validate_json(answer["Item"]["report"]["S"]) if "Item" in answer else None
