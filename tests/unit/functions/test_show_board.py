"""The desk's window on HTTP events: who is let in, what is answered, what is refused and how that is said."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.show_board import handler as module
from functions.show_board.handler import DESCRIPTION, handler
from functions.show_board.openapi import FILES, describe, write
from infra.catalog import FUNCTIONS
from shared import wiring
from shared.adapters.dynamo_policies import PolicyVersion
from shared.domain.events import CourierAnswered, DeadlineReached, TicketTaken, TroubleFiled
from shared.domain.keys import session_key
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.domain.refund import RefundPhase
from shared.domain.routing import Routing
from shared.domain.routing_report import Ending, RoutingReport, TransferRow, Transfers
from shared.domain.scores import Scores
from shared.domain.session import Routed, SessionCase
from shared.domain.tickets import ANOMALIES, FILED, Anomaly, words_of
from shared.errors import Retryable
from shared.telemetry import Telemetry
from shared.workflows.handle_event import handle_event
from shared.workflows.show_board import ROUTES
from tests.fakes import (
    FakeAccounts,
    FakeClock,
    FakePolicyStore,
    FakeQueue,
    FakeRoutingReports,
    FakeScores,
    FakeWatermarks,
)
from tests.unit.board import O_KEY, P_KEY, R_KEY, save, store_with, ticket, troubled
from tests.unit.rules.build import HOUR, MERCHANT, NOW, ORDER, WAYBILL, order, policy, refund

TOKEN = "board-令牌-token"  # whatever a person has put into the secret
TICKETS, PARCEL, SCORES, SOURCES, ROUTING, TRANSFERS, SESSION, TAKE, ANSWER, TROUBLE = ROUTES


class Desk:
    """What stands behind the window."""

    def __init__(self) -> None:
        self.store = store_with(
            troubled(1, ticket(since=NOW - 2 * HOUR), ticket(Anomaly.LATE, breach_at=NOW + HOUR)),
            troubled(2, carrier="sf"),
        )
        self.queue = FakeQueue()
        self.clock = FakeClock(NOW)
        self.scores = FakeScores(self.store.table)
        self.reports = FakeRoutingReports(self.store.table)
        accounts = {MERCHANT: {"board": {"token": TOKEN}, "zto": {}}, "other": {"board": {"token": "theirs"}}}
        self.accounts = FakeAccounts({**accounts, "deaf": {"zto": {}}, "empty": {"board": {"token": ""}}})
        self.read = FakeWatermarks({MERCHANT: {"jushuitan": NOW - HOUR, "douyin": NOW - timedelta(minutes=3)}})
        self.store.table.policies["other"] = policy(merchant="other")

    def ask(self, route: str, *, token: str | None = TOKEN, body: Any = None, query: Any = None, **path: str) -> Any:
        """Send a request and give the status and the document."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        event = {
            "version": "2.0",
            "routeKey": route,
            "headers": headers,
            "pathParameters": {"merchant_id": MERCHANT, **path},
            "queryStringParameters": query,
            "body": json.dumps(body) if isinstance(body, dict) else body,
        }
        return self.send(event)

    def send(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send an event."""
        answer = handler(event, None)
        assert answer["headers"]["content-type"].startswith("application/json")
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(wiring, "accounts", lambda: desk.accounts)
    monkeypatch.setattr(wiring, "case_store", lambda: desk.store)
    monkeypatch.setattr(wiring, "scores", lambda: desk.scores)
    monkeypatch.setattr(wiring, "routing_reports", lambda: desk.reports)
    monkeypatch.setattr(wiring, "policy_store", lambda: FakePolicyStore(desk.store.table))
    monkeypatch.setattr(wiring, "cursors", lambda: desk.read)
    monkeypatch.setattr(wiring, "queue", lambda: desk.queue)
    monkeypatch.setattr(wiring, "clock", lambda: desk.clock)
    monkeypatch.setattr(wiring, "telemetry", Telemetry)
    module._board.cache_clear()
    return desk


def take(desk: Desk, *, key: Any = P_KEY, anomaly: str = "stalled", body: Any = None, **how: Any) -> Any:
    """Say that somebody deals with a ticket."""
    told = {"by": "小王"} if body is None else body
    return desk.ask(TAKE, body=told, kind=str(key.kind), case_id=key.id, anomaly=anomaly, **how)


def file(desk: Desk, *, body: Any = None, **how: Any) -> Any:
    """File what a courier's people said."""
    told = {"text": "今日派送"} if body is None else body
    return desk.ask(ANSWER, body=told, **{"carrier": "zto", "waybill": WAYBILL, **how})


def complain(desk: Desk, *, body: Any = None, **how: Any) -> Any:
    """File what is wrong with a parcel."""
    told = {"anomaly": "mis_shipped", "text": "少发一件"} if body is None else body
    return desk.ask(TROUBLE, body=told, **{"carrier": "zto", "waybill": WAYBILL, **how})


ASKING: dict[str, Callable[..., Any]] = {
    "tickets": lambda desk, **how: desk.ask(TICKETS, **how),
    "parcel": lambda desk, **how: desk.ask(PARCEL, **{"carrier": "zto", "waybill": WAYBILL, **how}),
    "scores": lambda desk, **how: desk.ask(SCORES, **how),
    "sources": lambda desk, **how: desk.ask(SOURCES, **how),
    "routing": lambda desk, **how: desk.ask(ROUTING, **how),
    "transfers": lambda desk, **how: desk.ask(TRANSFERS, **how),
    "session": lambda desk, **how: desk.ask(SESSION, **{"channel": "web", "session_id": "S1", **how}),
    "take": take,
    "answer": file,
    "trouble": complain,
}


# ---- who is let in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ASKING)
@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "theirs"])
def test_without_the_merchant_s_token_nothing_is_told_or_done(desk: Desk, what: str, token: str | None) -> None:
    status, answer = ASKING[what](desk, token=token)
    assert status == 401
    assert set(answer) == {"error", "message"}
    assert answer["error"] in ("no_token", "wrong_token")
    assert not desk.queue.lanes[Lane.PARCELS]


