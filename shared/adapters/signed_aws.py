"""Every AWS call of the product, signed and sent with the standard library.

A client of botocore would cost most of a function's cold start and two thirds of an event (`docs/performance.md`).
What is here is AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request"), the JSON protocols
of DynamoDB and SQS (1.0) and Secrets Manager (1.1), connections that are kept, and three tries. What only S3 needs is
in `s3_archive.py`.
"""

import base64
import hashlib
import hmac
import http.client
import json
import math
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

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
    "RequestTimeout",
    "TransactionInProgress",
)
_BUSY_STATUSES = (http.HTTPStatus.TOO_MANY_REQUESTS, *range(http.HTTPStatus.INTERNAL_SERVER_ERROR, 600))
_STALE = (http.client.BadStatusLine, BrokenPipeError, ConnectionResetError)
_Sent = tuple[str, str, bytes, Mapping[str, str]]  # method, target, body, headers: as http.client takes them


class AwsRefused(RuntimeError):
    """AWS says no: a condition does not hold, or the request is wrong or not allowed; not a matter of time.

    `answer` is the error's whole body, which can hold the item or the reasons.
    """

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.answer = answer


class ConditionFailed(AwsRefused):
    """A write's condition does not hold: somebody else was faster."""


class TransactionCancelled(AwsRefused):
    """Nothing of a transaction was written. `codes` say why, one per item; `None` where nothing is wrong with it."""

    @property
    def codes(self) -> list[str]:
        """The reasons, in the items' order."""
        return [reason.get("Code", "None") for reason in self.answer["CancellationReasons"]]


_KINDS = {"ConditionalCheckFailedException": ConditionFailed, "TransactionCanceledException": TransactionCancelled}


def refusal(status: int, code: str, answer: Mapping[str, Any]) -> AwsRefused:
    """Give the error for an answer of AWS's."""
    return _KINDS.get(code, AwsRefused)(status, code, answer)


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
    credentials: Credentials,
    service: Service,
    headers: Mapping[str, str],
    body: bytes,
    method: str = "POST",
    target: str = "/",
) -> str:
    """Give the Authorization header of a request. `headers` are all to be signed, names in lower case.

    They hold `host` and `x-amz-date`, and the session token where there is one. `target` is the path and the query as
    they are sent: percent-encoded, and the query sorted.
    """
    stamp = headers["x-amz-date"]
    path, _, query = target.partition("?")
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    signed_path = path if service.name == "s3" else quote(path, safe="/~")  # only S3 signs it as it is sent
    canonical = f"{method}\n{signed_path}\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
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


def region_of(environment: Mapping[str, str]) -> str:
    """Give the region that the environment names."""
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"


def endpoint_of(service: Service, environment: Mapping[str, str]) -> str:
    """Give the service's base URL: the local cloud's if the environment names one, else the region's own."""
    suffix = "amazonaws.com.cn" if service.region.startswith("cn-") else "amazonaws.com"
    return environment.get("AWS_ENDPOINT_URL") or f"https://{service.name}.{service.region}.{suffix}"


