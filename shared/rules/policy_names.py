"""Does a policy only name vendors that huhang speaks to, and accounts that the merchant has? Asked when it is saved.

What a merchant has not written is not looked at: a default names couriers that not every shop ships with.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from shared.domain.conditions import Problem, unknown
from shared.domain.policy import Policy


class Known(NamedTuple):
    """The names that a policy may use.

    `vendors` holds huhang's vendors by kind: platforms, couriers, erps, robots. `accounts` are the names of the
    merchant's accounts; None: they are not known here and not looked at.
    """

    vendors: Mapping[str, Collection[str]]
    accounts: Collection[str] | None = None


class _Named(NamedTuple):
    """A name in a policy: where it stands, what kind of vendor it is, and the account that it needs."""

    path: str
    kind: str
    vendor: str
    account: str | None


_KINDS = {"robots": "robot", "couriers": "courier", "erps": "ERP", "platforms": "platform"}


def name_problems(policy: Policy, known: Known) -> Iterator[Problem]:
    """Say which names are unknown, and which ones are near."""
    for path, kind, vendor, account in _named(policy):
        if vendor not in known.vendors[kind]:
            place = f"{path}.channel" if kind == "robots" else path
            yield Problem(place, f"护航不认识 {unknown(_KINDS[kind], vendor, sorted(known.vendors[kind]))}")
        elif account is not None and known.accounts is not None and account not in known.accounts:
            place = f"{path}.account" if kind == "robots" else path
            yield Problem(place, f"没有这个账号 {unknown('account', account, sorted(known.accounts))}")


def _named(policy: Policy) -> Iterator[_Named]:
    watching = policy.watching
    for group, robot in policy.robots.items():
        yield _Named(f"robots.{group}", "robots", robot.channel, robot.account)
    if "erp" in policy.model_fields_set:
        yield _Named("erp", "erps", policy.erp, policy.erp)
    if "tracker" in watching.model_fields_set:
        yield _Named("watching.tracker", "couriers", watching.tracker, watching.tracker)
    for field in ("trackers", "urge_by"):
        if field in watching.model_fields_set:
            for carrier, source in getattr(watching, field).items():
                yield _Named(f"watching.{field}.{carrier}", "couriers", source, source)
    if "buyer_platforms" in watching.model_fields_set:
        for place, platform in enumerate(watching.buyer_platforms):
            yield _Named(f"watching.buyer_platforms[{place}]", "platforms", platform, platform)
