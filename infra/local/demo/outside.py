"""The outside world as the demo moves it: the sandbox's control API, its logs, and a platform that repeats itself."""

from datetime import datetime
from typing import Any

import httpx

from infra.local.sandbox.delivery import sign_push, target_of
from infra.local.sandbox.records import Merchant, Push

Document = dict[str, Any]
_PAGES_MAX = 10


class OutsideRefused(RuntimeError):
    """The sandbox did not do what the demo wanted; the message is its own."""


class Outside:
    """The sandbox of one local cloud."""

    def __init__(self, url: str, webhook_base: str) -> None:
        self.url = url
        self._webhook_base = webhook_base
        self._client = httpx.Client(base_url=url, timeout=60.0, trust_env=False)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def do(self, path: str, **body: object) -> Document:
        """Make something happen.

        Raises:
            OutsideRefused: the sandbox says no.
        """
        return self._answer(self._client.post(f"/control/{path}", json=body))

    def behave(self) -> None:
        """Take back the faults that have not struck yet."""
        self._answer(self._client.delete("/control/faults"))

    def tick(self) -> datetime | None:
        """Let everything happen that is due, and say when the next thing is."""
        next_at = self.do("tick")["next_at"]
        return datetime.fromisoformat(next_at) if next_at else None

    def truth(self) -> Document:
        """What really happened."""
        return self._answer(self._client.get("/control/truth"))

    def calls(self, since: str = "0") -> list[Document]:
        """The calls that the vendors received after a call's number, oldest first."""
        found: list[Document] = []
        for _ in range(_PAGES_MAX):
            page = self._answer(self._client.get("/calls", params={"since": since}))["calls"]
            found += page
            if not page:
                break
            since = str(page[-1]["id"])
        return found

    def last_call(self) -> str:
        """The number of the latest call; "0" before the first one."""
        calls = self.calls()
        return str(calls[-1]["id"]) if calls else "0"

    def pushes(self) -> list[Document]:
        """The latest messages to huhang, with every answer that they got."""
        pushes: list[Document] = self._answer(self._client.get("/pushes"))["pushes"]
        return pushes

    def messages(self) -> list[Document]:
        """What the staff group has read."""
        messages: list[Document] = self._answer(self._client.get("/messages"))["messages"]
        return messages

    def repeat(self, merchant: str, credentials: Document, pushes: list[Document], now: datetime) -> list[int]:
        """Send messages once more, signed as their vendors do; give huhang's answers."""
        sender = Merchant.model_validate({"key": merchant, **credentials})
        statuses = []
        for document in pushes:
            push = Push.model_validate(document)
            outgoing = sign_push(sender, [push], target_of(sender, push.vendor, self._webhook_base), now)
            reply = self._client.post(outgoing.url, content=outgoing.body, headers=outgoing.headers)
            statuses.append(reply.status_code)
        return statuses

    @staticmethod
    def _answer(reply: httpx.Response) -> Document:
        if reply.status_code != 200:
            raise OutsideRefused(f"{reply.request.url.path}: {reply.text[:300]}")
        document: Document = reply.json()
        return document
