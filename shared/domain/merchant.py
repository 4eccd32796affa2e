"""A merchant's standing with huhang: who joined, by which stack, with which shops, and what may be done for it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.domain.record import Instant, MerchantId, Record

REMAINS_KEPT = timedelta(days=90)
"""How long the cases of a merchant that has left are kept: it may come back, or ask for an export."""

SHOPS_MAX = 40  # they are written in one transaction, twice as many while all change

Shop = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}:[^\x00-\x20\x7f]{1,128}$")]
"""A shop in its vendor's words: `douyin:4012345`. It belongs to one merchant, or it would be refunded twice."""


class Standing(StrEnum):
    """What may be done for a merchant."""

    ACTIVE = "active"
    PAUSED = "paused"  # everything is seen, decided and told to staff; nothing outside is touched
    LEFT = "left"  # nothing at all


class Membership(Record):
    """A merchant on the list. `version` counts its changes; nobody overwrites what another has changed."""

    merchant: MerchantId
    version: Annotated[int, Field(ge=1)] = 1
    standing: Standing = Standing.ACTIVE
    since: Instant
    stack_id: str = ""  # the CloudFormation stack by which it joined, and which alone may change it
    stack_policy: str = ""  # a digest of the policy that its stack last had carried out
    stack_paused: bool | None = None  # and whether it wanted the merchant paused
    shops: Annotated[tuple[Shop, ...], Field(max_length=SHOPS_MAX)] = ()
    reason: str = ""  # why it is paused or has left
    kept_until: Instant | None = None  # a merchant that left: when its data is forgotten

    @property
    def has_left(self) -> bool:
        """Whether nothing at all is done for it."""
        return self.standing is Standing.LEFT

    @property
    def remains_until(self) -> datetime:
        """Until when a merchant that left finds its cases as they were."""
        return self.since + REMAINS_KEPT
