"""A deployment on moto with two merchants, and the command line over it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from moto import mock_aws

from infra.merchants.__main__ import main
from shared.adapters.dynamo_merchants import DynamoMerchants
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.domain.merchant import Membership
from shared.domain.policy import Policy
from tests.moto_aws import MotoAws

TABLE = "huhang-table"
JOINED = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)

Run = Callable[..., str]
"""Runs a command and gives what it printed; `status` is what it is to end with."""


class Deployment:
    """The stores of a stack with the merchant `acme`, which has policy 1."""

    def __init__(self) -> None:
        aws = MotoAws()
        self.dynamodb: Any = Session().create_client("dynamodb")
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self.policies = DynamoPolicyStore(aws.dynamodb, TABLE)
        self.merchants = DynamoMerchants(aws.dynamodb, TABLE)
        self.policies.put_policy(Policy(merchant="acme", version=1))
        self.merchants.put(Membership(merchant="acme", since=JOINED, stack_id="arn:stack", shops=("douyin:4012345",)))


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """An account with one stack."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    monkeypatch.setenv("HUHANG_TABLE", TABLE)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Deployment()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line."""

    def run(*arguments: str | Path, status: int = 0) -> str:
        ended = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert ended == status, printed.err
        assert bool(printed.err) == (status != 0 and not printed.out)
        return printed.out + printed.err

    return run


@pytest.fixture
def document(tmp_path: Path) -> Callable[..., Path]:
    """Write a policy document."""

    def write(name: str = "policy.json", **fields: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")
        return path

    return write
