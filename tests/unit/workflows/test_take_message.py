"""Every event of a message reaches a fate, and every message of a batch its own end."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.domain.chat_events import AgentNoticed
from shared.domain.events import DeadlineReached, EventIgnored, EventUnknown
from shared.domain.lanes import Lane
from shared.domain.messages import write_message
from shared.domain.wire import Push
from shared.errors import Permanent, Retryable, UnknownSource
from shared.workflows.handle_event import Fate
from shared.workflows.publish_outbox import publish_outbox
from shared.workflows.receive_push import write_raw_push
from shared.workflows.take_batch import take_batch
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


# ---- batches -----------------------------------------------------------------------------------------------------


class Ear:
    """Remembers what telemetry was told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def taking(self, message_id: str) -> None:
        """The next message of the batch."""

    def postponed(self, *told: Any) -> None:
        """A message comes again."""
        self.heard.append(("postponed", *told))

    def failed(self, message_id: str) -> None:
        """A bug."""
        self.heard.append(("failed", message_id))

    def flush(self) -> None:
        """The end of the batch."""
        self.heard.append("flush")


def _record(number: int, attempt: int = 1) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(attempt)}
    return {"messageId": f"m{number}", "receiptHandle": f"h{number}", "body": str(number), "attributes": attributes}


def test_what_fails_is_delivered_again_and_what_succeeded_is_not() -> None:
    taken, delays, ear = [], [], Ear()

    def take(body: str, attempt: int) -> None:
        taken.append((body, attempt))
        if body == "1":
            raise Retryable("busy", timedelta(seconds=90))
        if body == "2":
            raise KeyError("bug")
        if body == "3":
            raise Permanent("no_policy")

    answer = take_batch(
        [_record(0), _record(1, 4), _record(2), _record(3), _record(4)],
        take,
        lambda *delay: delays.append(delay),
        ear,  # type: ignore[arg-type]
    )
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"m{number}"} for number in (1, 2, 3)]}
    assert taken == [("0", 1), ("1", 4), ("2", 1), ("3", 1), ("4", 1)]
    assert delays == [("h1", timedelta(seconds=90))]
    assert ear.heard == [
        ("postponed", "m1", "busy", timedelta(seconds=90)),
        ("failed", "m2"),
        ("failed", "m3"),
        "flush",
    ]


def test_a_delay_that_cannot_be_set_fails_no_other_message() -> None:
    def take(body: str, attempt: int) -> None:
        raise Retryable("busy", timedelta(seconds=1))

    def delay(handle: str, after: timedelta) -> None:
        raise Retryable("queue", timedelta(seconds=1))

    answer = take_batch([_record(0), _record(1)], take, delay, Ear())  # type: ignore[arg-type]
    assert len(answer["batchItemFailures"]) == 2


def test_an_empty_batch_is_no_trouble() -> None:
    assert take_batch([], lambda *_: None, lambda *_: None, Ear()) == {"batchItemFailures": []}  # type: ignore[arg-type]


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
    assert publish_outbox(records, queue) == 3
    assert queue.take(Lane.PARCELS) == [(MERCHANT, "a"), (MERCHANT, "c")]
    assert queue.take(Lane.REFUNDS) == [(MERCHANT, "b")]


def test_what_comes_for_a_merchant_that_has_left_is_passed_over() -> None:
    inbox = Inbox(reported(), AgentNoticed(merchant=MERCHANT, agent="anna", presence="online", at=NOW))
    del inbox.table.policies[MERCHANT]
    inbox.table.withdrawn.add(MERCHANT)
    assert [fate.fate for fate in inbox.push()] == [Fate.LEFT, Fate.IGNORED]
    assert [fate.fate for fate in inbox.take(write_message(reported()))] == [Fate.LEFT]
    assert inbox.table.cases == {}
