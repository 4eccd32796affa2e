"""A server on loopback that does to each connection what the test says."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Received:
    """One request as it arrived."""

    head: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case."""
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in lines}


@dataclass
class Server:
    """`answers` are used up one by one: raw bytes to send; `None` closes without an answer."""

    port: int
    answers: list[bytes | None]
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    names: list[str] = field(default_factory=list)  # that clients ask for in the handshake

    @property
    def url(self) -> str:
        """Where to reach it."""
        return f"http://127.0.0.1:{self.port}"


def reply(status: int, body: bytes = b"{}", *extra: str) -> bytes:
    """An HTTP answer."""
    head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *extra])
    return head.encode() + b"\r\n\r\n" + body


CLOSE_AFTER = b"!"
"""Prefix of an answer after which the server closes, without having said so."""


@contextmanager
def serving(*answers: bytes | None) -> Iterator[Server]:
    """Run the server for a while."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1], list(answers))
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving_tls(certificate: Path, *answers: bytes | None) -> Iterator[Server]:
    """Run the server behind TLS; `certificate` holds the key as well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1], list(answers))
        context.sni_callback = lambda _, name, __: server.names.append(name)
        threading.Thread(target=_accept, args=(listener, server, context), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: Server, tls: ssl.SSLContext | None = None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
            connection = tls.wrap_socket(connection, server_side=True) if tls else connection
        except ssl.SSLError:
            continue
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_serve, args=(connection, server), daemon=True).start()


def _serve(connection: socket.socket, server: Server) -> None:
    with connection, connection.makefile("rb") as stream:
        while request := _read(stream.readline, stream.read):
            server.requests.append(request)
            answer = server.answers.pop(0) if server.answers else None
            if answer is None:
                return
            connection.sendall(answer.removeprefix(CLOSE_AFTER))
            if answer.startswith(CLOSE_AFTER):
                return


def _read(readline: Callable[[], bytes], read: Callable[[int], bytes]) -> Received | None:
    lines = []
    try:
        while (line := readline().decode("latin-1")) not in ("\r\n", ""):
            lines.append(line.rstrip())
    except OSError:
        return None
    if not lines:
        return None
    received = Received("\r\n".join(lines), b"")
    received.body = read(int(received.headers.get("content-length", "0")))
    return received
