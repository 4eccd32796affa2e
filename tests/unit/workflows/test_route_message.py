"""A line is routed while the desktop waits: one read, at most one write, and the same decision as the queue's."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.chat_events import AgentSeen, LineReceived
from shared.domain.keys import CaseKey, desk_key, order_key, refund_key, session_key
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.domain.order import Trouble
from shared.domain.refund import RefundPhase
from shared.domain.session import DeskCase, Presence, SessionCase
from shared.errors import LostRace, MalformedMessage, UnknownMerchant
from shared.ports import Loaded, StoredCase
from shared.workflows.handle_event import handle_event
from shared.workflows.receive_push import TooLarge
from shared.workflows.route_message import BODY_MAX, Reception, read_question
from tests.fakes import FakeCaseStore, FakeClock, FakeQueue, FakeTable
from tests.unit.rules.build import order, refund
from tests.unit.rules.chat.build import GROUPS, MERCHANT, MINUTE, NOW, SECOND, VIP, policy

UPSET = "你们是骗子，我要投诉"
SESSION = session_key(MERCHANT, "web", "S1")


class CountingStore(FakeCaseStore):
    """Counts reads and writes, and lets somebody else write first."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.calls: list[str] = []
        self.reads: list[list[CaseKey]] = []
        self.meanwhile: list[Any] = []

    def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
        """Read and count."""
        self.calls.append("load")
        self.reads.append(list(keys))
        return super().load(merchant, keys)

    def save(self, before: StoredCase, case: Any, **more: Any) -> None:
        """Write and count."""
        self.calls.append("save")
        if self.meanwhile:
            self.meanwhile.pop()()
        super().save(before, case, **more)


class House:
    """A shop whose desktop asks."""

    def __init__(self, **fields: Any) -> None:
        self.table, self.clock, self.counts = FakeTable(), FakeClock(NOW), Counter[str]()
        self.store, self.queue = CountingStore(self.table), FakeQueue()
        self.put_policy(1, **fields)
        self.reception = Reception(self.store, self.queue, self.clock, self.count)
        self.lines = 0

    def count(self, what: str) -> None:
        """Count."""
        self.counts[what] += 1

    def put_policy(self, version: int, **fields: Any) -> None:
        """Put a policy in force."""
        self.table.policies[MERCHANT] = policy(**fields).model_copy(update={"version": version})

    def come(self, agent: str, group: str = "presale") -> None:
        """An agent comes to a desk."""
        event = AgentSeen(merchant=MERCHANT, group=group, agent=agent, presence=Presence.ONLINE, at=self.clock.now())
        handle_event(event, self.store, self.clock)
        self.store.calls.clear()
        self.store.reads.clear()

    def put(self, key: CaseKey, case: Any) -> None:
        """Store a case."""
        self.store.save(StoredCase(key), case, outbox=(), due=None, draw=None, now=NOW)
        self.store.calls.clear()

    def ask(self, text: str = "你好", **fields: Any) -> dict[str, Any]:
        """Ask where a line belongs, and read the answer as the desktop does."""
        self.lines += 1
        data = {"session_id": "S1", "channel": "web", "message_id": f"m{self.lines}", "text": text}
        body = json.dumps({**data, "buyer": {"id": "b-1"}, **fields}).encode()
        answer = self.reception.route(read_question(MERCHANT, body, self.clock.now()))
        document: dict[str, Any] = json.loads(json.dumps(answer.document()))
        return document

    def follow(self) -> None:
        """Let the queue's consumer take what was sent."""
        for _, body in self.queue.take(Lane.CHATS):
            event: Any = parse_message(body)
            handle_event(event, self.store, self.clock)
        self.store.calls.clear()

    @property
    def session(self) -> SessionCase | None:
        """The session as stored."""
        stored = self.table.cases.get(SESSION)
        return stored.case if stored and isinstance(stored.case, SessionCase) else None

    def desk(self, group: str = "presale") -> DeskCase:
        """A desk as stored."""
        case = self.table.cases[desk_key(MERCHANT, group)].case
        assert isinstance(case, DeskCase)
        return case