@pytest.mark.parametrize("what", ASKING)
@pytest.mark.parametrize("merchant", ["stranger", "deaf", "empty", "", "../x", "Demo"])
def test_a_merchant_without_a_board_is_not_found(desk: Desk, what: str, merchant: str) -> None:
    for token in (TOKEN, "", None):
        status, answer = ASKING[what](desk, merchant_id=merchant, token=token)
        assert (status, answer["error"]) == (404, "unknown_merchant")


@pytest.mark.parametrize("what", ASKING)
def test_a_merchant_sees_nothing_of_another_s(desk: Desk, what: str) -> None:
    status, answer = ASKING[what](desk, merchant_id="other", token="theirs")
    assert (status, answer.get("tickets", [])) in ((200, []), (202, []), (404, []))
    assert [merchant for merchant, _ in desk.queue.lanes[Lane.PARCELS]] == (["other"] if status == 202 else [])


@pytest.mark.parametrize("header", ["basic {}", "Bearer", "Bearer  ", "{}", "Bearer {} {}"])
def test_only_a_bearer_is_let_in(desk: Desk, header: str) -> None:
    event = {"routeKey": TICKETS, "pathParameters": {"merchant_id": MERCHANT}}
    assert desk.send({**event, "headers": {"authorization": header.format("theirs", "x")}})[0] == 401


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_the_case_of_the_header_does_not_matter(desk: Desk, name: str, scheme: str) -> None:
    event = {"routeKey": TICKETS, "pathParameters": {"merchant_id": MERCHANT}, "headers": {name: f"{scheme} {TOKEN}"}}
    assert desk.send(event)[0] == 200


# ---- tickets -----------------------------------------------------------------------------------------------------


