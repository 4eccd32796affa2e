"""What operators see: one short log line per event with its fate, and a few metrics with bounded dimensions.

Standard library only, and the webhook function prints its line itself: a logging library would be a twentieth of a
worker's cold start. The log group names the function and CloudWatch dates each line, so no line repeats them. Metrics
are lines in CloudWatch's embedded metric format (CloudWatch User Guide, "Embedded metric format specification").
"""

import json
import sys
import time
import traceback
from datetime import timedelta

NAMESPACE = "huhang"

EVENTS_UNKNOWN = "EventsUnknown"
COMMANDS_FAILED = "CommandsFailed"
MESSAGES_FAILED = "MessagesFailed"
SWEEP_LAG = "SweepLag"


class Telemetry:
    """The voice of one function."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def fate(self, fate: str, merchant: str, what: str, about: str = "", reason: str = "") -> None:
        """Record how an accepted event ended."""
        details = {"merchant": merchant, "event": what, "about": about, "reason": reason}
        _log("INFO", fate, {key: value for key, value in details.items() if value})
        if fate == "unknown":
            self._count(EVENTS_UNKNOWN)

    def outcome(self, command: str, command_id: str, outcome: str) -> None:
        """Record how a command ended."""
        _log("INFO", outcome, {"command": command, "command_id": command_id})
        if outcome == "command_failed":
            self._count(COMMANDS_FAILED)

    def postponed(self, message_id: str, reason: str, after: timedelta) -> None:
        """Record that a message will be taken again."""
        details = {"message_id": message_id, "reason": reason, "after_s": int(after.total_seconds())}
        _log("WARNING", "postponed", details)

    def failed(self, message_id: str) -> None:
        """Record a bug, with its traceback; call it while the exception is handled."""
        _log("ERROR", "failed", {"message_id": message_id, "exception": traceback.format_exc()})
        self._count(MESSAGES_FAILED)

    def swept(self, woken: int, armed: int, lag: timedelta) -> None:
        """Record a sweep of the deadlines and how far it is behind."""
        lag_s = lag.total_seconds()
        _log("INFO", "swept", {"woken": woken, "armed": armed, "lag_s": int(lag_s)})
        _write_metrics({SWEEP_LAG: lag_s}, "Seconds")

    def polled(self, merchant: str, source: str, found: int, failure: str = "") -> None:
        """Record what asking a source brought."""
        details = {"merchant": merchant, "source": source, "count": found}
        _log("INFO", "polled", details | ({"reason": failure} if failure else {}))
        if failure:
            self._count(COMMANDS_FAILED)

    def told(self, what: str, count: int) -> None:
        """Record how many things a periodic or forwarding function passed on."""
        _log("INFO", what, {"count": count})

    def flush(self) -> None:
        """Write the metrics collected so far; at the end of every invocation."""
        if self._counts:
            _write_metrics(self._counts, "Count")
            self._counts = {}

    def _count(self, metric: str) -> None:
        self._counts[metric] = self._counts.get(metric, 0) + 1


def _log(level: str, message: str, details: dict[str, object]) -> None:
    _write({"level": level, "message": message} | details)


def _write_metrics(values: dict[str, float] | dict[str, int], unit: str) -> None:
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": unit} for name in values],
    }
    # CloudWatch compares this with its own clock: the machine's time, whatever clock the rest of the product runs on.
    now_ms = time.time_ns() // 1_000_000
    _write({"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}, "service": NAMESPACE, **values})


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
