"""What operators see: one short log line per event with its fate, and a few metrics with bounded dimensions.

Built on Powertools; the webhook function, whose cold start it would double, prints its line itself.
"""

import sys
from datetime import timedelta
from typing import IO, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "huhang"

EVENTS_UNKNOWN = "EventsUnknown"
COMMANDS_FAILED = "CommandsFailed"
MESSAGES_FAILED = "MessagesFailed"
SWEEP_LAG = "SweepLag"
SESSIONS_MOVED_TWICE = "SessionsMovedTwice"
LATE_LINES = "LateLines"


class _Stdout:
    """Whatever is standard output when a line is written."""

    def write(self, text: str) -> int:
        """Write there."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Let it be read."""
        sys.stdout.flush()


class Telemetry:
    """The voice of one function."""

    def __init__(self) -> None:
        # The log group names the function and CloudWatch dates each line: no line repeats them.
        self._log = Logger(
            service=NAMESPACE,
            stream=cast(IO[str], _Stdout()),
            location=None,
            timestamp=None,
            log_record_order=["level", "message"],
        )
        self._metrics = Metrics(namespace=NAMESPACE, service=NAMESPACE)

    def fate(self, fate: str, merchant: str, what: str, about: str = "", reason: str = "") -> None:
        """Record how an accepted event ended."""
        details = {"merchant": merchant, "event": what, "about": about, "reason": reason}
        self._log.info(fate, extra={key: value for key, value in details.items() if value})
        if fate == "unknown":
            self._metrics.add_metric(name=EVENTS_UNKNOWN, unit=MetricUnit.Count, value=1)

    def outcome(self, command: str, command_id: str, outcome: str) -> None:
        """Record how a command ended."""
        self._log.info(outcome, extra={"command": command, "command_id": command_id})
        if outcome == "command_failed":
            self._metrics.add_metric(name=COMMANDS_FAILED, unit=MetricUnit.Count, value=1)

    def postponed(self, message_id: str, reason: str, after: timedelta) -> None:
        """Record that a message will be taken again."""
        self._log.warning(
            "postponed", extra={"message_id": message_id, "reason": reason, "after_s": int(after.total_seconds())}
        )

    def failed(self, message_id: str) -> None:
        """Record a bug, with its traceback; call it while the exception is handled."""
        self._log.exception("failed", extra={"message_id": message_id})
        self._metrics.add_metric(name=MESSAGES_FAILED, unit=MetricUnit.Count, value=1)

    def swept(self, woken: int, armed: int, lag: timedelta) -> None:
        """Record a sweep of the deadlines and how far it is behind."""
        self._log.info("swept", extra={"woken": woken, "armed": armed, "lag_s": int(lag.total_seconds())})
        self._metrics.add_metric(name=SWEEP_LAG, unit=MetricUnit.Seconds, value=lag.total_seconds())

    def polled(self, merchant: str, source: str, found: int, failure: str = "") -> None:
        """Record what asking a source brought."""
        details = {"merchant": merchant, "source": source, "count": found}
        self._log.info("polled", extra=details | ({"reason": failure} if failure else {}))
        if failure:
            self._metrics.add_metric(name=COMMANDS_FAILED, unit=MetricUnit.Count, value=1)

    def told(self, what: str, count: int) -> None:
        """Record how many things a periodic or forwarding function passed on."""
        self._log.info(what, extra={"count": count})

    def answered(self, route: str, merchant: str, status: int) -> None:
        """Record how a question was answered; the route's template, since a path may hold what people typed."""
        self._log.info("answered", extra={"route": route, "merchant": merchant, "status": status})

    def counted(self, what: str) -> None:
        """Count what a decision wants counted: "second_hop" or "late_line"."""
        name = {"second_hop": SESSIONS_MOVED_TWICE, "late_line": LATE_LINES}[what]
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)

    def flush(self) -> None:
        """Write the metrics collected so far; at the end of every invocation."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()