def test_open_tickets_come_with_all_that_a_desk_needs(desk: Desk) -> None:
    status, answer = desk.ask(TICKETS)
    assert (status, answer["found"], answer["complete"], answer["merchant"]) == (200, 3, True, MERCHANT)
    first = answer["tickets"][0]
    assert (first["anomaly"], first["title"], first["hours_left"]) == ("late", "到货时长超出目标", 1.0)
    assert (first["case_id"], first["carrier_text"], first["kind"]) == ("zto:W1", "中通", "parcel")
    assert first["breach_at"] == "2026-11-11T01:00:00Z"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"limit": "1"}, ["late"]),
        ({"limit": "500"}, ["late", "stalled", "stalled"]),
        ({"anomaly": "late"}, ["late"]),
        ({"anomaly": "late,refund_by_hand"}, ["late"]),
        ({"anomaly": "", "carrier": "sf"}, ["stalled"]),
        ({"anomaly": "damaged"}, []),
        ({"category": "overdue", "carrier": "sf"}, ["stalled"]),
        ({"category": "content"}, []),
    ],
)
def test_a_question_can_be_narrower(desk: Desk, query: dict[str, str], expected: list[str]) -> None:
    status, answer = desk.ask(TICKETS, query=query)
    assert (status, [row["anomaly"] for row in answer["tickets"]]) == (200, expected)


BAD_QUERIES = [
    ({"limit": "0"}, "limit"),
    ({"limit": "501"}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"limit": ""}, "limit"),
    ({"anomaly": "stall"}, "stalled, delivery_slow"),
    ({"category": "late"}, "category"),
    ({"anomaly": "late,stall"}, "'stall'"),
    ({"carrier": "中通"}, "carrier"),
    ({"carrier": "zto|x"}, "carrier"),
    ({"page": "2"}, "limit, anomaly, category, carrier"),
]


@pytest.mark.parametrize(("query", "named"), BAD_QUERIES)
def test_a_question_that_makes_no_sense_is_named_in_a_sentence(desk: Desk, query: dict[str, str], named: str) -> None:
    status, answer = desk.ask(TICKETS, query=query)
    assert (status, answer["error"]) == (400, "invalid")
    assert named in answer["message"]
    assert answer["message"].endswith(".")


def test_what_was_typed_is_not_repeated_at_length(desk: Desk) -> None:
    _, answer = desk.ask(TICKETS, query={"anomaly": "x" * 5000})
    assert len(answer["message"]) < 600


# ---- one parcel, the scorecard -----------------------------------------------------------------------------------


def test_a_parcel_is_shown_with_the_expectation_of_the_scorecard(desk: Desk) -> None:
    status, answer = desk.ask(PARCEL, carrier="zto", waybill=WAYBILL)
    assert (status, answer["waybill"], len(answer["tickets"])) == (200, WAYBILL, 2)
    assert desk.ask(PARCEL, carrier="zto", waybill="W%31")[1]["waybill"] == WAYBILL


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ({"carrier": "zto", "waybill": "W9"}, 404, "unknown_parcel"),
        ({"carrier": "sf", "waybill": "W1"}, 404, "unknown_parcel"),
        ({"carrier": "zto", "waybill": "W 1"}, 400, "invalid"),
        ({"carrier": "a|b", "waybill": "W1"}, 400, "invalid"),
        ({"carrier": "zto", "waybill": "x" * 65}, 400, "invalid"),
        ({"carrier": "zto%7C", "waybill": "W1"}, 400, "invalid"),
    ],
)
def test_a_parcel_that_is_none_is_said_to_be(desk: Desk, path: dict[str, str], status: int, error: str) -> None:
    found, answer = desk.ask(PARCEL, **path)
    assert (found, answer["error"]) == (status, error)
    assert answer["message"].endswith(".")


def test_a_report_on_chats_is_given_once_there_is_one(desk: Desk) -> None:
    assert (desk.ask(ROUTING)[0], desk.ask(ROUTING)[1]["error"]) == (404, "no_report")
    desk.reports.put(RoutingReport(merchant=MERCHANT, as_of=NOW), Transfers(merchant=MERCHANT, as_of=NOW))
    assert desk.ask(ROUTING) == (200, {"merchant": MERCHANT, "as_of": "2026-11-11T00:00:00Z", "spans": []})
    assert desk.ask(ROUTING, token="board-wrong")[0] == 401


