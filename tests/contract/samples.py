"""Reads and runs the samples in events/: one file per behaviour of a vendor, its name the test's id.

A push sample gives headers and body and expects a list of events or an error; a call sample gives a command (or a
poll, or the check of an account) and the vendor's replies and expects the requests and the outcome, an error, or
nothing; of a check, the shop.
"""

import importlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, TypeAdapter

from shared.domain.chat_events import AgentNoticed, LineSaid
from shared.domain.commands import VendorCommand
from shared.domain.events import EventIgnored, EventUnknown
from shared.domain.messages import parse_message, write_message
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import HuhangError, Permanent, Retryable

EVENTS = Path(__file__).parents[2] / "events"
NOW = datetime.fromisoformat("2026-03-01T01:30:00+00:00")
MERCHANT = "shop-7"
ACCOUNTS: dict[str, dict[str, str]] = {
    "douyin": {
        "app_key": "7110000000000000007",
        "app_secret": "dy-secret-护航-01",
        "access_token": "dy-token-01",
        "shop_id": "4463007",
    },
    "zto": {"app_key": "hh-zto-key", "app_secret": "ZtoTestSecret7", "phone_tail": "4321"},
    "sf": {
        "token": "sf-token-01",
        "partner_id": "HHPARTNER",
        "checkword": "SfCheckword7",
        "monthly_card": "7550000017",
        "return_name": "退货组",
        "return_phone": "020-00000017",
        "return_province": "广东省",
        "return_city": "广州市",
        "return_district": "白云区",
        "return_address": "示例路1号*退货仓",
    },
    "kuaidi100": {
        "key": "HhTestKey001",
        "customer": "HHCUSTOMER01",
        "salt": "huhang-salt",
        "callback_url": "https://hooks.example/webhooks/kuaidi100/shop-7/k100-token-01",
        "phone_tail": "0017",
        "secret": "HhSecret001",
        "work_order_type": "7",
    },
    "jushuitan": {"app_key": "jst-key", "app_secret": "jst-secret", "access_token": "jst-token"},
    "dingtalk": {"access_token": "ding-token", "secret": "SECinvented0000000000000007"},
    "wecom": {"key": "wecom-key-secret-0007"},
    "feishu": {"hook": "feishu-hook-0007"},
    "webhook": {"url": "https://pager.example/huhang", "secret": "whsec_aHVoYW5nLW5vdGljZS1zZWNyZXQtMDAwMDAwMDAwMQ=="},
    "chat": {
        "secret": "whsec_aHVoYW5nLWNoYXQtc2VjcmV0LTAwMDAwMDAwMDAwMQ==",
        "api_url": "https://desk.example/huhang",
    },
    "selfbuilt": {
        "secret": "whsec_aHVoYW5nLXNhbXBsZS1zZWNyZXQtMDAwMDAwMDAwMQ==",
        "api_url": "https://shop.example/huhang",
    },
}
COMMANDS: TypeAdapter[VendorCommand] = TypeAdapter(Annotated[VendorCommand, Field(discriminator="type")])


@dataclass(frozen=True)
class Sample:
    """One file of events/."""

    kind: str
    vendor: str
    name: str
    source: str
    given: dict[str, Any]
    expect: Any

    @property
    def module(self) -> ModuleType:
        """The vendor's module."""
        return importlib.import_module(f"shared.{self.kind}.{self.vendor}")

    @property
    def account(self) -> dict[str, str]:
        """The test account, with what the sample changes."""
        changes: dict[str, str] = self.given.get("account", {})
        return ACCOUNTS[self.vendor] | changes


