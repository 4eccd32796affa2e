"""Installed as `sitecustomize` of the emulator's interpreter: shifts `time.time` inside Lambda workers, nowhere else.

The emulator sets LAMBDA_TASK_ROOT for workers only. LOCAL_CLOCK_FILE names a file with the offset in seconds. Request
signing reads `datetime` and stays on real time.
"""

import os
import time


def shift_time(path: str) -> None:
    """Replace `time.time` and `time.time_ns` by real time plus the file's offset, read anew when the file changes."""
    real_time, real_time_ns = time.time, time.time_ns
    seen: tuple[int, int] | None = None
    offset_s = 0.0

    def current_offset_s() -> float:
        nonlocal seen, offset_s
        try:
            status = os.stat(path)
            if (status.st_mtime_ns, status.st_ino) != seen:
                with open(path, encoding="ascii") as file:
                    offset_s = float(file.read().strip() or 0)
                seen = (status.st_mtime_ns, status.st_ino)
        except (OSError, ValueError):
            offset_s, seen = 0.0, None
        return offset_s

    time.time = lambda: real_time() + current_offset_s()
    time.time_ns = lambda: real_time_ns() + int(current_offset_s() * 1_000_000_000)


if os.environ.get("LOCAL_CLOCK_FILE") and os.environ.get("LAMBDA_TASK_ROOT"):
    shift_time(os.environ["LOCAL_CLOCK_FILE"])
