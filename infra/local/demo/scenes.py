"""The afternoon as data: every scene with what people do, when, and how it has to end."""

from collections.abc import Mapping
from typing import NamedTuple

from infra.local.demo.cast import Step
from shared.domain.tickets import Anomaly


class Cue(NamedTuple):
    """A step and its minute since the afternoon began."""

    minute: float
    step: Step


class RefundEnd(NamedTuple):
    """How a refund has to end. `paid_by` is empty where nobody pays.

    `perhaps` are tickets that depend on which of two messages is quicker.
    """

    ending: str
    tickets: tuple[str, ...] = ()
    paid_by: str = "merchant_api"
    paid_fen: int = 5900
    perhaps: tuple[str, ...] = ()
    at_risk: bool = False  # was told that the platform may pay unasked, since a parcel stalls


class ParcelEnd(NamedTuple):
    """What really happened to a parcel, as the sandbox knows."""

    requests: int = 1
    registered: int = 1
    stopped: int = 1
    stage: str = "received"


class TicketEnd(NamedTuple):
    """A ticket of the watch as it has to have been. Hours count from the scene's first cue.

    It was told of the warning and of the breach; `level` is how far up besides: 3 the desk, 4 the specialist, 5 the
    director. `ended_h` is None where it is open in the end. It is about a parcel by number and way, or about the order
    of that number. `over` is empty where it ends without a word.
    """

    anomaly: Anomaly
    warned_h: float
    broken_h: float
    ended_h: float | None
    level: int
    rule: str = ""  # the anomaly itself where no clock ran
    exposure_fen: int = 0
    number: int = 1
    way: int = 1
    of_order: bool = False
    carrier: str = ""  # as huhang knew it, where that is not the one that took the parcel
    over: str = "已恢复"
    answer: str = ""  # what the courier said, where the scene is about that


class WatchEnd(NamedTuple):
    """How a parcel has to have been watched: what huhang asked of its sources, and what its buyer was told.

    A source takes it within a minute of `after_h` hours.
    """

    subscriptions: int = 1
    after_h: float = 0
    work_orders: int = 0
    buyer_told: tuple[Anomaly, ...] = ()


class Sent(NamedTuple):
    """Where a line has to have been sent, by which rule, and with which open trouble attached."""

    holder: str
    rule: str
    group: str | None = None
    agent: str | None = None
    cases: tuple[str, ...] = ()


class ChatEnd(NamedTuple):
    """How a scene's conversation has to have gone: where each line was sent, and what the desktop was told unasked.

    `told` are tokens and holders, in no order. Nobody is ever moved from people to people by a rule: `hops` stays 0.
    """

    sent: tuple[Sent, ...]
    told: tuple[tuple[int, str], ...] = ()
    hops: int = 0
    late_lines: int = 0


class Scene(NamedTuple):
    """One story of the afternoon. Refunds and parcels are named by number; carriers are zto where nothing is said."""

    number: int
    name: str
    title: str
    heading: str
    cues: tuple[Cue, ...]
    refunds: Mapping[int, RefundEnd]
    parcels: Mapping[int, ParcelEnd] = {}
    platform: str = "douyin"
    carriers: Mapping[int, str] = {}
    tickets: tuple[TicketEnd, ...] = ()
    watched: Mapping[int, WatchEnd] = {}
    chat: ChatEnd | None = None

    @property
    def begins_min(self) -> float:
        """The minute of the afternoon at which it begins."""
        return self.cues[0].minute


PAID_BACK = RefundEnd("recovered")
NOT_PAID = RefundEnd("refused", paid_by="", paid_fen=0)
RETURNED = ParcelEnd()
"""Asked once, registered once, stopped once, counted by the warehouse."""
ARRIVED = ParcelEnd(0, 0, 0, "signed")
"""Nobody tried to stop it, and it came home to the buyer."""
