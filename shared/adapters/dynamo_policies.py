"""Which policy is in force, which ones were, and which merchants are there? Onboarding and the schedules call it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.adapters.signed_aws import AwsRefused
from shared.adapters.table_layout import MERCHANTS, ONLY, policy_pk, version_sk
from shared.domain.policy import Policy
from shared.errors import LostRace

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, QueryInputTypeDef

PAGES_MAX = 1000


class DynamoPolicyStore:
    """Policies with their history, and the list of merchants."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def put_policy(self, policy: Policy) -> None:
        """Put the next version in force and keep it for ever.

        Raises:
            LostRace: the version is not the current one plus one.
        """
        history = self._item(policy, version_sk(policy.version))
        try:
            self._client.transact_write_items(TransactItems=[{"Put": self._next(policy)}, {"Put": history}])
        except AwsRefused as error:
            if error.code != "TransactionCanceledException":
                raise
            raise LostRace(policy_pk(policy.merchant)) from error

    def policy(self, merchant: str, version: int | None = None) -> Policy | None:
        """Give the policy in force, or the one of a version."""
        sk = ONLY if version is None else version_sk(version)
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": policy_pk(merchant)}, "sk": {"S": sk}}, ConsistentRead=True
        )
        return Policy.model_validate_json(answer["Item"]["body"]["S"]) if "Item" in answer else None

    def enrol(self, merchant: str) -> None:
        """Put a merchant on the list; doing it twice changes nothing."""
        self._client.put_item(TableName=self._table, Item={"pk": {"S": MERCHANTS}, "sk": {"S": merchant}})

    def merchants(self) -> Sequence[str]:
        """Give all merchants, in order."""
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :merchants",
            "ExpressionAttributeValues": {":merchants": {"S": MERCHANTS}},
        }
        found: list[str] = []
        for _ in range(PAGES_MAX):
            page = self._client.query(**query)
            found += (item["sk"]["S"] for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                break
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return found

    def _next(self, policy: Policy) -> "PutTypeDef":
        put = self._item(policy, ONLY)
        if policy.version > 1:
            put["ConditionExpression"] = "v = :before"
            put["ExpressionAttributeValues"] = {":before": {"N": str(policy.version - 1)}}
        return put

    def _item(self, policy: Policy, sk: str) -> "PutTypeDef":
        item: dict[str, AttributeValueTypeDef] = {
            "pk": {"S": policy_pk(policy.merchant)},
            "sk": {"S": sk},
            "v": {"N": str(policy.version)},
            "body": {"S": policy.model_dump_json(exclude_defaults=True)},
        }
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
