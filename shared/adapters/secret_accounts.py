"""What are a merchant's credentials with a vendor? One secret per merchant: {vendor: {key: value}}.

How a secret is fetched is given, so that this module knows nothing of AWS.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.domain.walls import is_merchant
from shared.errors import UnknownMerchant

KNOWN_FOR_S = 300.0
UNKNOWN_FOR_S = 30.0
MERCHANTS_MAX = 1000  # kept in memory; anybody may ask for merchants that do not exist

Fetch = Callable[[str], str | None]
"""Gives the text of a secret by its name; None when there is no such secret."""

Vendors = Mapping[str, Mapping[str, str]]


class _Cached(NamedTuple):
    at: float
    vendors: Vendors


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
        now = self._monotonic()
        cached = self._cache.get(merchant)
        if cached is not None and now - cached.at < (KNOWN_FOR_S if vendor in cached.vendors else UNKNOWN_FOR_S):
            vendors = cached.vendors
        else:
            vendors = self._read(merchant, now)
        if vendor not in vendors:
            raise UnknownMerchant("no_account")
        return vendors[vendor]

    def all_accounts(self, merchant: str) -> Vendors:
        """Give a merchant's credentials with all vendors, as they are now; none where there is no such merchant.

        Raises:
            Retryable: the secret could not be read now.
        """
        try:
            return self._read(merchant, self._monotonic())
        except UnknownMerchant:
            return {}

    def _read(self, merchant: str, now: float) -> Vendors:
        if not is_merchant(merchant):
            raise UnknownMerchant("no_account")
        text = self._fetch(self._prefix + merchant)
        vendors = {} if text is None else parse_secret(text)
        self._cache.pop(merchant, None)
        if len(self._cache) >= MERCHANTS_MAX:
            del self._cache[next(iter(self._cache))]  # the oldest
        self._cache[merchant] = _Cached(now, vendors)
        return vendors


def parse_secret(text: str) -> Vendors:
    """Read a merchant's secret; what is not an object of objects is left out, and never quoted."""
    try:
        vendors = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(vendors, dict):
        return {}
    return {vendor: account for vendor, account in vendors.items() if isinstance(account, dict)}