def test_a_line_for_the_bot_is_one_read_and_one_message() -> None:
    house = House()
    answer = house.ask("你好")
    assert house.store.calls == ["load"]
    assert {name: answer[name] for name in ("holder", "group", "agent", "token", "hops", "rule")} == {
        "holder": "bot", "group": None, "agent": None, "token": 0, "hops": 0, "rule": "default.bot_first",
    }  # fmt: skip
    [(merchant, body)] = house.queue.take(Lane.CHATS)
    assert (merchant, type(parse_message(body))) == (MERCHANT, LineReceived)
    assert house.table.cases == {}


def test_an_upset_buyer_gets_a_person_in_the_same_breath_if_one_is_free() -> None:
    house = House()
    house.come("paul")
    house.ask("你好")  # from now on the desks are known
    house.follow()
    answer = house.ask(UPSET)
    assert house.store.calls == ["load", "save"]
    assert (answer["holder"], answer["group"], answer["agent"], answer["token"]) == ("agent", "presale", "paul", 1)
    assert answer["rule"] == "default.upset_buyer"
    assert house.queue.take(Lane.CHATS) == []
    assert house.session is not None
    assert (house.session.holder, house.session.agent, house.session.token) == ("agent", "paul", 1)
    assert [seat.token for seat in house.desk().agents["paul"].seats] == [1]
    assert not [record for record in house.table.take_stream() if record.key == str(SESSION) and record.outbox]


def test_where_desks_are_not_known_yet_the_one_that_is_needed_is_read() -> None:
    house = House()
    house.come("paul")
    assert house.ask(UPSET)["agent"] == "paul"
    assert house.store.reads == [[SESSION], [desk_key(MERCHANT, "presale")]]


def test_where_nobody_is_free_the_line_goes_on_the_queue_and_the_session_waits() -> None:
    house = House()
    answer = house.ask(UPSET)
    assert (answer["holder"], answer["group"], answer["agent"], answer["token"]) == ("waiting", "presale", None, 1)
    assert "save" not in house.store.calls
    house.follow()
    assert house.session is not None
    assert (house.session.holder, house.session.group, house.session.token) == ("waiting", "presale", 1)


def test_the_queue_decides_as_was_answered() -> None:
    house = House(rules=[VIP], mode="assist")
    for text, tags in ((UPSET, []), ("你好", ["vip"]), ("怎么还不发货", [])):
        answer = house.ask(text, buyer={"id": "b-1", "tags": tags})
        house.follow()
        assert house.session is not None
        told = (answer["holder"], answer["group"], answer["token"], answer["priority"], answer["rule"])
        case = house.session
        assert told == (case.holder, case.group, case.token, case.priority, case.routed[-1].rule)


def test_the_same_line_twice_is_answered_twice_and_counted_once() -> None:
    house = House()
    house.come("paul")
    first = house.ask(UPSET, message_id="m-1")
    house.store.calls.clear()
    assert house.ask(UPSET, message_id="m-1") == first
    assert house.store.calls == ["load"]
    assert house.queue.take(Lane.CHATS) == []


def test_a_line_that_was_pushed_as_well_is_one_line() -> None:
    house = House()
    for _ in range(2):
        house.ask("在吗", message_id="m-1")
    house.follow()
    assert house.session is not None
    assert (len(house.session.heard), house.session.repeated) == (1, 0)


def test_a_short_line_is_understood_by_what_the_session_is_about() -> None:
    house = House()
    house.ask("我要退款")
    house.follow()
    assert house.ask("多久能到")["understanding"]["intent"] == "refund"


def test_what_the_buyer_says_is_nowhere_stored_or_sent() -> None:
    house = House(push=True)
    house.come("paul")
    house.ask("我的电话是13800138000，尽快退款")
    sent = str(house.queue.lanes)
    house.follow()
    house.ask(UPSET)
    stored = str(house.table.cases) + str(house.table.stream)
    for words in ("13800138000", "骗子", "投诉", "尽快"):
        assert words not in sent + stored


# ---- what stands in the answer -----------------------------------------------------------------------------------


