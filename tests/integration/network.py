"""A network without sockets: it notes where connections go and what is sent, and answers or fails as it is told."""

import ssl
import time
from collections.abc import Iterable

import httpcore

from tests.integration.loopback import reply

OK = reply(200)


class FakeNetwork(httpcore.NetworkBackend):
    """`connect`, `write`, `read`: the error of that step; `drips_s`: so long does each read of one byte take."""

    def __init__(
        self,
        answer: bytes = OK,
        *,
        connect: Exception | None = None,
        write: Exception | None = None,
        read: Exception | None = None,
        deaf: Iterable[str] = (),
        drips_s: float = 0.0,
    ) -> None:
        self.answer = answer
        self.errors = {"connect": connect, "write": write, "read": read}
        self.deaf = tuple(deaf)
        self.drips_s = drips_s
        self.connected: list[tuple[str, int]] = []
        self.named: list[str | None] = []
        self.sent = b""

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connected.append((host, port))
        if host in self.deaf:
            raise httpcore.ConnectTimeout
        self.fail("connect")
        return _Stream(self)

    def fail(self, step: str) -> None:
        """Fail if this step is to fail."""
        error = self.errors[step]
        if error is not None:
            raise error


class _Stream(httpcore.NetworkStream):
    def __init__(self, network: FakeNetwork) -> None:
        self.network = network
        self.left = network.answer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.network.fail("read")
        if self.network.drips_s:
            assert timeout is not None
            time.sleep(min(timeout, self.network.drips_s))
            if timeout < self.network.drips_s:
                raise httpcore.ReadTimeout
            max_bytes = 1
        given, self.left = self.left[:max_bytes], self.left[max_bytes:]
        return given

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.network.fail("write")
        self.network.sent += buffer

    def close(self) -> None:
        pass

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None):
        assert ssl_context.check_hostname
        assert ssl_context.verify_mode is ssl.CERT_REQUIRED
        self.network.named.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> object:
        return None
