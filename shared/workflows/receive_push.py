"""The door: verify a vendor's push on its raw bytes, make it durable, acknowledge it in the vendor's words.

Standard library only, and nothing is parsed into models: this is the cold start that platforms wait for.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import ModuleType
from typing import Any

from shared.domain.lanes import Lane
from shared.domain.vendor import is_same
from shared.domain.walls import is_merchant
from shared.domain.wire import Push
from shared.errors import BadSignature, MalformedMessage, Refused, UnknownMerchant

_NOT_QUEUED = "\ufffe"  # no queue takes this character, nor the one after it; those that JSON escapes are no matter
_MESSAGE_BYTES_MAX = 1_000_000  # the queue takes 1 MiB

FindAccounts = Callable[[str, str, datetime], Iterable[Mapping[str, str]]]
"""Gives the accounts (merchant, vendor, now) by which a push may be signed, the present one first."""

Send = Callable[[Lane, str, str], None]
"""Put one message (lane, merchant, JSON body) on its queue; durable when it returns."""


class TooLarge(MalformedMessage):
    """No vendor sends this much at once, and no queue would take it."""

    http_status = 413


def receive_push(  # noqa: PLR0913 - a request has this many parts
    source: str,
    merchant: str,
    token: str,
    push: Push,
    *,
    find_source: Callable[[str], ModuleType],
    find_accounts: FindAccounts,
    send: Send,
    now: datetime,
) -> str:
    """Accept a push and give the body of its acknowledgement.

    Raises:
        Refused: the push is answered with the error's `http_status` and has no effect.
    """
    vendor = find_source(source)
    if not is_merchant(merchant):
        raise UnknownMerchant("unknown_merchant", "no such merchant")

    def verify(account: Mapping[str, str]) -> None:
        if not is_same(account.get("token", ""), token):
            raise UnknownMerchant("unknown_merchant", "no such address")
        vendor.verify_push(push, account, now)

    verify_by_any(verify, find_accounts(merchant, source, now))
    message = write_raw_push(source, merchant, push, now)
    if len(message.encode()) > _MESSAGE_BYTES_MAX:
        raise TooLarge("too_large", f"more than {_MESSAGE_BYTES_MAX} bytes")
    send(vendor.LANE, merchant, message)
    acknowledgement: str = vendor.ACKNOWLEDGEMENT
    return acknowledgement


def verify_by_any(verify: Callable[[Mapping[str, str]], None], accounts: Iterable[Mapping[str, str]]) -> None:
    """Verify by one account after the other: while credentials are changed, two are valid.

    Raises:
        Refused: none fits; what was said by the first one.
    """
    refusal: Refused | None = None
    for account in accounts:
        try:
            return verify(account)
        except (BadSignature, UnknownMerchant) as error:
            refusal = refusal or error
    raise refusal or UnknownMerchant("no_account")


def write_raw_push(source: str, merchant: str, push: Push, now: datetime) -> str:
    """Write a verified push as a queue message, its bytes unchanged."""
    message: dict[str, Any] = {
        "type": "raw_push",
        "source": source,
        "merchant": merchant,
        "received_at": now.isoformat(),
        "content_type": push.headers.get("content-type", ""),
    }
    try:
        text = push.body.decode()
    except UnicodeDecodeError:
        text = _NOT_QUEUED
    if _NOT_QUEUED in text or "\uffff" in text:
        message["body64"] = base64.b64encode(push.body).decode()
    else:
        message["body"] = text
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def read_raw_push(message: Mapping[str, Any]) -> tuple[str, str, bytes, dict[str, str]]:
    """Read what `write_raw_push` wrote: source, merchant, body, headers."""
    body = base64.b64decode(message["body64"]) if "body64" in message else str(message["body"]).encode()
    return message["source"], message["merchant"], body, {"content-type": message["content_type"]}
