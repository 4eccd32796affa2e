"""The product's AWS clients over moto: boto3's own clients, saying no as the product's do."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from shared.adapters.signed_aws import RETRY_AFTER, SECRETS, AwsRefused, Protocol, is_busy, refusal
from shared.errors import Retryable


class MotoAws:
    """Stands where `AwsClients` and `SignedAws` do, inside `mock_aws`; the clients' `meta.events` can be watched.

    `guard` sees every call before it is made.
    """

    def __init__(self, guard: Callable[..., None] | None = None) -> None:
        self._session: Any = Session()
        self._guard = guard

    @cached_property
    def dynamodb(self) -> Any:
        """The table."""
        return _Client(self._client("dynamodb"))

    @cached_property
    def sqs(self) -> Any:
        """The queues."""
        return _Client(self._client("sqs"))

    @cached_property
    def secrets(self) -> Any:
        """The merchants' credentials."""
        return _Client(self._client("secretsmanager"))

    def secret_string(self, name: str) -> str | None:
        """Give the text of a secret, as `SignedAws` does."""
        try:
            return str(self.secrets.get_secret_value(SecretId=name)["SecretString"])
        except AwsRefused as error:
            if error.code in ("ResourceNotFoundException", "InvalidRequestException"):
                return None
            raise

    def call(self, protocol: Protocol, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call, as `SignedAws` does; of secrets only."""
        assert protocol is SECRETS
        if operation == "PutSecretValue" and self._is_being_deleted(arguments["SecretId"]):
            raise AwsRefused(400, "InvalidRequestException", {})  # moto writes into it
        method = getattr(self.secrets, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        return dict(method(**arguments))

    def _is_being_deleted(self, name: str) -> bool:
        listed = self.secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]
        return any(secret["Name"] == name and "DeletedDate" in secret for secret in listed)

    def _client(self, service: str) -> Any:
        client = self._session.create_client(service, config=Config(retries={"total_max_attempts": 1}))
        if self._guard:
            client.meta.events.register(f"provide-client-params.{service}", self._guard)
        return client


class _Client:
    def __init__(self, client: Any) -> None:
        self._client = client
        self.meta = client.meta

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = getattr(self._client, method)

        def translated(**arguments: Any) -> Any:
            try:
                return call(**arguments)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
                if is_busy(status, code):
                    raise Retryable(code, RETRY_AFTER) from error
                raise refusal(status, code, error.response) from error
            except BotoCoreError as error:
                raise Retryable(type(error).__name__, RETRY_AFTER) from error

        return translated
