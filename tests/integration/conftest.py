"""Every port twice: in memory, and on moto's DynamoDB, SQS, Secrets Manager and S3. Both must pass the same tests."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import Session
from moto import mock_aws

from shared.adapters.dynamo_calls import DynamoCallTokens
from shared.adapters.dynamo_cases import DynamoCaseStore
from shared.adapters.dynamo_commands import DynamoCommandLedger
from shared.adapters.dynamo_deadlines import DynamoDueIndex
from shared.adapters.dynamo_merchants import DynamoMerchants
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.adapters.dynamo_policy_changes import DynamoPolicyChanges
from shared.adapters.dynamo_routing_reports import DynamoRoutingReports
from shared.adapters.dynamo_scores import DynamoScores
from shared.adapters.s3_archive import S3Archive, bucket_url
from shared.adapters.signed_aws import SignedAws
from tests.fakes import (
    FakeCallTokens,
    FakeCaseStore,
    FakeClock,
    FakeDueIndex,
    FakeLedger,
    FakeMerchants,
    FakePolicyChanges,
    FakePolicyStore,
    FakeRoutingReports,
    FakeScores,
    FakeTable,
)
from tests.moto_aws import MotoAws
from tests.moto_guards import guard
from tests.moto_s3 import serving_s3

NOW = datetime(2026, 11, 11, 8, 30, tzinfo=UTC)
TABLE = "huhang-test"


@dataclass
class Backend:
    """The ports over one empty table, and a way to see what the stream would deliver."""

    cases: Any
    policies: Any
    merchants: Any
    changes: Any
    scores: Any
    reports: Any
    ledger: Any
    tokens: Any
    due_index: Any
    take_outboxes: Callable[[], list[dict[str, str]]]
    clients: MotoAws | None = None
    table: FakeTable | None = None
    calls: list[str] = field(default_factory=list)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoAws]:
    """The real clients against moto, which is kept from taking what AWS would not."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_REGION": "cn-north-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield MotoAws(guard)


@pytest.fixture
def s3(aws: MotoAws) -> Iterator[S3Archive]:
    """The adapter over an empty bucket."""
    client: Any = Session().create_client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="huhang-history")
    with serving_s3() as url:
        environment = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        signed = SignedAws(environment)
        yield S3Archive(signed, bucket_url("huhang-history", environment))
        signed.close()


@pytest.fixture
def dynamo(aws: MotoAws) -> Backend:
    """The adapters over an empty table. `calls` names every call that leaves the process."""
    aws.dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    backend = Backend(
        cases=DynamoCaseStore(aws.dynamodb, TABLE),
        policies=DynamoPolicyStore(aws.dynamodb, TABLE),
        merchants=DynamoMerchants(aws.dynamodb, TABLE),
        changes=DynamoPolicyChanges(aws.dynamodb, TABLE),
        scores=DynamoScores(aws.dynamodb, TABLE),
        reports=DynamoRoutingReports(aws.dynamodb, TABLE),
        ledger=DynamoCommandLedger(aws.dynamodb, TABLE, FakeClock(NOW)),
        tokens=DynamoCallTokens(aws.dynamodb, TABLE),
        due_index=DynamoDueIndex(aws.dynamodb, TABLE),
        take_outboxes=_stream_reader(),
        clients=aws,
    )

    def count(model: Any, **_: Any) -> None:
        backend.calls.append(model.name)

    aws.dynamodb.meta.events.register("before-call.dynamodb", count)
    return backend


def _stream_reader() -> Callable[[], list[dict[str, str]]]:
    streams: Any = Session().create_client("dynamodbstreams")
    listed = streams.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=listed)["StreamDescription"]["Shards"][0]["ShardId"]
    seen = 0

    def take() -> list[dict[str, str]]:
        nonlocal seen
        iterator = streams.get_shard_iterator(StreamArn=listed, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        fresh, seen = records[seen:], len(records)
        outboxes = (record["dynamodb"]["NewImage"].get("outbox", {"S": "[]"})["S"] for record in fresh)
        return [letter for outbox in outboxes for letter in json.loads(outbox)]

    return take


@pytest.fixture
def memory() -> Backend:
    """The fakes over an empty table."""
    table = FakeTable()

    def take() -> list[dict[str, str]]:
        return [letter for record in table.take_stream() if record.outbox for letter in json.loads(record.outbox)]

    return Backend(
        cases=FakeCaseStore(table),
        policies=FakePolicyStore(table),
        merchants=FakeMerchants(table),
        changes=FakePolicyChanges(table),
        scores=FakeScores(table),
        reports=FakeRoutingReports(table),
        ledger=FakeLedger(table),
        tokens=FakeCallTokens(table),
        due_index=FakeDueIndex(table),
        take_outboxes=take,
        table=table,
    )


@pytest.fixture(params=["memory", "dynamo"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Both, one after the other."""
    found: Backend = request.getfixturevalue(request.param)
    return found