def test_the_answer_says_why_in_a_sentence_and_what_the_buyer_has_open() -> None:
    house = House(mode="assist")
    trouble = Trouble(parcel="zto:W1", what=("stalled",), at=NOW)
    house.put(order_key(MERCHANT, "douyin", "O1"), order(platform="douyin", paid_at=NOW, troubles=(trouble,)))
    house.put(refund_key(MERCHANT, "douyin", "R1"), refund(RefundPhase.REVIEWING, platform="douyin"))
    answer = house.ask(
        "怎么还没到", buyer={"id": "b-1", "platform": "douyin"}, order_ids=["O1", "O2"], refund_ids=["R1"]
    )
    assert (answer["group"], answer["priority"], answer["tags"]) == ("logistics", 3, ["stalled"])
    assert answer["reason"] == "买家的包裹有未结异常（未结异常=退款、在途停滞），转logistics"
    assert answer["cases"] == [
        {"kind": "parcel", "parcel": "zto:W1", "order_id": "O1", "what": ["stalled"], "text": "在途停滞"},
        {"kind": "refund", "refund_id": "R1", "order_id": "O1", "phase": "reviewing"},
    ]
    assert answer["understanding"]["intent"] == "logistics"


def test_a_rule_of_the_merchant_is_explained_by_what_it_looked_at_and_brings_its_note() -> None:
    rule = {
        "rule": "live-vip",
        "when": {"all": [{"field": "live_room", "is": "L1"}, {"not": {"field": "buyer_tier", "is": "new"}},
                         {"any": [{"field": "price_fen", "from": 5000}, {"field": "buyer_tags", "has": ["老客户"]}]}]},
        "then": {"agent": "anna", "priority": 1, "tags": ["live"], "note": "直播间专属，先道歉"},
    }  # fmt: skip
    house = House(rules=[rule])
    answer = house.ask(live_room="L1", buyer={"id": "b-1", "tier": "gold", "tags": ["老客户"]})
    assert (answer["rule"], answer["note"], answer["tags"]) == ("live-vip", "直播间专属，先道歉", ["live"])
    expected = "命中规则「live-vip」（直播间=L1，买家等级=gold，订单金额=0.00元，买家标签=老客户），转专属客服 anna"
    assert answer["reason"] == expected


def test_who_was_handed_over_by_people_is_told_so() -> None:
    house = House()
    house.ask()
    house.follow()
    from tests.unit.rules.chat.build import hand_over

    house.clock.advance(SECOND)
    handle_event(hand_over("aftersale", at=house.clock.now()), house.store, house.clock)
    answer = house.ask()
    assert (answer["rule"], answer["reason"]) == ("handed_over", "人工转交，转aftersale")


def test_who_is_there_is_a_fact_on_both_ways() -> None:
    rule = {"rule": "nobody-there", "when": {"field": "staffed", "is": False}, "then": {"bot": True}}
    house = House(rules=[rule], mode="assist")
    assert house.ask()["rule"] == "nobody-there"
    house.follow()
    assert house.session is not None
    assert house.session.routed[-1].rule == "nobody-there"
    house.come("paul")
    assert (house.ask()["rule"], house.ask()["agent"]) == ("default.pre_sale", "paul")


# ---- races and refusals ------------------------------------------------------------------------------------------


def test_a_lost_race_is_decided_again() -> None:
    house = House()
    house.come("paul")

    def somebody_closes_the_desk() -> None:
        seen = AgentSeen(merchant=MERCHANT, group="presale", agent="paul", presence=Presence.AWAY, at=NOW + SECOND)
        handle_event(seen, FakeCaseStore(house.table), FakeClock(NOW + SECOND))

    house.store.meanwhile.append(somebody_closes_the_desk)
    answer = house.ask(UPSET)
    assert (answer["holder"], answer["agent"]) == ("waiting", None)
    assert house.session is None
    assert len(house.queue.take(Lane.CHATS)) == 1


def test_whoever_loses_every_race_leaves_it_to_the_queue() -> None:
    house = House()
    house.come("paul")

    def lose() -> None:
        raise LostRace

    house.store.meanwhile.extend([lose] * 9)
    answer = house.ask(UPSET)
    assert (answer["holder"], house.store.calls.count("save")) == ("waiting", 4)
    assert len(house.queue.take(Lane.CHATS)) == 1


