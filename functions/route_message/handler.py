"""A chat desktop's question: who takes this line? Answered while the buyer waits.

What the buyer says is neither logged nor stored (see `docs/chat.md`).
"""

import base64
import json
from typing import Any

from shared import wiring
from shared.domain.standard_webhooks import verify
from shared.domain.wire import Push
from shared.errors import Refused, Retryable
from shared.rules.understanding.understand import understand
from shared.workflows.receive_push import verify_by_any
from shared.workflows.route_message import RouteAnswer, read_question

understand("")  # at import after all: while it starts, Lambda lends more processor than the first question would get

_JSON = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an HTTP API request (payload format 2.0)."""
    del context
    merchant = (event.get("pathParameters") or {}).get("merchant_id", "")
    told: dict[str, object] = {}
    try:
        answer = _route(event, merchant)
        status, document, told = 200, answer.document(), _told(answer)
    except Refused as error:
        status, document, told = error.http_status, {"error": error.code, "message": error.told}, {"reason": error.code}
    except Retryable as error:
        status, told = 503, {"reason": str(error)}
        document = {"error": "busy", "message": "not decided; please ask again"}
    line = {"level": "INFO", "message": "route", "merchant": merchant[:40], "status": status, **told}
    print(json.dumps(line, ensure_ascii=False))  # noqa: T201 - the log line
    return {"statusCode": status, "headers": _JSON, "body": json.dumps(document, ensure_ascii=False)}


def _route(event: dict[str, Any], merchant: str) -> RouteAnswer:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    now = wiring.clock().now()
    push = Push(headers, {}, raw)
    verify_by_any(lambda account: verify(push, account, now), wiring.accounts().accepted(merchant, "chat", now))
    return wiring.reception().route(read_question(merchant, raw, now))


def _told(answer: RouteAnswer) -> dict[str, object]:
    case = answer.case
    rule = case.routed[-1].rule if case.routed else ""
    return {"session": case.name, "holder": case.holder, "rule": rule, "queued": answer.queued}
