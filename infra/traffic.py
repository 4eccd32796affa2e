"""How much a deployment expects to do, and the thresholds that follow from it. `docs/operations.md` has the table.

One number is asked for (`-c orders_per_day=…`, all merchants together); the rest are ratios of ordinary shops.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

PUSHES_PER_ORDER = 15  # twelve scans, and paid, shipped, delivered
PEAK = 4  # the busiest hour of the day over the average one
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The expected traffic of all merchants together."""

    orders_per_day: int = 10_000

    def pushes(self, period: timedelta) -> float:
        """Pushes in an average period of the day."""
        return self.orders_per_day * PUSHES_PER_ORDER * (period / DAY)

    def share(self, per_mille: int, period: timedelta, least: int) -> int:
        """Give so many of a thousand of the pushes in an average period, and never fewer than `least`."""
        return max(least, ceil(self.pushes(period) * per_mille / 1000))

    @property
    def in_flight(self) -> int:
        """Messages that two minutes of the busiest hour bring: that many may be under way when an hour ends."""
        return max(50, ceil(self.pushes(timedelta(minutes=2)) * PEAK))
