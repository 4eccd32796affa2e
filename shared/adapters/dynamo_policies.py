"""Which policy is in force, and which ones were? Onboarding calls it.

A new version is put together with a note of the change, which rings for the clock: that reads it, lets every open
case of the merchant decide anew, and takes it away (`dynamo_policy_changes.py`).
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from shared.adapters.dynamo_pages import query_all
from shared.adapters.origin_items import read_origin, write_origin
from shared.adapters.outbox import write_outbox
from shared.adapters.policy_items import READ, read_policy
from shared.adapters.signed_aws import RETRY_AFTER, ConditionFailed, TransactionCancelled
from shared.adapters.table_layout import ONLY, POLICY_CHANGES, budget_pk, policy_pk, trial_sk, version_sk
from shared.domain.decision import Spent
from shared.domain.messages import Message
from shared.domain.policy import Policy
from shared.domain.why import Origin
from shared.errors import LostRace, Retryable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        PutTypeDef,
        QueryInputTypeDef,
        TransactWriteItemTypeDef,
        UpdateTypeDef,
    )


class PolicyVersion(NamedTuple):
    """A policy that is or was in force, and who put it there; None where nobody said."""

    policy: Policy
    origin: Origin | None


class DynamoPolicyStore:
    """Policies with their history."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def put_policy(self, policy: Policy, origin: Origin | None = None, said: Sequence[Message] = ()) -> None:
        """Put the next version in force, keep it for ever with its origin, let the clock tell the open cases of it.

        What is `said` of it is told if it is put, by the stream, and else never.

        Raises:
            LostRace: the version is not the current one plus one.
            Retryable: somebody else was writing at the same time, perhaps only paces.
        """
        items: list[TransactWriteItemTypeDef] = [
            {"Update": self._next(policy)},
            {"Put": self._kept(policy, origin, said)},
        ]
        if policy.version > 1:  # before the first one nothing could be decided
            items.append({"Put": {"TableName": self._table, "Item": _change(policy)}})
        try:
            self._client.transact_write_items(TransactItems=items)
        except TransactionCancelled as error:
            codes = error.codes
            if "ConditionalCheckFailed" in codes:
                raise LostRace(policy_pk(policy.merchant)) from error
            raise Retryable(", ".join(codes), RETRY_AFTER) from error

    def trial_spent(self, merchant: str, version: int) -> Spent:
        """Give what a version on trial has spent."""
        key: dict[str, AttributeValueTypeDef] = {"pk": {"S": budget_pk(merchant)}, "sk": {"S": trial_sk(version)}}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return Spent(*(int(item[name]["N"]) if name in item else 0 for name in Spent._fields))

    def policy(self, merchant: str, version: int | None = None) -> Policy | None:
        """Give the policy in force, or the one of a version."""
        item = self._item(merchant, ONLY if version is None else version_sk(version))
        return read_policy(item) if "body" in item else None

    def version(self, merchant: str) -> int:
        """Give the number of the newest policy, in force or withdrawn; 0 before the first."""
        item = self._item(merchant, ONLY)
        return int(item["v"]["N"]) if item else 0

    def withdraw(self, merchant: str) -> None:
        """Take the policy in force away: nothing is decided for the merchant any more. All versions stay."""
        with suppress(ConditionFailed):
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": policy_pk(merchant)}, "sk": {"S": ONLY}},
                UpdateExpression="REMOVE body",
                ConditionExpression="attribute_exists(pk)",
            )

    def history(self, merchant: str) -> Sequence[Policy]:
        """Give every policy there was, oldest first: which limits held when a ticket names its policy's version."""
        return [version.policy for version in self.versions(merchant)]

    def versions(self, merchant: str) -> Sequence[PolicyVersion]:
        """Give every policy there was, oldest first, and who put it in force."""
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk > :only",
            "ExpressionAttributeValues": {":pk": {"S": policy_pk(merchant)}, ":only": {"S": ONLY}},
            "ProjectionExpression": f"{READ}, origin",
        }
        return [PolicyVersion(read_policy(item), read_origin(item)) for item in query_all(self._client, query)]

    def _item(self, merchant: str, sk: str) -> "dict[str, AttributeValueTypeDef]":
        key: dict[str, AttributeValueTypeDef] = {"pk": {"S": policy_pk(merchant)}, "sk": {"S": sk}}
        return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})

    def _next(self, policy: Policy) -> "UpdateTypeDef":
        """Replace the document and leave the paces; only the next version may."""
        update: UpdateTypeDef = {
            "TableName": self._table,
            "Key": {"pk": {"S": policy_pk(policy.merchant)}, "sk": {"S": ONLY}},
            "UpdateExpression": "SET v = :v, body = :body",
            "ConditionExpression": "attribute_not_exists(pk)",
            "ExpressionAttributeValues": {f":{name}": value for name, value in _document(policy).items()},
        }
        if policy.version > 1:
            update["ConditionExpression"] = "v = :before"
            update["ExpressionAttributeValues"] = {
                **update["ExpressionAttributeValues"],
                ":before": {"N": str(policy.version - 1)},
            }
        return update

    def _kept(self, policy: Policy, origin: Origin | None, said: Sequence[Message]) -> "PutTypeDef":
        """Keep this version; nothing replaces it."""
        outbox: dict[str, AttributeValueTypeDef] = (
            {"outbox": {"S": write_outbox(policy.merchant, said)}} if said else {}
        )
        place = {"pk": {"S": policy_pk(policy.merchant)}, "sk": {"S": version_sk(policy.version)}}
        return {
            "TableName": self._table,
            "Item": {**place, **_document(policy), **write_origin(origin), **outbox},
            "ConditionExpression": "attribute_not_exists(pk)",
        }


def _document(policy: Policy) -> "dict[str, AttributeValueTypeDef]":
    return {"v": {"N": str(policy.version)}, "body": {"S": policy.model_dump_json(exclude_defaults=True)}}


def _change(policy: Policy) -> "dict[str, AttributeValueTypeDef]":
    """Note the change; what was noted of an earlier one, and how far it had come, is replaced."""
    place: dict[str, AttributeValueTypeDef] = {"pk": {"S": POLICY_CHANGES}, "sk": {"S": policy.merchant}}
    return {**place, "v": {"N": str(policy.version)}, "rings": {"S": "clock"}}
