"""A chat desktop's side of huhang's own contract: it is told who has a session, signed by Standard Webhooks.

A repeated `webhook-id` is taken and changes nothing; so does a token that is not larger than the known one.
"""

from infra.local.sandbox.gate import VendorCall, VendorReply, parse_object
from infra.local.sandbox.records import Merchant
from infra.local.sandbox.signed import whose_standard_webhook
from infra.local.sandbox.world import World

HOLDERS = ("bot", "waiting", "agent", "closed")


def refuse(code: str, message: str = "") -> VendorReply:
    """Word a refusal: HTTP 409."""
    return VendorReply({"error": code}, 409, "refused", f"{code} {message}".strip())


def throttle() -> VendorReply:
    """Word "too many calls"."""
    return VendorReply({"error": "too_many_requests"}, 429, "refused", "too_many_requests")


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Check the signature against every chat account's secret."""
    return whose_standard_webhook(world, call, lambda one: one.chat.secret if one.chat else "")


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Take the word of who has a session, or that the account was tried."""
    del world, merchant
    body = parse_object(call.body) or {}
    data = body.get("data")
    if call.api == "sessions" and body.get("type") == "account.checked":
        return VendorReply({"received": True}, note="account.checked")
    if call.api != "sessions" or body.get("type") != "session.assigned" or not isinstance(data, dict):
        return VendorReply({"error": "bad_request"}, 400, "refused", "bad_request")
    token, holder = data.get("token"), data.get("holder")
    if not data.get("session_id") or holder not in HOLDERS or type(token) is not int:
        return VendorReply({"error": "bad_request"}, 400, "refused", "session_id, holder, token")
    return VendorReply({"received": True})
