"""Sends what vendors would send, well and badly signed, to the real HTTP door of a local cloud."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx

from infra.local.demo.play import Stage
from infra.local.sandbox.signatures import (
    douyin_event_sign,
    kuaidi100_push_sign,
    standard_webhook_signature,
    zto_digest,
)
from shared.adapters.dynamo_cases import read_case
from shared.adapters.table_layout import ONLY
from shared.domain.keys import CaseKey
from shared.ports import StoredCase

Document = Mapping[str, Any]
JSON = {"content-type": "application/json"}


class Door:
    """One merchant's webhook addresses."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.keys = stage.credentials
        self._client = httpx.Client(
            base_url=str(stage.cloud.home.read_outputs()["WebhookBaseUrl"]), timeout=30.0, trust_env=False
        )

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def post(self, source: str, body: bytes, headers: Mapping[str, str], merchant: str = "demo") -> httpx.Response:
        """Send bytes."""
        return self._client.post(f"/webhooks/{source}/{merchant}", content=body, headers=dict(headers))

    def now_s(self, ahead_s: int = 0) -> str:
        """Simulated seconds since 1970."""
        return str(int(self.stage.cloud.clock.now().timestamp()) + ahead_s)

    def douyin(self, body: bytes, **headers: str) -> httpx.Response:
        """Send a genuine push of Douyin's."""
        return self.post("douyin", body, {**self._signed(body), **headers})

    def _signed(self, body: bytes) -> dict[str, str]:
        key = self.keys["douyin"]["app_key"]
        sign = douyin_event_sign(key, body, self.keys["douyin"]["app_secret"])
        return {**JSON, "app-id": key, "event-sign": sign}

    @contextmanager
    def begun(self, body: bytes) -> Iterator[None]:
        """Begin a genuine push of Douyin's, and go away in the middle of its body."""
        request = self._client.build_request("POST", "/webhooks/douyin/demo", content=body, headers=self._signed(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        sent = f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) // 2]
        with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
            connection.sendall(sent)
            yield

    def douyin_tag(self, tag: str, data: Document) -> httpx.Response:
        """Send one message of Douyin's."""
        return self.douyin(json.dumps([{"tag": tag, "msg_id": f"1:{tag}", "data": json.dumps(data)}]).encode())

    def selfbuilt(self, body: bytes, ahead_s: int = 0, signature: str = "") -> httpx.Response:
        """Send a genuine push of the self-built shop's, or one with another signature."""
        stamp = self.now_s(ahead_s)
        sign = signature or standard_webhook_signature(self.keys["selfbuilt"]["secret"], "msg_e2e", stamp, body)
        names = {"webhook-id": "msg_e2e", "webhook-timestamp": stamp, "webhook-signature": sign}
        return self.post("selfbuilt", body, {**JSON, **names})

    def zto(self, data: bytes, digest: str = "") -> httpx.Response:
        """Send a genuine push of ZTO's, or one with another digest."""
        sign = digest or zto_digest(data, self.keys["zto"]["app_secret"])
        form = urlencode({"data": data, "data_digest": sign, "msg_type": "Traces"}).encode()
        return self.post("zto", form, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"})

    def kuaidi100(self, param: Document, salt: str | None = None) -> httpx.Response:
        """Send a genuine push of Kuaidi100's, one with another salt, or (an empty one) one without a signature."""
        text = json.dumps(param, ensure_ascii=False)
        salt = self.keys["kuaidi100"]["salt"] if salt is None else salt
        signed = {"sign": kuaidi100_push_sign(text, salt)} if salt else {}
        form = urlencode({**signed, "param": text}).encode()
        return self.post("kuaidi100", form, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"})

    def chat(self, kind: str, data: Document) -> httpx.Response:
        """Tell of something in a conversation."""
        at = self.stage.cloud.clock.now().isoformat()
        return self._from_desktop("/webhooks/chat/demo", {"type": kind, "timestamp": at, "data": data})

    def route(self, line: Document) -> httpx.Response:
        """Ask who takes a buyer's line."""
        return self._from_desktop("/v1/chat/demo/route", line)

    def _from_desktop(self, path: str, document: Document) -> httpx.Response:
        body, stamp = json.dumps(document, ensure_ascii=False).encode(), self.now_s()
        sign = standard_webhook_signature(self.keys["chat"]["secret"], "msg_e2e", stamp, body)
        names = {"webhook-id": "msg_e2e", "webhook-timestamp": stamp, "webhook-signature": sign}
        return self._client.post(path, content=body, headers={**JSON, **names})

    def traces(self, mark: str) -> list[str]:
        """Name the items of the table, by their first keys, in which a text stands, once everything is quiet."""
        self.stage.flow.settle()
        return sorted(item["pk"]["S"] for item in self.stage.inside.items() if mark in str(item))

    def stored(self, key: CaseKey) -> StoredCase:
        """Read a case as it is now."""
        name = {"pk": {"S": str(key)}, "sk": {"S": ONLY}}
        found = self.stage.cloud.client("dynamodb").get_item(TableName=self.stage.inside.table, Key=name)
        return read_case(key, found.get("Item"))
