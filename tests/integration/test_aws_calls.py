"""Warm, AWS calls are what an event costs: their exact number, and the size of what they write."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from shared.adapters.dynamo_cases import write_case
from shared.adapters.signed_aws import AwsRefused
from shared.adapters.sqs_queue import SqsQueue
from shared.domain.lanes import Lane
from shared.errors import LostRace, Retryable
from shared.ports import StoredCase
from shared.settings import Settings
from tests.fakes import FakeClock
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import PARCEL, REFUND, SHOP, accepted, command, draw, parcel_case, refund_case
from tests.moto_aws import MotoAws

HOUR = timedelta(hours=1)


def item_size(item) -> int:
    """DynamoDB's sizing rule: names and strings in UTF-8 bytes, a number about half a byte per digit and one more."""
    total = 0
    for name, value in item.items():
        ((kind, content),) = value.items()
        total += len(name.encode())
        total += len(content.encode()) if kind == "S" else (len(content.lstrip("-")) + 1) // 2 + 1
    return total


@pytest.mark.parametrize(("key", "case"), [(REFUND, refund_case()), (PARCEL, parcel_case())])
def test_a_typical_case_is_one_write_unit(key, case) -> None:
    item = write_case(StoredCase(key, 12, case, NOW + HOUR, NOW), "", NOW)
    assert item_size(item) < 1024


def test_loading_is_one_call(dynamo: Backend) -> None:
    dynamo.cases.load(SHOP, [PARCEL, REFUND])
    assert dynamo.calls == ["BatchGetItem"]


def test_saving_is_one_call_two_when_it_arms_and_one_transaction_when_it_draws(dynamo: Backend) -> None:
    def save(due=None, taking=None):
        before = dynamo.cases.load(SHOP, [REFUND]).cases[REFUND]
        dynamo.calls.clear()
        dynamo.cases.save(before, refund_case(), outbox=[command()], due=due, draw=taking, now=NOW)
        return dynamo.calls

    assert save() == ["PutItem"]
    assert save(due=NOW + HOUR) == ["PutItem", "PutItem"]
    assert save(due=NOW + 2 * HOUR) == ["PutItem"]
    assert save(due=NOW + 2 * HOUR, taking=draw(5)) == ["TransactWriteItems"]
    assert save(taking=draw(-5, refunds=-1)) == ["TransactWriteItems"]


def test_carrying_out_a_command_is_two_calls(dynamo: Backend) -> None:
    dynamo.ledger.claim(SHOP, "1", NOW, NOW + HOUR)
    dynamo.ledger.record(SHOP, "1", accepted())
    assert dynamo.calls == ["UpdateItem"] * 2
    dynamo.ledger.claim(SHOP, "1", NOW, NOW + HOUR)
    assert dynamo.calls == ["UpdateItem"] * 3


def failing(clients: MotoAws, operation: str, error: Exception, times: int = 1):
    """Let the next calls of an operation fail before they are sent."""
    left = [error] * times

    def fail(**_):
        if left:
            raise left.pop()

    clients.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", fail)


def client_error(code: str, operation: str, reasons=()):
    response = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(response, operation)


def cancelled(clients: MotoAws, reasons):
    response = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "TransactWriteItems")


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException", "PutItem"),
        client_error("ThrottlingException", "PutItem"),
        EndpointConnectionError(endpoint_url="https://dynamodb.example"),
    ],
)
def test_a_busy_or_unreachable_table_is_retryable(dynamo: Backend, error: Exception) -> None:
    failing(dynamo.clients, "PutItem", error)
    with pytest.raises(Retryable) as caught:
        dynamo.cases.save(StoredCase(PARCEL), parcel_case(), outbox=(), due=None, draw=None, now=NOW)
    assert caught.value.after > timedelta(0)


def test_a_denied_call_is_a_bug(dynamo: Backend) -> None:
    failing(dynamo.clients, "PutItem", client_error("AccessDeniedException", "PutItem"))
    with pytest.raises(AwsRefused):
        dynamo.cases.save(StoredCase(PARCEL), parcel_case(), outbox=(), due=None, draw=None, now=NOW)


def test_a_write_that_meets_a_transaction_has_lost_the_race(dynamo: Backend) -> None:
    failing(dynamo.clients, "PutItem", client_error("TransactionConflictException", "PutItem"))
    with pytest.raises(LostRace):
        dynamo.cases.save(StoredCase(PARCEL), parcel_case(), outbox=(), due=None, draw=None, now=NOW)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (("TransactionConflict", "None"), LostRace),
        (("None", "TransactionConflict"), Retryable),
        (("ConditionalCheckFailed", "ConditionalCheckFailed"), LostRace),
        (("None", "ThrottlingError"), Retryable),
    ],
)
def test_a_cancelled_transaction_says_what_to_do(dynamo: Backend, reasons, expected) -> None:
    failing(dynamo.clients, "TransactWriteItems", cancelled(dynamo.clients, reasons))
    with pytest.raises(expected):
        dynamo.cases.save(StoredCase(REFUND), refund_case(), outbox=(), due=None, draw=draw(5), now=NOW)