class SignedAws:
    """Sends messages and reads secrets with the credentials of the environment it is given."""

    def __init__(
        self,
        environment: Mapping[str, str],
        pause: Callable[[float], None] = time.sleep,
        timeout_s: float = TIMEOUT_S,
        tries_max: int = TRIES_MAX,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._elapsed_s = elapsed_s
        self._until_s = math.inf
        self._pause = pause
        self._timeout_s = timeout_s
        self._tries_max = tries_max
        self._region = region_of(environment)
        self._credentials = Credentials(
            environment.get("AWS_ACCESS_KEY_ID", ""),
            environment.get("AWS_SECRET_ACCESS_KEY", ""),
            environment.get("AWS_SESSION_TOKEN", ""),
        )
        self._connections: dict[str, list[http.client.HTTPConnection]] = {}  # as many as calls were made at once
        self._tls: ssl.SSLContext | None = None

    @contextmanager
    def answering_within(self, seconds: float) -> Iterator[None]:
        """Meanwhile, begin no try that may take longer than what is left of so many seconds."""
        self._until_s = self._elapsed_s() + seconds
        try:
            yield
        finally:
            self._until_s = math.inf

    def send_message(self, queue_url: str, body: str, group: str) -> str:
        """Put one message on a queue and give its id; it is durable when this returns.

        Raises:
            Retryable: it may not have been accepted; sending it again is harmless.
        """
        message = {"QueueUrl": queue_url, "MessageBody": body, "MessageGroupId": group}
        return str(self.call(SQS, "SendMessage", message).get("MessageId", ""))

    def secret_string(self, name: str) -> str | None:
        """Give the text of a secret; None when there is no such secret, or no more.

        Raises:
            Retryable: it could not be read now.
        """
        try:
            answer = self.call(SECRETS, "GetSecretValue", {"SecretId": name})
        except AwsRefused as error:
            if error.code in ("ResourceNotFoundException", "InvalidRequestException"):  # the latter is being deleted
                return None
            raise
        text = answer.get("SecretString")
        return text if isinstance(text, str) else None

    def close(self) -> None:
        """Close the kept connections; the next call opens new ones."""
        while self._connections:
            for connection in self._connections.popitem()[1]:
                connection.close()

    def call(self, protocol: Protocol, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call and give its answer; bytes travel as Base64. Every call must be harmless to repeat.

        Raises:
            AwsRefused: the service says no.
            Retryable: it could not be reached or was busy, three times.
        """
        url = endpoint_of(Service(protocol.service, self._region), self._environment)
        headers = {
            "content-type": f"application/x-amz-json-{protocol.version}",
            "x-amz-target": f"{protocol.prefix}.{operation}",
        }
        return _object(self.request(protocol.service, url, headers, json.dumps(arguments, default=_plain).encode()))

    def request(
        self, service: str, url: str, headers: Mapping[str, str], body: bytes = b"", method: str = "POST"
    ) -> bytes:
        """Sign and send a request and give the body of its answer. Every request must be harmless to repeat.

        A path and a query in `url` are as `sign` wants them; `host` and what is signed besides is added here.

        Raises:
            AwsRefused: the service says no.
            Retryable: it could not be reached or was busy, as often as is tried; or there is no time left.
        """
        parts = urlsplit(url)
        endpoint, target = f"{parts.scheme}://{parts.netloc}", parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        headers = {**headers, "host": parts.netloc}
        reason = ""
        for attempt in range(self._tries_max):
            if attempt:
                self._pause(PAUSE_S * 2**attempt)
            if self._elapsed_s() + self._timeout_s > self._until_s:
                reason = reason or "no time left"
                break
            try:
                signed = self._signed(Service(service, self._region), headers, body, method, target)
                status, answer = self._send(endpoint, (method, target, body, signed))
            except (OSError, http.client.HTTPException) as error:
                reason = type(error).__name__
                continue
            if status in (http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED):
                return answer
            reason = _error_code(answer)
            if not is_busy(status, reason):
                raise refusal(status, reason, _details(answer))
        raise Retryable(f"{headers.get('x-amz-target', method)}: {reason}", RETRY_AFTER)

    def _signed(
        self, service: Service, headers: Mapping[str, str], body: bytes, method: str, target: str
    ) -> dict[str, str]:
        # AWS compares this with its own clock: the machine's time, whatever clock the rest of the product runs on.
        signed = {**headers, "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
        if self._credentials.token:
            signed["x-amz-security-token"] = self._credentials.token
        return {**signed, "authorization": sign(self._credentials, service, signed, body, method, target)}

    def _send(self, endpoint: str, sent: _Sent) -> tuple[int, bytes]:
        """Send over a kept connection; where the other side has closed it meanwhile, once more over a new one."""
        try:
            kept = self._connections.setdefault(endpoint, []).pop()
        except IndexError:
            return self._exchange(endpoint, self._connect(endpoint), sent)
        try:
            return self._exchange(endpoint, kept, sent)
        except _STALE:
            return self._exchange(endpoint, self._connect(endpoint), sent)

    def _exchange(self, endpoint: str, connection: http.client.HTTPConnection, sent: _Sent) -> tuple[int, bytes]:
        try:
            connection.request(*sent)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        self._connections.setdefault(endpoint, []).append(connection)
        return response.status, answer

    def _connect(self, endpoint: str) -> http.client.HTTPConnection:
        parts = urlsplit(endpoint)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.netloc, timeout=self._timeout_s)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.netloc, timeout=self._timeout_s, context=self._tls)


def is_busy(status: int, code: str) -> bool:
    """Whether the same request may succeed a moment later."""
    return status in _BUSY_STATUSES or any(busy in code for busy in _BUSY)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} does not travel as JSON")


def _object(answer: bytes) -> dict[str, Any]:
    parsed = json.loads(answer) if answer else {}
    return parsed if isinstance(parsed, dict) else {}


def _details(answer: bytes) -> dict[str, Any]:
    """Read a refusal, which need not be JSON."""
    try:
        return _object(answer)
    except ValueError:
        return {}


def _error_code(answer: bytes) -> str:
    """Find the error's name; S3 writes XML."""
    if answer.startswith(b"<"):
        return answer.partition(b"<Code>")[2].partition(b"</Code>")[0].decode(errors="replace")
    return str(_details(answer).get("__type", "")).rpartition("#")[2]
