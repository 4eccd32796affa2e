"""Describes the doors that answer machines: vendors' pushes and chat desktops' questions. Part of `openapi.py`."""

from typing import Any

from shared.domain.chat import Intent, Tone
from shared.domain.session import Holder

Document = dict[str, Any]
MERCHANT_ID = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,39}$"}
_TEXT = {"type": "string"}
ID = {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"}
_SIGNED = {
    "webhook-id": "The message's own id; the same for every repetition.",
    "webhook-timestamp": "Seconds since 1970, within five minutes of ours.",
    "webhook-signature": "`v1,` and the HMAC-SHA256 of id, timestamp and body, as standardwebhooks.com says.",
}
_REFUSALS = {
    "400": "Genuine, but not what was agreed; the message names it.",
    "401": "Not signed by this merchant's account, or too long ago. Nothing happened.",
    "404": "No such source, merchant or address. Nothing happened.",
    "413": "Longer than can be taken. Nothing happened.",
    "503": "Not accepted; the same request may succeed in a moment.",
}


def door_paths(problem: Document) -> Document:
    """Give the paths; `problem` describes the body of a refusal."""
    source = in_path("source", {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}, "`douyin`, `zto`, `chat` …")
    merchant = in_path("merchant_id", MERCHANT_ID)
    token = in_path("token", _TEXT, "The account's `token`, where it has one: what comes without is not found.")
    return {
        "/webhooks/{source}/{merchant_id}": {"post": _push("receivePush", [source, merchant], problem)},
        "/webhooks/{source}/{merchant_id}/{token}": {
            "post": _push("receivePushWithToken", [source, merchant, token], problem)
        },
        "/v1/chat/{merchant_id}/route": {
            "post": {
                "operationId": "routeLine",
                "summary": "A buyer says something: who takes it?",
                "security": [],
                "parameters": [merchant, *(_in_header(name, text) for name, text in _SIGNED.items())],
                "requestBody": {"required": True, "content": {"application/json": {"schema": _QUESTION}}},
                "responses": {
                    "200": {"description": "OK", "content": {"application/json": {"schema": _ANSWER}}},
                    **_refusals(problem),
                },
            }
        },
    }


def _push(name: str, parameters: list[Document], problem: Document) -> Document:
    """A vendor's push: signed in the vendor's way, in the vendor's format; the answer is what the vendor wants."""
    body: Document = {kind: {"schema": {}} for kind in ("application/json", "application/x-www-form-urlencoded")}
    return {
        "operationId": name,
        "summary": "A vendor tells of something",
        "description": "Signed and written as the vendor's manual says; any other bytes are refused without effect.",
        "security": [],
        "parameters": parameters,
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {
                "description": "Durable; the body is the acknowledgement that the vendor wants.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **_refusals(problem),
        },
    }


def _refusals(problem: Document) -> Document:
    return {status: {"description": text, "content": problem} for status, text in _REFUSALS.items()}


def in_path(name: str, schema: Document, text: str = "") -> Document:
    """Describe a part of a path."""
    told = {"description": text} if text else {}
    return {"name": name, "in": "path", "required": True, "schema": schema, **told}


def _in_header(name: str, text: str) -> Document:
    return {"name": name, "in": "header", "required": True, "schema": _TEXT, "description": text}


def _object(required: tuple[str, ...] = (), **properties: Document) -> Document:
    return {"type": "object", "properties": properties, **({"required": [*required]} if required else {})}


def _list(of: Document) -> Document:
    return {"type": "array", "items": of}


_OPTIONAL = {"type": ["string", "null"]}
_QUESTION = _object(
    ("session_id", "channel", "message_id", "buyer"),
    session_id=ID,
    channel={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"},
    message_id={"type": ["string", "integer"]},
    at={"type": "string", "format": "date-time"},
    text=_TEXT,
    buyer=_object(("id",), id={"type": ["string", "integer"]}, platform=_TEXT, tier=_TEXT, tags=_list(_TEXT)),
    order_ids=_list(ID),
    refund_ids=_list(ID),
    item=ID,
    live_room=ID,
)
_ANSWER = _object(
    ("session_id", "holder", "advisory", "token", "reason", "understanding", "cases", "welcome"),
    session_id=ID,
    holder={"enum": [holder.value for holder in Holder]},
    advisory={"type": "boolean"},
    group=_OPTIONAL,
    agent=_OPTIONAL,
    token={"type": "integer"},
    priority={"type": "integer"},
    tags=_list(_TEXT),
    note=_TEXT,
    rule=_TEXT,
    reason=_TEXT,
    hops={"type": "integer"},
    understanding=_object(
        ("intent", "confidence", "tone", "tone_confidence"),
        intent={"enum": [intent.value for intent in Intent]},
        confidence={"type": "number", "minimum": 0, "maximum": 1},
        tone={"enum": [tone.value for tone in Tone]},
        tone_confidence={"type": "number", "minimum": 0, "maximum": 1},
        negative_lines={"type": "integer"},
        repeated={"type": "integer"},
    ),
    cases=_list({"type": "object"}),
    welcome={
        **_object(("welcome", "text", "questions"), welcome=ID, text=_TEXT, questions=_list(_TEXT)),
        "type": ["object", "null"],
    },
)
