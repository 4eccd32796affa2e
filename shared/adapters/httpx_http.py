"""How does a request reach a vendor, and did it? The callers' workflow asks; one client for all vendors.

The answer to "may it have taken effect?" is in the error: Retryable when nothing was sent, Unclear when something was.
URLs hold credentials (robots' tokens, signatures), so no error text holds a URL.
"""

import socket
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable, Unclear

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 8.0
KEEPALIVE_S = 5.0
REPLY_BYTES_MAX = 1024 * 1024
RETRY_AFTER = timedelta(seconds=5)
SANDBOX_HOSTS = ("127.0.0.1", "localhost")

Resolve = Callable[[str], Iterable[str]]


def resolve(host: str) -> Iterable[str]:
    """Give the addresses of a host.

    Raises:
        OSError: the name is not known, or no server answered.
    """
    return {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}


class HttpxHttp:
    """Sends to public addresses over TLS, and to nothing else but (over plain HTTP) the sandbox on this machine.

    `sandbox_allowed` false closes that exception, `resolve` and `transport` are for tests.
    """

    def __init__(
        self,
        *,
        sandbox_allowed: bool = True,
        resolve: Resolve = resolve,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._sandbox_allowed = sandbox_allowed
        self._resolve = resolve
        self._transport = transport

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(
            transport=self._transport,
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(keepalive_expiry=KEEPALIVE_S),
            headers={"user-agent": "huhang", "accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    def send(self, request: HttpRequest) -> HttpReply:
        """Send the exact bytes and wait for the answer, whatever its status.

        Raises:
            Retryable: the request certainly never left.
            Unclear: it may have arrived; no usable answer came back.
            Permanent: huhang does not send to such an address.
        """
        self._check_address(request.url)
        try:
            with self._client.stream(
                request.method, request.url, headers=dict(request.headers), content=request.body
            ) as response:
                return HttpReply(response.status_code, _read(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Retryable(type(error).__name__, RETRY_AFTER) from None
        except httpx.RequestError as error:
            raise Unclear(type(error).__name__) from None

    def close(self) -> None:
        """Close the connections and the client."""
        if "_client" in vars(self):
            self._client.close()

    def _check_address(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            scheme, host = parts.scheme, parts.hostname or ""
            _ = parts.port
        except ValueError:
            raise Permanent("address_refused", "not a URL") from None
        if scheme == "http" and host in SANDBOX_HOSTS and self._sandbox_allowed:
            return
        if scheme != "https" or not host:
            raise Permanent("address_refused", "not https")
        try:
            addresses = list(self._resolve(host))
        except (OSError, UnicodeError) as error:
            raise Retryable(type(error).__name__, RETRY_AFTER) from None
        if not addresses or not all(_is_public(address) for address in addresses):
            raise Permanent("address_refused", "not a public address")


def _is_public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > REPLY_BYTES_MAX:
            raise Unclear("reply_too_large")
    return bytes(body)
