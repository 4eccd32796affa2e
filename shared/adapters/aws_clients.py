"""Clients with the methods of boto3's, as far as the adapters use them, over our one way to call AWS.

Typed by boto3's own stubs. Only DynamoDB's and SQS's JSON protocols are spoken: what goes in and what comes out is
what boto3's low-level clients take and give, but bytes, which come back as Base64.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from shared.adapters.signed_aws import DYNAMODB, SQS, Protocol, SignedAws

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient


class AwsClients:
    """The clients of one function, over its kept connections."""

    def __init__(self, aws: SignedAws) -> None:
        self._aws = aws

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The table."""
        return cast("DynamoDBClient", _JsonClient(self._aws, DYNAMODB))

    @cached_property
    def sqs(self) -> "SQSClient":
        """The queues."""
        return cast("SQSClient", _JsonClient(self._aws, SQS))


class _JsonClient:
    """Gives `client.put_item(TableName=…)` its meaning: the operation PutItem with these arguments."""

    def __init__(self, aws: SignedAws, protocol: Protocol) -> None:
        self._aws = aws
        self._protocol = protocol

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = "".join(word.capitalize() for word in method.split("_"))
        return partial(self._call, operation)

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._aws.call(self._protocol, operation, arguments)
