"""Which address may a vendor's name lead to, and who makes sure that the connection goes there and nowhere else?

A name is resolved once, here, at the moment of connecting: there is no second look-up for somebody to answer
differently. Certificate and Host stay those of the name.
"""

import re
import socket
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from ssl import SSLContext
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore

from shared.errors import Permanent

HTTPS_PORT = 443
ADDRESSES_MAX = 4
SANDBOX_HOSTS = ("127.0.0.1", "localhost")

_PRINTABLE = re.compile(r"[!-~]{1,4000}")
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_PROTOCOLS4 = IPv4Network("192.0.0.0/24")  # IETF protocol assignments; older Pythons hold most of it for public
_UNICAST6, _6TO4 = IPv6Network("2000::/3"), IPv6Network("2002::/16")

Resolve = Callable[[str], Iterable[str]]
SocketOption = httpcore.SOCKET_OPTION


class Place(NamedTuple):
    """Where a request goes. The parts are used as they were checked; the URL is not read again."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def url(self) -> httpcore.URL:
        """Give it as the client takes it."""
        return httpcore.URL(scheme=self.scheme, host=self.host, port=self.port, target=self.target)


def read_place(url: str, *, sandbox_allowed: bool) -> Place:
    """Take a URL apart: https, a name, port 443; or the sandbox of this machine.

    Raises:
        Permanent: huhang does not send to such an address.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise Permanent("address_refused", "not a URL") from None
    if not _PRINTABLE.fullmatch(url) or "@" in parts.netloc:
        raise Permanent("address_refused", "not a plain URL")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if scheme == "http" and host in SANDBOX_HOSTS and sandbox_allowed:
        return Place(scheme, host, port or 80, target)
    if scheme != "https":
        raise Permanent("address_refused", "not https")
    if not _NAME.fullmatch(host):
        raise Permanent("address_refused", "not a host's name")
    if port not in (None, HTTPS_PORT):
        raise Permanent("address_refused", "not port 443")
    return Place(scheme, host, HTTPS_PORT, target)


def resolve(host: str) -> Iterable[str]:
    """Give the addresses of a host, the best first.

    Raises:
        OSError: the name is not known, or no server answered.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return dict.fromkeys(str(one[4][0]) for one in found)


def is_public(address: str) -> bool:
    """Whether an address lies on the open internet; those that wrap another one (mapped, NAT64, 6to4) do not."""
    found = ip_address(address.partition("%")[0])
    if not found.is_global or found.is_multicast:
        return False
    if isinstance(found, IPv4Address):
        return found not in _PROTOCOLS4
    return found in _UNICAST6 and found not in _6TO4


class PublicNetwork(httpcore.NetworkBackend):
    """Connects to public addresses only, and lets no exchange last beyond `hurry`; the sandbox's hosts are let through.

    All addresses of a name have to be public: one that leads inside makes the name untrustworthy.
    """

    def __init__(self, resolve: Resolve, network: httpcore.NetworkBackend | None = None) -> None:
        self._resolve = resolve
        self._network = network or httpcore.SyncBackend()
        self._until = float("inf")

    def hurry(self, seconds: float) -> None:
        """Let what is sent and read from now on end within this time, however slowly it drips."""
        self._until = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """Give the time that a single step may take."""
        left = self._until - time.monotonic()
        return max(left if timeout is None else min(timeout, left), 0.001)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        Raises:
            Permanent: the name leads inside.
            httpcore.ConnectError, httpcore.ConnectTimeout: nobody answers, or nobody knows the name.
        """
        addresses = [host] if host in SANDBOX_HOSTS else self._addresses(host)
        trouble: Exception | None = None
        for address in addresses[:ADDRESSES_MAX]:
            try:
                stream = self._network.connect_tcp(address, port, self.left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
            else:
                return _Hurried(stream, self)
        raise trouble or httpcore.ConnectError("no address")

    def _addresses(self, host: str) -> list[str]:
        try:
            addresses = list(self._resolve(host))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(type(error).__name__) from None
        if not all(map(is_public, addresses)):
            raise Permanent("address_refused", "not a public address")
        return addresses


class _Hurried(httpcore.NetworkStream):
    """A connection whose steps get shorter as the time runs out."""

    def __init__(self, stream: httpcore.NetworkStream, network: PublicNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._network.left(timeout))
        return _Hurried(inner, self._network)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
