"""A small outside world for the tests: a clock that moves on demand, a merchant, callers that sign as huhang would."""

import asyncio
import atexit
import json
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import httpx
from starlette.applications import Starlette

from infra.local.sandbox.app import build_app
from infra.local.sandbox.signatures import (
    dingtalk_sign,
    douyin_api_sign,
    jushuitan_sign,
    kuaidi100_call_sign,
    kuaidi100_query_sign,
    standard_webhook_signature,
    zto_digest,
)
from infra.local.sandbox.store import Store
from infra.local.sandbox.world import World

MERCHANT: dict[str, Any] = {
    "douyin": {
        "app_key": "7000000000000000001",
        "app_secret": "6e7c2f1a-1111-4222-8333-9d0a0b0c0d0e",
        "access_token": "tok-dy",
        "shop_id": 4463798,
        "base_url": "http://127.0.0.1:4600/douyin",
    },
    "zto": {"app_key": "zto-key", "app_secret": "HhZtoSecret01", "base_url": "", "phone_tail": "0017"},
    "kuaidi100": {"key": "HhTestKey001", "customer": "HHCUSTOMER01", "secret": "HhSecret001"},
    "jushuitan": {"app_key": "ak_huhang", "app_secret": "as_huhang", "access_token": "tok_5f1e", "base_url": ""},
    "dingtalk": {"access_token": "ding-token", "secret": "SECding", "base_url": ""},
    "selfbuilt": {"secret": "whsec_aHVoYW5nLXN0YW5kYXJkLXdlYmhvb2sta2V5LTAwMDE=", "api_url": ""},
    "chat": {"secret": "whsec_aHVoYW5nLWNoYXQtZGVza3RvcC1zZWNyZXQta2V5LTAwMDI=", "api_url": ""},
}
ORDER, LINE, REFUND = "6917845678901234567", "6917845678901234568", "7012345678901234567"
CALLBACK = "http://huhang.test/webhooks/kuaidi100/m1"
START = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


RUNNER = asyncio.Runner()
atexit.register(RUNNER.close)


class Browser:
    """Calls the sandbox in this process, one request after the other."""

    def __init__(self, app: Starlette) -> None:
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test")

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        return RUNNER.run(self._client.request(method, url, **more))

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> httpx.Response:
        return self.request("POST", url, **more)


class Huhang:
    """huhang's door as the sandbox sees it: keeps what arrives and acknowledges it, unless told to fail."""

    def __init__(self) -> None:
        self.received: list[httpx.Request] = []
        self.failures_left = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        if self.failures_left:
            self.failures_left -= 1
            return httpx.Response(503, json={"message": "Service Unavailable"})
        if "/zto/" in request.url.path:
            return httpx.Response(
                200, json={"status": True, "message": "调用成功", "result": "成功", "statusCode": "200"}
            )
        if "/kuaidi100/" in request.url.path:
            return httpx.Response(200, json={"result": True, "returnCode": "200", "message": "成功"})
        return httpx.Response(200, json={"code": 0, "msg": "success"})

    def tracked(self) -> list[dict[str, Any]]:
        """What Kuaidi100 has pushed."""
        mine = [request for request in self.received if "/kuaidi100/" in request.url.path]
        return [json.loads(parse_qs(request.content.decode())["param"][0]) for request in mine]

    def scanned(self) -> list[tuple[str, str]]:
        """The numbers and actions that ZTO has pushed."""
        mine = [request for request in self.received if "/zto/" in request.url.path]
        data = [json.loads(parse_qs(request.content.decode())["data"][0]) for request in mine]
        return [(one["billCode"], one["action"]) for one in data]


