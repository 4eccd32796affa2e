"""What fails is put aside with its reason, and handled after the repair; a vendor that hangs holds up only its own."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.dead_letters.__main__ import main
from infra.local.demo.play import Stage
from infra.local.deployment import STACK
from infra.local.ministack import CREDENTIALS
from shared.adapters.aws_clients import AwsClients
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.adapters.signed_aws import SignedAws
from shared.domain.commands import QueryTracking
from shared.domain.events import ParcelShipped
from shared.domain.keys import parcel_key
from shared.domain.lanes import ASIDE, Lane
from shared.domain.messages import write_message
from shared.domain.parcel import Content
from shared.domain.policy import Policy
from shared.domain.why import Why
from tests.e2e.patience import wait_until

LATECOMER = f"latecomer-{secrets.token_hex(3)}"
AT = datetime(2026, 11, 11, 8, 30, tzinfo=UTC)
SHIPPED = ParcelShipped(
    merchant=LATECOMER,
    carrier="zto",
    waybill="75000000009999",
    content=Content(
        platform="douyin", order_id="1", line_ids=("2",), paid_fen=1990, paid_at=AT, shipped_at=AT, region="浙江省"
    ),
)


class Queues:
    """A lane's queues."""

    def __init__(self, stage: Stage, lane: Lane) -> None:
        self._sqs = stage.cloud.client("sqs")
        self._lane = lane

    def url(self, end: str = "") -> str:
        """Where one of them is."""
        return str(self._sqs.get_queue_url(QueueName=f"{STACK}-{self._lane}{end}")["QueueUrl"])

    @contextmanager
    def hurried(self, seconds: int, receives_max: int = 0) -> Iterator[None]:
        """Let what failed be delivered again so soon, and so often where that is said."""
        names, urls = ["VisibilityTimeout", "RedrivePolicy"], [self.url(end) for end in ("", ASIDE)]
        before = [self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls]
        try:
            for url, attributes in zip(urls, before, strict=True):
                redrive = json.loads(attributes["RedrivePolicy"])
                redrive["maxReceiveCount"] = receives_max or redrive["maxReceiveCount"]
                hurried = {"VisibilityTimeout": str(seconds), "RedrivePolicy": json.dumps(redrive)}
                self._sqs.set_queue_attributes(QueueUrl=url, Attributes=hurried)
            yield
        finally:
            for url, attributes in zip(urls, before, strict=True):
                self._sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def send(self, merchant: str, body: str, end: str = "") -> None:
        """Put a message on one of them."""
        self._sqs.send_message(QueueUrl=self.url(end), MessageBody=body, MessageGroupId=merchant)

    def empty(self) -> None:
        """Throw away what is left."""
        for end in ("", ASIDE):
            self._sqs.purge_queue(QueueUrl=self.url(end))

    def depth(self, end: str = "") -> int:
        """How many messages wait or are at work."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self.url(end), AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def parcels(stage: Stage) -> Iterator[Queues]:
    queues = Queues(stage, Lane.PARCELS)
    with queues.hurried(1):
        yield queues


@pytest.fixture
def couriers(stage: Stage) -> Iterator[Queues]:
    queues = Queues(stage, Lane.COURIER_CALLS)
    yield queues
    stage.outside.behave()
    queues.empty()
    stage.flow.settle()


def operate(stage: Stage, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run an operator's command on the stage's cloud."""
    assert main([*arguments, "--local", str(stage.cloud.home.path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def enrol(stage: Stage, merchant: str) -> None:
    """Repair what was missing."""
    keys = CREDENTIALS | {"AWS_REGION": CREDENTIALS["AWS_DEFAULT_REGION"], "AWS_ENDPOINT_URL": stage.cloud.endpoint}
    aws = SignedAws(keys)
    DynamoPolicyStore(AwsClients(aws).dynamodb, stage.inside.table).put_policy(Policy(merchant=merchant, version=1))
    aws.close()


def test_what_failed_is_told_with_its_reason_and_handled_after_the_repair(
    stage: Stage, parcels: Queues, capsys: pytest.CaptureFixture[str]
) -> None:
    parcels.send(LATECOMER, write_message(SHIPPED))
    wait_until(lambda: stage.inside.dead_letters() == {f"{STACK}-parcels-dead": 1})
    [found] = operate(stage, capsys, "list", "parcels")
    assert found["merchants"] == {LATECOMER: 1}
    [failure] = found["failures"]
    assert (failure["what"], "no_policy" in failure["why"]) == ("parcel_shipped", True)

    enrol(stage, LATECOMER)
    assert operate(stage, capsys, "redrive", "parcels")["moved"] == 0
    assert operate(stage, capsys, "redrive", "parcels", "--yes")["moved"] == 1
    key = parcel_key(LATECOMER, "zto", SHIPPED.waybill)
    wait_until(lambda: key in stage.inside.cases())
    assert operate(stage, capsys, "redrive", "parcels", "--yes")["moved"] == 0
    assert stage.inside.dead_letters() == {}
    stage.flow.settle()


def waybill_of(number: int) -> str:
    """Number a parcel that nobody has shipped."""
    return f"7500000001{number:04d}"


def question(source: str, number: int) -> str:
    """A harmless command to a courier or a source of traces."""
    waybill = waybill_of(number)
    case = str(parcel_key("demo", "zto", waybill))
    why = Why(rule="ask_source", policy_version=1)
    command = QueryTracking(
        merchant="demo",
        command_id=f"{case}#{number}",
        reply_to=case,
        why=why,
        source=source,
        carrier="zto",
        waybill=waybill,
    )
    return write_message(command)


def test_a_vendor_that_hangs_holds_up_only_its_own_commands_and_none_is_lost(stage: Stage, couriers: Queues) -> None:
    before = stage.outside.last_call()

    def kuaidi100_was_asked() -> bool:
        calls = [str(call["request"]) for call in stage.outside.calls(before) if call["vendor"] == "kuaidi100"]
        return all(any(waybill_of(number) in call for call in calls) for number in range(20, 23))

    stage.outside.do("faults", vendor="zto", kind="timeout", times=1_000, delay_s=3.2)
    for number in range(6):
        couriers.send("demo", question("zto", number))
    wait_until(lambda: couriers.depth() == 0)
    for number in range(20, 23):
        couriers.send("demo", question("kuaidi100", number))
    wait_until(lambda: kuaidi100_was_asked() and couriers.depth() == 0)
    assert couriers.depth(ASIDE) >= 6, "they wait aside, where they are tried"
    assert stage.inside.dead_letters() == {}