def test_transfers_are_given_with_the_reasons_of_then(desk: Desk) -> None:
    assert (desk.ask(TRANSFERS)[0], desk.ask(TRANSFERS)[1]["error"]) == (404, "no_report")
    routed = Routed(rule="vip", policy_version=1, at=NOW, facts={"buyer_tags": ("vip",)}, agent="anna")
    rows = tuple(TransferRow(session=f"web:{number}", routed=routed, ending=Ending.WAITING) for number in range(3))
    report = RoutingReport(merchant=MERCHANT, as_of=NOW)
    desk.reports.put(report, Transfers(merchant=MERCHANT, as_of=NOW, found=3, transfers=rows))
    vip = {"rule": "vip", "when": {"field": "buyer_tags", "has": ["vip"]}, "then": {"agent": "anna"}}
    routing = Routing.model_validate({"groups": {"desk": {"agents": [{"agent": "anna"}]}}, "rules": [vip]})
    desk.store.table.policy_history[MERCHANT, 1] = PolicyVersion(policy(routing=routing), None)
    status, found = desk.ask(TRANSFERS, query={"limit": "2"})
    assert (status, found["found"], len(found["transfers"])) == (200, 3, 2)
    assert found["transfers"][0] == {
        "session": "web:0",
        "at": "2026-11-11T00:00:00Z",
        "rule": "vip",
        "policy_version": 1,
        "reason": "命中规则「vip」（买家标签=vip），转专属客服 anna",
        "group": None,
        "agent": "anna",
        "ending": "waiting",
        "answer_s": None,
    }
    assert desk.ask(TRANSFERS, query={"limit": "0"})[0] == 400


def test_a_session_is_shown_with_its_decisions_made_again(desk: Desk) -> None:
    path = {"channel": "web", "session_id": "S1"}
    assert (desk.ask(SESSION, **path)[0], desk.ask(SESSION, **path)[1]["error"]) == (404, "unknown_session")
    routed = Routed(rule="default.bot_first", policy_version=1, at=NOW, facts={"channel": "web"}, bot=True)
    case = SessionCase(
        channel="web", session_id="S1", opened_at=NOW, held_since=NOW, last_line_at=NOW, routed=(routed,), seen=routed
    )
    save(desk.store, session_key(MERCHANT, "web", "S1"), case)
    assert desk.ask(SESSION, **path)[1]["decisions"][0]["replayed"] == "no_policy"
    desk.store.table.policy_history[MERCHANT, 1] = PolicyVersion(policy(), None)
    status, found = desk.ask(SESSION, **path)
    assert (status, found["session"], found["holder"]) == (200, "web:S1", "bot")
    assert found["decisions"] == [found["latest"]]
    assert (found["latest"]["replayed"], found["latest"]["reason"]) == (
        "same",
        "机器人优先时段，由机器人接待",
    )
    assert desk.ask(SESSION, channel="Web", session_id="S1")[0] == 400


def test_a_scorecard_is_given_once_there_is_one(desk: Desk) -> None:
    assert (desk.ask(SCORES)[0], desk.ask(SCORES)[1]["error"]) == (404, "no_scores")
    desk.scores.put(Scores(merchant=MERCHANT, as_of=NOW, rows=()))
    assert desk.ask(SCORES) == (
        200,
        {
            "merchant": MERCHANT,
            "as_of": "2026-11-11T00:00:00Z",
            "rows": [],
            "regions_left_out": 0,
            "watched": {},
            "unwatched": {},
        },
    )


# ---- taking a ticket ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [{"by": "小王"}, {"by": " desk-2 ", "text": "已致电网点"}, {"by": "a", "text": "x" * 200, "closed": True}]
)
def test_who_deals_with_a_ticket_is_on_its_way_to_the_case(desk: Desk, body: dict[str, Any]) -> None:
    status, answer = take(desk, body=body)
    assert (status, answer["about"], answer["anomaly"]) == (202, str(P_KEY), "stalled")
    assert answer["message"].startswith("Closed by " if body.get("closed") else "Taken by ")
    [(merchant, message)] = desk.queue.take(Lane.PARCELS)
    event = parse_message(message)
    expected = {"text": "", "closed": False, **body, "by": body["by"].strip(), "since": NOW - 2 * HOUR}
    assert (merchant, event) == (
        MERCHANT,
        TicketTaken(merchant=MERCHANT, about=str(P_KEY), anomaly=Anomaly.STALLED, at=NOW, **expected),
    )


