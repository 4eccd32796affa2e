"""A message whose vendor wants fewer calls is put back as a new one: it never comes nearer to the dead-letter queue."""

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Retryable, Throttled
from shared.workflows.take_batch import PAST, PUT_BACK_MAX, Delivery, Past, take_batch

RECEIVES_MAX = 8
SECOND = timedelta(seconds=1)


class Ear:
    """Hears nothing but how often something was put off."""

    def __init__(self) -> None:
        self.postponed_times = 0

    def taking(self, message_id: str) -> None:
        """A message begins."""

    def postponed(self, *told: object) -> None:
        """A message comes again."""
        self.postponed_times += 1

    def failed(self, message_id: str) -> None:
        """No bug is expected."""
        raise AssertionError(message_id)

    def flush(self) -> None:
        """The end of the batch."""


class Line:
    """A queue with one message, which goes to the dead letters after eight deliveries."""

    def __init__(self) -> None:
        self.now_ms = self.sent_ms = 1_000
        self.receives = 0
        self.past = ""
        self.done = self.dead = self.is_broken = False
        self.tries: list[int] = []

    def delay(self, record: Any, after: timedelta) -> None:
        """Let it be delivered again."""

    def set_aside(self, record: Any, past: str) -> None:
        """Nobody is kept waiting."""
        raise AssertionError(record)

    def put_back(self, record: Any, after: timedelta, past: str) -> None:
        """Stand where the queue does."""
        assert record["body"] == "call"
        if self.is_broken:
            raise Retryable("queue", SECOND)
        self.now_ms += after // timedelta(milliseconds=1)
        self.sent_ms, self.receives, self.past = self.now_ms, 0, past

    def deliver(self, error: Exception | None) -> None:
        """Deliver it once more; it ends in `error`, or well."""
        if self.receives == RECEIVES_MAX:
            self.dead = True
            return
        self.receives += 1
        attributes = {
            "ApproximateReceiveCount": str(self.receives),
            "SentTimestamp": str(self.sent_ms),
            "ApproximateFirstReceiveTimestamp": str(self.now_ms),
        }
        record: dict[str, Any] = {"messageId": "m", "receiptHandle": "h", "body": "call", "attributes": attributes}
        if self.past:
            record["messageAttributes"] = {PAST: {"stringValue": self.past, "dataType": "String"}}
        before = self.sent_ms, self.past

        def take(delivery: Delivery) -> None:
            self.tries.append(delivery.attempt)
            if error is not None:
                raise error

        answer = take_batch([record], take, self, Ear())  # type: ignore[arg-type]
        is_new = (self.sent_ms, self.past) != before
        assert bool(answer["batchItemFailures"]) == (error is not None and not is_new)
        self.done = error is None


def test_a_throttled_message_is_never_a_dead_letter_within_a_day() -> None:
    line = Line()
    for _ in range(600):
        line.deliver(Throttled("http 429", timedelta(seconds=60)))
    assert not line.dead
    line.deliver(None)
    assert line.done


def test_a_throttled_delivery_is_no_try_and_all_others_are_counted_on() -> None:
    line = Line()
    for error in (Throttled("429", SECOND), Retryable("refused", SECOND), Throttled("429", SECOND), None):
        line.deliver(error)
    assert line.tries == [1, 1, 2, 2]


def test_after_a_day_it_fails_like_any_other_and_somebody_is_paged() -> None:
    line = Line()
    while line.now_ms <= PUT_BACK_MAX // timedelta(milliseconds=1):
        line.deliver(Throttled("429", timedelta(minutes=15)))
    for _ in range(RECEIVES_MAX + 2):
        line.deliver(Throttled("429", timedelta(minutes=15)))
    assert line.dead


def test_what_is_merely_retryable_is_delivered_again_by_the_queue() -> None:
    line = Line()
    line.deliver(Retryable("refused", SECOND))
    assert (line.past, line.receives) == ("", 1)


def test_what_cannot_be_put_back_is_delivered_again_by_the_queue() -> None:
    line = Line()
    line.is_broken = True
    line.deliver(Throttled("429", SECOND))
    assert (line.past, line.receives) == ("", 1)


def test_a_vendor_that_is_away_for_hours_makes_no_dead_letter_either() -> None:
    line = Line()
    for _ in range(200):
        line.deliver(Retryable("refused", SECOND))
        line.now_ms += 60_000
    assert not line.dead
    line.deliver(None)
    assert line.tries == list(range(1, 202))


@pytest.mark.parametrize(
    ("backs", "after_s", "pause_s"), [(0, 3, 3), (1, 3, 6), (5, 3, 96), (99, 3, 120), (0, 600, 600), (9, 600, 600)]
)
def test_each_time_it_waits_longer_but_never_long_and_never_less_than_the_vendor_wants(
    backs: int, after_s: int, pause_s: int
) -> None:
    assert Past(0, 0, backs).pause(after_s * SECOND) == pause_s * SECOND


@pytest.mark.parametrize("past", [Past(0), Past(1_772_000_000_000, 7, 3)])
def test_what_a_message_remembers_survives_the_journey(past: Past) -> None:
    line = Line()
    line.past = str(past)
    line.deliver(None)
    assert line.tries == [past.tries + 1]
