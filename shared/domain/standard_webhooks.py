"""Standard Webhooks 1.0.0 (standardwebhooks.com), both ways: for self-built shops and chat desktops.

Account: secret (several, separated by spaces, while they are changed), as on that page, with or without `whsec_`.
The standard library and one small package: the webhook function uses this during its cold start.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from standardwebhooks import Webhook

from shared.domain.vendor import credential, is_same
from shared.domain.wire import HttpRequest, Push
from shared.errors import BadSignature, StaleTimestamp, UnknownMerchant

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = timedelta(minutes=5)
SECRET = re.compile(r"(whsec_)?[A-Za-z0-9+/]{32,}={0,2}")  # 24 bytes or more in Base64
TIMESTAMP = re.compile(r"[1-9][0-9]{0,9}")


def verify(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check any of a push's signatures by any of the account's secrets, then its age.

    Raises:
        BadSignature: not signed by this account.
        StaleTimestamp: more than five minutes old, or from the future.
    """
    identity, stamp = push.headers.get("webhook-id", ""), push.headers.get("webhook-timestamp", "")
    if not identity or not TIMESTAMP.fullmatch(stamp):
        raise BadSignature("webhook-id or webhook-timestamp")
    sent_at = datetime.fromtimestamp(int(stamp), UTC)
    try:
        ours = signatures(account, identity, sent_at, push.body.decode())
    except UnicodeError:
        raise BadSignature("webhook-signature") from None  # only UTF-8 is ever signed
    theirs = push.headers.get("webhook-signature", "").split(" ")
    if not any([is_same(our, their) for our in ours for their in theirs]):  # noqa: C419 - compare all, in constant time
        raise BadSignature("webhook-signature")
    if abs(now - sent_at) > TOLERANCE:
        raise StaleTimestamp("webhook-timestamp")


def signatures(account: Mapping[str, str], identity: str, at: datetime, body: str) -> list[str]:
    """Sign with every secret of the account.

    The library's own `verify` reads the system's clock, so it only signs for us.

    Raises:
        UnknownMerchant: a secret is missing, too short or no Base64; a person completes the account.
    """
    secrets = credential(account, "secret").split()
    try:
        if not secrets or not all(SECRET.fullmatch(secret) for secret in secrets):
            raise ValueError
        signers = [Webhook(secret) for secret in secrets]
    except ValueError:
        raise UnknownMerchant("account_incomplete", "secret") from None
    return [signer.sign(identity, at, body) for signer in signers]


def signed_request(
    account: Mapping[str, str], now: datetime, identity: str, kind: str, data: Mapping[str, object]
) -> HttpRequest:
    """Build a message to `api_url`, signed with all secrets; `identity` makes a repeated one the same."""
    message = {"type": kind, "timestamp": now.astimezone(UTC).isoformat(), "data": data}
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    headers = {
        "content-type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures(account, identity, now.astimezone(UTC), body)),
    }
    return HttpRequest("POST", credential(account, "api_url"), headers, body.encode())
