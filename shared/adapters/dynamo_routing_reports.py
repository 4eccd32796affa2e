"""Where do reports on routing lie? One item per merchant, and one with its transfers, both replaced every hour."""

from typing import TYPE_CHECKING

from shared.adapters.table_layout import ONLY, routing_pk
from shared.domain.routing_report import RoutingReport, Transfers

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


TRANSFERS = "transfers"


class DynamoRoutingReports:
    """The newest report of each merchant."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def put(self, report: RoutingReport, transfers: Transfers) -> None:
        """Replace a merchant's report and the list of its transfers."""
        for sk, record in ((ONLY, report), (TRANSFERS, transfers)):
            body = record.model_dump_json(exclude_defaults=True)
            item = {"pk": {"S": routing_pk(record.merchant)}, "sk": {"S": sk}, "report": {"S": body}}
            self._client.put_item(TableName=self._table, Item=item)

    def report(self, merchant: str) -> RoutingReport | None:
        """Give the newest report."""
        body = self._body(merchant, ONLY)
        return RoutingReport.model_validate_json(body) if body else None

    def transfers(self, merchant: str) -> Transfers | None:
        """Give the newest list of transfers."""
        body = self._body(merchant, TRANSFERS)
        return Transfers.model_validate_json(body) if body else None

    def _body(self, merchant: str, sk: str) -> str:
        key = {"pk": {"S": routing_pk(merchant)}, "sk": {"S": sk}}
        answer = self._client.get_item(TableName=self._table, Key=key)
        return answer["Item"]["report"]["S"] if "Item" in answer else ""