def test_an_order_s_ticket_goes_to_the_order_s_lane(desk: Desk) -> None:
    save(desk.store, O_KEY, order(tickets=(ticket(Anomaly.NOT_SHIPPED),)))
    assert take(desk, key=O_KEY, anomaly="not_shipped")[0] == 202
    assert len(desk.queue.take(Lane.REFUNDS)) == 1


def test_a_ticket_that_was_closed_leaves_the_list(desk: Desk) -> None:
    assert take(desk, body={"by": "小王", "text": "已联系买家", "closed": True})[0] == 202
    [(_, message)] = desk.queue.take(Lane.PARCELS)
    case = desk.store.table.cases[P_KEY].case
    assert case
    handle_event(parse_message(message), desk.store, desk.clock)  # type: ignore[arg-type]
    kept = desk.store.table.cases[P_KEY].case
    assert [(one.taken_by, one.answer, one.closed) for one in kept.tickets if one.anomaly == "stalled"] in (  # type: ignore[union-attr]
        [("小王", "已联系买家", True)],
        [],
    )
    assert "stalled" not in [row["anomaly"] for row in desk.ask(TICKETS, query={"carrier": "zto"})[1]["tickets"]]


def test_a_base64_body_is_the_body_it_was(desk: Desk) -> None:
    event = {
        "routeKey": TAKE,
        "headers": {"authorization": f"Bearer {TOKEN}"},
        "pathParameters": {"merchant_id": MERCHANT, "kind": "parcel", "case_id": P_KEY.id, "anomaly": "stalled"},
        "body": base64.b64encode('{"by":"小王"}'.encode()).decode(),
        "isBase64Encoded": True,
    }
    assert desk.send(event)[0] == 202


BAD_BODIES = [
    ("", "body"),
    ("[]", "body"),
    ("{", "body"),
    ({}, "by"),
    ({"by": ""}, "by"),
    ({"by": "x" * 41}, "by"),
    ({"by": "a\nb"}, "by"),
    ({"by": 7}, "by"),
    ({"by": "a", "text": "x" * 201}, "text"),
    ({"by": "a", "closed": "perhaps"}, "closed"),
    ({"by": "a", "done": True}, "by, text, closed, approve"),
    ({"by": "a", "closed": True, "approve": True}, "body: approve decides what was asked for"),
    ({"by": "a", "approve": "perhaps"}, "approve"),
    ('{"by":"' + "x" * 20_000 + '"}', "10000"),
    ("\xff", "body"),
]


@pytest.mark.parametrize(("body", "named"), BAD_BODIES)
def test_a_body_that_makes_no_sense_is_named_in_a_sentence(desk: Desk, body: Any, named: str) -> None:
    status, answer = take(desk, body=body)
    assert (status, answer["error"]) == (400, "invalid")
    assert named in answer["message"]
    assert not desk.queue.lanes[Lane.PARCELS]


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ({"kind": "refund"}, 400, "parcel, order"),
        ({"kind": "digest"}, 400, "kind"),
        ({"anomaly": "refund_by_hand"}, 400, "anomaly"),
        ({"anomaly": "damaged"}, 404, "damaged"),
        ({"case_id": "zto:W9"}, 404, "W9"),
        ({"case_id": "W1"}, 400, "case_id"),
        ({"case_id": "zto:W1|x"}, 400, "case_id"),
        ({"case_id": "zto:../../x"}, 400, "case_id"),
    ],
)
def test_what_cannot_be_taken_is_said_to_be(desk: Desk, path: dict[str, str], status: int, named: str) -> None:
    known = {"kind": "parcel", "case_id": P_KEY.id, "anomaly": "stalled"}
    found, answer = desk.ask(TAKE, body={"by": "a"}, **{**known, **path})
    assert (found, named in answer["message"]) == (status, True)
    assert not desk.queue.lanes[Lane.PARCELS]


