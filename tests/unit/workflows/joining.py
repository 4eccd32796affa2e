"""A house that merchants join, with vendors that answer as a test says, and the wishes of a stack."""

import json
from collections.abc import Callable, Generator, Mapping
from types import SimpleNamespace
from typing import Any

from shared.domain.joining import Answer, read_application
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, UnknownMerchant, UnknownSource
from shared.workflows.check_merchant import Desk
from shared.workflows.onboard_merchant import Office, onboard_merchant
from tests.fakes import (
    FakeAnswers,
    FakeCaseStore,
    FakeClock,
    FakeHttp,
    FakeMerchants,
    FakeMerchantSecrets,
    FakePolicyStore,
    FakeTable,
)
from tests.unit.workflows.vendor import NOW, OK, REQUEST

NAMES = {
    "platforms": ("shop", "mall"),
    "couriers": ("zto",),
    "erps": ("jushuitan",),
    "channels": ("dingtalk", "chat"),
    "robots": ("dingtalk",),
}
KIND = {name: kind for kind, names in NAMES.items() for name in names if kind != "robots"}
ACCOUNTS = {
    "shop": {"key": "key-of-the-shop", "shop_id": "4012345"},
    "zto": {"key": "key-of-zto"},
    "dingtalk": {"key": "key-of-the-robot"},
}
STACK = "arn:aws:cloudformation:cn-north-1:111122223333:stack/huhang-merchant-{}/{}"
SECRET = "arn:aws:secretsmanager:cn-north-1:111122223333:secret:huhang-merchant-{}-AbCdEf"
Refuse = Callable[[Mapping[str, str]], Exception | None]


class House:
    """Everything behind the function."""

    def __init__(self, crash_after: Callable[[int, str], None] | None = None) -> None:
        self.table = FakeTable(crash_after)
        self.merchants = FakeMerchants(self.table)
        self.policies = FakePolicyStore(self.table)
        self.secrets = FakeMerchantSecrets(self.table)
        self.answers = FakeAnswers(self.table)
        self.cases = FakeCaseStore(self.table)
        self.clock = FakeClock(NOW)
        self.http = FakeHttp(lambda request: OK)
        self.refuse: dict[str, Exception] = {}
        self.checked: list[str] = []
        self.time_left_s = 200.0
        self.requests = 0

    def office(self) -> Office:
        """What the workflow is given."""
        return Office(
            merchants=self.merchants,
            policies=self.policies,
            secrets=self.secrets,
            answers=self.answers,
            desk=Desk(self.http, self.clock, self._find, lambda: NAMES),
            base_url="https://hooks.example.com",
            time_left_s=lambda: self.time_left_s,
        )

    def _find(self, kind: str, name: str) -> Any:
        if KIND.get(name) != kind:
            raise UnknownSource("unknown_vendor", f"{kind}/{name}")

        def check_account(account: Mapping[str, str], now: Any) -> Generator[HttpRequest, HttpReply, str]:
            self.checked.append(name)
            if "key" not in account:
                raise UnknownMerchant("account_incomplete", "key")
            yield REQUEST
            if name in self.refuse:
                raise self.refuse[name]
            return f"{name}:{account['shop_id']}" if kind == "platforms" else ""

        told = {"OUR_ADDRESS": "callback"} if name == "mall" else {}
        pushes = {"verify_push": None} if kind in ("platforms", "couriers") or name == "chat" else {}
        return SimpleNamespace(check_account=check_account, **pushes, **told)


class Stack:
    """One stack of a merchant: what CloudFormation sends for it, and what it was told."""

    def __init__(self, house: House, merchant: str = "demo", number: int = 1, accounts: object = ACCOUNTS) -> None:
        self.house = house
        self.merchant = merchant
        self.stack_id = STACK.format(merchant, number)
        self.properties = {
            "ServiceToken": "arn:aws:lambda:cn-north-1:111122223333:function:huhang-onboard_merchant",
            "Merchant": merchant,
            "SecretArn": SECRET.format(merchant),
            "AccountsRevision": "1",
            "Policy": "{}",
            "Status": "active",
        }
        self.offer(accounts)

    def offer(self, accounts: object) -> None:
        """Write the merchant's own secret, as CloudFormation does before it asks."""
        text = accounts if isinstance(accounts, str) else json.dumps(accounts)
        self.house.secrets.theirs[self.properties["SecretArn"]] = text

    def event(self, wish: str, **changes: str) -> dict[str, Any]:
        """Give the event of a wish; of a change, the old properties are those before `changes`."""
        self.house.requests += 1
        event: dict[str, Any] = {
            "RequestType": wish,
            "RequestId": f"request-{self.house.requests}",
            "StackId": self.stack_id,
            "LogicalResourceId": "Membership",
            "ResponseURL": "https://cloudformation-custom-resource-response-cnnorth1.s3.amazonaws.com.cn/x",
            "ResourceProperties": {**self.properties, **changes},
        }
        if wish != "Create":
            event["PhysicalResourceId"] = self.merchant
        if wish == "Update":
            event["OldResourceProperties"] = dict(self.properties)
        return event

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Let the house answer an event."""
        return onboard_merchant(read_application(event), self.house.office())

    def join(self, **changes: str) -> Answer:
        """Create."""
        self.properties |= changes
        return self.send(self.event("Create"))

    def change(self, **changes: str) -> Answer:
        """Update."""
        event = self.event("Update", **changes)
        self.properties |= changes
        return self.send(event)

    def leave(self) -> Answer:
        """Delete."""
        return self.send(self.event("Delete"))


REFUSED = Permanent("sign", "invalid key-of-the-shop")
