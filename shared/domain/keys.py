"""Which case an event is about. The merchant is part of every key: tenants are walls."""

from enum import StrEnum
from typing import NamedTuple

from shared.domain.lanes import Lane


class CaseKind(StrEnum):
    """What a case describes. The value is part of the stored key."""

    ORDER = "order"
    REFUND = "refund"
    PARCEL = "parcel"
    DIGEST = "digest"
    SESSION = "session"
    DESK = "desk"


_LANES = {
    CaseKind.ORDER: Lane.REFUNDS,
    CaseKind.REFUND: Lane.REFUNDS,
    CaseKind.PARCEL: Lane.PARCELS,
    CaseKind.DIGEST: Lane.NOTIFICATIONS,
    CaseKind.SESSION: Lane.CHATS,
    CaseKind.DESK: Lane.CHATS,
}


class CaseKey(NamedTuple):
    """Names one case of one merchant."""

    merchant: str
    kind: CaseKind
    id: str

    def __str__(self) -> str:
        return f"{self.merchant}|{self.kind}|{self.id}"

    @classmethod
    def parse(cls, text: str) -> "CaseKey":
        """Read what `str()` wrote.

        Raises:
            ValueError: the text is no case key.
        """
        merchant, kind, identity = text.split("|", 2)
        return cls(merchant, CaseKind(kind), identity)

    @property
    def lane(self) -> Lane:
        """The queue whose consumer decides about this case."""
        return _LANES[self.kind]


def order_key(merchant: str, platform: str, order_id: str) -> CaseKey:
    """Name an order of a platform."""
    return CaseKey(merchant, CaseKind.ORDER, f"{platform}:{order_id}")


def refund_key(merchant: str, platform: str, refund_id: str) -> CaseKey:
    """Name a refund request of a platform."""
    return CaseKey(merchant, CaseKind.REFUND, f"{platform}:{refund_id}")


def parcel_key(merchant: str, carrier: str, waybill: str) -> CaseKey:
    """Name a parcel of a carrier."""
    return CaseKey(merchant, CaseKind.PARCEL, f"{carrier}:{waybill}")


def session_key(merchant: str, channel: str, session_id: str) -> CaseKey:
    """Name a buyer's conversation in a channel."""
    return CaseKey(merchant, CaseKind.SESSION, f"{channel}:{session_id}")


def desk_key(merchant: str, group: str) -> CaseKey:
    """Name the desk of a group of agents."""
    return CaseKey(merchant, CaseKind.DESK, group)


def digest_key(merchant: str, group: str) -> CaseKey:
    """Name the outgoing messages of one staff group."""
    return CaseKey(merchant, CaseKind.DIGEST, group)