def test_a_refund_that_a_person_decides_is_listed_and_decided_on_its_platform(desk: Desk) -> None:
    save(desk.store, R_KEY, refund(RefundPhase.BY_HAND))
    assert [row["kind"] for row in desk.ask(TICKETS, query={"anomaly": "refund_by_hand"})[1]["tickets"]] == ["refund"]
    assert take(desk, key=R_KEY)[0] == 400
    assert f"sim:{ORDER}" == O_KEY.id


# ---- completeness ------------------------------------------------------------------------------------------------


def test_up_to_when_a_source_is_complete_is_told_with_what_may_still_be_listed_late(desk: Desk) -> None:
    status, answer = desk.ask(SOURCES)
    assert status == 200
    assert [(one["source"], one["minutes_behind"]) for one in answer["sources"]] == [
        ("douyin", 5.0),
        ("jushuitan", 62.0),
    ]


# ---- filing an answer --------------------------------------------------------------------------------------------


def filed(desk: Desk) -> CourierAnswered:
    """What is on its way to the parcel."""
    [(merchant, message)] = desk.queue.take(Lane.PARCELS)
    event = parse_message(message)
    assert isinstance(event, CourierAnswered)
    assert (merchant, event.merchant) == (MERCHANT, MERCHANT)
    return event


def test_a_courier_s_answer_is_on_its_way_to_the_ticket_that_waits_for_it(desk: Desk) -> None:
    said_at = NOW - HOUR
    body = {"text": " 今日派送 ", "at": said_at.isoformat(), "source": "li", "number": "GD7"}
    status, answer = file(desk, body=body)
    assert (status, answer["about"], answer["tickets"]) == (202, str(P_KEY), ["stalled"])
    assert answer["message"] == "Filed in stalled."
    event = filed(desk)
    assert (event.text, event.at, event.source, event.number) == ("今日派送", said_at, "li", "GD7")


def test_an_answer_is_the_courier_s_own_and_of_now_where_nothing_else_is_said(desk: Desk) -> None:
    assert file(desk)[0] == 202
    event = filed(desk)
    assert (event.source, event.at, event.number) == ("zto", NOW, "")


def test_an_answer_about_a_parcel_that_nobody_knows_is_not_lost(desk: Desk) -> None:
    status, answer = file(desk, waybill="W404")
    assert (status, answer["tickets"]) == (202, [])
    assert answer["message"] == "Nothing is known of such a parcel; it is listed as courier_answer."
    handle_event(filed(desk), desk.store, desk.clock)
    desk.clock.advance(timedelta(minutes=1))
    handle_event(DeadlineReached(merchant=MERCHANT, about=f"{MERCHANT}|parcel|zto:W404"), desk.store, desk.clock)
    [row] = desk.ask(TICKETS, query={"anomaly": "courier_answer"})[1]["tickets"]
    assert (row["waybill"], row["answer"], row["answered_by"]) == ("W404", "今日派送", "zto")
    [moment] = desk.ask(PARCEL, carrier="zto", waybill="W404")[1]["timeline"]
    assert (moment["what"], moment["text"]) == ("answered", "反馈 中通 今日派送")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 201}, "text"),
        ({"text": "a", "at": "yesterday"}, "at"),
        ({"text": "a", "at": "2026-11-11T00:00:00"}, "at"),
        ({"text": "a", "at": (NOW + 2 * HOUR).isoformat()}, "has not come yet"),
        ({"text": "a", "source": "a|b"}, "source"),
        ({"text": "a", "number": "7" * 65}, "number"),
        ({"text": "a", "by": "li"}, "text, at, source, number"),
        ('{"text":"' + "x" * 20_000 + '"}', "10000"),
    ],
)
def test_an_answer_that_makes_no_sense_is_named_in_a_sentence(desk: Desk, body: Any, named: str) -> None:
    status, answer = file(desk, body=body)
    assert (status, answer["error"]) == (400, "invalid")
    assert named in answer["message"]
    assert not desk.queue.lanes[Lane.PARCELS]


