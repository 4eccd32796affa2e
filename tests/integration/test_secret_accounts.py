"""Credentials are read once in a while, and nobody can make us read more."""

import json
from datetime import datetime, timedelta

import pytest

from shared.adapters.secret_accounts import (
    KNOWN_FOR_S,
    MERCHANTS_MAX,
    Secret,
    SecretAccounts,
    parse_secret,
    write_secret,
)
from shared.errors import UnknownMerchant
from tests.fakes import FakeAccounts
from tests.integration.conftest import NOW
from tests.moto_aws import MotoAws

SECOND = timedelta(seconds=1)
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


def test_a_value_that_is_no_text_is_missing() -> None:
    container = Container(shop='{"zto": {"app_key": "k", "app_secret": 5, "phone_tail": null}}')
    assert container.accounts.account("shop", "zto") == {"app_key": "k"}


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


# ---- while credentials are changed -------------------------------------------------------------------------------

OLD, NEW = {"taobao": {"app_secret": "old"}}, {"taobao": {"app_secret": "new"}}
UNTIL = NOW + timedelta(hours=24)


@pytest.mark.parametrize("secret", [Secret(NEW), Secret(NEW, OLD, UNTIL), Secret({}, {}, UNTIL)])
def test_what_is_written_is_read(secret: Secret) -> None:
    assert parse_secret(write_secret(secret)) == secret


@pytest.mark.parametrize("before", [[], {}, {"until": "soon", "accounts": OLD}, {"until": UNTIL.isoformat()}])
def test_what_was_before_is_left_out_where_it_makes_no_sense(before) -> None:
    assert parse_secret(json.dumps({**NEW, "_before": before})) == Secret(NEW)


def test_what_was_before_is_no_account_and_is_never_called_with() -> None:
    container = Container(shop=write_secret(Secret(NEW, OLD, UNTIL)))
    assert container.accounts.account("shop", "taobao") == NEW["taobao"]
    assert container.accounts.all_accounts("shop") == NEW
    assert container.refused("shop", "_before")


@pytest.mark.parametrize(("now", "accounts"), [(UNTIL - SECOND, [NEW, OLD]), (UNTIL, [NEW])])
def test_both_are_accepted_until_the_old_ones_have_had_their_time(now: datetime, accounts) -> None:
    container = Container(shop=write_secret(Secret(NEW, OLD, UNTIL)))
    assert list(container.accounts.accepted("shop", "taobao", now)) == [one["taobao"] for one in accounts]
    assert container.fetched == ["p/shop"]


def test_an_account_that_was_taken_away_is_accepted_no_more() -> None:
    container = Container(shop=write_secret(Secret({}, OLD, UNTIL)))
    with pytest.raises(UnknownMerchant):
        next(container.accounts.accepted("shop", "taobao", NOW))


def test_whoever_signs_with_new_credentials_makes_us_read_them_at_most_every_30_seconds() -> None:
    container = Container(shop=json.dumps(OLD))
    container.accounts.account("shop", "taobao")
    container.secrets["shop"] = write_secret(Secret(NEW, OLD, UNTIL))
    for seconds, found in ((29.9, [OLD]), (30.0, [OLD, NEW, OLD]), (31.0, [NEW, OLD]), (59.0, [NEW, OLD])):
        container.seconds = seconds
        assert list(container.accounts.accepted("shop", "taobao", NOW)) == [one["taobao"] for one in found]
    assert len(container.fetched) == 2


def test_whoever_is_content_with_what_is_in_memory_makes_us_read_nothing() -> None:
    container = Container(shop=json.dumps(OLD))
    for container.seconds in (0.0, 100.0, 299.0):
        assert next(container.accounts.accepted("shop", "taobao", NOW)) == OLD["taobao"]
    assert container.fetched == ["p/shop"]
