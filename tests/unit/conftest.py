"""The same examples on every machine and every day; `HUHANG_SCHEDULES` lets Hypothesis look for new ones."""

import os

from hypothesis import settings

settings.register_profile("unit", deadline=None, database=None, derandomize="HUHANG_SCHEDULES" not in os.environ)
settings.load_profile("unit")
