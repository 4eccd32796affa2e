"""Whose message is it? Standard Webhooks 1.0.0, checked against the secrets of all merchants."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from infra.local.sandbox.gate import VendorCall, VendorReply
from infra.local.sandbox.records import Merchant
from infra.local.sandbox.signatures import standard_webhook_matches
from infra.local.sandbox.world import World

TOLERANCE = timedelta(minutes=5)


def whose_standard_webhook(
    world: World, call: VendorCall, secret_of: Callable[[Merchant], str]
) -> Merchant | VendorReply:
    """Check the three headers, the clock and the signature; a merchant without a secret has sent nothing."""
    webhook_id, stamp = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    signature = call.headers.get("webhook-signature", "")
    if call.method != "POST" or not webhook_id or not stamp.isdigit() or not signature:
        return VendorReply({"error": "bad_signature"}, 401, "rejected", "missing headers")
    for merchant in world.merchants:
        secret = secret_of(merchant)
        if secret and standard_webhook_matches(secret, webhook_id, stamp, call.body, signature):
            if abs(call.now - datetime.fromtimestamp(min(int(stamp), 2**33), UTC)) > TOLERANCE:
                return VendorReply({"error": "stale_timestamp"}, 401, "rejected", "stale_timestamp")
            return merchant
    return VendorReply({"error": "bad_signature"}, 401, "rejected", "bad_signature")
