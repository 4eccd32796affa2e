"""What the table's stream has told of the cases: which deadline is next, and every ticket from opening to end.

A case forgets a ticket that is over; whoever wants to know how it went has to have listened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.adapters.dynamo_cases import read_case
from shared.adapters.table_layout import ONLY, from_ms
from shared.domain.keys import CaseKey
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.refund import RefundCase
from shared.domain.tickets import Anomaly, Ticket

Item = dict[str, Any]


@dataclass
class TicketStory:
    """One ticket of a case as it was last seen. `exposure_fen` is the most that it ever named."""

    case: CaseKey
    ticket: Ticket
    exposure_fen: int = 0
    ended_at: datetime | None = None


class Chronicle:
    """Takes the images of items, oldest first, and remembers what the items themselves forget."""

    def __init__(self, items: Iterable[Item], now: datetime) -> None:
        self.stories: list[TicketStory] = []
        self.forced_refund_at: dict[str, datetime] = {}  # refund: what it was told of a parcel that stalls
        self._open: dict[tuple[CaseKey, Anomaly], TicketStory] = {}
        self._dues: dict[str, int] = {}
        for item in items:
            self.take(item, now)

    def take(self, item: Item, now: datetime) -> None:
        """Take an item as it has become."""
        key = case_key(item)
        if key is None:
            return
        if "due" in item:
            self._dues[str(key)] = int(item["due"]["N"])
        else:
            self._dues.pop(str(key), None)
        case = read_case(key, item).case
        if isinstance(case, OrderCase | ParcelCase):
            self._follow(key, case.tickets, now)
        elif isinstance(case, RefundCase):
            risks = [parcel.forced_refund_at for parcel in case.parcels if parcel.forced_refund_at]
            self.forced_refund_at |= {case.refund_id: min(risks)} if risks else {}

    def next_due(self) -> datetime | None:
        """The earliest deadline of any case."""
        return from_ms(min(self._dues.values())) if self._dues else None

    def _follow(self, key: CaseKey, tickets: Iterable[Ticket], now: datetime) -> None:
        mine = {ticket.anomaly: ticket for ticket in tickets}
        for place in [place for place in self._open if place[0] == key]:
            known, ticket = self._open[place], mine.get(place[1])
            if ticket is None or ticket.since != known.ticket.since:
                known.ended_at = now
                del self._open[place]
        for anomaly, ticket in mine.items():
            story = self._open.get((key, anomaly))
            if story is None:
                story = self._open[key, anomaly] = TicketStory(key, ticket)
                self.stories.append(story)
            story.ticket, story.exposure_fen = ticket, max(story.exposure_fen, ticket.exposure_fen)


def case_key(item: Item) -> CaseKey | None:
    """Name the case that an item holds; None for a policy, a command or anything else."""
    if item["sk"]["S"] != ONLY or "body" not in item:
        return None
    try:
        return CaseKey.parse(item["pk"]["S"])
    except ValueError:
        return None
