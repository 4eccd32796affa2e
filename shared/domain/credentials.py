"""A merchant's credentials: {vendor: {key: value}}, and what was valid before the last change.

Standard library only: the webhook function uses this during its cold start.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

OFFERED_PREFIX = "huhang-merchant-"  # of a merchant's own secret; the merchant's id follows

Vendors = Mapping[str, Mapping[str, str]]


class Secret(NamedTuple):
    """What was taken of a merchant; `before` counts until `until`."""

    vendors: Vendors
    before: Vendors = MappingProxyType({})
    until: datetime | None = None
