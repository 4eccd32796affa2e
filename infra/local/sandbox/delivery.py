"""Time passes: planned changes of the world come true and pushes go out, in order of time.

Pushes are signed when they leave, on simulated time, as each vendor signs. A push that huhang did not acknowledge in
the vendor's own words is sent again: ZTO up to 16 times, Kuaidi100 half an hour later until the third failure,
self-built shops by the example schedule of Standard Webhooks, Douyin five times (its count is not published).
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import httpx

from infra.local.sandbox.clock import epoch_s, real_now
from infra.local.sandbox.gate import parse_object
from infra.local.sandbox.happenings import happen
from infra.local.sandbox.records import Merchant, Push, PushAnswer, VendorName
from infra.local.sandbox.signatures import (
    douyin_event_sign,
    kuaidi100_push_sign,
    standard_webhook_signature,
    zto_digest,
)
from infra.local.sandbox.world import World

MINUTE, HOUR = 60, 3600
RETRIES_S: Mapping[VendorName, tuple[int, ...]] = {
    "zto": (30,) * 16,
    "kuaidi100": (30 * MINUTE,) * 2,
    "douyin": (10, 30, MINUTE, 5 * MINUTE, 30 * MINUTE),
    "selfbuilt": (5, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24))),
}
FORM = "application/x-www-form-urlencoded; charset=utf-8"
TIMEOUT_S = 10.0
STEPS_MAX = 20_000
BATCH_MAX = 10
ANSWER_MAX = 2000


@dataclass(frozen=True)
class Outgoing:
    """A push as it goes over the wire."""

    url: str
    headers: dict[str, str]
    body: bytes


def target_of(merchant: Merchant, vendor: VendorName, webhook_base: str) -> str:
    """Give the URL of huhang's door for this vendor and shop; empty when nobody told."""
    if vendor in merchant.webhooks:
        return merchant.webhooks[vendor]
    base = (merchant.webhook_base or webhook_base).rstrip("/")
    return f"{base}/webhooks/{vendor}/{merchant.key}" if base else ""


def sign_push(merchant: Merchant, pushes: list[Push], url: str, now: datetime) -> Outgoing:
    """Write pushes of one vendor as its request; only Douyin's may be several."""
    first = pushes[0]
    if first.vendor == "douyin" and merchant.douyin:
        body = _compact([push.body for push in pushes])
        sign = douyin_event_sign(merchant.douyin.app_key, body, merchant.douyin.app_secret)
        headers = {"app-id": merchant.douyin.app_key, "event-sign": sign, "content-type": "application/json"}
        return Outgoing(url, headers, body)
    if first.vendor == "zto" and merchant.zto:
        data = _compact(first.body)
        form = {
            "data": data.decode(),
            "data_digest": zto_digest(data, merchant.zto.app_secret),
            "msg_type": "Traces",
            "company_id": merchant.zto.app_key,
            "token": "",
        }
        return Outgoing(url, {"content-type": FORM}, urlencode(form).encode())
    if first.vendor == "kuaidi100":
        param = _compact(first.body).decode()
        signed = {"param": param} | ({"sign": kuaidi100_push_sign(param, first.salt)} if first.salt else {})
        return Outgoing(first.url or url, {"content-type": FORM}, urlencode(signed).encode())
    if first.vendor == "selfbuilt" and merchant.selfbuilt:
        body = _compact(first.body)
        stamp = str(epoch_s(now))
        signature = standard_webhook_signature(merchant.selfbuilt.secret, first.key, stamp, body)
        names = {"webhook-id": first.key, "webhook-timestamp": stamp, "webhook-signature": signature}
        return Outgoing(url, names | {"content-type": "application/json"}, body)
    raise ValueError(f"merchant {merchant.key} has no {first.vendor} account")


def _compact(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def is_acknowledged(vendor: VendorName, status: int, body: bytes) -> bool:
    """Tell whether this is the acknowledgement that the vendor demands."""
    document = parse_object(body) or {}
    if vendor == "douyin":
        return status == 200 and document.get("code") == 0
    if vendor == "zto":
        return status == 200 and document.get("status") is True
    if vendor == "kuaidi100":
        return status == 200 and document.get("result") is True and str(document.get("returnCode")) == "200"
    return 200 <= status < 300


class Delivery:
    """Carries out what is due; one tick at a time."""

    def __init__(self, world: World, webhook_base: str, client: httpx.AsyncClient) -> None:
        self._world = world
        self._webhook_base = webhook_base
        self._client = client
        self._lock = asyncio.Lock()

    async def tick(self) -> int:
        """Do everything that is due at simulated now; gives the number of messages that huhang acknowledged."""
        async with self._lock:
            until = self._world.now()
            delivered = 0
            for _ in range(STEPS_MAX):
                due = self._world.pop_due(until)
                if due is None:
                    break
                if due.kind == "push":
                    delivered += await self._send(due.subject, until)
                else:
                    happen(self._world, due)
            self._world.save()
            return delivered

    async def _send(self, key: str, until: datetime) -> int:
        push = self._world.pushes.get(key)
        merchant = self._world.merchants.get(push.merchant) if push else None
        if push is None or merchant is None:
            return 0
        pushes = [push, *self._following(push, until)]
        answer = await self._post(merchant, pushes)
        for one in pushes:
            self._note(one, answer)
        return len(pushes) if answer.accepted else 0

    def _following(self, first: Push, until: datetime) -> list[Push]:
        """Take Douyin's next messages to the same shop into the same array, as long as nothing else comes between."""
        batch: list[Push] = []
        while first.vendor == "douyin" and len(batch) + 1 < BATCH_MAX:
            due = self._world.peek_due(until)
            push = self._world.pushes.get(due.subject) if due and due.kind == "push" else None
            if push is None or push.vendor != "douyin" or push.merchant != first.merchant:
                break
            self._world.pop_due(until)
            batch.append(push)
        return batch

    async def _post(self, merchant: Merchant, pushes: list[Push]) -> PushAnswer:
        now, vendor = self._world.now(), pushes[0].vendor
        try:
            url = pushes[0].url or target_of(merchant, vendor, self._webhook_base)
            if not url:
                raise ValueError("no webhook base is known for this merchant")
            outgoing = sign_push(merchant, pushes, url, now)
            place, host = reachable(outgoing.url)
            headers = outgoing.headers | ({"host": host} if host else {})
            reply = await self._client.post(place, headers=headers, content=outgoing.body, timeout=TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            text = f"{type(error).__name__}: {error}"[:ANSWER_MAX]
            return PushAnswer(at=now, real_at=real_now(), status=None, body=text, accepted=False)
        accepted = is_acknowledged(vendor, reply.status_code, reply.content)
        body = reply.text[:ANSWER_MAX]
        return PushAnswer(at=now, real_at=real_now(), status=reply.status_code, body=body, accepted=accepted)

    def _note(self, push: Push, answer: PushAnswer) -> None:
        push.attempts += 1
        push.answers.append(answer)
        retries_s = RETRIES_S[push.vendor]
        if answer.accepted:
            push.status = "delivered"
        elif push.attempts > len(retries_s):
            push.status = "given_up"
        else:
            wait = timedelta(seconds=retries_s[push.attempts - 1])
            self._world.schedule(answer.at + wait, "push", push.key)
        self._world.pushes.put(push)


def reachable(url: str) -> tuple[str, str]:
    """Give the URL to connect to and the Host to name; `*.localhost` is this machine, which resolvers may not know."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, ""
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"127.0.0.1{port}").geturl(), parts.netloc
