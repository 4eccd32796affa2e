"""The outside world takes the checks of genuine accounts, refuses any other, and is left as it was."""

from collections.abc import Generator
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.domain.wire import HttpReply
from shared.errors import Permanent
from tests.unit.sandbox.outside import MERCHANT, Outside

BASES = {
    "douyin": ("platforms", "http://sandbox.test/douyin"),
    "selfbuilt": ("platforms", "http://sandbox.test/selfbuilt/commands"),
    "zto": ("couriers", "http://sandbox.test/zto"),
    "kuaidi100": ("couriers", "http://sandbox.test/kuaidi100"),
    "jushuitan": ("erps", "http://sandbox.test/jushuitan"),
    "dingtalk": ("channels", "http://sandbox.test/dingtalk"),
    "chat": ("channels", "http://sandbox.test/chat/sessions"),
}
SHOPS = {"douyin": "douyin:4463798", "selfbuilt": "selfbuilt:sandbox.test/selfbuilt/commands"}
SECRETS = [
    ("douyin", "app_key"),
    ("douyin", "app_secret"),
    ("douyin", "access_token"),
    ("selfbuilt", "secret"),
    ("zto", "app_key"),
    ("zto", "app_secret"),
    ("kuaidi100", "key"),
    ("kuaidi100", "customer"),
    ("jushuitan", "app_key"),
    ("jushuitan", "app_secret"),
    ("jushuitan", "access_token"),
    ("dingtalk", "access_token"),
    ("dingtalk", "secret"),
    ("chat", "secret"),
]
SIGNED = ("selfbuilt", "chat")
OTHER_SECRET = "whsec_b3RoZXItc3RhbmRhcmQtd2ViaG9vay1rZXktMDAwMDE="


def _account(vendor: str) -> dict[str, str]:
    address = "api_url" if vendor in SIGNED else "base_url"
    more = {"salt": "s", "callback_url": "http://huhang.test/k"} if vendor == "kuaidi100" else {}
    return {name: str(value) for name, value in MERCHANT[vendor].items()} | more | {address: BASES[vendor][1]}


def _check(outside: Outside, vendor: str, account: dict[str, str]) -> str:
    module: Any = import_module(f"shared.{BASES[vendor][0]}.{vendor}")
    steps: Generator[Any, HttpReply, str] = module.check_account(account, outside.world.now())
    try:
        request = next(steps)
        while True:
            url = urlsplit(request.url)
            reply = outside.client.request(
                request.method, f"{url.path}?{url.query}", headers=dict(request.headers), content=request.body
            )
            request = steps.send(HttpReply(reply.status_code, reply.content))
    except StopIteration as stop:
        return str(stop.value)


def _joined() -> Outside:
    outside = Outside()
    outside.control("PUT", "/merchants/m1", MERCHANT)
    return outside


@pytest.mark.parametrize("vendor", BASES)
@pytest.mark.parametrize("busy", [False, True], ids=["empty", "with_an_order"])
def test_a_genuine_account_is_taken(vendor: str, busy: bool) -> None:
    outside = Outside().with_order() if busy else _joined()
    assert _check(outside, vendor, _account(vendor)) == SHOPS.get(vendor, "")


@pytest.mark.parametrize(("vendor", "name"), SECRETS)
def test_an_account_with_a_wrong_credential_is_refused(vendor: str, name: str) -> None:
    wrong = OTHER_SECRET if vendor in SIGNED else "wrong"
    with pytest.raises(Permanent) as refusal:
        _check(Outside().with_order(), vendor, _account(vendor) | {name: wrong})
    assert refusal.value.code not in ("unreadable_reply", "account_incomplete")


def test_a_token_of_another_shop_is_told_from_its_orders() -> None:
    with pytest.raises(Permanent, match="other_shop"):
        _check(Outside().with_order(), "douyin", _account("douyin") | {"shop_id": "4463799"})


def test_only_a_robot_says_something() -> None:
    outside = Outside().with_order()
    for vendor in BASES:
        _check(outside, vendor, _account(vendor))
    said = outside.client.get("/messages").json()["messages"]
    assert [message["title"] for message in said] == ["护航已接入 · huhang is connected"]