class Outside:
    """The sandbox with its time in our hands."""

    def __init__(self, path: str = ":memory:") -> None:
        self.now = START
        self.huhang = Huhang()
        store = Store(path)
        weakref.finalize(self, store.close)
        self.world = World(lambda: self.now, store)
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.huhang.answer))
        self.client = Browser(build_app(self.world, "http://huhang.test", client, ticking=False))

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        reply = self.client.request(method, f"/control{path}", json={} if body is None else body)
        assert reply.status_code == status, reply.text
        document: dict[str, Any] = reply.json()
        return document

    def advance(self, minutes: float = 0, seconds: float = 0) -> int:
        """Let time pass, then let everything due happen; gives the number of messages delivered."""
        self.now += timedelta(minutes=minutes, seconds=seconds)
        delivered: int = self.control("POST", "/tick")["delivered"]
        return delivered

    def with_order(self, platform: str = "douyin", **more: Any) -> "Outside":
        self.control("PUT", "/merchants/m1", MERCHANT)
        line = {"line_id": LINE, "sku_id": "SKU-RED", "quantity": 2, "amount_fen": 1990}
        order = {"merchant": "m1", "platform": platform, "order_id": ORDER, "paid_fen": 1990, "lines": [line]}
        self.control("POST", "/orders", order | more)
        return self

    def ship(self, waybill: str = "75000000000017", sync: bool = True, subscribed: bool = True, **plan: Any) -> None:
        parcel = {"waybill": waybill, "line_ids": [LINE], "plan": plan, "subscribed": subscribed}
        self.control("POST", f"/orders/{ORDER}/ship", {"parcels": [parcel], "sync_platform": sync})

    def send(self, waybill: str, scans: list[dict[str, Any]] | None = None, **road: Any) -> None:
        """Ship one parcel on any road."""
        parcel = {"waybill": waybill, "line_ids": [LINE], "plan": {"scans": scans or []}} | road
        self.control("POST", f"/orders/{ORDER}/ship", {"parcels": [parcel], "push": False})

    def scan(self, waybill: str, stage: str, **more: Any) -> dict[str, Any]:
        """Let a scan happen now."""
        parcel: dict[str, Any] = self.control("POST", f"/parcels/{waybill}/scan", {"stage": stage} | more)["parcel"]
        return parcel

    def parcel(self, waybill: str) -> dict[str, Any]:
        """The truth about one parcel."""
        parcel: dict[str, Any] = self.control("GET", f"/parcels/{waybill}")["parcel"]
        return parcel

    def poll(self, waybill: str, company: str, key: str = "HhTestKey001", **parameters: Any) -> str:
        """Subscribe at Kuaidi100; gives its return code."""
        more = {"callbackurl": CALLBACK, "salt": "huhang-salt", "resultv2": "4"} | parameters
        param = {"company": company, "number": waybill, "key": key, "parameters": more}
        form = urlencode({"schema": "json", "param": json.dumps(param)})
        code: str = self._json(self.client.post("/kuaidi100/poll", content=form))["returnCode"]
        return code

    def track(self, waybill: str, company: str, sign: str = "", **more: str) -> dict[str, Any]:
        """Query at Kuaidi100."""
        fields = {"com": company, "num": waybill, "resultv2": "4", "show": "0", "order": "desc"} | more
        param = json.dumps(fields, separators=(",", ":"))
        ours = sign or kuaidi100_query_sign(param, "HhTestKey001", "HHCUSTOMER01")
        form = urlencode({"customer": "HHCUSTOMER01", "param": param, "sign": ours})
        return self._json(self.client.post("/kuaidi100/poll/query.do", content=form))

    def work_order(self, sign: str = "", **param: Any) -> dict[str, Any]:
        """Ask a courier's people by way of Kuaidi100."""
        text, stamp = json.dumps(param, ensure_ascii=False), str(int(self.now.timestamp() * 1000))
        ours = sign or kuaidi100_call_sign(text, stamp, "HhTestKey001", "HhSecret001")
        form = urlencode({"key": "HhTestKey001", "t": stamp, "param": text, "sign": ours})
        return self._json(self.client.post("/kuaidi100/workorder/api/create", content=form))

    def ask_refund(self, platform: str = "douyin", **more: Any) -> None:
        refund = {"merchant": "m1", "platform": platform, "refund_id": REFUND, "order_id": ORDER, "line_id": LINE}
        self.control("POST", "/refunds", refund | {"kind": "refund_only_shipped", "amount_fen": 1990} | more)

    def truth(self) -> dict[str, Any]:
        return self.control("GET", "/truth")

    def douyin(self, path: str, param: dict[str, Any], **changed: str) -> dict[str, Any]:
        account = MERCHANT["douyin"]
        body = json.dumps(param, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        stamp, method = str(int(self.now.timestamp())), path.replace("/", ".")
        query = {
            "app_key": account["app_key"],
            "method": method,
            "access_token": account["access_token"],
            "timestamp": stamp,
            "v": "2",
            "sign_method": "hmac-sha256",
            "sign": douyin_api_sign(account["app_key"], account["app_secret"], method, body, stamp),
        }
        return self._json(self.client.post(f"/douyin/{path}", params=query | changed, content=body.encode()))

    def zto(self, api: str, body: dict[str, Any], digest: str | None = None) -> dict[str, Any]:
        raw = json.dumps(body, ensure_ascii=False).encode()
        sign = digest or zto_digest(raw, MERCHANT["zto"]["app_secret"])
        headers = {"x-appKey": "zto-key", "x-dataDigest": sign, "content-type": "application/json"}
        return self._json(self.client.post(f"/zto/{api}", headers=headers, content=raw))

    def intercept(self, request_id: str = "hh-0001", waybill: str = "75000000000017") -> dict[str, Any]:
        body = {"billCode": waybill, "requestId": request_id, "thirdBizNo": request_id, "destinationType": "2"}
        return self.zto("thirdcenter.createIntercept", body)

    def jushuitan(self, path: str, biz: Any, **changed: str) -> dict[str, Any]:
        fields = {
            "app_key": "ak_huhang",
            "access_token": "tok_5f1e",
            "timestamp": str(int(self.now.timestamp())),
            "charset": "utf-8",
            "version": "2",
            "biz": json.dumps(biz),
        } | {key: value for key, value in changed.items() if key != "sign"}
        fields["sign"] = changed.get("sign") or jushuitan_sign("as_huhang", fields)
        headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return self._json(self.client.post(f"/jushuitan/{path}", headers=headers, content=urlencode(fields)))

    def dingtalk(self, text: str = "### 退款待审", sign: str | None = None) -> dict[str, Any]:
        stamp = str(int(self.now.timestamp() * 1000))
        signed = quote(sign or dingtalk_sign("SECding", stamp), safe="")
        body = {"msgtype": "markdown", "markdown": {"title": "退款待审", "text": text}}
        url = f"/dingtalk/robot/send?access_token=ding-token&timestamp={stamp}&sign={signed}"
        return self._json(self.client.post(url, json=body))

    def command(self, kind: str, data: dict[str, Any], webhook_id: str = "msg_1", sign: str = "") -> httpx.Response:
        body = json.dumps({"type": kind, "timestamp": self.now.isoformat(), "data": data}).encode()
        stamp = str(int(self.now.timestamp()))
        ours = standard_webhook_signature(MERCHANT["selfbuilt"]["secret"], webhook_id, stamp, body)
        names = {"webhook-id": webhook_id, "webhook-timestamp": stamp, "webhook-signature": sign or ours}
        return self.client.post("/selfbuilt/commands", headers=names, content=body)

    @staticmethod
    def _json(reply: httpx.Response) -> dict[str, Any]:
        document: dict[str, Any] = reply.json()
        return document
