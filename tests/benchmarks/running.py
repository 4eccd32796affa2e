"""Sets the loop up: an empty table, its queues, one merchant, and the product's own wiring over all that."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx
from moto import mock_aws

from shared import wiring
from shared.adapters.dynamo_deadlines import DynamoDueIndex
from shared.adapters.dynamo_merchants import DynamoMerchants
from shared.adapters.dynamo_policies import DynamoPolicyStore
from shared.adapters.signed_aws import SignedAws
from shared.domain.lanes import Lane
from shared.domain.merchant import Membership
from shared.domain.policy import Policy, Robot
from shared.domain.wire import HttpReply, HttpRequest
from shared.settings import ACCOUNTS_PREFIX, Settings
from tests.benchmarks.givens import ACCOUNTS, MERCHANT
from tests.benchmarks.loop import SANDBOX, START, Loop
from tests.benchmarks.loopback import TABLE, serving
from tests.moto_aws import MotoAws

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "cn-north-1",
    "AWS_REGION": "cn-north-1",
    "HUHANG_TABLE": TABLE,
}


@contextmanager
def running() -> Iterator[Loop]:
    """Run the loop for a while."""
    with patch.dict(os.environ, _ENVIRONMENT), mock_aws(), serving() as cloud:
        os.environ.pop("AWS_ENDPOINT_URL", None)
        os.environ.update(_make_everything())
        _forget_wiring()
        light = SignedAws(os.environ | {"AWS_ENDPOINT_URL": cloud.url})
        accounts = {vendor: account | {"base_url": f"{SANDBOX}/{vendor}"} for vendor, account in ACCOUNTS.items()}
        cloud.secrets[ACCOUNTS_PREFIX + MERCHANT] = accounts
        moto = MotoAws()
        with patch.object(wiring, "signed_aws", lambda: light), patch.object(wiring, "aws", lambda: moto):
            loop = Loop(cloud)
            http = _Vendors(loop)
            with patch.object(wiring, "clock", lambda: loop.clock), patch.object(wiring, "http", lambda: http):
                loop.control("PUT", f"/merchants/{MERCHANT}", ACCOUNTS)
                yield loop
        loop.close()
        light.close()
        _forget_wiring()


class _Vendors:
    """Where the product's requests to vendors end: in the sandbox."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def send(self, request: HttpRequest) -> HttpReply:
        """Let the sandbox answer."""
        asked = httpx.Request(request.method, request.url, headers=dict(request.headers), content=request.body)
        answer = self._loop.ask_vendor(asked)
        return HttpReply(answer.status_code, answer.content)


def _forget_wiring() -> None:
    """Let the wiring begin anew."""
    for member in vars(wiring).values():
        if hasattr(member, "cache_clear"):
            member.cache_clear()


def _make_everything() -> dict[str, str]:
    """Make table, queues, secret and policy; give the settings as a function finds them."""
    clients = MotoAws()
    key: list[Any] = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    clients.dynamodb.create_table(
        TableName=TABLE,
        KeySchema=key,
        AttributeDefinitions=[{"AttributeName": one["AttributeName"], "AttributeType": "S"} for one in key],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    urls = {lane: clients.sqs.create_queue(QueueName=str(lane))["QueueUrl"] for lane in Lane}
    _enrol(clients)
    return Settings(table_name=TABLE, queue_urls=urls).to_environment()


def _enrol(clients: MotoAws) -> None:
    """Put the merchant on the list, and the sweep at the beginning of the story."""
    policies = DynamoPolicyStore(clients.dynamodb, TABLE)
    robots = {"desk": Robot(channel="dingtalk", account="dingtalk")}
    policies.put_policy(Policy(merchant=MERCHANT, version=1, robots=robots))
    DynamoMerchants(clients.dynamodb, TABLE).put(Membership(merchant=MERCHANT, since=START))
    index = DynamoDueIndex(clients.dynamodb, TABLE)
    for shard in range(index.shards):
        index.advance(shard, START)
