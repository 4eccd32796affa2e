"""As much of AWS and of a courier on loopback as one function needs, so that only the function is measured.

SQS takes everything, the table stores items and checks no condition, ZTO says yes. Every request is kept by name.
"""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TABLE = "huhang-bench"
Fields = dict[str, Any]
_ACCEPTED = {"status": True, "statusCode": "SYS000", "message": "OK", "result": {"centerBizNo": "LJ26030100017"}}


class Cloud:
    """What the functions find outside. `calls` names every request so far, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[str] = []
        self.sent: list[tuple[str, str]] = []  # (queue's URL, body)
        self.secrets: dict[str, Fields] = {}
        self.items: dict[tuple[str, str], Fields] = {}

    def put(self, item: Fields) -> None:
        """Store an item."""
        self.items[_place(item)] = item

    def answer(self, path: str, target: str, body: bytes) -> tuple[int, Fields]:
        """Answer one request."""
        if not target:
            self.calls.append(path)
            return 200, _ACCEPTED
        operation = target.rpartition(".")[2]
        self.calls.append(operation)
        given: Fields = json.loads(body)
        known = getattr(self, f"_{operation}", None)
        return known(given) if known else (400, {"__type": f"x#{operation}IsNotPlayedHere"})

    def _GetSecretValue(self, given: Fields) -> tuple[int, Fields]:
        return 200, {"Name": given["SecretId"], "SecretString": json.dumps(self.secrets[given["SecretId"]])}

    def _SendMessage(self, given: Fields) -> tuple[int, Fields]:
        self.sent.append((given["QueueUrl"], given["MessageBody"]))
        return 200, {"MessageId": "00000000-0000-4000-8000-000000000000"}

    def _SendMessageBatch(self, given: Fields) -> tuple[int, Fields]:
        self.sent += [(given["QueueUrl"], entry["MessageBody"]) for entry in given["Entries"]]
        sent = [{"Id": entry["Id"], "MessageId": "0", "MD5OfMessageBody": "0"} for entry in given["Entries"]]
        return 200, {"Successful": sent, "Failed": []}

    def _PutItem(self, given: Fields) -> tuple[int, Fields]:
        self.put(given["Item"])
        return 200, {}

    def _BatchWriteItem(self, given: Fields) -> tuple[int, Fields]:
        for one in given["RequestItems"][TABLE]:
            self.put(one["PutRequest"]["Item"])
        return 200, {"UnprocessedItems": {}}

    def _UpdateItem(self, given: Fields) -> tuple[int, Fields]:
        return 200, {}

    def _GetItem(self, given: Fields) -> tuple[int, Fields]:
        found = self.items.get(_place(given["Key"]))
        return 200, {"Item": found} if found else {}

    def _BatchGetItem(self, given: Fields) -> tuple[int, Fields]:
        wanted = [_place(key) for key in given["RequestItems"][TABLE]["Keys"]]
        found = [self.items[place] for place in wanted if place in self.items]
        return 200, {"Responses": {TABLE: found}, "UnprocessedKeys": {}}

    def _Query(self, given: Fields) -> tuple[int, Fields]:
        values = [value["S"] for value in given["ExpressionAttributeValues"].values()]  # a partition, perhaps a range
        bucket, first, last = (*values, "", "\uffff")[:3] if len(values) == 1 else values
        found = [item for (pk, sk), item in self.items.items() if pk == bucket and first <= sk <= last]
        return 200, {"Items": found, "Count": len(found)}


def _place(key: Fields) -> tuple[str, str]:
    first = key.get("pk") or key["id"]  # Powertools' idempotency has a table of its own
    return first["S"], key.get("sk", {"S": ""})["S"]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    cloud: Cloud


class _Connection(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer until the other side has had enough; each answer is one segment, so that reads do not vary."""
        while first := self.rfile.readline().decode("latin-1"):
            headers = {}
            while line := self.rfile.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", "0")))
            path = first.split(" ")[1]
            status, content = self.server.cloud.answer(path, headers.get("x-amz-target", ""), body)
            answer = json.dumps(content).encode()
            kind = "application/x-amz-json-1.0"
            head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(answer)}\r\n\r\n"
            self.wfile.write(head.encode() + answer)


@contextmanager
def serving() -> Iterator[Cloud]:
    """Run it for a while."""
    cloud = Cloud()
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.cloud = cloud
        cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield cloud
        server.shutdown()
