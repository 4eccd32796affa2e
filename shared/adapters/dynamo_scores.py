"""Where do scorecards come from, and where do they go? One scan over the table an hour; the board reads one item.

A scan reads every item, so its price grows with the table (`docs/decisions.md`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from shared.adapters.dynamo_pages import scan_pages
from shared.adapters.policy_items import write_paces
from shared.adapters.signed_aws import ConditionFailed
from shared.adapters.table_layout import ONLY, policy_pk, scores_pk
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.parcel import ParcelCase
from shared.domain.scores import Scores
from shared.domain.session import SessionCase
from shared.domain.watching import Pace

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import ScanInputTypeDef

BYTES_MAX = 300_000  # an item holds 400 KB
_MODELS: dict[CaseKind, type[ParcelCase | SessionCase]] = {
    CaseKind.PARCEL: ParcelCase,
    CaseKind.SESSION: SessionCase,
}


class DynamoScores:
    """Parcels and conversations of all merchants, and what was made of the parcels."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def cases(self) -> Iterator[tuple[str, ParcelCase | SessionCase]]:
        """Give every parcel and every conversation with its merchant, in no order.

        Raises:
            TooMuch: the table is larger than one function can read; give the scorecards their own pipeline.
        """
        either = " OR ".join(f"contains(pk, :{kind})" for kind in _MODELS)
        scan: ScanInputTypeDef = {
            "TableName": self._table,
            "ProjectionExpression": "pk, body",
            "FilterExpression": f"sk = :only AND ({either}) AND attribute_exists(body)",
            "ExpressionAttributeValues": {":only": {"S": ONLY}, **{f":{kind}": {"S": f"|{kind}|"} for kind in _MODELS}},
        }
        for item in chain.from_iterable(scan_pages(self._client, scan)):
            key = CaseKey.parse(item["pk"]["S"])
            if key.kind in _MODELS:  # another kind's name may hold the word
                yield key.merchant, _MODELS[key.kind].model_validate_json(item["body"]["S"])

    def put(self, scores: Scores) -> None:
        """Replace a merchant's scorecard; regions with the fewest parcels are left out where it would not fit."""
        item = {"pk": {"S": scores_pk(scores.merchant)}, "sk": {"S": ONLY}, "scores": {"S": _write(scores)}}
        self._client.put_item(TableName=self._table, Item=item)

    def scores(self, merchant: str) -> Scores | None:
        """Give the newest scorecard."""
        key = {"pk": {"S": scores_pk(merchant)}, "sk": {"S": ONLY}}
        answer = self._client.get_item(TableName=self._table, Key=key)
        return Scores.model_validate_json(answer["Item"]["scores"]["S"]) if "Item" in answer else None

    def measured(self, merchant: str, paces: Mapping[str, Pace]) -> None:
        """Put what was measured beside the policy in force; without a policy there is nobody to use it."""
        with suppress(ConditionFailed):
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": policy_pk(merchant)}, "sk": {"S": ONLY}},
                UpdateExpression="SET paces = :paces",
                ConditionExpression="attribute_exists(body)",
                ExpressionAttributeValues={":paces": {"S": write_paces(paces)}},
            )


def _write(scores: Scores) -> str:
    text = scores.model_dump_json(exclude_defaults=True)
    while len(text.encode()) > BYTES_MAX:
        kept = scores.rows[: len(scores.rows) * 3 // 4]
        left_out = scores.regions_left_out + len(scores.rows) - len(kept)
        scores = scores.model_copy(update={"rows": kept, "regions_left_out": left_out})
        text = scores.model_dump_json(exclude_defaults=True)
    return text
