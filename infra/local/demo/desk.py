"""The desk's window into huhang, over the real HTTP API: open tickets, and the word of who deals with one."""

from typing import Any

import httpx

from shared.domain.tickets import Anomaly

Document = dict[str, Any]


class DeskRefused(RuntimeError):
    """The board did not answer; the message is its own."""


class Desk:
    """A person at the board of one merchant."""

    def __init__(self, base_url: str, merchant: str, token: str) -> None:
        self.taken = 0  # words that were accepted: each is an event that must find its fate
        self._merchant = merchant
        self._client = httpx.Client(
            base_url=f"{base_url}/v1/merchants/{merchant}",
            headers={"authorization": f"Bearer {token}"},
            timeout=30.0,
            trust_env=False,
        )

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def tickets(self) -> Document:
        """What is open, the most urgent first."""
        return self._answer(self._client.get("/tickets", params={"limit": 500}), 200)

    def routing(self) -> Document:
        """What became of the conversations, as the last report says."""
        return self._answer(self._client.get("/routing"), 200)

    def take(self, kind: str, case_id: str, anomaly: Anomaly, said: Document) -> Document:
        """Say who deals with a ticket: it escalates no further."""
        answer = self._answer(self._client.post(f"/tickets/{kind}/{case_id}/{anomaly}/take", json=said), 202)
        self.taken += 1
        return answer

    def file(self, carrier: str, waybill: str, text: str) -> Document:
        """File what a courier's people said about a parcel."""
        answer = self._answer(self._client.post(f"/parcels/{carrier}/{waybill}/answers", json={"text": text}), 202)
        self.taken += 1
        return answer

    @staticmethod
    def _answer(reply: httpx.Response, wanted: int) -> Document:
        if reply.status_code != wanted:
            raise DeskRefused(f"{reply.request.url.path}: {reply.status_code} {reply.text[:300]}")
        document: Document = reply.json()
        return document