def unprocessed(clients: MotoAws, times: int):
    """Let moto's next answers hold back every key, as a throttled table does."""
    left = list(range(times))

    def hold_back(parsed, **_):
        if left:
            left.pop()
            keys = [{"pk": {"S": str(PARCEL)}, "sk": {"S": "-"}}]
            parsed["Responses"] = {"huhang-test": []}
            parsed["UnprocessedKeys"] = {"huhang-test": {"Keys": keys, "ConsistentRead": True}}

    clients.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", hold_back)


def test_keys_held_back_are_asked_for_again(dynamo: Backend) -> None:
    dynamo.cases.save(StoredCase(PARCEL), parcel_case(), outbox=(), due=None, draw=None, now=NOW)
    unprocessed(dynamo.clients, 2)
    assert dynamo.cases.load(SHOP, [PARCEL]).cases[PARCEL].version == 1


def test_keys_held_back_for_ever_are_not_taken_for_absent(dynamo: Backend) -> None:
    unprocessed(dynamo.clients, 3)
    with pytest.raises(Retryable):
        dynamo.cases.load(SHOP, [PARCEL])


@pytest.fixture
def queue(aws: MotoAws):
    url = aws.sqs.create_queue(QueueName="parcels")["QueueUrl"]
    calls = []
    aws.sqs.meta.events.register(
        "provide-client-params.sqs.SendMessageBatch", lambda params, **_: calls.append(params["Entries"])
    )
    return SqsQueue(aws.sqs, Settings(queue_urls={Lane.PARCELS: url}), FakeClock(NOW)), calls, aws.sqs, url


def test_characters_that_no_queue_takes_are_replaced(queue) -> None:
    adapter, calls, _, _ = queue
    adapter.send(Lane.PARCELS, [("shop", '{"text":"已签收\ufffe\uffff\n"}')])
    assert calls[0][0]["MessageBody"] == '{"text":"已签收\ufffd\ufffd\n"}'


def test_sending_is_one_call_per_ten_messages_grouped_by_merchant(queue) -> None:
    adapter, calls, client, url = queue
    adapter.send(Lane.PARCELS, [(f"shop-{number % 2}", f'{{"n":{number}}}') for number in range(25)])
    assert [len(call) for call in calls] == [10, 10, 5]
    assert calls[0][1]["MessageGroupId"] == "shop-1"
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"] == {
        "ApproximateNumberOfMessages": "25"
    }


def test_what_is_sent_for_an_instant_waits_until_then(queue) -> None:
    adapter, calls, client, url = queue
    ats = [NOW - timedelta(hours=1), NOW, NOW + timedelta(seconds=30.2), NOW + timedelta(hours=1)]
    adapter.send_later(Lane.PARCELS, [("shop", f'{{"n":{number}}}', at) for number, at in enumerate(ats)])
    assert [entry.get("DelaySeconds") for entry in calls[0]] == [None, None, 31, 900]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] == dict.fromkeys(names, "2")


def test_a_batch_stays_below_one_mebibyte(queue) -> None:
    adapter, calls, _, _ = queue
    adapter.send(Lane.PARCELS, [("shop", "包" * 100_000)] * 4)
    assert [len(call) for call in calls] == [3, 1]


def test_who_sends_thousands_makes_several_calls_at_once_and_all_have_ended_when_it_returns(queue) -> None:
    _, _, client, url = queue
    both = Barrier(2, timeout=20)

    def wait_for_another(**_) -> None:
        both.wait()

    client.meta.events.register("provide-client-params.sqs.SendMessageBatch", wait_for_another)
    with ThreadPoolExecutor(2) as callers:
        adapter = SqsQueue(client, Settings(queue_urls={Lane.PARCELS: url}), FakeClock(NOW), callers.map)
        adapter.send(Lane.PARCELS, [("shop", str(number)) for number in range(40)])
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"] == {
        "ApproximateNumberOfMessages": "40"
    }


def test_one_refused_call_of_several_at_once_is_retryable(queue) -> None:
    _, _, client, url = queue
    refusing(client, ["0"], 3)
    with ThreadPoolExecutor(1) as callers:
        adapter = SqsQueue(client, Settings(queue_urls={Lane.PARCELS: url}), FakeClock(NOW), callers.map)
        with pytest.raises(Retryable, match="InternalError"):
            adapter.send(Lane.PARCELS, [("shop", str(number)) for number in range(40)])


def test_sending_nothing_calls_nothing(queue) -> None:
    adapter, calls, _, _ = queue
    adapter.send(Lane.PARCELS, [])
    assert calls == []


def refusing(client, numbers, times):
    left = list(range(times))

    def refuse(parsed, **_):
        if left:
            left.pop()
            parsed["Failed"] = [{"Id": number, "Code": "InternalError", "SenderFault": False} for number in numbers]

    client.meta.events.register("after-call.sqs.SendMessageBatch", refuse)


def test_only_refused_messages_are_sent_again(queue) -> None:
    adapter, calls, client, _ = queue
    refusing(client, ["1"], 1)
    adapter.send(Lane.PARCELS, [("shop", "a"), ("shop", "b")])
    assert [[entry["MessageBody"] for entry in call] for call in calls] == [["a", "b"], ["b"]]


def test_messages_refused_again_and_again_are_retryable(queue) -> None:
    adapter, calls, client, _ = queue
    refusing(client, ["0"], 9)
    with pytest.raises(Retryable, match="InternalError"):
        adapter.send(Lane.PARCELS, [("shop", "a")])
    assert len(calls) == 3
