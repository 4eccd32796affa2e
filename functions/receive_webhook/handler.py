"""The door for every vendor's push: verify, make durable, acknowledge.

A platform waits for this answer: nothing but the standard library is imported (see `docs/decisions.md`).
"""

import base64
import json
from datetime import datetime
from typing import Any

from shared import wiring
from shared.domain.lanes import Lane
from shared.domain.wire import Push
from shared.errors import Refused, Retryable
from shared.workflows.receive_push import receive_push

ANSWERS_WITHIN_S = 9.5  # of the ten that it may run, however slow AWS itself is
_JSON = {"content-type": "application/json; charset=utf-8"}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an HTTP API request (payload format 2.0)."""
    del context
    parameters = event.get("pathParameters") or {}
    source, merchant = parameters.get("source", ""), parameters.get("merchant_id", "")
    ids: list[str] = []
    now = wiring.clock().now()
    try:
        with wiring.signed_aws().answering_within(ANSWERS_WITHIN_S):
            body = _receive(event, source, merchant, parameters.get("token", ""), ids, now)
        status, told = 200, {"message_id": ids[0][:8], **wiring.push_counter().accepted(source, now)}
    except Refused as error:
        status, told = error.http_status, {"reason": error.code, **wiring.push_counter().refused(error, now)}
        body = json.dumps({"error": error.code, "message": error.told}, ensure_ascii=False)
    except Retryable as error:
        status, told = 503, {"reason": str(error)}
        body = json.dumps({"error": "busy", "message": "not accepted; please send again"})
    line = {"level": "INFO", "message": "webhook", "source": source[:40], "merchant": merchant[:40], "status": status}
    print(json.dumps(line | told, ensure_ascii=False, separators=(",", ":")))  # noqa: T201 - the log line
    return {"statusCode": status, "headers": _JSON, "body": body}


def _receive(event: dict[str, Any], source: str, merchant: str, token: str, ids: list[str], now: datetime) -> str:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return receive_push(
        source,
        merchant,
        token,
        Push(headers, event.get("queryStringParameters") or {}, raw),
        find_source=wiring.find_source,
        find_accounts=wiring.accounts().accepted,
        send=lambda lane, merchant, message: ids.append(_send(lane, merchant, message)),
        now=now,
    )


def _send(lane: Lane, merchant: str, message: str) -> str:
    settings = wiring.settings()
    is_crowd = wiring.crowd().is_one(merchant, wiring.clock().now())
    url = settings.aside_url(lane) if is_crowd else settings.queue_url(lane)
    return wiring.signed_aws().send_message(url, message, merchant)
