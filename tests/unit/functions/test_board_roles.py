"""Which role may do what at the board: the whole matrix, asked over HTTP; what is not written down is refused."""

import re
from pathlib import Path
from typing import Any

import pytest

from functions.show_board.openapi import describe
from infra.catalog import FUNCTIONS
from shared.domain import roles
from shared.domain.events import TicketTaken
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.domain.roles import ALLOWED, TITLES, Role, may_use
from shared.rules.ticketing import taken
from shared.workflows.show_board import ROUTES
from tests.unit.board import P_KEY, ticket
from tests.unit.functions.test_show_board import ANSWER, SCORES, TAKE, TICKETS, TOKEN, Desk, desk
from tests.unit.rules.build import MERCHANT, NOW

__all__ = ["desk"]  # the fixture

PUBLIC = {"GET /v1/openapi.json"}
TOKENS = {role.token_name: f"secret-of-{role}" for role in Role}
DOCUMENT = Path(__file__).parents[3] / "docs" / "board.md"


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A desk whose merchant has given a token to every role."""
    desk.accounts.accounts[MERCHANT]["board"] = {"token": TOKEN, **TOKENS}
    return desk


def ask(desk: Desk, route: str, token: str) -> int:
    path = {"kind": "parcel", "case_id": P_KEY.id, "anomaly": "stalled", "carrier": "zto", "waybill": "W1"}
    path |= {"channel": "web", "session_id": "S1"}
    wanted = {name: path[name] for name in re.findall(r"{(\w+)}", route) if name in path}
    said = {TAKE: {"by": "小王"}, ANSWER: {"text": "今日派送"}}.get(route)
    status: int = desk.ask(route, token=token, body=said, **wanted)[0]
    return status


def test_every_route_of_the_catalog_s_door_has_a_row() -> None:
    door = next(spec.door for spec in FUNCTIONS if spec.name == "show_board")
    assert door is not None
    assert set(door.routes) == {*ALLOWED, *PUBLIC}
    assert set(ROUTES) == set(ALLOWED)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("role", Role)
def test_a_role_does_what_its_row_says_and_nothing_else(office: Desk, role: Role, route: str) -> None:
    status = ask(office, route, TOKENS[role.token_name])
    assert (status == 403) == (role not in ALLOWED[route])
    assert status in (200, 202, 403, 404)  # 404: no scorecard, no report was made yet


@pytest.mark.parametrize("route", ROUTES)
def test_the_merchant_s_own_token_does_everything(office: Desk, route: str) -> None:
    assert ask(office, route, TOKEN) in (200, 202, 404)


@pytest.mark.parametrize("role", Role)
def test_a_route_without_a_row_is_for_no_role(office: Desk, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "ALLOWED", {})
    assert not may_use(role, TICKETS)
    assert ask(office, TICKETS, TOKENS[role.token_name]) == 403


def test_what_is_refused_is_said_in_a_sentence_and_has_no_effect(office: Desk) -> None:
    status, answer = office.ask(TAKE, token=TOKENS["token_finance"], body={"by": "a"}, kind="parcel")
    assert (status, answer["error"]) == (403, "not_permitted")
    assert "finance" in answer["message"]
    assert not office.queue.lanes[Lane.PARCELS]


@pytest.mark.parametrize(("token", "who"), [(TOKENS["token_aftersales"], "小王（售后）"), (TOKEN, "小王")])
def test_a_ticket_says_which_role_took_it(office: Desk, token: str, who: str) -> None:
    assert ask(office, TAKE, token) == 202
    [(_, message)] = office.queue.take(Lane.PARCELS)
    event = parse_message(message)
    assert isinstance(event, TicketTaken)
    [taken_ticket] = taken([ticket()], event.model_copy(update={"text": "已致电"}), NOW)
    assert (taken_ticket.taken_by, taken_ticket.answered_by) == (who, who)


def test_a_role_alone_is_a_board_too(office: Desk) -> None:
    office.accounts.accounts[MERCHANT]["board"] = {"token_owner": "only"}
    assert (ask(office, TICKETS, "only"), ask(office, TICKETS, TOKEN)) == (200, 401)


def test_a_token_that_stands_twice_lets_nobody_in(office: Desk) -> None:
    office.accounts.accounts[MERCHANT]["board"] = {"token": TOKEN, "token_finance": "same", "token_owner": "same"}
    status, answer = office.ask(SCORES, token="same")
    assert (status, answer["error"]) == (401, "shared_token")
    assert "token_finance" in answer["message"]


@pytest.mark.parametrize("account", [{"token": 7}, {"token_owner": None}, {"token_owner": ""}, {"token_king": "x"}, {}])
def test_what_is_no_token_lets_nobody_in(office: Desk, account: dict[str, Any]) -> None:
    office.accounts.accounts[MERCHANT]["board"] = account
    for token in ("7", "x", "None"):
        assert ask(office, TICKETS, token) == 404


def test_all_tokens_are_compared_whichever_is_right(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr("shared.workflows.show_board.is_same", lambda ours, theirs: bool(compared.append(ours)))
    for token in (TOKEN, TOKENS["token_owner"], "wrong"):
        assert ask(office, TICKETS, token) == 401
        assert len(compared) == 1 + len(Role)
        compared.clear()


def test_the_description_says_who_may(office: Desk) -> None:
    told = {
        f"{method.upper()} {path}": operation.get("x-roles", [])
        for path, methods in describe()["paths"].items()
        for method, operation in methods.items()
        if f"{method.upper()} {path}" in {*ROUTES, *PUBLIC}
    }
    assert told == {
        **{route: [role for role in Role if role in ALLOWED[route]] for route in ROUTES},
        **{key: [] for key in PUBLIC},
    }


def test_the_document_s_table_is_the_matrix() -> None:
    table = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("|")]
    heads = next(line for line in table if "token" in line and "岗位" in line).split("|")[3:-1]
    routes = [
        next(
            route for route in ROUTES if re.search(rf"/{head.strip()}s?(/{{|$)", route) or route.endswith(head.strip())
        )
        for head in heads
    ]
    for role in Role:
        cells = next(line for line in table if f"`{role.token_name}`" in line).split("|")
        assert cells[1].strip() == TITLES[role]
        assert [bool(cell.strip()) for cell in cells[3:-1]] == [role in ALLOWED[route] for route in routes], role
