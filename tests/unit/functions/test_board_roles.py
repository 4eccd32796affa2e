"""Which role may do what at the board: the whole matrix, asked over HTTP; what is not written down is refused."""

import re
from datetime import timedelta
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
from shared.domain.tickets import Anomaly, Answer, Approval, Verdict
from shared.domain.watching import Authority, Watching
from shared.rules.authority import taken
from shared.workflows.handle_event import handle_event
from shared.workflows.show_board import ROUTES
from tests.unit.board import P_KEY, save, ticket, troubled
from tests.unit.functions.test_show_board import ANSWER, SCORES, TAKE, TICKETS, TOKEN, TROUBLE, Desk, desk
from tests.unit.rules.build import MERCHANT, NOW, policy

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
    said = {
        TAKE: {"by": "小王"},
        ANSWER: {"text": "今日派送"},
        TROUBLE: {"anomaly": "mis_shipped", "text": "少发"},
    }.get(route)
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
    [taken_ticket], _ = taken([ticket()], event.model_copy(update={"text": "已致电"}), policy(), NOW)
    assert (taken_ticket.taken_by, taken_ticket.answered_by) == (who, who)


class Approving:
    """A ticket that neither desk nor specialist closes by itself, and what is said of it, until it is in the case."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        authority = {
            Role.AFTERSALES: Authority(refer=(Anomaly.COURIER_ANSWER,)),
            Role.SPECIALIST: Authority(refer=(Anomaly.COURIER_ANSWER,)),
        }
        desk.store.table.policies[MERCHANT] = policy(watching=Watching(authority=authority))
        key, case = troubled(1, ticket(Anomaly.COURIER_ANSWER, since=NOW))
        unmatched = (Answer(at=NOW, heard_at=NOW, source="zto", text="已退回"),)
        save(desk.store, key, case.model_copy(update={"unmatched": unmatched}))

    def say(self, role: Role, **said: Any) -> tuple[int, dict[str, Any]]:
        """A person of a role says something; the parcel hears of it."""
        where = {"kind": "parcel", "case_id": P_KEY.id, "anomaly": "courier_answer"}
        status, answer = self.desk.ask(TAKE, token=TOKENS[role.token_name], body={"by": "小王", **said}, **where)
        for _, message in self.desk.queue.take(Lane.PARCELS):
            handle_event(parse_message(message), self.desk.store, self.desk.clock)  # type: ignore[arg-type]
        self.desk.clock.advance(timedelta(seconds=1))
        return status, answer

    @property
    def row(self) -> dict[str, Any] | None:
        """The ticket as the list shows it."""
        tickets = self.desk.ask(TICKETS, query={"anomaly": "courier_answer"})[1]["tickets"]
        return tickets[0] if tickets else None


@pytest.fixture
def approving(office: Desk) -> Approving:
    return Approving(office)


def test_closing_beyond_one_s_authority_is_no_error_and_stands_in_the_list(approving: Approving) -> None:
    for _ in range(2):
        status, answer = approving.say(Role.AFTERSALES, closed=True, text="已赔付")
        assert (status, answer["waits_because"]) == (202, "「快递反馈，无对应工单」须由售后上报")
        assert answer["message"].startswith("Waits for approval, asked by 小王（售后）")
        row = approving.row
        assert row
        assert row["waits_for_approval"]
        assert [(step["what"], step["by"], step["text"]) for step in row["approvals"]] == [
            ("asked", "小王（售后）", "已赔付")
        ]


def test_an_approval_closes_the_ticket(approving: Approving) -> None:
    approving.say(Role.AFTERSALES, closed=True)
    status, answer = approving.say(Role.DIRECTOR, approve=True)
    assert (status, answer["waits_because"]) == (202, "")
    assert answer["message"] == "Approved by 小王（总监）; it shows within seconds."
    assert approving.row is None


def test_an_approval_that_is_sent_twice_is_accepted_twice(office: Desk) -> None:
    done = Approval(what=Verdict.APPROVED, by="总", at=NOW, closes=True)
    save(office.store, *troubled(1, ticket(closed=True, approvals=(done,))))
    where = {"kind": "parcel", "case_id": P_KEY.id, "anomaly": "stalled"}
    assert office.ask(TAKE, body={"by": "总", "approve": True}, **where)[0] == 202
    assert office.ask(TAKE, body={"by": "总", "approve": False}, **where)[0] == 404


def test_a_refusal_keeps_the_ticket_in_the_list_and_may_be_sent_twice(approving: Approving) -> None:
    approving.say(Role.AFTERSALES, closed=True)
    for _ in range(2):
        status, answer = approving.say(Role.OWNER, approve=False)
        assert (status, answer["message"].split()[0]) == (202, "Refused")
        row = approving.row
        assert row
        assert (row["waits_for_approval"], len(row["approvals"]), row["taken_by"]) == (False, 2, "")


def test_who_may_not_approve_passes_it_on_and_may_not_refuse(approving: Approving) -> None:
    approving.say(Role.AFTERSALES, closed=True)
    status, answer = approving.say(Role.SPECIALIST, approve=False)
    assert (status, answer["error"]) == (403, "over_authority")
    status, answer = approving.say(Role.SPECIALIST, approve=True)
    assert (status, "专员" in answer["waits_because"]) == (202, True)
    row = approving.row
    assert row
    assert [step["by"] for step in row["approvals"]] == ["小王（售后）", "小王（专员）"]


@pytest.mark.parametrize("approve", [True, False])
def test_where_nothing_waits_nothing_is_decided(approving: Approving, *, approve: bool) -> None:
    status, answer = approving.say(Role.DIRECTOR, approve=approve)
    assert (status, answer["error"]) == (404, "not_asked")
    approving.say(Role.AFTERSALES, closed=True)
    approving.say(Role.DIRECTOR, approve=False)
    assert approving.say(Role.DIRECTOR, approve=True)[0] == 404


def test_a_decision_is_not_also_a_closing(approving: Approving) -> None:
    status, answer = approving.say(Role.DIRECTOR, approve=True, closed=True)
    assert (status, answer["error"]) == (400, "invalid")


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
