"""Chats as they come: signed questions and pushes of real size, and what routing them costs."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from shared import wiring
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.adapters.table_layout import ONLY, policy_pk
from shared.domain.policy import Policy, Robot
from shared.domain.standard_webhooks import signatures
from shared.settings import ACCOUNTS_PREFIX
from tests.benchmarks.givens import MERCHANT, Event, http_event
from tests.benchmarks.loop import Loop
from tests.benchmarks.loopback import TABLE, Cloud
from tests.benchmarks.session import Session
from tests.benchmarks.starts import Start, Starts
from tests.benchmarks.table import MILLION, Row

ACCOUNT = {"secret": "whsec_aHVoYW5nLWNoYXQtc2VjcmV0LTAwMDAwMDAwMDAwMQ==", "api_url": "http://127.0.0.1:9/chat"}
CALM, UPSET = "请问这款鞋子有没有42码的，黑色还有货吗", "都三天了还没发货，你们是骗子吗，我要投诉"
_SEATS = [{"agent": f"agent{number}", "seats": 5} for number in range(8)]
_RULES = [
    {"rule": "vip", "when": {"field": "buyer_tags", "has": ["vip"]}, "then": {"agent": "agent1", "priority": 2}},
    {
        "rule": "night-refund",
        "when": {"all": [{"field": "intent", "is": ["refund", "return"]}, {"field": "hour", "from": 22}]},
        "then": {"bot": True},
    },
    {"rule": "live", "when": {"field": "live_room", "is": "L-1"}, "then": {"group": "presale", "priority": 1}},
]
ROUTING = {
    "groups": {
        "presale": {"title": "售前", "agents": _SEATS[:4]},
        "aftersale": {"title": "售后", "agents": _SEATS[4:]},
    },
    "rules": _RULES,
    "presale_group": "presale",
    "aftersale_group": "aftersale",
}


def chat_policy(version: int) -> Policy:
    """A shop with two groups of four agents and three rules of its own."""
    robots = {"desk": Robot(channel="dingtalk", account="dingtalk")}
    return Policy.model_validate({"merchant": MERCHANT, "version": version, "robots": robots, "routing": ROUTING})


def question(at: datetime, number: int, text: str = CALM, session: str = "S-1", **more: Any) -> Event:
    """Ask where a line belongs."""
    data = {
        "session_id": session,
        "channel": "web",
        "message_id": f"m-{number}",
        "at": at.isoformat(),
        "text": text,
        "buyer": {"id": "open-uid-0007", "platform": "douyin", "tier": "gold", "tags": ["老客户"]},
        "order_ids": ["6935000000000000011", "6935000000000000012"],
        "refund_ids": ["7312345678901234561"],
        "item": "SKU-7",
    }
    asked = _signed(at, f"q-{number}", data | more)
    return asked | {"pathParameters": {"merchant_id": MERCHANT}, "routeKey": "POST /v1/chat/{merchant_id}/route"}


def push(at: datetime, kind: str, **data: Any) -> Event:
    """Tell something."""
    return _signed(at, f"p-{at.timestamp()}", {"type": kind, "timestamp": at.isoformat(), "data": data})


def _signed(at: datetime, identity: str, document: object) -> Event:
    body = json.dumps(document, ensure_ascii=False)
    headers = {
        "content-type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures(ACCOUNT, identity, at, body)[0],
    }
    return http_event("chat", headers, body)


# ---- through the real handlers -----------------------------------------------------------------------------------


class Desk:
    """A chat desktop at the loop."""

    def __init__(self, loop: Loop, cloud: Cloud) -> None:
        self.loop = loop
        self.asked = 0
        cloud.secrets[ACCOUNTS_PREFIX + MERCHANT]["chat"] = ACCOUNT
        DynamoPolicyStore(wiring.aws().dynamodb, TABLE).put_policy(chat_policy(2))

    def ask(self, text: str = CALM, session: str = "S-1", **more: Any) -> tuple[dict[str, Any], list[str]]:
        """Ask; give the answer and the calls that it took."""
        self.asked += 1
        event = question(self.loop.clock.now(), self.asked, text, session, **more)
        answer = self.loop.invoke("route_message", "route", event)
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"]), self.loop.taken[-1].counts.calls

    def tell(self, kind: str, **data: Any) -> None:
        """Push, and let everything run that follows."""
        answer = self.loop.invoke("receive_webhook", "chat", push(self.loop.clock.now(), kind, **data))
        assert answer["statusCode"] == 200, answer
        self.loop.settle()

    def wait(self, span: timedelta) -> None:
        """Let time pass; the clock looks once a minute."""
        end = self.loop.clock.now() + span
        while self.loop.clock.now() < end:
            self.loop.clock.advance(timedelta(minutes=1))
            self.loop.invoke("watch_deadlines", "tick", {})
            self.loop.settle()


# ---- in a process of its own -------------------------------------------------------------------------------------


def start_rows(session: Session, cloud: Cloud, starts: Starts) -> Iterator[Row]:
    """Cold starts of a question that the bot answers, and of one that gets a person."""
    began = starts._began
    cloud.secrets[ACCOUNTS_PREFIX + MERCHANT]["chat"] = ACCOUNT
    document = chat_policy(1).model_dump_json(exclude_defaults=True)
    cloud.put({"pk": {"S": policy_pk(MERCHANT)}, "sk": {"S": ONLY}, "v": {"N": "1"}, "body": {"S": document}})
    bare = starts.bare().instructions
    for what, text in (("a line for the bot", CALM), ("an upset buyer", UPSET)):
        first, second = question(began, 1, text, "S-1"), question(began, 2, text, "S-2")
        starts.function("route_message", [first], session.worker)  # uncounted: it writes bytecode
        start = starts.function("route_message", [second], session.worker)
        shown = f"{start.instructions / bare:.2f} ({start.instructions / MILLION:,.0f} M), {len(start.calls)} calls"
        yield Row("P3", f"route_message, cold, {what}, x bare", start.instructions / bare, shown)
    few, many = (_many(starts, session, count, began) for count in (20, 120))
    each = (many.instructions - few.instructions) / 100 / MILLION
    calls = (len(many.calls) - len(few.calls)) / 100
    yield Row("P9", f"route_message, million instructions per question ({calls:.1f} calls)", each)


def _many(starts: Starts, session: Session, count: int, began: datetime) -> Start:
    events = [question(began, number, CALM, f"S-{number}") for number in range(count)]
    return starts.function("route_message", events, session.worker)
