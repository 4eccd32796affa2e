"""What time is it? The only answer in the product; everything else is given `now` as an argument."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - this is the place that reads it
