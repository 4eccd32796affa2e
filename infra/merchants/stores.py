"""The product's own stores of a deployment, over boto3: an operator has profiles and roles, not a function's keys."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from infra.deployed import Deployed
from infra.merchants.documents import Refusal
from shared.adapters.clock import SystemClock
from shared.adapters.dynamo_cases import DynamoCaseStore
from shared.adapters.dynamo_deadlines import DynamoDueIndex
from shared.adapters.dynamo_merchants import DynamoMerchants
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.adapters.signed_aws import refusal
from shared.domain.merchant import Membership
from shared.domain.policy import Policy
from shared.domain.why import Origin

_SEE = "见 see: python -m infra.merchants list"
_SEE_VERSIONS = "见 see: python -m infra.merchants policy history "


class Stores:
    """What the commands read and write."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed

    @cached_property
    def policies(self) -> DynamoPolicyStore:
        """The policies with their history."""
        return DynamoPolicyStore(self._dynamodb, self.deployed.table)

    @cached_property
    def merchants(self) -> DynamoMerchants:
        """The list of merchants."""
        return DynamoMerchants(self._dynamodb, self.deployed.table)

    @cached_property
    def cases(self) -> DynamoCaseStore:
        """The cases of all merchants."""
        return DynamoCaseStore(self._dynamodb, self.deployed.table)

    @cached_property
    def due_index(self) -> DynamoDueIndex:
        """What waits, and for when."""
        return DynamoDueIndex(self._dynamodb, self.deployed.table)

    def membership(self, merchant: str) -> Membership:
        """Give a merchant's membership.

        Raises:
            Refusal: it has never joined.
        """
        found = self.merchants.membership(merchant)
        if found is None:
            raise Refusal(f"{merchant}: 没有这家商户 no such merchant; {_SEE}")
        return found

    def policy(self, merchant: str, version: int | None = None) -> Policy:
        """Give a merchant's policy in force, or the one of a version.

        Raises:
            Refusal: there is none.
        """
        found = self.policies.policy(merchant, version)
        if found is None:
            what = (
                f"没有第 {version} 版 has no version {version}" if version else "没有生效的策略 has no policy in force"
            )
            raise Refusal(f"{merchant}: {what}; {_SEE_VERSIONS + merchant if version else _SEE}")
        return found

    def origin(self, why: str) -> Origin:
        """Say who does what is done now: the caller whom AWS knows."""
        by = str(self.deployed.client("sts").get_caller_identity()["Arn"])
        return Origin(by=by, at=SystemClock().now(), why=why)

    @cached_property
    def _dynamodb(self) -> Any:
        return _Translated(self.deployed.client("dynamodb"))


class _Translated:
    """A client of boto3 that says no as the product's own does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = getattr(self._client, method)

        def translated(**arguments: Any) -> Any:
            try:
                return call(**arguments)
            except ClientError as error:
                status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
                raise refusal(status, error.response["Error"]["Code"], error.response) from error

        return translated
