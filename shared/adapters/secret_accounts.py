"""What are a merchant's credentials with a vendor? One secret per merchant: {vendor: {key: value}}.

After a change the secret also holds what was valid before, under `_before`, for a day: a vendor's console is changed
some time after ours, and what it signs meanwhile is accepted. Calls use what is valid now.

How a secret is fetched is given, so that this module knows nothing of AWS.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.domain.credentials import Secret, Vendors
from shared.domain.walls import is_merchant
from shared.errors import UnknownMerchant

KNOWN_FOR_S = 300.0
UNKNOWN_FOR_S = 30.0
MERCHANTS_MAX = 1000  # kept in memory; anybody may ask for merchants that do not exist

_BEFORE = "_before"  # no vendor has such a name

Fetch = Callable[[str], str | None]
"""Gives the text of a secret by its name; None when there is no such secret."""


class _Cached(NamedTuple):
    at: float
    secret: Secret


class SecretAccounts:
    """Credentials, kept in memory for five minutes; what is missing is looked for again after 30 seconds."""

    def __init__(self, fetch: Fetch, prefix: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._prefix = prefix
        self._monotonic = monotonic
        self._cache: dict[str, _Cached] = {}

    def account(self, merchant: str, vendor: str) -> Mapping[str, str]:
        """Give a merchant's credentials with a vendor.

        Raises:
            UnknownMerchant: no such merchant, or it has no account with this vendor.
            Retryable: the secret could not be read now.
        """
        return self._find(merchant, vendor)[1]

    def accepted(self, merchant: str, vendor: str, now: datetime) -> Iterator[Mapping[str, str]]:
        """Give the credentials by which a push may be signed: those of now, and those of before for a while.

        Whoever is not content with the ones in memory makes us read again, but not more often than every 30 seconds.

        Raises:
            UnknownMerchant: no such merchant, or it has no account with this vendor.
            Retryable: the secret could not be read now.
        """
        secret, account = self._find(merchant, vendor)
        yield account
        monotonic = self._monotonic()
        if monotonic - self._cache[merchant].at >= UNKNOWN_FOR_S:
            secret = self._read(merchant, monotonic)
            if vendor in secret.vendors and secret.vendors[vendor] != account:
                yield secret.vendors[vendor]
        if vendor in secret.vendors and vendor in secret.before and secret.until and now < secret.until:
            yield secret.before[vendor]

    def _find(self, merchant: str, vendor: str) -> tuple[Secret, Mapping[str, str]]:
        now = self._monotonic()
        cached = self._cache.get(merchant)
        if cached and now - cached.at < (KNOWN_FOR_S if vendor in cached.secret.vendors else UNKNOWN_FOR_S):
            secret = cached.secret
        else:
            secret = self._read(merchant, now)
        if vendor not in secret.vendors:
            raise UnknownMerchant("no_account")
        return secret, secret.vendors[vendor]

    def all_accounts(self, merchant: str) -> Vendors:
        """Give a merchant's credentials with all vendors, as they are now; none where there is no such merchant.

        Raises:
            Retryable: the secret could not be read now.
        """
        try:
            return self._read(merchant, self._monotonic()).vendors
        except UnknownMerchant:
            return {}

    def _read(self, merchant: str, now: float) -> Secret:
        if not is_merchant(merchant):
            raise UnknownMerchant("no_account")
        text = self._fetch(self._prefix + merchant)
        secret = Secret({}) if text is None else parse_secret(text)
        self._cache.pop(merchant, None)
        if len(self._cache) >= MERCHANTS_MAX:
            del self._cache[next(iter(self._cache))]  # the oldest
        self._cache[merchant] = _Cached(now, secret)
        return secret


def parse_secret(text: str) -> Secret:
    """Read a merchant's secret; what is not an object of objects of texts is left out, and never quoted."""
    try:
        document = json.loads(text)
    except ValueError:
        return Secret({})
    before = document.pop(_BEFORE, None) if isinstance(document, dict) else None
    vendors = _accounts(document)
    try:
        return Secret(vendors, _accounts(before["accounts"]), datetime.fromisoformat(before["until"]))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return Secret(vendors)


def write_secret(secret: Secret) -> str:
    """Write what `parse_secret` reads."""
    document: dict[str, object] = dict(secret.vendors)
    if secret.until is not None:
        document[_BEFORE] = {"until": secret.until.isoformat(), "accounts": secret.before}
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _accounts(document: object) -> dict[str, Mapping[str, str]]:
    members = document.items() if isinstance(document, dict) else ()
    return {name: _texts(member) for name, member in members if isinstance(member, dict)}


def _texts(account: Mapping[str, object]) -> dict[str, str]:
    """Take the values that are texts: a number among the credentials is missing rather than an error at the door."""
    return {name: value for name, value in account.items() if isinstance(value, str)}
