"""The desk's window: open tickets, parcels, scorecards, chats; and the word of who deals with a ticket."""

import base64
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from shared import wiring
from shared.domain.board import Problem
from shared.domain.record import Record
from shared.errors import Refused, Retryable
from shared.workflows.show_board import Board, Question, answer

DESCRIPTION = "GET /v1/openapi.json"
_HEADERS = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an HTTP API request (payload format 2.0)."""
    del context
    route, path = event["routeKey"], event.get("pathParameters") or {}
    if route == DESCRIPTION:
        return {"statusCode": 200, "headers": _HEADERS, "body": _description()}
    document: Record
    try:
        status, document = answer(_question(event), _board())
    except Refused as error:
        status, document = error.http_status, Problem(error=error.code, message=error.text)
    except Retryable:
        status, document = 503, Problem(error="busy", message="Nothing happened; please ask again in a moment.")
    wiring.telemetry().answered(route, path.get("merchant_id", "")[:40], status)
    return {"statusCode": status, "headers": _HEADERS, "body": document.model_dump_json()}


def _question(event: dict[str, Any]) -> Question:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    body = event.get("body") or ""
    return Question(
        route=event["routeKey"],
        path={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
        query=event.get("queryStringParameters") or {},
        authorization=headers.get("authorization", ""),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
    )


@cache
def _board() -> Board:
    return Board(
        wiring.accounts(),
        wiring.case_store(),
        wiring.scores(),
        wiring.queue(),
        wiring.clock(),
        wiring.routing_reports(),
        wiring.policy_store(),
        wiring.cursors(),
    )


@cache
def _description() -> str:
    return Path(__file__).with_name("openapi.json").read_text("utf-8")
