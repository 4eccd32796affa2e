"""A lane's two queues on moto: what comes later, what is set aside, what is renewed, and where a crowd goes."""

from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.sqs_deliveries import SqsDeliveries
from shared.adapters.sqs_queue import CROWD_MIN, SqsQueue
from shared.domain.lanes import ASIDE, Lane
from shared.settings import Settings
from tests.fakes import FakeClock
from tests.integration.conftest import NOW
from tests.moto_aws import MotoAws

HOUR = timedelta(hours=1)
BODY = '{"type":"interception_wanted","merchant":"shop"}'


class Lanes:
    """The queues of the parcels and of the couriers' commands."""

    def __init__(self, aws: MotoAws) -> None:
        self.sqs = aws.sqs
        lanes = (Lane.PARCELS, Lane.COURIER_CALLS)
        self.urls = {
            name: aws.sqs.create_queue(QueueName=name)["QueueUrl"] for lane in lanes for name in (lane, lane + ASIDE)
        }
        settings = Settings(queue_urls={lane: self.urls[lane] for lane in lanes})
        self.clock = FakeClock(NOW)
        self.queue = SqsQueue(aws.sqs, settings, self.clock)
        self.deliveries = SqsDeliveries(lambda: aws.sqs, settings, Lane.PARCELS)

    def receive(self, name: str) -> dict[str, Any] | None:
        """Give a message as the event source mapping would."""
        found = self.sqs.receive_message(
            QueueUrl=self.urls[name], AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages")
        if not found:
            return None
        attributes = found[0].get("MessageAttributes", {})
        return {
            "body": found[0]["Body"],
            "receiptHandle": found[0]["ReceiptHandle"],
            "attributes": found[0]["Attributes"],
            "messageAttributes": {key: {"stringValue": one["StringValue"]} for key, one in attributes.items()},
            "eventSourceARN": f"arn:aws:sqs:cn-north-1:111122223333:{name}",
        }

    def depths(self) -> dict[str, int]:
        """How many messages each queue holds, later ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        found = {
            name: self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            for name, url in self.urls.items()
        }
        return {name: sum(map(int, one.values())) for name, one in found.items() if sum(map(int, one.values()))}


@pytest.fixture
def lanes(aws: MotoAws) -> Lanes:
    return Lanes(aws)


@pytest.mark.parametrize("name", ["parcels", "parcels-aside"])
@pytest.mark.parametrize(
    ("after", "visible"),
    [(timedelta(0), True), (timedelta(seconds=-1), True), (HOUR, False), (timedelta(days=3), False)],
)
def test_a_postponed_message_comes_back_to_its_own_queue_after_its_pause(
    lanes: Lanes, name: str, after: timedelta, visible: bool
) -> None:
    lanes.sqs.send_message(QueueUrl=lanes.urls[name], MessageBody="a", MessageGroupId="shop")
    lanes.deliveries.delay(lanes.receive(name), after)
    assert bool(lanes.receive(name)) is visible


def test_what_is_set_aside_is_on_the_second_queue_at_once_grouped_as_before(lanes: Lanes) -> None:
    lanes.queue.send(Lane.PARCELS, [("shop", BODY)])
    lanes.deliveries.set_aside(lanes.receive("parcels"), "1000,2")
    found = lanes.receive("parcels-aside")
    assert (found["body"], found["attributes"]["MessageGroupId"]) == (BODY, "shop")
    assert found["messageAttributes"]["past"]["stringValue"] == "1000,2"


@pytest.mark.parametrize("name", ["parcels", "parcels-aside"])
def test_what_is_put_back_is_a_new_message_on_the_same_queue_and_remembers(lanes: Lanes, name: str) -> None:
    lanes.sqs.send_message(QueueUrl=lanes.urls[name], MessageBody=BODY, MessageGroupId="shop")
    record = lanes.receive(name)
    lanes.sqs.delete_message(QueueUrl=lanes.urls[name], ReceiptHandle=record["receiptHandle"])
    lanes.deliveries.put_back(record, timedelta(), "1000,5")
    found = lanes.receive(name)
    assert found["attributes"]["ApproximateReceiveCount"] == "1"
    assert (found["body"], found["attributes"]["MessageGroupId"]) == (BODY, "shop")
    assert found["messageAttributes"]["past"]["stringValue"] == "1000,5"


@pytest.mark.parametrize(("after", "delay_s"), [(timedelta(milliseconds=1), 1), (HOUR, 900), (timedelta(days=-1), 0)])
def test_a_pause_is_a_whole_number_of_seconds_and_never_longer_than_sqs_allows(
    lanes: Lanes, after: timedelta, delay_s: int
) -> None:
    sent = []
    lanes.sqs.meta.events.register("provide-client-params.sqs.SendMessage", lambda params, **_: sent.append(params))
    lanes.queue.send(Lane.PARCELS, [("shop", BODY)])
    lanes.deliveries.put_back(lanes.receive("parcels"), after, "1000,5")
    assert [one["DelaySeconds"] for one in sent] == [delay_s]


def test_what_exceeds_a_crowd_goes_to_the_second_queue_and_others_do_not(lanes: Lanes) -> None:
    lanes.queue.send(Lane.PARCELS, [("busy", "x")] * (CROWD_MIN + 30) + [("quiet", "y")] * 5)
    assert lanes.depths() == {"parcels": CROWD_MIN + 5, "parcels-aside": 30}


def test_commands_have_no_crowds_since_their_second_queue_is_for_silent_vendors(lanes: Lanes) -> None:
    lanes.queue.send(Lane.COURIER_CALLS, [("busy", "x")] * (CROWD_MIN + 30))
    assert lanes.depths() == {"courier-calls": CROWD_MIN + 30}
