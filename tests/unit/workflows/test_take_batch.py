"""Each message of a batch ends for itself, and nobody's absence makes a dead letter of one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Permanent, Retryable, Waiting
from shared.workflows.take_batch import PAST, Delivery, take_batch
from tests.fakes import FakeDeliveries

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Ear:
    """Hears what operators would."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def taking(self, message_id: str) -> None:
        """The next message of the batch."""

    def postponed(self, message_id: str, reason: str, after: timedelta, age: timedelta) -> None:
        """A message comes again."""
        self.heard.append(("postponed", message_id, reason, after, age))

    def failed(self, message_id: str) -> None:
        """A bug."""
        self.heard.append(("failed", message_id))

    def flush(self) -> None:
        """The end of the batch."""
        self.heard.append("flush")


def record(number: int, attempt: int = 1, *, past: str = "", queue: str = "huhang-parcels") -> dict[str, Any]:
    """A record as Lambda hands it over."""
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"h{number}",
        "body": str(number),
        "attributes": {
            "ApproximateReceiveCount": str(attempt),
            "SentTimestamp": "1000",
            "ApproximateFirstReceiveTimestamp": "1500",
        },
        "messageAttributes": {PAST: {"stringValue": past, "dataType": "String"}} if past else {},
        "eventSourceARN": f"arn:aws:sqs:cn-north-1:111122223333:{queue}",
    }


def fail_with(error: Exception, *records: Mapping[str, Any], deliveries: FakeDeliveries) -> list[str]:
    """Let every message fail; give those that are reported as failed."""

    def take(_: Delivery) -> None:
        raise error

    answer = take_batch(records, take, deliveries, Ear())  # type: ignore[arg-type]
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_what_fails_is_delivered_again_and_what_succeeded_is_not() -> None:
    taken, deliveries, ear = [], FakeDeliveries(), Ear()

    def take(delivery: Delivery) -> None:
        taken.append((delivery.body, delivery.attempt))
        if delivery.body == "1":
            raise Retryable("busy", timedelta(seconds=90))
        if delivery.body == "2":
            raise KeyError("bug")
        if delivery.body == "3":
            raise Permanent("no_policy")

    records = [record(0), record(1, 4), record(2), record(3), record(4)]
    answer = take_batch(records, take, deliveries, ear)  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"m{number}"} for number in (1, 2, 3)]}
    assert taken == [("0", 1), ("1", 4), ("2", 1), ("3", 1), ("4", 1)]
    assert deliveries.delayed == [("h1", timedelta(seconds=90))]
    assert ear.heard == [
        ("postponed", "m1", "busy", timedelta(seconds=90), timedelta(milliseconds=500)),
        ("failed", "m2"),
        ("failed", "m3"),
        "flush",
    ]


def test_a_message_that_was_put_back_is_as_old_as_the_first_that_it_replaces() -> None:
    ear = Ear()

    def take(_: Delivery) -> None:
        raise Retryable("busy", SECOND)

    take_batch([record(0, past="1,9,0")], take, FakeDeliveries(), ear)  # type: ignore[arg-type]
    assert ear.heard[0] == ("postponed", "m0", "busy", SECOND, timedelta(milliseconds=1499))


def test_a_delay_that_cannot_be_set_fails_no_other_message() -> None:
    deliveries = FakeDeliveries(trouble=Retryable("queue", SECOND))
    assert fail_with(Retryable("busy", SECOND), record(0), record(1), deliveries=deliveries) == ["m0", "m1"]


def test_an_empty_batch_is_no_trouble() -> None:
    assert fail_with(KeyError("bug"), deliveries=FakeDeliveries()) == []


def test_a_message_for_a_silent_vendor_is_handed_to_the_second_queue_untried_and_done_with_here() -> None:
    deliveries = FakeDeliveries()
    assert fail_with(Waiting("courier.test"), record(0, 3), deliveries=deliveries) == []
    assert deliveries.aside == [("0", "1000,2,0")]


def test_a_message_that_cannot_be_handed_over_stays() -> None:
    deliveries = FakeDeliveries(trouble=Retryable("queue", SECOND))
    assert fail_with(Waiting("courier.test"), record(0), deliveries=deliveries) == ["m0"]


@pytest.mark.parametrize("queue", ["huhang-parcels", "huhang-parcels-aside"])
def test_it_is_known_from_which_queue_a_message_comes(queue: str) -> None:
    taken: list[Delivery] = []
    take_batch([record(0, 2, queue=queue)], taken.append, FakeDeliveries(), Ear())  # type: ignore[arg-type]
    assert taken == [Delivery("0", 2, queue.endswith("-aside"))]


def test_a_message_never_uses_up_its_last_delivery_because_somebody_is_away() -> None:
    deliveries = FakeDeliveries()
    for attempt in range(1, 5):
        assert fail_with(Retryable("away", SECOND), record(0, attempt), deliveries=deliveries) == ["m0"]
    assert fail_with(Retryable("away", SECOND), record(0, 5), deliveries=deliveries) == []
    assert deliveries.back == [("0", timedelta(seconds=30), "1000,5,0")]


def test_the_pauses_grow_to_a_quarter_of_an_hour_and_respect_what_was_asked_for() -> None:
    deliveries = FakeDeliveries()
    for tries in (5, 10, 25, 500):
        fail_with(Retryable("away", SECOND), record(0, 5, past=f"1000,{tries}"), deliveries=deliveries)
    fail_with(Retryable("away", timedelta(minutes=4)), record(0, 5), deliveries=deliveries)
    assert [pause for _, pause, _ in deliveries.back] == [MINUTE, 2 * MINUTE, 15 * MINUTE, 15 * MINUTE, 4 * MINUTE]


def test_after_a_day_it_does_become_a_dead_letter() -> None:
    deliveries = FakeDeliveries()
    past = f"{-24 * 3600 * 1000},70"  # more than a day before
    assert fail_with(Retryable("away", SECOND), record(0, 5, past=past), deliveries=deliveries) == ["m0"]
    assert (deliveries.back, deliveries.delayed) == ([], [("h0", SECOND)])


def test_a_bug_is_a_dead_letter_as_soon_as_the_queue_says_so() -> None:
    deliveries = FakeDeliveries()
    assert fail_with(KeyError("bug"), record(0, 5), deliveries=deliveries) == ["m0"]
    assert (deliveries.back, deliveries.delayed) == ([], [])
