"""Every HTTP endpoint under generated requests: no server error, no answer beyond its description, no forgery taken.

The requests are made from the API's own description, as it says and against it; `HUHANG_EXAMPLES=20` makes twenty
times as many.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.show_board.openapi import describe
from shared.domain.lanes import Lane
from shared.domain.standard_webhooks import signatures
from tests.contract.samples import ACCOUNTS, NOW
from tests.contract.signers import SIGNERS
from tests.security.examples import examples
from tests.security.gateway import REACHED, doors_open, gateway
from tests.security.shops import BOARD, A, B, TwoShops, shops_told

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(describe())
SCHEMA.app = gateway
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations())
}
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
ROUTE = "POST /v1/chat/{merchant_id}/route"
WEBHOOKS = [name for name in OPERATIONS if "/webhooks/" in name]
BOARD_ROUTES = [name for name in OPERATIONS if name not in (ROUTE, *WEBHOOKS)]
DESCRIPTION = "GET /v1/openapi.json"
KINDS = [(name, mode) for name in OPERATIONS for mode in GenerationMode]
KINDS.remove((DESCRIPTION, GenerationMode.NEGATIVE))  # it asks for nothing that could be wrong


@pytest.fixture(scope="module")
def shops() -> Iterator[TwoShops]:
    shops = shops_told()
    with doors_open(shops):
        yield shops


def cases_of(name: str, mode: GenerationMode) -> st.SearchStrategy[Case]:
    operation: APIOperation[Any, Any, Any, Any] = OPERATIONS[name]
    return operation.as_strategy(generation_mode=mode)


def ask(case: Case) -> Response:
    """Send a request and check the answer; one that no function saw is the gateway's."""
    response = case.call()
    if REACHED in response.headers:
        case.validate_response(response, checks=CHECKS)
    return response


def waiting(shops: TwoShops) -> list[tuple[str, str]]:
    """What is on the lanes."""
    return [message for lane in Lane for message in shops.queue.take(lane)]


@pytest.mark.parametrize(("name", "mode"), KINDS)
def test_no_request_of_a_stranger_is_an_error_of_ours_or_has_an_effect(
    shops: TwoShops, name: str, mode: GenerationMode, capsys: pytest.CaptureFixture[str]
) -> None:
    @settings(max_examples=examples(12), deadline=None, suppress_health_check=QUIET)
    @given(drawn=st.data())
    def fuzz(drawn: st.DataObject) -> None:
        case = drawn.draw(cases_of(name, mode))
        if drawn.draw(st.booleans()) and "merchant_id" in case.path_parameters:
            case.path_parameters["merchant_id"] = drawn.draw(st.sampled_from([A, B]))
        if "source" in case.path_parameters and drawn.draw(st.booleans()):
            case.path_parameters["source"] = drawn.draw(st.sampled_from(sorted(SIGNERS)))
        response = ask(case)
        assert response.status_code in (400, 401, 404, 405, 413) or name == DESCRIPTION
        assert waiting(shops) == []

    fuzz()
    told = capsys.readouterr().out
    assert not [value for value in BOARD["board"].values() if value in told]


@pytest.mark.parametrize(("name", "mode"), [kind for kind in KINDS if kind[0] in BOARD_ROUTES])
def test_whoever_has_the_token_gets_what_is_described(shops: TwoShops, name: str, mode: GenerationMode) -> None:
    @settings(max_examples=examples(15), deadline=None, suppress_health_check=QUIET)
    @given(case=cases_of(name, mode))
    def fuzz(case: Case) -> None:
        if "merchant_id" in case.path_parameters:
            case.path_parameters["merchant_id"] = A
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {BOARD['board']['token']}"}
        assert ask(case).status_code < 500
        assert {merchant for merchant, _ in waiting(shops)} <= {A}

    fuzz()


@pytest.mark.parametrize("mode", GenerationMode)
def test_whoever_signs_a_question_gets_what_is_described(shops: TwoShops, mode: GenerationMode) -> None:
    answered: list[int] = []

    @settings(max_examples=examples(60), deadline=None, suppress_health_check=QUIET)
    @given(case=cases_of(ROUTE, mode))
    def fuzz(case: Case) -> None:
        try:
            body = json.dumps(case.body, ensure_ascii=False).encode()
        except (TypeError, ValueError, UnicodeEncodeError):
            return
        case.path_parameters["merchant_id"] = A
        case.body, case.media_type = case.body, "application/json"
        stamp = str(int(NOW.timestamp()))
        [sign] = signatures(ACCOUNTS["chat"], "q-1", NOW, body.decode())
        case.headers = {"webhook-id": "q-1", "webhook-timestamp": stamp, "webhook-signature": sign}
        answered.append(ask_bytes(case, body).status_code)
        assert {merchant for merchant, _ in waiting(shops)} <= {A}

    fuzz()
    assert set(answered) <= {200, 400}
    assert 400 in answered if mode is GenerationMode.NEGATIVE else 200 in answered


def ask_bytes(case: Case, body: bytes) -> Response:
    """Send exactly these bytes, which were signed."""
    response = case.call(data=body)
    case.validate_response(response, checks=CHECKS)
    return response


def test_every_route_is_described() -> None:
    assert len(OPERATIONS) >= 10
    assert ROUTE in OPERATIONS
    assert len(WEBHOOKS) == 2