def test_two_lines_at_once_never_fill_one_seat() -> None:
    house = House(groups=GROUPS | {"presale": {"agents": [{"agent": "paul", "seats": 1}]}})
    house.come("paul")
    other = House.__new__(House)
    other.__dict__.update(house.__dict__, store=CountingStore(house.table), queue=FakeQueue(), lines=50)
    other.reception = Reception(other.store, other.queue, other.clock, other.count)
    house.store.meanwhile.append(lambda: other.ask(UPSET, session_id="S2"))
    assert house.ask(UPSET)["holder"] == "waiting"
    assert [seat.session for seat in house.desk().agents["paul"].seats] == ["web:S2"]


def test_a_second_hop_is_counted_where_it_is_written() -> None:
    house = House(mode="assist")
    house.ask()
    house.follow()
    from tests.unit.rules.chat.build import hand_over

    house.clock.advance(MINUTE)
    handle_event(hand_over("aftersale", at=house.clock.now()), house.store, house.clock)
    house.come("lena", "logistics")
    trouble = Trouble(parcel="zto:W1", what=("stalled",), at=NOW)
    house.put(order_key(MERCHANT, "chat", "O1"), order(platform="chat", paid_at=NOW, troubles=(trouble,)))
    answer = house.ask(order_ids=["O1"])
    assert (answer["agent"], answer["hops"], house.counts) == ("lena", 2, {"second_hop": 1})


def test_a_merchant_without_a_policy_is_refused() -> None:
    house = House()
    house.table.policies.clear()
    with pytest.raises(UnknownMerchant):
        house.ask()


def test_many_groups_are_not_read_along() -> None:
    many = {f"g{number}": {"agents": [{"agent": f"a{number}"}]} for number in range(21)}
    house = House(groups=GROUPS | many)
    house.come("paul")
    house.ask()
    house.ask(UPSET, session_id="S2")
    assert [len(keys) for keys in house.store.reads] == [1, 1, 1]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[]", "body: object expected, got list"),
        (b"{", "not JSON in UTF-8"),
        (b'{"session_id":"S1"}', "channel: a short name in lower case expected"),
        (b'{"session_id":"S1","channel":"web","message_id":"1","buyer":{"id":"b"},"at":"soon"}', "at: not a time"),
    ],
)
def test_a_question_that_is_none_is_refused_with_a_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_question(MERCHANT, body, NOW)
    assert caught.value.text == sentence


def test_a_question_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_question(MERCHANT, b" " * (BODY_MAX + 1), NOW)


def test_a_line_of_tomorrow_is_of_now() -> None:
    house = House()
    house.come("paul")
    house.ask(UPSET, at=(NOW + timedelta(days=1)).isoformat())
    assert house.session is not None
    assert house.session.last_line_at == NOW


# ---- channels whose platform decides, and welcomes -------------------------------------------------------------------


def test_on_an_advisory_channel_the_answer_names_who_and_why_and_nothing_is_taken() -> None:
    house = House(channels={"web": "advisory"}, push=True)
    house.come("paul")
    house.ask("你好")  # from now on the desks are known
    house.follow()
    before = house.desk()
    answer = house.ask(UPSET)
    assert house.store.calls == ["load"]
    assert {name: answer[name] for name in ("holder", "advisory", "group", "agent", "token", "rule")} == {
        "holder": "waiting", "advisory": True, "group": "presale", "agent": None, "token": 0,
        "rule": "default.upset_buyer",
    }  # fmt: skip
    assert "投诉" in answer["reason"]
    house.follow()
    assert house.desk() == before
    assert house.session is not None
    assert (house.session.holder, house.session.advised, house.session.token) == ("bot", "waiting", 0)
    assert not [record for record in house.table.take_stream() if record.key == str(SESSION) and record.outbox]
    assert house.ask(UPSET)["group"] == "presale"


def test_where_we_decide_the_answer_says_so() -> None:
    assert House(channels={"qianniu": "advisory"}).ask()["advisory"] is False


def test_the_first_line_is_welcomed_in_the_one_read() -> None:
    house = House(welcomes=[{"welcome": "hello", "text": "您好", "questions": ["包裹到哪了？"]}])
    answer = house.ask("你好")
    assert answer["welcome"] == {"welcome": "hello", "text": "您好", "questions": ["包裹到哪了？"]}
    assert house.store.calls == ["load"]
    house.follow()
    again = house.ask("你好", message_id="m1")
    assert again["welcome"] == answer["welcome"]
    assert house.ask("在吗")["welcome"] is None
