"""Parcels of an order on their way, woken at every deadline."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from shared.domain.events import ParcelShipped, ParcelTraced, ReturnShipped
from shared.domain.parcel import Content, ParcelCase, Scan, Stage, Watch
from shared.domain.tickets import ANOMALIES, Ticket
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import HOUR, MERCHANT, NOW, WAYBILL, Run, content, tick

_TITLES = {text.title for text in ANOMALIES.values()}


def inside(order_id: str = "O1", **fields: Any) -> Content:
    """What an order of 100 yuan says is inside, paid five hours before it was shipped."""
    known = {"paid_fen": 10_000, "paid_at": NOW - 5 * HOUR, "shipped_at": NOW, "region": "浙江省"}
    return content(order_id).model_copy(update={**known, **fields})


class Parcel:
    """A parcel of ours, and a clock that comes whenever it is due."""

    def __init__(self, *begin: Any, carrier: str = "zto", at: datetime = NOW, **policy: Any) -> None:
        self.run = Run(decide_parcel, at=at, **policy)
        self.about = {"merchant": MERCHANT, "carrier": carrier, "waybill": WAYBILL}
        self.key = f"{MERCHANT}|parcel|{carrier}:{WAYBILL}"
        for event in begin:
            self.run.take(event)

    @property
    def case(self) -> ParcelCase:
        """The case as it stands."""
        case = self.run.case
        assert isinstance(case, ParcelCase)
        return case

    @property
    def due(self) -> datetime | None:
        """When the clock must come."""
        return self.run.last.due

    def take(self, *events: Any) -> list[Any]:
        """Take events now; give what was said."""
        return self.run.take(*events)

    def wait(self, until: datetime | timedelta) -> list[Any]:
        """Let the clock come at every deadline until an instant (or for a time); give what was said."""
        end = until if isinstance(until, datetime) else self.run.now + until
        begin = len(self.run.said)
        while self.due and self.due <= end:
            self.run.now = max(self.run.now, self.due)
            self.take(tick(self.key))
            assert self.due is None or self.due > self.run.now, "it never comes to rest"
        self.run.now = max(self.run.now, end)
        return self.run.said[begin:]

    def scan(self, stage: Stage, at: datetime | None = None, **fields: Any) -> list[Any]:
        """Let a scan be pushed at once, or late."""
        return self.take(self.traced((stage, at or self.run.now), **fields))

    def traced(self, *scans: tuple[Stage, datetime], **fields: Any) -> ParcelTraced:
        """What a source tells: scans, in any order."""
        told = tuple(Scan(stage=stage, at=at, code=stage.value) for stage, at in scans)
        return ParcelTraced(**{**self.about, "source": "kuaidi100", "scans": told, **fields})

    def moves(self, *stages: Stage, every: timedelta = HOUR) -> list[Any]:
        """Let scans happen one after the other."""
        return [said for stage in stages for said in (*self.wait(every), *self.scan(stage))]

    @property
    def open(self) -> list[str]:
        """The kinds of the tickets that people should look at."""
        return [ticket.anomaly.value for ticket in self.case.tickets if not ticket.closed]

    @property
    def ticket(self) -> Ticket:
        """The one ticket that people should look at."""
        [ticket] = [ticket for ticket in self.case.tickets if not ticket.closed]
        return ticket


def shipped(order_id: str = "O1", carrier: str = "zto", **policy: Any) -> Parcel:
    """A parcel that was shipped now."""
    told = ParcelShipped(merchant=MERCHANT, carrier=carrier, waybill=WAYBILL, content=inside(order_id))
    return Parcel(told, carrier=carrier, **policy)


def on_its_way(*stages: Stage, **policy: Any) -> Parcel:
    """A parcel that was shipped and picked up, and was in these stages after, one an hour."""
    parcel = shipped(**policy)
    parcel.moves(Stage.PICKED_UP, *stages)
    return parcel


def sent_back(**policy: Any) -> Parcel:
    """A parcel in which a buyer says to have sent the goods back now."""
    goods = content().model_copy(update={"paid_fen": 10_000})
    told = ReturnShipped(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, refund="sim:R1", content=goods, at=NOW)
    return Parcel(told, **policy)


def facts(case: ParcelCase) -> ParcelCase:
    """What does not depend on when we heard it: without measurements, what was said, and the watch's bookkeeping."""
    tickets = [ticket.model_copy(update={"urged_at": None}) for ticket in case.tickets]
    aside = {"lag_s": 0, "handled_s": 0, "watch": Watch(), "buyer_told": (), "broken": ()}
    return case.model_copy(update={**aside, "tickets": tuple(tickets)})


def notices(said: list[Any]) -> list[str]:
    """The titles of what staff were told of tickets."""
    titles = [message.notice.title for message in said if message.type == "notice_raised"]
    return [title for title in titles if title.split("：")[-1] in _TITLES]


def of_type(said: list[Any], *types: str) -> Iterator[Any]:
    """The messages of some types."""
    return (message for message in said if message.type in types)
