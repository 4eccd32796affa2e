"""A shop that wants to join: its credentials, known to the sandbox, and what its platform pushes."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import httpx

from infra.local.demo.play import Stage
from infra.local.merchant_stack import MerchantStacks
from infra.local.sandbox.signatures import douyin_event_sign

Accounts = dict[str, dict[str, str]]


class Newcomer:
    """One merchant of one test, with a shop of its own at Douyin and a robot."""

    def __init__(self, stage: Stage, merchant: str) -> None:
        self.stage = stage
        self.merchant = merchant
        self.outputs = stage.cloud.home.read_outputs()
        self.stacks = MerchantStacks(str(self.outputs["CloudEndpoint"]))
        sandbox = str(self.outputs["SandboxUrl"])
        self.accounts: Accounts = {
            "douyin": {
                "app_key": str(7_100_000_000_000_000_000 + secrets.randbelow(10**17)),
                "app_secret": secrets.token_hex(16),
                "access_token": secrets.token_hex(16),
                "shop_id": str(5_000_000 + secrets.randbelow(900_000)),
                "base_url": f"{sandbox}/douyin",
            },
            "dingtalk": {
                "access_token": secrets.token_hex(32),
                "secret": "SEC" + secrets.token_hex(32),
                "base_url": f"{sandbox}/dingtalk",
            },
            "board": {"token": secrets.token_hex(16)},
        }
        self.tell_sandbox(self.accounts)

    def tell_sandbox(self, accounts: Accounts) -> None:
        """Let the vendors know these credentials, as if they had given them out."""
        url = f"{self.outputs['SandboxUrl']}/control/merchants/{self.merchant}"
        httpx.put(url, json=accounts, timeout=10, trust_env=False).raise_for_status()

    def but(self, vendor: str, **fields: str) -> Accounts:
        """Give the accounts with one changed."""
        return {**self.accounts, vendor: {**self.accounts.get(vendor, {}), **fields}}

    def push(self, account: dict[str, str] | None = None, number: int = 1) -> httpx.Response:
        """Let Douyin push a message, signed by its account or by another one."""
        account = account or self.accounts["douyin"]
        data = json.dumps({"p_id": number, "shop_id": int(account["shop_id"])})
        body = json.dumps([{"tag": "99999", "msg_id": f"{number}:99999", "data": data}]).encode()
        headers = {
            "content-type": "application/json",
            "app-id": account["app_key"],
            "event-sign": douyin_event_sign(account["app_key"], body, account["app_secret"]),
        }
        url = f"{self.outputs['WebhookBaseUrl']}/webhooks/douyin/{self.merchant}"
        return httpx.post(url, content=body, headers=headers, timeout=30, trust_env=False)

    def stored(self) -> list[str]:
        """Name what the table and Secrets Manager hold of it; answers that its stack was given are not counted."""
        marks = (f"{self.merchant}|", f"|{self.merchant}|")
        items = [
            item
            for item in self.stage.inside.items()
            if item["pk"]["S"].startswith(marks[0])
            or self.merchant in (item["sk"]["S"], item.get("merchant", {}).get("S"))
        ]
        return sorted([f"{item['pk']['S']} {item['sk']['S']}" for item in items] + self._secret_names())

    def secrets(self) -> list[Accounts]:
        """Read its credentials: those it offers, and those that the functions read."""
        manager = self.stage.cloud.client("secretsmanager")
        return [json.loads(manager.get_secret_value(SecretId=name)["SecretString"]) for name in self._secret_names()]

    def _secret_names(self) -> list[str]:
        found = self.stage.cloud.client("secretsmanager").list_secrets()["SecretList"]
        return [one["Name"] for one in found if one["Name"].endswith(self.merchant)]

    def membership(self) -> dict[str, Any]:
        """Read its place on the list."""
        found = self.stage.cloud.client("dynamodb").get_item(
            TableName=str(self.outputs["TableName"]), Key={"pk": {"S": "merchants"}, "sk": {"S": self.merchant}}
        )
        return dict(json.loads(found["Item"]["membership"]["S"]))


Come = Callable[[str], Newcomer]
"""Makes a newcomer whose id begins so."""
