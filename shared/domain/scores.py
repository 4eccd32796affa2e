"""What couriers did for a merchant: counts over its parcels, per courier and region, of the last week and month.

Counts and not rates, so that they can be added up and checked; a rate is a count by the one named beside it.
"""

from typing import Literal

from pydantic import Field

from shared.domain.record import Instant, MerchantId, Record
from shared.domain.tickets import Anomaly

Days = Literal[7, 30]


class Spread(Record):
    """How a measurement is distributed, in seconds: half are not above the median, nine in ten not above `p90_s`."""

    samples: int
    median_s: int
    p90_s: int


class Interceptions(Record):
    """How far interceptions came. Each step counts the parcels that came so far or further."""

    wanted: int = 0
    eligible: int = 0
    requested: int = 0
    accepted: int = 0
    succeeded: int = 0
    received: int = 0


class ScoreRow(Record):
    """Parcels shipped in the last `days`. An empty `carrier` is all couriers, an empty `region` all provinces.

    `pickups_due` are parcels of which it is known whether they were picked up within 24 hours of being handed over.
    `arrivals_due` are orders that were signed for, or were not within 59 hours of payment; an order in two parcels
    counts in both. These hours, and the 52 for five points, are those of the rule pack of 2024: an order counts by the
    pack of the day on which it was paid. `arrival_minutes` adds up the time
    from payment to signature of the `arrivals`, whole minutes each.
    `stalled` parcels once stood still for longer than a limit; `broken` counts every limit that was broken once.
    """

    days: Days
    carrier: str = ""
    region: str = ""
    shipped: int = 0
    delivered: int = 0
    pickups_due: int = 0
    pickups_in_24h: int = 0
    arrivals: int = 0
    arrivals_due: int = 0
    arrivals_in_52h: int = 0
    arrivals_in_59h: int = 0
    arrival_minutes: int = 0
    stalled: int = 0
    open_tickets: dict[Anomaly, int] = Field(default_factory=dict)
    broken: dict[Anomaly, int] = Field(default_factory=dict)
    interceptions: Interceptions = Field(default_factory=Interceptions)
    lag: Spread | None = None
    handling: Spread | None = None


class Scores(Record):
    """A merchant's scorecard. `regions_left_out` rows of regions were too many to be kept.

    `watched` counts the parcels on their way by the source that reports them, `unwatched` those of them for which no
    source is known to be alive at the moment.
    """

    merchant: MerchantId
    as_of: Instant
    rows: tuple[ScoreRow, ...]
    regions_left_out: int = 0
    watched: dict[str, int] = Field(default_factory=dict)
    unwatched: dict[str, int] = Field(default_factory=dict)

    def row(self, days: Days, carrier: str = "", region: str = "") -> ScoreRow | None:
        """Give one row, if anything was shipped."""
        wanted = (days, carrier, region)
        return next((row for row in self.rows if (row.days, row.carrier, row.region) == wanted), None)
