"""The afternoon as data: every scene with what people do, when, and how it has to end."""

from collections.abc import Mapping
from typing import NamedTuple

from infra.local.demo.cast import Step


class Cue(NamedTuple):
    """A step and its minute since the afternoon began."""

    minute: float
    step: Step


class RefundEnd(NamedTuple):
    """How a refund has to end. `paid_by` is empty where nobody pays; `rule` is checked where it is given.

    `perhaps` are tickets that depend on which of two messages is quicker.
    """

    ending: str
    tickets: tuple[str, ...] = ()
    paid_by: str = "merchant_api"
    rule: str = ""
    paid_fen: int = 5900
    agreements: int | None = None  # calls of ours to agree; None: one where we pay, else none
    perhaps: tuple[str, ...] = ()


class ParcelEnd(NamedTuple):
    """What really happened to a parcel, as the sandbox knows."""

    requests: int = 1
    registered: int = 1
    stopped: int = 1
    stage: str = "received"


class Scene(NamedTuple):
    """One story of the afternoon. Refunds and parcels are named by number."""

    number: int
    name: str
    title: str
    heading: str
    cues: tuple[Cue, ...]
    refunds: Mapping[int, RefundEnd]
    parcels: Mapping[int, ParcelEnd] = {}
    platform: str = "douyin"


PAID_BACK = RefundEnd("recovered")
NOT_PAID = RefundEnd("refused", paid_by="", paid_fen=0)
RETURNED = ParcelEnd()
"""Asked once, registered once, stopped once, counted by the warehouse."""
UNTOUCHED = ParcelEnd(0, 0, 0, "out_for_delivery")
