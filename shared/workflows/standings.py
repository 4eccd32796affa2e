"""How does a merchant stand? Callers ask before every call, so the answer is remembered for half a minute."""

from datetime import datetime, timedelta

from shared.domain.merchant import Standing
from shared.ports import Clock, Merchants

KNOWN_FOR = timedelta(seconds=30)
MERCHANTS_MAX = 1000  # kept in memory


class Standings:
    """Merchants' standings, at most `KNOWN_FOR` old."""

    def __init__(self, merchants: Merchants, clock: Clock) -> None:
        self._merchants = merchants
        self._clock = clock
        self._known: dict[str, tuple[datetime, Standing]] = {}

    def standing(self, merchant: str) -> Standing:
        """Give a merchant's standing; nothing is done for one that has never joined."""
        now = self._clock.now()
        known = self._known.get(merchant)
        if known is None or not timedelta(0) <= now - known[0] < KNOWN_FOR:
            known = self._known[merchant] = now, self._ask(merchant)
        return known[1]

    def _ask(self, merchant: str) -> Standing:
        if len(self._known) >= MERCHANTS_MAX:
            self._known.clear()
        found = self._merchants.membership(merchant)
        return found.standing if found else Standing.LEFT
