"""A group's own webhook: notices as JSON to any address, signed by Standard Webhooks 1.0.0.

For everything that has no robot of its own here: a QQ bridge, a ticket system, a pager, a script.
`POST url` {"type": "notice.posted", "timestamp", "data": {group, title, text}}; text is Markdown. `webhook-id` repeats
when a message is sent again. Any 2xx means taken; 429 with `retry-after` is obeyed by waiting a minute.
Account: url (https), secret (as in standardwebhooks.com, with or without the prefix whsec_).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from shared.domain.vendor import SOON, credential
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.domain.commands import PostMessage
    from shared.domain.steps import Finding, Steps

MUTED_S = 60
SECRET = re.compile(r"(whsec_)?[A-Za-z0-9+/]{32,}={0,2}")


def carry_out(command: PostMessage, account: Mapping[str, str], now: datetime) -> Steps:
    """Post one notice.

    Raises:
        Retryable: the receiver is in trouble; a doubled message is tolerable, and carries the same id.
        Permanent: refused, with the HTTP status; or the account is incomplete.
    """
    from shared.domain.events import MessagePosted

    reply = yield _request(command, account, now)
    if reply.status >= 500 or reply.status == 408:
        raise Retryable(f"http {reply.status}", SOON)
    throttled = reply.status == 429
    if not throttled and not 200 <= reply.status < 300:
        raise Permanent(f"http_{reply.status}", _first_line(reply))
    return MessagePosted(
        merchant=command.merchant,
        group=command.group,
        answers=command.command_id,
        throttled_for_s=MUTED_S if throttled else 0,
    )


def find_out(command: PostMessage, account: Mapping[str, str], now: datetime) -> Finding:
    """Nothing to ask: the receiver tells repeated messages by their id."""
    yield from ()
    return None


def _request(command: PostMessage, account: Mapping[str, str], now: datetime) -> HttpRequest:
    from standardwebhooks import Webhook

    url = credential(account, "url")
    data = {"group": command.group, "title": command.title, "text": command.text}
    message = {"type": "notice.posted", "timestamp": now.isoformat(), "data": data}
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    secret = credential(account, "secret")
    if not SECRET.fullmatch(secret):
        raise Permanent("account_incomplete", "secret is no Base64 of 24 bytes or more")
    headers = {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": command.command_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(command.command_id, now, body),
    }
    return HttpRequest("POST", url, headers, body.encode())


def _first_line(reply: HttpReply) -> str:
    return reply.body[:100].decode(errors="replace").splitlines()[0] if reply.body else ""
