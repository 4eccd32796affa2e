"""Moto's S3 on loopback, so that the product's own requests reach it as they are: method, path, query, headers, bytes.

Moto answers inside `mock_aws` whatever the library `requests` asks of amazonaws.com; its own server would need Flask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import requests

_S3 = "https://s3.us-east-1.amazonaws.com"
_HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self._pass_on()

    def do_GET(self) -> None:
        self._pass_on()

    def log_message(self, *what: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        answer = requests.request(self.command, _S3 + self.path, headers=headers, data=body, timeout=10)
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)


@contextmanager
def serving_s3() -> Iterator[str]:
    """Serve moto's S3 for a while, inside `mock_aws`; give its endpoint."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Door) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
