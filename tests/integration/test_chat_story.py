"""Chats through the real handlers on moto: what a question costs, and a shift from the first line to the last seat."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared import wiring
from shared.domain.keys import desk_key, session_key
from shared.domain.session import DeskCase, SessionCase
from tests.benchmarks.chats import CALM, UPSET, Desk
from tests.benchmarks.givens import MERCHANT
from tests.benchmarks.loop import Loop
from tests.benchmarks.running import running
from tests.integration.roles import beyond_their_roles

MINUTE = timedelta(minutes=1)


@pytest.fixture
def loop() -> Iterator[Loop]:
    with running() as found:
        yield found
    assert beyond_their_roles(found) == {}


@pytest.fixture
def desk(loop: Loop) -> Desk:
    return Desk(loop, loop._cloud)


def session(name: str) -> SessionCase:
    key = session_key(MERCHANT, "web", name)
    case = wiring.case_store().load(MERCHANT, [key]).cases[key].case
    assert isinstance(case, SessionCase)
    return case


def seats(group: str) -> dict[str, list[str]]:
    key = desk_key(MERCHANT, group)
    case = wiring.case_store().load(MERCHANT, [key]).cases[key].case
    assert isinstance(case, DeskCase)
    return {agent: [seat.session for seat in state.seats] for agent, state in case.agents.items()}


def come(desk: Desk, *agents: str) -> None:
    for agent in agents:
        desk.tell("agent.presence", agent=agent, presence="online")


def test_a_question_that_the_bot_answers_is_one_read_and_one_message(desk: Desk) -> None:
    _, cold = desk.ask(session="S-1")
    _, warm = desk.ask(session="S-2")
    assert sorted(cold) == ["BatchGetItem", "GetSecretValue", "SendMessageBatch"]
    assert warm == ["BatchGetItem", "SendMessageBatch"]


def test_a_question_that_gets_a_person_is_one_read_one_pointer_and_one_write(desk: Desk) -> None:
    come(desk, "agent0", "agent1")
    desk.ask()
    answer, calls = desk.ask(UPSET, session="S-2")
    assert (answer["holder"], answer["agent"]) == ("agent", "agent0")
    assert calls == ["BatchGetItem", "PutItem", "PutItem", "TransactWriteItems"]  # both cases wait for something new
    answer, calls = desk.ask(UPSET, session="S-3")
    assert (answer["agent"], calls) == ("agent1", ["BatchGetItem", "PutItem", "TransactWriteItems"])


def test_a_repeated_question_is_one_read(desk: Desk) -> None:
    come(desk, "agent0")
    desk.ask(UPSET, message_id="m-7")
    _, calls = desk.ask(UPSET, message_id="m-7")
    assert calls == ["BatchGetItem"]


def test_a_line_in_a_session_that_people_have_is_one_read_and_one_message(desk: Desk) -> None:
    come(desk, "agent0")
    desk.ask(UPSET)
    answer, calls = desk.ask(CALM)
    assert (answer["holder"], calls) == ("agent", ["BatchGetItem", "SendMessageBatch"])
    desk.loop.settle()
    assert len(session("S-1").heard) == 2


def test_what_was_answered_is_what_the_queue_writes(desk: Desk) -> None:
    answer, _ = desk.ask(UPSET)
    desk.loop.settle()
    case = session("S-1")
    assert (case.holder, case.group, case.token) == (answer["holder"], answer["group"], answer["token"])
    assert (answer["holder"], answer["group"]) == ("waiting", "presale")
    come(desk, "agent0")
    assert session("S-1").agent == "agent0"


def test_a_shift_from_the_first_line_to_the_last_seat(desk: Desk) -> None:
    for number in range(12):
        desk.ask(UPSET, session=f"S-{number}")
        desk.loop.settle()
        desk.loop.clock.advance(timedelta(seconds=1))
    come(desk, "agent0", "agent1")
    assert [len(own) for own in seats("presale").values()] == [5, 5]
    assert session("S-10").holder == session("S-11").holder == "waiting"

    desk.tell("chat.reply", session_id="S-0", channel="web", message_id="r-1", agent="agent0")
    desk.tell("chat.closed", session_id="S-0", channel="web")
    assert session("S-10").agent == "agent0"

    desk.tell("agent.presence", agent="agent1", presence="offline")
    desk.wait(3 * MINUTE)
    assert seats("presale")["agent1"] == []
    come(desk, "agent2")
    assert len(seats("presale")["agent2"]) == 5
    assert all(len(own) <= 5 for own in seats("presale").values())

    desk.wait(10 * MINUTE)  # nobody answers: sessions go from one to the other, and nobody gets one too many
    assert all(len(own) <= 5 for own in seats("presale").values())
    holders = [session(f"S-{number}") for number in range(1, 12)]
    assert {case.holder for case in holders} <= {"agent", "waiting"}
    seated = {name: agent for agent, own in seats("presale").items() for name in own}
    assert seated == {case.name: case.agent for case in holders if case.holder == "agent"}


def test_what_buyers_say_is_in_no_log_and_in_no_item(desk: Desk) -> None:
    come(desk, "agent0")
    desk.ask("我的电话是13800138000，骗子")
    data = {"session_id": "S-2", "channel": "web", "message_id": "m-1", "buyer": {"id": "b"}, "text": "投诉骗子店"}
    desk.tell("chat.message", **data)
    desk.tell("chat.summary", summary="买家说是骗子")
    logs = "".join(line for one in desk.loop.taken for line in one.lines)
    items = json.dumps(desk.loop._tables.scan(TableName="huhang-bench")["Items"], default=str, ensure_ascii=False)
    for words in ("骗子", "13800138000"):
        assert words not in logs
        assert words not in items


def test_a_session_of_three_lines_is_two_write_units_and_a_seat_a_tenth_of_one(desk: Desk) -> None:
    come(desk, *(f"agent{number}" for number in range(8)))
    for number in range(20):
        for text in (CALM, CALM, UPSET):
            desk.ask(text, session=f"S-{number}")
            desk.loop.settle()
    sizes = desk.loop.sizes(without="outbox")
    assert max(size for key, size in sizes.items() if "|session|" in key) < 1664
    assert sizes[f"{MERCHANT}|desk|presale"] < 4 * 100 + 20 * 100
