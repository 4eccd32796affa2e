"""The shop's chat desktop, over the real signed HTTP door: it asks where lines belong, and tells what happens."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

import httpx

from infra.local.sandbox.signatures import standard_webhook_signature

Document = dict[str, Any]


class DesktopRefused(RuntimeError):
    """huhang did not take what the desktop asked or told; the message is its own."""


class Asked(NamedTuple):
    """A buyer's line, where huhang said that it belongs, and how long the desktop waited for that."""

    at: datetime
    session: str
    text: str
    answer: Document
    took_s: float


class ChatDesk:
    """A chat desktop of one merchant."""

    def __init__(self, base_url: str, merchant: str, secret: str, now: Callable[[], datetime]) -> None:
        self.told = 0  # events that were accepted: each must find its fate
        self._merchant = merchant
        self._secret = secret
        self._now = now
        self._numbers = count(1)
        self._client = httpx.Client(base_url=base_url, timeout=30.0, trust_env=False)

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def ask(self, session: str, text: str, buyer: Document, **more: object) -> Asked:
        """Ask where a line belongs."""
        at = self._now()
        line = {"session_id": session, "channel": "web", "text": text, "buyer": buyer, "at": at.isoformat(), **more}
        began = time.perf_counter()
        answer = self._post(f"/v1/chat/{self._merchant}/route", line | {"message_id": f"{session}-{at.timestamp()}"})
        return Asked(at, session, text, answer, time.perf_counter() - began)

    def tell(self, kind: str, **data: object) -> None:
        """Tell that something happened."""
        message = {"type": kind, "timestamp": self._now().isoformat(), "data": data}
        self._post(f"/webhooks/chat/{self._merchant}", message)
        self.told += 1

    def _post(self, path: str, document: object) -> Document:
        at, body = self._now(), json.dumps(document, ensure_ascii=False).encode()
        identity, stamp = f"{at.timestamp()}-{next(self._numbers)}", str(int(at.timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": stamp,
            "webhook-signature": standard_webhook_signature(self._secret, identity, stamp, body),
        }
        reply = self._client.post(path, content=body, headers=headers)
        if reply.status_code != 200:
            raise DesktopRefused(f"{path}: {reply.status_code} {reply.text[:300]}")
        answer: Document = reply.json()
        return answer
