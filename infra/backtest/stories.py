"""What was recorded of a case, in the order in which it became known. Every format of history becomes stories."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from infra.backtest.dirt import Dirt
from shared.domain.events import OrderReported, ParcelScanned
from shared.domain.keys import CaseKey
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.watching import Span

Watched = OrderCase | ParcelCase


class HistoryRefused(ValueError):
    """An input cannot be read as what it is said to be. The message names file and line; correct one or the other."""


class Seen(NamedTuple):
    """A recorded state of a case, and the one before it."""

    key: CaseKey
    before: Watched | None
    after: Watched


class Step(NamedTuple):
    """Something that became known, and when."""

    at: datetime
    what: OrderReported | ParcelScanned | Seen


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of an order or a parcel.

    `weight`: how many it stands for. `known_until`: how it ended, or when, is not known after that. `adopted`: it began
    before the history did, so clocks that ran already are not judged.
    """

    name: str
    steps: tuple[Step, ...]
    weight: float = 1.0
    known_until: datetime | None = None
    adopted: bool = False


class History(Protocol):
    """A recorded history. `dirt` is complete once all stories were given; `sparse`: milestones instead of all scans."""

    dirt: Dirt
    sparse: bool

    @property
    def zone(self) -> ZoneInfo:
        """Whose days the report counts."""
        ...

    @property
    def until(self) -> datetime:
        """Its end: whatever still runs then is undecided."""
        ...

    @property
    def silent(self) -> frozenset[Span]:
        """The stretches of the way about which it says nothing."""
        ...

    def stories(self) -> Iterator[Story]:
        """Give every story once."""
        ...
