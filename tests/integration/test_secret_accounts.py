"""Credentials are read once in a while, and nobody can make us read more."""

import json

import pytest

from shared.adapters.secret_accounts import KNOWN_FOR_S, MERCHANTS_MAX, SecretAccounts
from shared.errors import UnknownMerchant
from tests.fakes import FakeAccounts
from tests.moto_aws import MotoAws

SECRET = {"taobao": {"app_key": "1", "app_secret": "s"}, "broken": "text"}


class Container:
    """A function's container: a clock that the test moves and secrets that it counts."""

    def __init__(self, **secrets: str) -> None:
        self.secrets = secrets
        self.fetched: list[str] = []
        self.seconds = 0.0
        self.accounts = SecretAccounts(self.fetch, "p/", lambda: self.seconds)

    def fetch(self, name: str) -> str | None:
        self.fetched.append(name)
        return self.secrets.get(name.removeprefix("p/"))

    def refused(self, merchant: str, vendor: str = "taobao") -> bool:
        with pytest.raises(UnknownMerchant) as caught:
            self.accounts.account(merchant, vendor)
        return "app_secret" not in str(caught.value)


@pytest.fixture(params=["memory", "moto"])
def accounts(request, aws: MotoAws):
    if request.param == "memory":
        return FakeAccounts({"shop": {"taobao": SECRET["taobao"]}})
    aws.secrets.create_secret(Name="huhang/merchants/shop", SecretString=json.dumps(SECRET))
    return SecretAccounts(aws.secret_string, "huhang/merchants/")


def test_an_account_is_found_and_others_are_unknown(accounts) -> None:
    assert accounts.account("shop", "taobao") == SECRET["taobao"]
    for merchant, vendor in (("shop", "jd"), ("shop", "broken"), ("another", "taobao")):
        with pytest.raises(UnknownMerchant):
            accounts.account(merchant, vendor)


def test_a_secret_is_read_again_after_five_minutes() -> None:
    container = Container(shop=json.dumps(SECRET))
    for _ in range(3):
        container.accounts.account("shop", "taobao")
    assert container.fetched == ["p/shop"]
    container.seconds = KNOWN_FOR_S
    container.secrets["shop"] = json.dumps({"taobao": {"app_key": "2"}})
    assert container.accounts.account("shop", "taobao") == {"app_key": "2"}


@pytest.mark.parametrize(("merchant", "vendor"), [("nobody", "taobao"), ("shop", "jd")])
def test_what_is_missing_is_looked_for_every_30_seconds(merchant: str, vendor: str) -> None:
    container = Container(shop=json.dumps(SECRET))
    for second in (0, 1, 29.9, 30, 31, 60):
        container.seconds = second
        container.refused(merchant, vendor)
    assert len(container.fetched) == 3


def test_a_new_account_is_seen_soon_although_the_secret_is_cached() -> None:
    container = Container(shop=json.dumps(SECRET))
    container.refused("shop", "jd")
    container.secrets["shop"] = json.dumps({"jd": {"key": "1"}})
    container.seconds = 31
    assert container.accounts.account("shop", "jd") == {"key": "1"}


@pytest.mark.parametrize("merchant", ["", "A", "-a", "a/b", "../b", "a" * 41, "a\n", "a b", "包"])
def test_a_name_that_no_merchant_can_have_is_not_even_looked_for(merchant: str) -> None:
    container = Container()
    container.refused(merchant)
    assert container.fetched == []


@pytest.mark.parametrize("text", ["", "no json app_secret", "[]", "1", '{"taobao": ["app_secret"]}'])
def test_a_secret_that_makes_no_sense_holds_no_account_and_is_not_quoted(text: str) -> None:
    assert Container(shop=text).refused("shop")


def test_names_without_end_do_not_fill_the_memory() -> None:
    container = Container(shop=json.dumps(SECRET))
    for number in range(MERCHANTS_MAX + 50):
        container.refused(f"m{number}")
    assert len(container.accounts._cache) == MERCHANTS_MAX


def test_all_accounts_are_read_as_they_are_now() -> None:
    container = Container(shop=json.dumps(SECRET))
    container.accounts.account("shop", "taobao")
    assert container.accounts.all_accounts("shop") == {"taobao": SECRET["taobao"]}
    assert container.accounts.all_accounts("nobody") == container.accounts.all_accounts("No/body") == {}
    assert container.fetched == ["p/shop", "p/shop", "p/nobody"]
