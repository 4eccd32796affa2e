"""What the door counts: a refusal at once, acceptances every few minutes, so that most lines of its log stay short.

Standard library only: this is the cold start that platforms wait for.
"""

from datetime import datetime, timedelta
from typing import Any

from shared.domain.metrics import PUSHES_ACCEPTED, PUSHES_REFUSED, embedded
from shared.errors import Refused

EVERY = timedelta(minutes=5)


class PushCounter:
    """Counts for one Lambda environment. What it has not told when it ends is lost: for counts to the unit, see SQS."""

    def __init__(self) -> None:
        self._told: dict[str, datetime] = {}
        self._untold: dict[str, int] = {}

    def accepted(self, source: str, now: datetime) -> dict[str, Any]:
        """Count a push; give the fields for its line of log, if it is time to tell."""
        count = self._untold.get(source, 0) + 1
        told = self._told.get(source)
        if told is not None and now - told < EVERY:
            self._untold[source] = count
            return {}
        self._told[source], self._untold[source] = now, 0
        return embedded(PUSHES_ACCEPTED, count, source, now)

    def refused(self, error: Refused, now: datetime) -> dict[str, Any]:
        """Count a refusal; give the fields for its line of log."""
        return embedded(PUSHES_REFUSED, 1, type(error).__name__, now)
