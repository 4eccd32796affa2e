"""The HTTP API in this process: a WSGI application that turns requests into the events that Lambda gets.

Routes and functions are those of the catalog; what stands behind the functions is given by `doors_open`.
"""

import base64
import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

from infra.catalog import FUNCTIONS
from shared import wiring
from shared.settings import Settings
from tests.contract.samples import MERCHANT, NOW
from tests.fakes import FakePolicyStore, FakeRoutingReports, FakeScores, FakeWatermarks
from tests.security.shops import TwoShops

REACHED = "x-function"
_TEXT_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/")
_ROUTES = [(spec.name, *key.split(" ", 1)) for spec in FUNCTIONS if spec.door for key in spec.door.routes]
Start = Callable[[str, list[tuple[str, str]]], object]


def gateway(environment: Mapping[str, Any], start: Start) -> Iterable[bytes]:
    """Answer a request as API Gateway would: whatever a function raises is raised here, too."""
    method, path = environment["REQUEST_METHOD"], str(environment.get("REQUEST_URI") or environment["PATH_INFO"])
    body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
    for name, route_method, template in _ROUTES:
        found = _match(template, path.partition("?")[0])
        if found is not None and route_method == method:
            event = _event(environment, f"{method} {template}", found, body)
            answer = importlib.import_module(f"functions.{name}.handler").handler(event, None)
            start(f"{answer['statusCode']} X", [*answer["headers"].items(), (REACHED, name)])
            return [answer["body"].encode()]
    start("404 Not Found", [("content-type", "application/json")])
    return [b'{"message":"Not Found"}']


def _match(template: str, path: str) -> dict[str, str] | None:
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    found = re.fullmatch(pattern, path)
    return found.groupdict() if found else None


def _event(environment: Mapping[str, Any], route: str, found: Mapping[str, str], body: bytes) -> dict[str, Any]:
    headers = {
        key[5:].replace("_", "-").lower(): str(value) for key, value in environment.items() if key.startswith("HTTP_")
    }
    kind = str(environment.get("CONTENT_TYPE", ""))
    query = dict(parse_qsl(str(environment.get("QUERY_STRING", "")), keep_blank_values=True))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "headers": headers | ({"content-type": kind} if kind else {}),
        "pathParameters": dict(found),
    }
    try:
        text = body.decode() if kind.startswith(_TEXT_TYPES) else None
    except UnicodeDecodeError:
        text = None
    if body:
        written = base64.b64encode(body).decode() if text is None else text
        event |= {"body": written, "isBase64Encoded": text is None}
    return event | ({"queryStringParameters": query} if query else {})


class _Sender:
    """The door's way to the queues."""

    def __init__(self, shops: TwoShops) -> None:
        self._shops = shops

    def answering_within(self, seconds: float) -> AbstractContextManager[None]:
        """There is time."""
        return nullcontext()

    def send_message(self, url: str, body: str, group: str) -> str:
        """Put a message on its lane."""
        lane = next(lane for lane in self._shops.queue.lanes if str(lane) == url)
        json.loads(body)
        self._shops.queue.send(lane, [(group, body)])
        return "00000000-0000-4000-8000-000000000000"


@contextmanager
def doors_open(shops: TwoShops) -> Iterator[None]:
    """Let the functions work with these shops."""
    table = shops.table
    behind: dict[str, Any] = {
        "accounts": shops.accounts,
        "case_store": shops.store,
        "queue": shops.queue,
        "clock": shops.clock,
        "signed_aws": _Sender(shops),
        "settings": Settings(queue_urls={lane: str(lane) for lane in shops.queue.lanes}),
        "scores": FakeScores(table),
        "routing_reports": FakeRoutingReports(table),
        "policy_store": FakePolicyStore(table),
        "cursors": FakeWatermarks({MERCHANT: {"douyin": NOW}}),
    }
    _forget_everything()
    with patch.multiple(wiring, **{name: (lambda thing=thing: thing) for name, thing in behind.items()}):
        yield
    _forget_everything()


def _forget_everything() -> None:
    for module in (wiring, importlib.import_module("functions.show_board.handler")):
        for member in vars(module).values():
            if hasattr(member, "cache_clear"):
                member.cache_clear()
