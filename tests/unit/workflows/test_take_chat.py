"""A chat push from the queue: lines are understood with their session in mind, and words never stay behind."""

import json
from collections import Counter
from typing import Any

import pytest

from shared.adapters.vendors import find_source
from shared.domain.keys import desk_key, session_key
from shared.domain.lanes import Lane
from shared.domain.session import DeskCase, SessionCase
from shared.domain.wire import Push
from shared.errors import Retryable, UnknownMerchant
from shared.workflows.receive_push import write_raw_push
from shared.workflows.take_chat import take_chat
from tests.fakes import FakeCaseStore, FakeClock, FakeQueue, FakeTable
from tests.unit.rules.chat.build import MERCHANT, MINUTE, NOW, policy


class Kept:
    """Pushes that nobody has taught us."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def keep(self, merchant: str, source: str, reason: str, body: bytes, at: object) -> None:
        """Keep the bytes."""
        self.bodies.append(body)


class House:
    """The consumer and what is around it."""

    def __init__(self, **fields: Any) -> None:
        self.table, self.clock, self.queue, self.kept = FakeTable(), FakeClock(NOW), FakeQueue(), Kept()
        self.table.policies[MERCHANT] = policy(**fields)
        self.counts = Counter[str]()

    def take(self, body: str, attempt: int = 1) -> list[str]:
        """Take a message; give the fates."""
        fates = take_chat(
            body,
            attempt,
            store=FakeCaseStore(self.table),
            clock=self.clock,
            find_source=find_source,
            unknown=self.kept,
            queue=self.queue,
            count=lambda what: self.counts.update([what]),
        )
        return [f"{fate.fate} {fate.what}" for fate in fates]

    @property
    def session(self) -> SessionCase:
        """The session as stored."""
        case = self.table.cases[session_key(MERCHANT, "web", "S1")].case
        assert isinstance(case, SessionCase)
        return case


def event(kind: str, **data: Any) -> dict[str, Any]:
    """One event of the desktop."""
    known = {} if kind == "agent.presence" else {"session_id": "S1", "channel": "web"}
    return {"type": kind, "timestamp": NOW.isoformat(), "data": {**known, **data}}


def message(text: str, name: str = "m-1") -> dict[str, Any]:
    """A buyer's line."""
    return event("chat.message", message_id=name, text=text, buyer={"id": "b-1"})


def raw(*events: dict[str, Any]) -> str:
    """The queue message of a push."""
    body = json.dumps({"events": events}, ensure_ascii=False).encode()
    return write_raw_push("chat", MERCHANT, Push({}, {}, body), NOW)


def test_a_line_becomes_a_session_and_its_words_are_gone() -> None:
    house = House()
    assert house.take(raw(message("你们是骗子，退钱"))) == ["handled line_said"]
    assert (house.session.holder, house.session.heard[0].tone) == ("waiting", "complaint")
    assert "骗子" not in str(house.table.cases) + str(house.table.stream)


def test_several_events_of_a_push_are_taken_in_their_order() -> None:
    house = House()
    fates = house.take(
        raw(
            event("agent.presence", agent="paul", presence="online"),
            message("我要投诉"),
            event("chat.reply", message_id="r-1"),
            event("chat.closed", at=(NOW + MINUTE).isoformat()),
        )
    )
    assert fates == ["handled agent_seen", "handled line_said", "handled line_answered", "handled session_closed"]
    assert house.session.holder == "closed"


def test_a_line_is_understood_in_the_light_of_those_before_it() -> None:
    house = House()
    house.take(raw(message("我要退款"), message("多久能到", "m-2")))
    assert [heard.intent for heard in house.session.heard] == ["refund", "refund"]


def test_the_policy_knows_at_which_desk_an_agent_sits() -> None:
    house = House()
    house.take(raw(event("agent.presence", agent="lena", presence="online")))
    desk = house.table.cases[desk_key(MERCHANT, "logistics")].case
    assert isinstance(desk, DeskCase)
    assert list(desk.agents) == ["lena"]


def test_an_agent_in_no_group_is_passed_over_on_purpose() -> None:
    house = House()
    assert house.take(raw(event("agent.presence", agent="zoe", presence="online"))) == [
        "ignored chat:presence of an agent in no group"
    ]


def test_presence_at_a_merchant_without_a_policy_is_an_error() -> None:
    house = House()
    house.table.policies.clear()
    with pytest.raises(UnknownMerchant):
        house.take(raw(event("agent.presence", agent="anna", presence="online")))


def test_a_late_line_of_the_bot_is_counted() -> None:
    house = House()
    house.take(raw(message("我要投诉")))
    house.clock.advance(MINUTE)
    house.take(raw({**event("chat.reply", message_id="r-1"), "timestamp": house.clock.now().isoformat()}))
    assert house.counts == {"late_line": 1}


def test_an_event_that_nobody_has_taught_us_is_kept_without_words() -> None:
    house = House()
    fates = house.take(raw(event("chat.summary", summary="买家说要投诉"), message("我的地址是幸福路1号")))
    assert fates[0] == "unknown chat:chat type chat.summary"
    [kept] = house.kept.bodies
    assert b"chat.summary" in kept
    assert not {letter for letter in kept.decode() if "\u4e00" <= letter <= "\u9fff"}


# ---- what fails ------------------------------------------------------------------------------------------------------


def test_words_are_taken_out_of_a_push_that_failed_twice_and_nothing_else_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    body = raw(message("你们是骗子"), event("chat.reply", message_id="r-1", text="您好，很抱歉"))

    def away(*_: Any) -> Any:
        raise Retryable("away", MINUTE)

    with monkeypatch.context() as patched:
        patched.setattr(FakeCaseStore, "load", away)
        for attempt in (1, 2):
            with pytest.raises(Retryable):
                house.take(body, attempt)
        assert house.take(body, 3) == ["ignored words"]
    sent = house.queue.take(Lane.CHATS)
    assert not {letter for _, text in sent for letter in text if "\u4e00" <= letter <= "\u9fff"}
    assert {merchant for merchant, _ in sent} == {MERCHANT}
    fates = [house.take(text) for _, text in sent]
    assert fates == [["handled line_received"], ["ignored chat:chat type chat.message, understood before",
                                                 "handled line_answered"]]  # fmt: skip
    assert (house.session.heard[0].tone, house.session.late_lines) == ("complaint", 1)


@pytest.mark.parametrize("attempt", [3, 4, 5])
def test_what_has_no_words_is_simply_tried_again(attempt: int) -> None:
    house = House()
    body = raw(event("chat.closed"))
    assert house.take(body, attempt) == ["handled session_closed"]
    assert house.queue.take(Lane.CHATS) == []


def test_a_push_without_its_words_is_not_taken_apart_again() -> None:
    house = House()
    house.take(raw(message("退款")), 3)
    rest = house.queue.take(Lane.CHATS)[-1][1]
    assert house.take(rest, 5) == ["ignored chat:chat type chat.message, understood before"]
    assert house.queue.take(Lane.CHATS) == []
