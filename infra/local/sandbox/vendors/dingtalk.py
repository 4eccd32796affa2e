"""A DingTalk group robot: signed query, errors with HTTP 200, 20 messages a minute, then ten minutes of silence.

Unverified: the exact unit of the counter (a sliding minute here), the code of an over-long message (460101).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.sandbox.gate import VendorCall, VendorReply, exceeds, parse_object
from infra.local.sandbox.records import Merchant, RobotMessage
from infra.local.sandbox.signatures import dingtalk_sign, same
from infra.local.sandbox.world import World

MESSAGES_A_MINUTE_MAX = 20
MUTE = timedelta(minutes=10)
SIGN_LIFE = timedelta(hours=1)
BODY_BYTES_MAX = 20_000


def _reply(code: int, message: str, verdict: str) -> VendorReply:
    body = {"errcode": code, "errmsg": message}
    return VendorReply(body, verdict=verdict, note="" if code == 0 else f"{code} {message}")


def refuse(code: str, message: str = "refused") -> VendorReply:
    """Word a refusal; 1111 is the gateway's form, which has no errcode."""
    if code == "1111":
        return VendorReply(
            {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "sandbox"}, verdict="refused"
        )
    return _reply(int(code) if code.lstrip("-").isdigit() else -1, message, "refused")


def throttle() -> VendorReply:
    """Word "too many messages"."""
    return refuse("130101", "send too fast, exceed 20 times per minute")


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Check method, content type, token, and the signature of the last hour."""
    if call.method != "POST":
        return _reply(43002, "require POST method", "rejected")
    if "application/json" not in call.headers.get("content-type", ""):
        return _reply(43004, "require Content-Type: application/json", "rejected")
    merchant = world.find_merchant("dingtalk", "access_token", call.query.get("access_token", ""))
    if merchant is None or merchant.dingtalk is None:
        return _reply(300005, "token is not exist", "rejected")
    stamp = call.query.get("timestamp", "")
    if not same(dingtalk_sign(merchant.dingtalk.secret, stamp), call.query.get("sign", "")):
        return _reply(310000, "sign not match", "rejected")
    if not stamp.isdigit() or abs(call.now - datetime.fromtimestamp(min(int(stamp) / 1000, 2**33), UTC)) > SIGN_LIFE:
        return _reply(310000, "invalid timestamp", "rejected")
    return merchant


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Show a message in the group, unless it is malformed or one too many."""
    if call.api != "robot/send":
        return refuse("404", "not found")
    if len(call.body) > BODY_BYTES_MAX:
        return refuse("460101", "message too long, exceed 20000 bytes")
    body = parse_object(call.body)
    message = _read(body) if body is not None else None
    if body is None or message is None or not message[1]:
        kind = (body or {}).get("msgtype")
        known = kind in (None, "text", "markdown", "actionCard")
        return refuse("40035", "缺少参数 msgtype 或内容") if known else refuse("400105", "unsupported msgtype")
    if _is_muted(world, merchant, call.now):
        return throttle()
    at = body.get("at")
    mobiles = at.get("atMobiles") if isinstance(at, dict) else None
    world.messages.put(
        RobotMessage(
            key=str(world.next_number("message")),
            merchant=merchant.key,
            at=call.now,
            msgtype=str(body["msgtype"]),
            title=message[0],
            text=message[1],
            at_mobiles=[str(mobile) for mobile in mobiles] if isinstance(mobiles, list) else [],
        )
    )
    return _reply(0, "ok", "ok")


def _read(body: dict[str, Any]) -> tuple[str, str] | None:
    """Give title and text of the three kinds of message."""
    kind = body.get("msgtype")
    content = body.get(kind) if isinstance(kind, str) else None
    if not isinstance(content, dict):
        return None
    if kind == "text":
        return "", str(content.get("content", ""))
    if kind in ("markdown", "actionCard") and content.get("title"):
        return str(content["title"]), str(content.get("text", ""))
    return None


def _is_muted(world: World, merchant: Merchant, now: datetime) -> bool:
    """Count a message; one over the limit silences the robot for ten minutes."""
    mutes = world.recent_calls.setdefault(f"dingtalk:{merchant.key}:mute", [])
    if mutes and now < mutes[-1] + MUTE:
        return True
    if exceeds(world, f"dingtalk:{merchant.key}:minute", MESSAGES_A_MINUTE_MAX, timedelta(minutes=1)):
        mutes[:] = [now]
        return True
    return False
