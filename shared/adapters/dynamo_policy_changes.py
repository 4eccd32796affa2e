"""Which policies do open cases not know yet, and how far has the word come? The clock calls it: one query a tick."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from shared.adapters.signed_aws import ConditionFailed
from shared.adapters.table_layout import POLICY_CHANGES, instant_text
from shared.ports import PolicyChange

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]


class DynamoPolicyChanges:
    """Notes of policies that were put in force, each until all open cases of its merchant have heard of it."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def changes(self) -> Sequence[PolicyChange]:
        """Give what is noted: a page of it, which is thousands; the rest when these are done."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": POLICY_CHANGES}},
            ConsistentRead=True,
        )
        return [_read(item) for item in answer["Items"]]

    def keep(self, change: PolicyChange) -> bool:
        """Store how far the word has come with this step; false, and nothing stored, if it was not the next one.

        Somebody else has taken it, or a newer policy was put meanwhile.
        """
        item: Item = {
            **_place(change),
            "v": {"N": str(change.version)},
            "laps": {"N": str(change.laps)},
            "stretch": {"N": str(change.stretch)},
            "steps": {"N": str(change.steps)},
        }
        for name, at in (("began", change.began), ("since", change.since)):
            if at is not None:
                item[name] = {"S": instant_text(at)}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="v = :v AND (attribute_not_exists(steps) OR steps = :before)",
                ExpressionAttributeValues={
                    ":v": {"N": str(change.version)},
                    ":before": {"N": str(change.steps - 1)},
                },
            )
        except ConditionFailed:
            return False
        return True

    def done(self, change: PolicyChange) -> None:
        """Take a note away, unless a newer policy was put meanwhile."""
        with suppress(ConditionFailed):
            self._client.delete_item(
                TableName=self._table,
                Key=_place(change),
                ConditionExpression="v = :v",
                ExpressionAttributeValues={":v": {"N": str(change.version)}},
            )


def _place(change: PolicyChange) -> "Item":
    return {"pk": {"S": POLICY_CHANGES}, "sk": {"S": change.merchant}}


def _read(item: "Item") -> PolicyChange:
    return PolicyChange(
        merchant=item["sk"]["S"],
        version=int(item["v"]["N"]),
        laps=int(item["laps"]["N"]) if "laps" in item else 0,
        stretch=int(item["stretch"]["N"]) if "stretch" in item else 0,
        began=datetime.fromisoformat(item["began"]["S"]) if "began" in item else None,
        since=datetime.fromisoformat(item["since"]["S"]) if "since" in item else None,
        steps=int(item["steps"]["N"]) if "steps" in item else 0,
    )
