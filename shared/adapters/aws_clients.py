"""The clients of the functions that do more than one AWS call: one botocore session, small retries, short timeouts.

Parameter validation is off: it costs a quarter of a call, and only our own typed builders write the parameters.
"""

from functools import cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
ATTEMPTS_MAX = 3


class AwsClients:
    """Makes each client when it is first asked for, all on one session."""

    @cached_property
    def _session(self) -> Session:
        return Session()

    @cached_property
    def _config(self) -> Config:
        return Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
            tcp_keepalive=True,
            parameter_validation=False,
        )

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The table."""
        return cast("DynamoDBClient", self._session.create_client("dynamodb", config=self._config))

    @cached_property
    def sqs(self) -> "SQSClient":
        """The queues."""
        return cast("SQSClient", self._session.create_client("sqs", config=self._config))

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        """The merchants' credentials."""
        return cast("SecretsManagerClient", self._session.create_client("secretsmanager", config=self._config))
