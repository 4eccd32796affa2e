"""How many schedules Hypothesis plays, and that they are the same everywhere; `HUHANG_SCHEDULES` asks for new ones."""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings


def schedules(default: int, share: int = 1) -> Any:
    """Settings for so many schedules, or for a share (one in so many) of those that are asked for."""
    return settings(
        max_examples=int(os.environ.get("HUHANG_SCHEDULES", default)) // share,
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize="HUHANG_SCHEDULES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