def load_samples() -> list[Sample]:
    """Give all samples, by path."""
    found = []
    for path in sorted(EVENTS.glob("*/*/*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        found.append(Sample(path.parts[-3], path.parts[-2], path.stem, **document))
    return found


def push_of(sample: Sample) -> Push:
    """The push that a sample gives."""
    return Push(sample.given["headers"], sample.given.get("query", {}), sample.given["body"].encode())


def run_push(sample: Sample) -> Any:
    """Verify and parse; give what a sample's `expect` holds."""
    push = push_of(sample)
    try:
        sample.module.verify_push(push, sample.account, NOW)
    except HuhangError as error:
        return {"error": type(error).__name__}
    return [written(event) for event in sample.module.parse_push(MERCHANT, push.body, push.headers)]


def run_call(sample: Sample) -> Any:
    """Carry out a command or list_events against the given replies; give what a sample's `expect` holds."""
    requests: list[Any] = []
    try:
        outcome = drive(steps_of(sample), sample.given["replies"], requests)
    except HuhangError as error:
        return {"requests": requests, "error": described(error)}
    if isinstance(outcome, str):
        return {"requests": requests, "shop": outcome}
    if isinstance(outcome, list):
        return {"requests": requests, "outcome": [written(event) for event in outcome]}
    return {"requests": requests, "outcome": None if outcome is None else written(outcome)}


def steps_of(sample: Sample) -> Generator[HttpRequest, HttpReply, Any]:
    """Start the generator that a sample names: carry_out (the default), find_out, check_account, or list_events."""
    name = sample.given.get("call", "carry_out")
    call = getattr(sample.module, name)
    if name == "check_account":
        steps = call(sample.account, NOW)
    elif "command" in sample.given:
        steps = call(command_of(sample.given["command"]), sample.account, NOW)
    else:
        steps = call(MERCHANT, sample.account, NOW, datetime.fromisoformat(sample.given["since"]), NOW)
    assert isinstance(steps, Generator)
    return steps


def command_of(fields: Mapping[str, Any]) -> VendorCommand:
    """Build a command from what is special about it."""
    defaults = {
        "merchant": MERCHANT,
        "command_id": "shop-7|refund|douyin:1#3",
        "reply_to": "shop-7|refund|douyin:1",
        "why": {"rule": "sample", "policy_version": 1},
    }
    return COMMANDS.validate_python(defaults | dict(fields))


def drive(steps: Generator[HttpRequest, HttpReply, Any], replies: list[Any], requests: list[Any]) -> Any:
    """Answer a generator's requests with the given replies, in order, all of them."""
    waiting = list(replies)
    try:
        request = next(steps)
        while True:
            requests.append(shown(request))
            assert waiting, f"no reply is left for {requests[-1]}"
            reply = waiting.pop(0)
            body = reply["body"]
            raw = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            request = steps.send(HttpReply(reply.get("status", 200), raw.encode()))
    except StopIteration as stop:
        assert not waiting, "replies are left over"
        return stop.value


def shown(request: HttpRequest) -> dict[str, Any]:
    """What a sample says about a request: neither host, nor credentials, nor signatures.

    Of a form that is its one field that holds JSON, of a GET its query. Kuaidi100 wants the key and the salt of a
    subscription inside of that JSON.
    """
    text = request.body.decode()
    if not text:
        query = {name: value for name, value in parse_qsl(urlsplit(request.url).query) if name != "key"}
        return {"method": request.method, "path": urlsplit(request.url).path, "query": query}
    if "urlencoded" in request.headers.get("content-type", ""):
        (text,) = (value for _, value in parse_qsl(text, strict_parsing=True) if value.startswith("{"))
    body = json.loads(text)
    return {"method": request.method, "path": urlsplit(request.url).path, "body": body}


def described(error: HuhangError) -> dict[str, Any]:
    """What a sample says about an error."""
    if isinstance(error, Retryable):
        return {"type": "Retryable", "after_s": error.after.total_seconds()}
    if isinstance(error, Permanent):
        return {"type": type(error).__name__, "code": error.code, "text": error.text}
    return {"type": type(error).__name__}


def written(event: Any) -> dict[str, Any]:
    """What a sample says about an event; it must survive the queue, unless it is understood before."""
    if isinstance(event, LineSaid | AgentNoticed):
        return {"read": type(event).__name__, **event.model_dump(mode="json", exclude_defaults=True)}
    if isinstance(event, EventIgnored | EventUnknown):
        fate = "ignored" if isinstance(event, EventIgnored) else "unknown"
        return {"fate": fate, **event.model_dump(mode="json")}
    text = write_message(event)
    assert parse_message(text) == event
    document: dict[str, Any] = json.loads(text)
    return {"type": document.pop("type"), **document}
