"""Describes the whole API, board and doors: `python -m functions.show_board.openapi` writes it anew.

It is made from the models once, and checked in twice: beside the handler, which serves the file as it is, and in
`docs/`. A test compares both with what is made today.
"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from functions.show_board.doors import ID, MERCHANT_ID, Document, door_paths, in_path
from shared.domain.board import (
    Accepted,
    AnswerRequest,
    Filed,
    ParcelView,
    Problem,
    SourceList,
    TakeRequest,
    TicketList,
    TroubleRequest,
)
from shared.domain.chat_board import SessionView, TransferList
from shared.domain.roles import ALLOWED, Role
from shared.domain.routing_report import RoutingReport
from shared.domain.scores import Scores
from shared.domain.tickets import ANOMALIES, Anomaly
from shared.workflows.show_board import BODY_MAX, KNOWN, TAKEABLE, TicketQuery, TransferQuery

FILES = (Path(__file__).with_name("openapi.json"), Path(__file__).parents[2] / "docs" / "openapi.json")
_MERCHANT = "/v1/merchants/{merchant_id}"
_ANSWERS = (
    TicketList,
    ParcelView,
    Scores,
    SourceList,
    RoutingReport,
    TransferList,
    SessionView,
    Accepted,
    Filed,
    Problem,
)
_TOLD = (TakeRequest, AnswerRequest, TroubleRequest)
_PROBLEMS = {
    "400": "Something in the request cannot be understood; the message names it.",
    "401": "No token, or none of the merchant's.",
    "403": "The role whose token this is may not do this.",
    "404": "No such merchant, parcel, ticket or session, or nothing was made yet.",
    "429": "Too many requests; this answer comes from the gateway and has a form of its own.",
    "503": "Nothing happened; the same request may succeed in a moment.",
}


def describe() -> Document:
    """Give the OpenAPI 3.1 document."""
    answers = [(model, "serialization") for model in _ANSWERS]
    asked = [(model, "validation") for model in (*_TOLD, TicketQuery, TransferQuery)]
    models: Any = [*answers, *asked]
    _, made = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas = {name: _plain(schema) for name, schema in made["$defs"].items()}
    query = schemas.pop("TicketQuery")["properties"]
    transfers = schemas.pop("TransferQuery")["properties"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "huhang",
            "version": "1",
            "description": "What an after-sales desk sees, where a chat belongs, and the door for vendors.",
        },
        "servers": [{"url": "/", "description": "The deployment's WebhookBaseUrl."}],
        "security": [{"merchantToken": []}],
        "paths": _with_roles(_paths(query) | _chat_paths(transfers)) | door_paths(_json(Problem.__name__)),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "merchantToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "From the account `board` in the merchant's secret: its `token`, which may do all, "
                    f"or that of a role: {', '.join(f'`{role.token_name}` ({role.text})' for role in Role)}.",
                }
            },
        },
    }


def _paths(query: Document) -> Document:
    merchant = in_path("merchant_id", MERCHANT_ID)
    parcel = [in_path("carrier", ID), in_path("waybill", ID)]
    titles = ", ".join(f"`{anomaly}` {ANOMALIES[anomaly].title}" for anomaly in Anomaly)
    wanted = [
        _in_query("limit", query["limit"], "How many to give."),
        _in_query("anomaly", {"type": "string"}, f"Only these, separated by commas: {', '.join(KNOWN)}."),
        _in_query("category", {"$ref": "#/components/schemas/Category"}, "Only this kind of everyday problem."),
        _in_query("carrier", ID, "Only what concerns parcels of this courier."),
    ]
    ticket = [
        in_path("kind", {"type": "string", "enum": [*TAKEABLE]}),
        in_path("case_id", {"type": "string"}, "As `case_id` of the ticket: `carrier:waybill` or `platform:order_id`."),
        in_path("anomaly", {"$ref": "#/components/schemas/Anomaly"}, titles),
    ]
    of_parcel = f"{_MERCHANT}/parcels/{{carrier}}/{{waybill}}"
    return {
        f"{_MERCHANT}/tickets": _get(
            "listTickets", "Open tickets, the most urgent first", TicketList, [merchant, *wanted]
        ),
        of_parcel: _get("showParcel", "All that is known of a parcel", ParcelView, [merchant, *parcel]),
        f"{_MERCHANT}/scores": _get("showScores", "What couriers did in the last 7 and 30 days", Scores, [merchant]),
        f"{_MERCHANT}/sources": _get(
            "listSources", "Up to when nothing of a source is missing", SourceList, [merchant]
        ),
        f"{_MERCHANT}/tickets/{{kind}}/{{case_id}}/{{anomaly}}/take": _post(
            "takeTicket", "A person deals with a ticket", TakeRequest, Accepted, [merchant, *ticket]
        ),
        f"{of_parcel}/answers": _post(
            "fileAnswer", "A courier's people answered", AnswerRequest, Filed, [merchant, *parcel]
        ),
        f"{of_parcel}/troubles": _post(
            "fileTrouble", "People say what is wrong with a parcel", TroubleRequest, Filed, [merchant, *parcel]
        ),
        "/v1/openapi.json": {
            "get": {
                "operationId": "describe",
                "summary": "This document",
                "security": [],
                "responses": {
                    "200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}
                },
            }
        },
    }


def _with_roles(paths: Document) -> Document:
    """Say of every operation whose tokens are good for it."""
    for path, methods in paths.items():
        for method, operation in methods.items():
            allowed = ALLOWED.get(f"{method.upper()} {path}", ())
            if allowed:
                operation["x-roles"] = [role for role in Role if role in allowed]
    return paths


def _chat_paths(query: Document) -> Document:
    merchant = in_path("merchant_id", MERCHANT_ID)
    session = [
        in_path("channel", {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"}),
        in_path("session_id", ID),
    ]
    limit = _in_query("limit", query["limit"], "How many to give.")
    report, transfers = "Where chats went in the last day, week and month", "Who was sent to people, and why"
    return {
        f"{_MERCHANT}/routing": _get("showRouting", report, RoutingReport, [merchant]),
        f"{_MERCHANT}/transfers": _get("listTransfers", transfers, TransferList, [merchant, limit]),
        f"{_MERCHANT}/sessions/{{channel}}/{{session_id}}": _get(
            "showSession", "One conversation, with every decision made again", SessionView, [merchant, *session]
        ),
    }


def _get(name: str, summary: str, answer: type, parameters: list[Document]) -> Document:
    return {"get": _operation(name, summary, answer, parameters, "200")}


def _post(name: str, summary: str, told: type, answer: type, parameters: list[Document]) -> Document:
    body = {
        "description": f"Harmless to repeat. The body has at most {BODY_MAX} bytes.",
        "requestBody": {"required": True, "content": _json(told.__name__)},
    }
    return {"post": {**_operation(name, summary, answer, parameters, "202"), **body}}


def _operation(name: str, summary: str, answer: type, parameters: list[Document], status: str) -> Document:
    problems = {code: {"description": text, "content": _json(Problem.__name__)} for code, text in _PROBLEMS.items()}
    del problems["429"]["content"]  # the gateway's own
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {status: {"description": "OK", "content": _json(answer.__name__)}, **problems},
    }


def _json(model: str) -> Document:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}


def _in_query(name: str, schema: Document, text: str) -> Document:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _plain(node: Any) -> Any:
    """Leave out what pydantic repeats, and let answers grow: only what is sent to us is closed."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    is_closed = node.get("additionalProperties") is False and node.get("title") not in [one.__name__ for one in _TOLD]
    return {
        name: _plain(value)
        for name, value in node.items()
        if not (name == "title" and isinstance(value, str)) and not (name == "additionalProperties" and is_closed)
    }


def write() -> str:
    """Give the document as it is checked in."""
    return json.dumps(describe(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for file in FILES:
        file.write_text(write(), "utf-8")
