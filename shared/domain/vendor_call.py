"""How a conversation with a vendor went, for those who watch the vendors."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class Ending(StrEnum):
    """What the vendor made of it. A refusal is an answer: the vendor works, and says no."""

    ANSWERED = "answered"
    REFUSED = "refused"
    THROTTLED = "throttled"
    ERROR = "error"  # busy, unreachable, or no usable answer


class VendorCall(NamedTuple):
    """One conversation; `slowest` is the longest that one of its requests took."""

    vendor: str
    ending: Ending
    slowest: timedelta
