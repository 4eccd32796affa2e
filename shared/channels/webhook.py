"""A group's own webhook: notices as JSON to any address, signed by Standard Webhooks 1.0.0.

For everything that has no robot of its own here: a QQ bridge (docs/joining.md), a ticket system, a pager, a script.
`POST url` {"type": "notice.posted", "timestamp", "data": {group, title, text}}; text is Markdown. `webhook-id` repeats
when a message is sent again. Any 2xx means taken; 429 with `retry-after` is obeyed by waiting a minute.
Account: url (https), secret (as in standardwebhooks.com, with or without the prefix whsec_).
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.domain.vendor import HELLO_TEXT, HELLO_TITLE, SOON, credential, nothing_to_find, posted
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.domain.commands import PostMessage
    from shared.domain.steps import Checking, Steps

MUTED_S = 60
SECRET = re.compile(r"(whsec_)?[A-Za-z0-9+/]{32,}={0,2}")


def carry_out(command: PostMessage, account: Mapping[str, str], now: datetime) -> Steps:
    """Post one notice.

    Raises:
        Retryable: the receiver is in trouble; a doubled message is tolerable, and carries the same id.
        Permanent: refused, with the HTTP status; or the account is incomplete.
    """
    data = {"group": command.group, "title": command.title, "text": command.text}
    throttled = _is_throttled((yield _request(account, now, command.command_id, data)))
    return posted(command, MUTED_S if throttled else 0)


find_out = nothing_to_find
"""The receiver tells repeated messages by their id."""


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Post a notice that says hello, of no group.

    Raises:
        UnknownMerchant: the account is incomplete.
        Retryable: too many notices, or the receiver is in trouble.
        Permanent: refused, with the HTTP status.
    """
    data = {"group": "", "title": HELLO_TITLE, "text": HELLO_TEXT}
    if _is_throttled((yield _request(account, now, f"check:{int(now.timestamp() * 1000)}", data))):
        raise Retryable("http 429", timedelta(seconds=MUTED_S))
    return ""


def _request(account: Mapping[str, str], now: datetime, identity: str, data: Mapping[str, str]) -> HttpRequest:
    from standardwebhooks import Webhook

    url = credential(account, "url")
    message = {"type": "notice.posted", "timestamp": now.isoformat(), "data": data}
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    secret = credential(account, "secret")
    if not SECRET.fullmatch(secret):
        raise Permanent("account_incomplete", "secret is no Base64 of 24 bytes or more")
    headers = {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(identity, now, body),
    }
    return HttpRequest("POST", url, headers, body.encode())


def _is_throttled(reply: HttpReply) -> bool:
    """Judge the answer: taken, or too many.

    Raises:
        Retryable: the receiver is in trouble.
        Permanent: refused.
    """
    if reply.status >= 500 or reply.status == 408:
        raise Retryable(f"http {reply.status}", SOON)
    if reply.status != 429 and not 200 <= reply.status < 300:
        raise Permanent(f"http_{reply.status}", _first_line(reply))
    return reply.status == 429


def _first_line(reply: HttpReply) -> str:
    return reply.body[:100].decode(errors="replace").splitlines()[0] if reply.body else ""