# ---- trouble, logs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ASKING)
def test_a_table_that_is_busy_is_asked_again_later(desk: Desk, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> Any:
        raise Retryable("PutItem: secret details", timedelta(seconds=1))

    reading = {desk.store: ("load", "open_cases"), desk.scores: ("scores",), desk.reports: ("report", "transfers")}
    reading |= {desk.read: ("all",)}
    for place, names in reading.items():
        for name in names:
            monkeypatch.setattr(place, name, busy)
    status, answer = ASKING[what](desk)
    assert (status, answer["error"]) == (503, "busy")
    assert "secret" not in str(answer)


def test_the_log_names_the_route_and_neither_the_token_nor_what_was_asked(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    take(desk, body={"by": "小王", "text": "电话13800000000"})
    desk.ask(PARCEL, carrier="zto", waybill="W404")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["message"], line["route"], line["status"]) for line in lines] == [
        ("answered", TAKE, 202),
        ("answered", PARCEL, 404),
    ]
    assert not [word for word in (TOKEN, "小王", "138", "W404") if word in json.dumps(lines, ensure_ascii=False)]


# ---- the description ---------------------------------------------------------------------------------------------


def test_the_description_is_public_and_served_as_it_is_checked_in(desk: Desk) -> None:
    status, answer = desk.send({"routeKey": DESCRIPTION})
    assert (status, answer) == (200, describe())


def test_the_description_is_current() -> None:
    for file in FILES:
        assert file.read_text("utf-8") == write(), "run: python -m functions.show_board.openapi"


def test_the_description_names_every_route_and_every_part_of_its_path() -> None:
    document = describe()
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert routes == {route for spec in FUNCTIONS if spec.door for route in spec.door.routes}
    assert routes > {*ROUTES, DESCRIPTION}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            told = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert told == {part[1:-1] for part in path.split("/") if part.startswith("{")}
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)


def test_every_reference_in_the_description_leads_somewhere() -> None:
    document = describe()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    used = set(_references(document))
    assert used <= known
    assert {one.rsplit("/", 1)[1] for one in known - used} == set()


def _references(node: Any) -> Any:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for one in node:
            yield from _references(one)


@pytest.mark.parametrize(
    ("what", "model"), [("tickets", "TicketList"), ("parcel", "ParcelView"), ("take", "Accepted"), ("answer", "Filed")]
)
def test_answers_have_the_fields_of_the_description(desk: Desk, what: str, model: str) -> None:
    _, answer = ASKING[what](desk)
    assert set(answer) == set(describe()["components"]["schemas"][model]["properties"])


# ---- what people file --------------------------------------------------------------------------------------------


def pass_on(desk: Desk, waybill: str = WAYBILL) -> None:
    """Let what was told reach its parcel, and the clock come by."""
    for _, message in desk.queue.take(Lane.PARCELS):
        event = parse_message(message)
        assert isinstance(event, TroubleFiled | TicketTaken)
        handle_event(event, desk.store, desk.clock)
    desk.clock.advance(timedelta(minutes=1))
    handle_event(DeadlineReached(merchant=MERCHANT, about=f"{MERCHANT}|parcel|zto:{waybill}"), desk.store, desk.clock)


def filed_rows(desk: Desk) -> list[Any]:
    """The tickets that people have filed and nobody has closed."""
    rows: list[Any] = desk.ask(TICKETS, query={"anomaly": "mis_shipped"})[1]["tickets"]
    return rows


@pytest.mark.parametrize("waybill", [WAYBILL, "W404"])
@pytest.mark.parametrize("anomaly", FILED)
def test_what_no_scan_tells_is_filed_by_people_and_listed(desk: Desk, waybill: str, anomaly: Anomaly) -> None:
    status, answer = complain(desk, body={"anomaly": anomaly, "text": " 少发一件 "}, waybill=waybill)
    assert (status, answer["tickets"]) == (202, [])
    assert ("Nothing else is known" in answer["message"]) == (waybill == "W404")
    pass_on(desk, waybill)
    [row] = desk.ask(TICKETS, query={"category": ANOMALIES[anomaly].category})[1]["tickets"]
    assert (row["waybill"], row["anomaly"]) == (waybill, anomaly)
    assert (row["answer"], row["answered_by"]) == ("少发一件", "merchant")
    said = [moment["text"] for moment in desk.ask(PARCEL, carrier="zto", waybill=waybill)[1]["timeline"]]
    assert said.count(f"{ANOMALIES[anomaly].title} 商户 少发一件") == 1


