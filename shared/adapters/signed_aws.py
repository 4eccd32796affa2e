"""Every AWS call of the product, signed and sent with the standard library.

A client of botocore would cost most of a function's cold start and two thirds of an event (`docs/performance.md`).
What is here is AWS Signature Version 4 for one POST (AWS General Reference, "Create a signed AWS API request"), the
JSON protocols of DynamoDB and SQS (1.0) and Secrets Manager (1.1), a connection that is kept, and three tries.
"""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from shared.errors import Retryable

TIMEOUT_S = 3.0
TRIES_MAX = 3
PAUSE_S = 0.05
RETRY_AFTER = timedelta(seconds=1)
_BUSY = (
    "Throttl",
    "TooManyRequests",
    "LimitExceeded",
    "ThroughputExceeded",
    "ServiceUnavailable",
    "InternalServiceError",
    "TransactionInProgress",
)
_STALE = (http.client.BadStatusLine, BrokenPipeError, ConnectionResetError)


class AwsRefused(RuntimeError):
    """AWS says no: a condition does not hold, or the request is wrong or not allowed; not a matter of time.

    `answer` is the error's whole body, which can hold the item or the reasons.
    """

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.answer = answer


class Protocol(NamedTuple):
    """How a service is spoken to: its name, the prefix of its operations, the version of its JSON."""

    service: str
    prefix: str
    version: str


DYNAMODB = Protocol("dynamodb", "DynamoDB_20120810", "1.0")
SQS = Protocol("sqs", "AmazonSQS", "1.0")
SECRETS = Protocol("secretsmanager", "secretsmanager", "1.1")


class Credentials(NamedTuple):
    """What the function's role gives it through the environment."""

    key_id: str
    secret: str
    token: str = ""


class Service(NamedTuple):
    """What a call is signed for."""

    name: str
    region: str


def sign(
    credentials: Credentials, service: Service, headers: Mapping[str, str], body: bytes, method: str = "POST"
) -> str:
    """Give the Authorization header of a request to "/". `headers` are all to be signed, names in lower case.

    They hold `host` and `x-amz-date`, and the session token where there is one.
    """
    stamp = headers["x-amz-date"]
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = f"{method}\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{service.region}/{service.name}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = signing_key(credentials.secret, scope)
    signature = hmac.new(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def signing_key(secret: str, scope: str) -> bytes:
    """Derive the key of a day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def endpoint_of(service: Service, environment: Mapping[str, str]) -> str:
    """Give the service's base URL: the local cloud's if the environment names one, else the region's own."""
    suffix = "amazonaws.com.cn" if service.region.startswith("cn-") else "amazonaws.com"
    return environment.get("AWS_ENDPOINT_URL") or f"https://{service.name}.{service.region}.{suffix}"


class SignedAws:
    """Sends messages and reads secrets with the credentials of the environment it is given."""

    def __init__(self, environment: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self._environment = environment
        self._pause = pause
        self._region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._credentials = Credentials(
            environment.get("AWS_ACCESS_KEY_ID", ""),
            environment.get("AWS_SECRET_ACCESS_KEY", ""),
            environment.get("AWS_SESSION_TOKEN", ""),
        )
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._tls: ssl.SSLContext | None = None

    def send_message(self, queue_url: str, body: str, group: str) -> None:
        """Put one message on a queue; it is durable when this returns.

        Raises:
            Retryable: it may not have been accepted; sending it again is harmless.
        """
        message = {"QueueUrl": queue_url, "MessageBody": body, "MessageGroupId": group}
        self.call(SQS, "SendMessage", message)

    def secret_string(self, name: str) -> str | None:
        """Give the text of a secret; None when there is no such secret.

        Raises:
            Retryable: it could not be read now.
        """
        try:
            answer = self.call(SECRETS, "GetSecretValue", {"SecretId": name})
        except AwsRefused as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        text = answer.get("SecretString")
        return text if isinstance(text, str) else None

    def close(self) -> None:
        """Close the kept connections; the next call opens new ones."""
        while self._connections:
            self._connections.popitem()[1].close()

    def call(self, protocol: Protocol, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call and give its answer; bytes travel as Base64. Every call must be harmless to repeat.

        Raises:
            AwsRefused: the service says no.
            Retryable: it could not be reached or was busy, three times.
        """
        service, target = Service(protocol.service, self._region), f"{protocol.prefix}.{operation}"
        endpoint = endpoint_of(service, self._environment)
        headers = {
            "content-type": f"application/x-amz-json-{protocol.version}",
            "host": urlsplit(endpoint).netloc,
            "x-amz-target": target,
        }
        body = json.dumps(arguments, default=_plain).encode()
        reason = ""
        for attempt in range(TRIES_MAX):
            if attempt:
                self._pause(PAUSE_S * 2**attempt)
            try:
                status, answer = self._post(endpoint, self._signed(service, headers, body), body)
            except (OSError, http.client.HTTPException) as error:
                reason = type(error).__name__
                continue
            if status == http.HTTPStatus.OK:
                return _object(answer)
            reason = _error_code(answer)
            if not is_busy(status, reason):
                raise AwsRefused(status, reason, _object(answer))
        raise Retryable(f"{target}: {reason}", RETRY_AFTER)

    def _signed(self, service: Service, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        # AWS compares this with its own clock: the machine's time, whatever clock the rest of the product runs on.
        signed = {**headers, "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
        if self._credentials.token:
            signed["x-amz-security-token"] = self._credentials.token
        return {**signed, "authorization": sign(self._credentials, service, signed, body)}

    def _post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Send over the kept connection; where the other side has closed it meanwhile, once more over a new one."""
        kept = self._connections.pop(endpoint, None)
        if kept is not None:
            try:
                return self._exchange(endpoint, kept, headers, body)
            except _STALE:
                pass
        return self._exchange(endpoint, self._connect(endpoint), headers, body)

    def _exchange(
        self, endpoint: str, connection: http.client.HTTPConnection, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        try:
            connection.request("POST", "/", body, dict(headers))
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        self._connections[endpoint] = connection
        return response.status, answer

    def _connect(self, endpoint: str) -> http.client.HTTPConnection:
        parts = urlsplit(endpoint)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT_S, context=self._tls)


def is_busy(status: int, code: str) -> bool:
    """Whether the same request may succeed a moment later."""
    return status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or any(busy in code for busy in _BUSY)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} does not travel as JSON")


def _object(answer: bytes) -> dict[str, Any]:
    parsed = json.loads(answer) if answer else {}
    return parsed if isinstance(parsed, dict) else {}


def _error_code(answer: bytes) -> str:
    try:
        code = _object(answer).get("__type", "")
    except ValueError:
        return ""
    return str(code).rpartition("#")[2]
