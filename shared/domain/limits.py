"""How many requests a vendor takes: what its manual says stands in its module as `LIMITS`, per API or for `ALL`.

An account may say otherwise: `limits` for all, `limits_<api>` for one, such as "5/s 100/min"; "none" is no limit. An
API is a command's type, or `list_events`. A module's `REQUESTS_MAX` tells which of them take several requests.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType
from typing import NamedTuple

from shared.errors import Permanent

ALL = "all"
UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LIMIT = re.compile(r"([1-9]\d{0,8})/(\w+)")


class RateLimit(NamedTuple):
    """So many requests in any stretch of time of this length."""

    calls: int
    per: timedelta


Limits = tuple[RateLimit, ...]
"""All of them hold."""


class Allowance(NamedTuple):
    """What one API of one account allows. Without limits nothing is counted."""

    vendor: str = ""
    bucket: str = ""
    limits: Limits = ()
    calls: int = 1  # that the next conversation may need
    calls_max: int = 1  # that any conversation may need


class Usage(NamedTuple):
    """How many of a slot's calls are gone."""

    merchant: str
    vendor: str
    bucket: str
    gone: int
    calls: int


def parse_limits(text: str) -> Limits:
    """Read what an account says.

    Raises:
        Permanent: it cannot be read; a person corrects the account.
    """
    if text.strip() == "none":
        return ()
    found = [_LIMIT.fullmatch(word) for word in text.replace(",", " ").split()]
    limits = tuple(RateLimit(int(one[1]), UNITS[one[2]]) for one in found if one and one[2] in UNITS)
    if not limits or len(limits) < len(found):
        raise Permanent("bad_limits", f"limits: {text[:40]!r} is not like '5/s 100/min' (s, min, h, d) or 'none'")
    return limits


def check_limits(account: Mapping[str, str]) -> None:
    """See whether all that an account says of limits can be read.

    Raises:
        Permanent: it cannot; the first such text is named.
    """
    for key, text in account.items():
        if key == "limits" or key.startswith("limits_"):
            parse_limits(text)


def allowance_of(vendor: ModuleType, name: str, account: Mapping[str, str], api: str) -> Allowance:
    """Give what a vendor allows the account `name` for an API: what is said of this API, else of all.

    Raises:
        Permanent: the account's limits cannot be read.
    """
    published: Mapping[str, Limits] = getattr(vendor, "LIMITS", {})
    needed: Mapping[str, int] = getattr(vendor, "REQUESTS_MAX", {})
    for one, key in ((api, f"limits_{api}"), (ALL, "limits")):
        limits = parse_limits(account[key]) if key in account else published.get(one)
        if limits is not None:
            spoken = getattr(vendor, "__name__", name).rpartition(".")[2]
            return Allowance(spoken, f"{name}|{one}", limits, needed.get(api, 1), max(needed.values(), default=1))
    return Allowance()
