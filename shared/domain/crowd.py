"""Is one merchant sending so much that the others would wait behind it? Counted in the memory of one environment.

Such a merchant's messages go to the lane's second queue, which has consumers of its own. Nothing is asked of anybody:
the count is of what has passed through here. Standard library only: the webhook function asks.
"""

from datetime import datetime, timedelta

WITHIN = timedelta(seconds=10)


class Crowd:
    """Counts messages per merchant in windows of ten seconds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._since: datetime | None = None
        self._before: dict[str, int] = {}
        self._now: dict[str, int] = {}

    def is_one(self, merchant: str, now: datetime) -> bool:
        """Count a message; tell whether its merchant has sent more than `most` in this window or the one before."""
        if self._since is None or not timedelta() <= now - self._since < WITHIN:
            passed = now - self._since if self._since else 2 * WITHIN
            self._before = self._now if timedelta() <= passed < 2 * WITHIN else {}
            self._now, self._since = {}, now
        self._now[merchant] = count = self._now.get(merchant, 0) + 1
        return max(count, self._before.get(merchant, 0)) > self._most