@pytest.mark.parametrize("later", [HOUR / 2, timedelta(days=2)])
def test_what_is_filed_again_while_its_ticket_is_open_is_told_so(desk: Desk, later: timedelta) -> None:
    complain(desk)
    assert "opens within" in complain(desk)[1]["message"]
    pass_on(desk)
    desk.clock.advance(later)
    status, answer = complain(desk)
    assert (status, answer["tickets"]) == (202, ["mis_shipped"])
    assert answer["message"] == "The same was said before; its ticket mis_shipped is open."
    assert complain(desk, body={"anomaly": "mis_shipped", "text": "还少了配件"})[1]["tickets"] == []
    pass_on(desk)
    assert [row["count"] for row in filed_rows(desk)] == [2]


@pytest.mark.parametrize("again", [{}, {"at": NOW.isoformat()}])
def test_a_filing_that_is_sent_again_after_its_ticket_was_closed_opens_nothing(
    desk: Desk, again: dict[str, str]
) -> None:
    body = {"anomaly": "mis_shipped", "text": "少发一件", **again}
    complain(desk, body=body)
    pass_on(desk)
    assert take(desk, anomaly="mis_shipped", body={"by": "小王", "closed": True})[0] == 202
    [(_, message)] = desk.queue.lanes[Lane.PARCELS]
    assert words_of(Anomaly.MIS_SHIPPED, "merchant", "少发一件") in message
    pass_on(desk)
    assert filed_rows(desk) == []
    desk.clock.advance(timedelta(minutes=50))
    status, answer = complain(desk, body=body)
    assert (status, "said before" in answer["message"]) == (202, True)
    pass_on(desk)
    assert filed_rows(desk) == []


@pytest.mark.parametrize("news", [{"text": "还少了配件"}, {"text": "少发一件", "at": (NOW + HOUR / 2).isoformat()}])
def test_what_is_new_opens_a_ticket_again_at_once(desk: Desk, news: dict[str, str]) -> None:
    complain(desk)
    pass_on(desk)
    take(desk, anomaly="mis_shipped", body={"by": "小王", "closed": True})
    pass_on(desk)
    desk.clock.advance(timedelta(minutes=50))
    assert "opens within" in complain(desk, body={"anomaly": "mis_shipped", **news})[1]["message"]
    pass_on(desk)
    assert [row["answer"] for row in filed_rows(desk)] == [news["text"]]


def test_the_same_words_the_day_after_are_a_filing_of_their_own(desk: Desk) -> None:
    complain(desk)
    pass_on(desk)
    take(desk, anomaly="mis_shipped", body={"by": "小王", "closed": True})
    pass_on(desk)
    desk.clock.advance(timedelta(days=1))
    complain(desk)
    pass_on(desk)
    assert len(filed_rows(desk)) == 1


def test_a_time_that_has_not_quite_come_is_now(desk: Desk) -> None:
    complain(desk, body={"anomaly": "mis_shipped", "text": "少发一件", "at": (NOW + HOUR / 2).isoformat()})
    [(_, message)] = desk.queue.take(Lane.PARCELS)
    event = parse_message(message)
    assert isinstance(event, TroubleFiled)
    assert event.at == NOW


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"anomaly": "mis_shipped"}, "text"),
        ({"anomaly": "mis_shipped", "text": " "}, "text"),
        ({"anomaly": "stalled", "text": "a"}, "anomaly: Input should be 'mis_shipped' or 'wrong_address'."),
        ({"text": "a"}, "anomaly"),
        ({"anomaly": "mis_shipped", "text": "a", "at": (NOW + 2 * HOUR).isoformat()}, "has not come yet"),
        ({"anomaly": "mis_shipped", "text": "a", "source": "li"}, "anomaly, text, at"),
    ],
)
def test_what_cannot_be_filed_is_refused_by_name(desk: Desk, body: dict[str, str], named: str) -> None:
    status, answer = complain(desk, body=body)
    assert (status, answer["error"]) == (400, "invalid")
    assert named in answer["message"]
    assert not desk.queue.lanes[Lane.PARCELS]
