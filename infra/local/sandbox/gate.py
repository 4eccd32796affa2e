"""The door of every vendor: who calls, is a fault set, what is answered, and a line in the log."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qsl

from infra.local.sandbox.clock import real_now
from infra.local.sandbox.records import Call, Fault, Merchant, VendorName
from infra.local.sandbox.world import World

SECRET_FIELDS = {"access_token", "key", "salt", "sign", "x-datadigest", "webhook-signature"}
BODY_MAX = 20_000
FIELDS_MAX = 50
DEFAULT_DELAY_S = 30.0


@dataclass(frozen=True)
class VendorCall:
    """A call as it arrived; `api` is the path below the vendor's base, header names are lower case."""

    api: str
    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    now: datetime


@dataclass(frozen=True)
class VendorReply:
    """An answer, and how the log calls it."""

    body: dict[str, Any] | list[Any]
    status: int = 200
    verdict: str = "ok"
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class Vendor(Protocol):
    """What each file in `vendors/` offers."""

    def authenticate(self, world: World, call: VendorCall) -> Merchant | VendorReply:
        """Tell whose credentials signed the call, or answer as the vendor does to strangers."""

    def act(self, world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
        """Carry out an authentic call."""

    def refuse(self, code: str, message: str = "") -> VendorReply:
        """Word a refusal with this code."""

    def throttle(self) -> VendorReply:
        """Word "too many calls"."""


async def answer(world: World, name: VendorName, vendor: Vendor, call: VendorCall) -> VendorReply:
    """Answer one call and log it."""
    caller = vendor.authenticate(world, call)
    if isinstance(caller, VendorReply):
        _log(world, name, call, "", caller)
        return caller
    fault = take_fault(world, name, call.api, caller.key)
    reply = await _under_fault(world, vendor, caller, call, fault) if fault else vendor.act(world, caller, call)
    _log(world, name, call, caller.key, reply)
    return reply


async def _under_fault(world: World, vendor: Vendor, caller: Merchant, call: VendorCall, fault: Fault) -> VendorReply:
    verdict = f"fault:{fault.kind}"
    if fault.kind == "http_500":
        return VendorReply({"message": "Internal Server Error"}, 500, verdict)
    if fault.kind == "timeout":
        await asyncio.sleep(fault.delay_s)
        return VendorReply({"message": "Gateway Timeout"}, 504, verdict)
    if fault.kind == "timeout_after_effect":
        done = vendor.act(world, caller, call)
        world.save()
        await asyncio.sleep(fault.delay_s)
        return VendorReply(
            {"message": "Gateway Timeout"}, 504, verdict, note=f"took effect: {done.verdict} {done.note}"
        )
    refusal = vendor.throttle() if fault.kind == "rate_limited" else vendor.refuse(fault.kind.removeprefix("refuse:"))
    return VendorReply(refusal.body, refusal.status, verdict, refusal.note)


def take_fault(world: World, vendor: VendorName, api: str, merchant: str) -> Fault | None:
    """Use up one turn of the first fault that fits; `api` `*` fits all, else it is the path or its last part."""
    for fault in world.faults:
        fits = fault.vendor == vendor and (fault.api in ("*", api) or api.endswith("/" + fault.api))
        if fits and fault.merchant in (None, merchant):
            fault.times -= 1
            if fault.times > 0:
                world.faults.put(fault)
            else:
                world.faults.drop(fault.key)
            return fault
    return None


def exceeds(world: World, limit: str, calls_max: int, window: timedelta) -> bool:
    """Count a call against a limit in a sliding window of simulated time; calls over the limit are not counted."""
    now = world.now()
    recent = [at for at in world.recent_calls.get(limit, []) if now - window < at <= now]
    world.recent_calls[limit] = recent
    if len(recent) >= calls_max:
        return True
    recent.append(now)
    return False


def parse_object(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; anything else is None."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def parse_form(call: VendorCall) -> dict[str, str]:
    """Read the fields of a form; a body that is none has no fields."""
    try:
        return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}


def _log(world: World, vendor: VendorName, call: VendorCall, merchant: str, reply: VendorReply) -> None:
    request: dict[str, Any] = {
        "method": call.method,
        "query": {key: _mask(key, value) for key, value in call.query.items()},
        "headers": {key: _mask(key, call.headers[key]) for key in sorted(call.headers) if _is_telling(key)},
        "body": _form_for_log(call) if vendor == "kuaidi100" else _body_for_log(call.body),
    }
    world.calls.put(
        Call(
            key=str(world.next_number("call")),
            vendor=vendor,
            api=call.api,
            merchant=merchant,
            at=call.now,
            real_at=real_now(),
            verdict=reply.verdict,
            note=reply.note,
            http_status=reply.status,
            request=request,
            reply=reply.body,
        )
    )


def _is_telling(header: str) -> bool:
    return header.startswith(("x-app", "x-data", "x-company", "webhook-")) or header == "content-type"


def _mask(name: str, value: str) -> str:
    return value[:4] + "…" if name.lower() in SECRET_FIELDS else value


def _form_for_log(call: VendorCall) -> Any:
    """Show a form's fields; `param` holds JSON and, among it, the caller's key."""
    fields: dict[str, Any] = {name: _mask(name, value) for name, value in parse_form(call).items()}
    param = parse_object(str(fields.get("param", "")).encode())
    if param is not None:
        fields["param"] = _mask_deep(param)
    return fields


def _mask_deep(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    return {
        name: _mask(name, value) if isinstance(value, str) else _mask_deep(value) for name, value in document.items()
    }


def _body_for_log(body: bytes) -> Any:
    document = parse_object(body)
    if document is not None and len(body) <= BODY_MAX:
        return document
    return body[:BODY_MAX].decode("utf-8", "replace")
