"""Every event of a message reaches a fate, and every message of a batch its own end."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from shared.domain.chat_events import AgentNoticed
from shared.domain.events import DeadlineReached, EventIgnored, EventUnknown
from shared.domain.lanes import Lane
from shared.domain.messages import write_message
from shared.domain.wire import Push
from shared.errors import Permanent, UnknownSource
from shared.workflows.handle_event import Fate
from shared.workflows.publish_outbox import publish_outbox
from shared.workflows.receive_push import write_raw_push
from shared.workflows.take_message import take_message
from tests.fakes import FakeCaseStore, FakeClock, FakeQueue, FakeTable
from tests.unit.rules.build import MERCHANT, NOW, REFUND_KEY, policy, reported
from tests.unit.workflows.vendor import AGREE


class Inbox:
    """A worker with a vendor that reads pushes as the test says."""

    def __init__(self, *items: Any) -> None:
        self.items = items
        self.kept: list[tuple[str, str, str, bytes]] = []
        self.table = FakeTable()
        self.table.policies[MERCHANT] = policy()
        self.parsed: list[tuple[str, bytes, Any]] = []

    def take(self, message: str) -> Any:
        """Take a message."""
        return take_message(
            message,
            store=FakeCaseStore(self.table),
            clock=FakeClock(NOW),
            find_source=self._find,
            unknown=self,
        )

    def push(self, body: bytes = b"{}") -> Any:
        """Take a push as the door writes it."""
        return self.take(write_raw_push("sim", MERCHANT, Push({"content-type": "a/b"}, {}, body), NOW))

    def keep(self, merchant: str, source: str, reason: str, body: bytes, at: Any) -> None:
        """Keep an unknown push."""
        self.kept.append((merchant, source, reason, body))

    def _find(self, name: str) -> Any:
        if name != "sim":
            raise UnknownSource("unknown_source")
        return SimpleNamespace(parse_push=self._parse)

    def _parse(self, merchant: str, body: bytes, headers: Any) -> Any:
        self.parsed.append((merchant, body, headers))
        return list(self.items)


def test_each_event_of_a_push_reaches_its_own_fate() -> None:
    inbox = Inbox(reported(), EventIgnored(what="probe"), EventUnknown(what="tag 999", reason="unlisted"), reported())
    fates = inbox.push(b"\xff\x00raw")
    assert [(fate.fate, fate.what) for fate in fates] == [
        (Fate.HANDLED, "refund_reported"),
        (Fate.IGNORED, "sim:probe"),
        (Fate.UNKNOWN, "sim:tag 999"),
        (Fate.REPEATED, "refund_reported"),
    ]
    assert fates[0].about == "refund:sim:R1"
    assert inbox.kept == [(MERCHANT, "sim", "tag 999: unlisted", b"\xff\x00raw")]
    assert inbox.parsed == [(MERCHANT, b"\xff\x00raw", {"content-type": "a/b"})]


def test_a_push_taken_twice_changes_nothing_the_second_time() -> None:
    inbox = Inbox(reported())
    inbox.push()
    assert [fate.fate for fate in inbox.push()] == [Fate.REPEATED]


def test_a_push_without_events_has_no_fates() -> None:
    assert Inbox().push() == []


def test_our_own_events_need_no_vendor() -> None:
    inbox = Inbox()
    [fate] = inbox.take(write_message(reported()))
    assert (fate.fate, fate.merchant) == (Fate.HANDLED, MERCHANT)
    [fate] = inbox.take(write_message(DeadlineReached(merchant=MERCHANT, about=REFUND_KEY)))
    assert fate.fate is Fate.REPEATED


def test_a_command_among_the_events_is_a_bug() -> None:
    with pytest.raises(Permanent, match="not_an_event"):
        Inbox().take(write_message(AGREE))


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"type":"nonsense"}', '{"type":"refund_reported"}'])
def test_a_message_that_nobody_wrote_is_a_bug_and_no_event(body: str) -> None:
    inbox = Inbox()
    with pytest.raises((ValueError, KeyError, AttributeError)):
        inbox.take(body)
    assert inbox.table.cases == {}


# ---- the outbox --------------------------------------------------------------------------------------------------


def _image(*entries: tuple[Lane, str]) -> dict[str, Any]:
    written = [{"lane": lane.value, "group": MERCHANT, "body": body} for lane, body in entries]
    return {"dynamodb": {"NewImage": {"outbox": {"S": json.dumps(written)}}}}


def test_every_message_of_every_new_outbox_goes_to_its_lane_in_order() -> None:
    queue = FakeQueue()
    records = [
        _image((Lane.PARCELS, "a"), (Lane.REFUNDS, "b")),
        {"dynamodb": {}},
        {"eventName": "REMOVE"},
        {"dynamodb": {"NewImage": {"outbox": {"S": ""}}}},
        _image(),
        _image((Lane.PARCELS, "c")),
    ]
    assert publish_outbox(records, queue, pytest.fail) == 3
    assert queue.take(Lane.PARCELS) == [(MERCHANT, "a"), (MERCHANT, "c")]
    assert queue.take(Lane.REFUNDS) == [(MERCHANT, "b")]


def test_what_rings_wakes_the_clock_once_after_all_messages_are_out() -> None:
    queue, rung = FakeQueue(), list[int]()
    rings = {"dynamodb": {"NewImage": {"rings": {"S": "clock"}}}}
    records = [rings, _image((Lane.PARCELS, "a")), rings]
    assert publish_outbox(records, queue, lambda: rung.append(len(queue.take(Lane.PARCELS)))) == 1
    assert rung == [1]


def test_what_comes_for_a_merchant_that_has_left_is_passed_over() -> None:
    inbox = Inbox(reported(), AgentNoticed(merchant=MERCHANT, agent="anna", presence="online", at=NOW))
    del inbox.table.policies[MERCHANT]
    inbox.table.withdrawn.add(MERCHANT)
    assert [fate.fate for fate in inbox.push()] == [Fate.LEFT, Fate.IGNORED]
    assert [fate.fate for fate in inbox.take(write_message(reported()))] == [Fate.LEFT]
    assert inbox.table.cases == {}
