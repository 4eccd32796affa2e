"""Parcels as they really travel, and the sources that tell of them: by themselves, when asked, late, wrongly, or not.

A source pushes what happens after it has taken a subscription, one scan a push or the whole history with each. It can
die silently (it takes subscriptions and questions, but pushes nothing), refuse, or know a number under another courier.
"""

from collections.abc import Iterator
from datetime import datetime

from shared.domain.events import ParcelScanned, ParcelTraced
from shared.domain.parcel import Scan, Stage

MERCHANT = "demo"


class Source:
    """One source of tracking. `whole` ones push the whole history each time, and know every courier's parcels."""

    def __init__(self, name: str, *, whole: bool) -> None:
        self.name = name
        self.whole = whole
        self.refuses = False
        self.subscribed: set[tuple[str, str]] = set()  # (carrier, waybill)
        self.asked = 0

    def die(self, carrier: str, waybill: str) -> None:
        """Stop pushing a parcel's scans; nobody is told."""
        self.subscribed.discard((carrier, waybill))


class Road:
    """One parcel's true way under its right courier."""

    def __init__(self, waybill: str, right: str) -> None:
        self.waybill = waybill
        self.right = right
        self.scans: list[Scan] = []

    @property
    def heard_at(self) -> datetime | None:
        """When something last happened to the parcel."""
        return max((scan.at for scan in self.scans), default=None)


class Roads:
    """All parcels and sources. `unasked`: the courier pushes the scans of its own labels without a subscription."""

    def __init__(self, *, unasked: bool = False) -> None:
        self.unasked = unasked
        self.by_waybill: dict[str, Road] = {}
        self.sources = {name: Source(name, whole=name == "kuaidi100") for name in ("zto", "yto", "kuaidi100")}

    def scan(self, road: Road, stage: Stage, at: datetime) -> Iterator[ParcelScanned | ParcelTraced]:
        """Let a scan happen, and give what is pushed of it."""
        road.scans.append(Scan(stage=stage, at=at, code=stage.value))
        for source in self.sources.values():
            is_own = self.unasked and source.name == road.right
            if is_own or (road.right, road.waybill) in source.subscribed:
                yield self.push(source, road)

    def push(self, source: Source, road: Road) -> ParcelScanned | ParcelTraced:
        """Tell of the newest scan as the source does."""
        about = {"merchant": MERCHANT, "carrier": road.right, "waybill": road.waybill}
        if source.whole:
            return ParcelTraced(**about, source=source.name, scans=tuple(road.scans))
        return ParcelScanned(**about, scan=road.scans[-1])

    def subscribe(self, source: Source, carrier: str, waybill: str) -> str:
        """Take a subscription; give why not."""
        if source.refuses:
            return "no_rights"
        source.subscribed.add((carrier, waybill))
        return ""

    def query(self, source: Source, carrier: str, waybill: str) -> tuple[Scan, ...]:
        """Tell all that a source knows of a number: of another courier's parcel nothing."""
        road = self.by_waybill.get(waybill)
        source.asked += 1
        return tuple(road.scans) if road and carrier == road.right and (source.whole or source.name == carrier) else ()
