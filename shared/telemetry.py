"""What operators see: one short log line per event with its fate, and a few metrics with bounded dimensions.

Built on Powertools; the webhook function, whose cold start it would double, prints its line itself.
"""

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import IO, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from shared.domain import metrics
from shared.domain.limits import Usage
from shared.domain.metrics import NAMESPACE, Metric
from shared.domain.vendor_call import Ending, VendorCall

_COUNTED: dict[str, tuple[Metric, float]] = {
    "second_hop": (metrics.SESSIONS_MOVED_TWICE, 1),
    "late_line": (metrics.LATE_LINES, 1),
    "interception_succeeded": (metrics.INTERCEPTIONS_SUCCEEDED, 1),
    "interception_failed": (metrics.INTERCEPTIONS_SUCCEEDED, 0),
    "budget_near_end": (metrics.BUDGETS_NEAR_END, 1),
    "earlier_use": (metrics.EARLIER_USES, 1),
    "order_turned_away": (metrics.ORDERS_TURNED_AWAY, 1),
    "answer_dropped": (metrics.ANSWERS_DROPPED, 1),
}
_ANSWERS_TO_INTERCEPTIONS = {"interception_accepted": 1, "interception_refused": 0, "command_failed": 0}


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

    def __init__(self, function: str = "") -> None:
        # The log group names the function and CloudWatch dates each line: no line repeats them.
        self._log = Logger(
            service=NAMESPACE,
            stream=cast(IO[str], _Stdout()),
            location=None,
            timestamp=None,
            log_record_order=["level", "message"],
        )
        self._log.remove_keys(["service"])
        self._function = function
        self._message: dict[str, str | int] = {}
        self._counters: dict[tuple[str, str], EphemeralMetrics] = {}

    def taking(self, message_id: str) -> None:
        """Let the lines that follow say which message they are about, as the door does of what it has sent."""
        self._message = {"message_id": message_id[:8]}

    def fate(self, fate: str, merchant: str, what: str, about: str = "", reason: str = "") -> None:
        """Record how an accepted event ended."""
        details = {"merchant": merchant, "event": what, "about": about, "reason": reason}
        self._log.info(fate, extra=self._message | {key: value for key, value in details.items() if value})
        if fate == "unknown":
            self._add(metrics.EVENTS_UNKNOWN, 1)

    def outcome(self, command: str, command_id: str, outcome: str) -> None:
        """Record how a command ended."""
        self._log.info(outcome, extra=self._message | {"command": command, "command_id": command_id})
        if outcome == "command_failed":
            self._add(metrics.COMMANDS_FAILED, 1)
        if command == "intercept_parcel" and outcome in _ANSWERS_TO_INTERCEPTIONS:
            self._add(metrics.INTERCEPTIONS_ACCEPTED, _ANSWERS_TO_INTERCEPTIONS[outcome])

    def called(self, call: VendorCall) -> None:
        """Record how a conversation with a vendor went; the lines that follow say with whom and how long it took."""
        self._message |= {"vendor": call.vendor, "ms": int(call.slowest / timedelta(milliseconds=1))}
        self._add(metrics.VENDOR_ERRORS, call.ending is Ending.ERROR, call.vendor)
        self._add(metrics.VENDOR_REFUSALS, call.ending is Ending.REFUSED, call.vendor)
        self._add(metrics.VENDOR_THROTTLES, call.ending is Ending.THROTTLED, call.vendor)
        self._add(metrics.VENDOR_LATENCY, call.slowest / timedelta(milliseconds=1), call.vendor)

    def used(self, usage: Usage) -> None:
        """Record how much of what a vendor takes at a time is gone: of this account in a line, of all in a metric."""
        details = {"merchant": usage.merchant, "bucket": usage.bucket, "gone": usage.gone, "calls": usage.calls}
        self._log.info("calls_used", extra=details)
        self._add(metrics.VENDOR_CALLS_USED, 100 * usage.gone / usage.calls, usage.vendor)

    def trial_ended(self, merchant: str, version: int, restored_as: int) -> None:
        """Record that a policy on trial has used up its budget, and as which version the one before is in force."""
        details = {"merchant": merchant, "version": version, "restored_as": restored_as}
        self._log.warning("trial_ended", extra=self._message | details)
        if restored_as:
            self._add(metrics.TRIALS_ENDED, 1)

    def postponed(self, message_id: str, reason: str, after: timedelta, age: timedelta) -> None:
        """Record that a message will be taken again, and how old it is: its queue counts from when it was put back."""
        details = {"message_id": message_id, "reason": reason, "after_s": int(after.total_seconds())}
        self._log.warning("postponed", extra=self._message | details | {"age_s": int(age.total_seconds())})
        self._add(metrics.MESSAGE_AGE, age.total_seconds(), self._function)

    def failed(self, message_id: str) -> None:
        """Record a bug, with its traceback; call it while the exception is handled."""
        self._log.exception("failed", extra=self._message | {"message_id": message_id})
        self._add(metrics.MESSAGES_FAILED, 1, self._function)

    def swept(self, woken: int, armed: int, lag: timedelta) -> None:
        """Record a sweep of the deadlines and how far it is behind."""
        self._log.info("swept", extra={"woken": woken, "armed": armed, "lag_s": int(lag.total_seconds())})
        self._add(metrics.SWEEP_LAG, lag.total_seconds())

    def polled(self, merchant: str, source: str, found: int, failure: str = "") -> None:
        """Record what asking a source brought."""
        details = {"merchant": merchant, "source": source, "count": found}
        self._log.info("polled", extra=details | ({"reason": failure} if failure else {}))
        self._add(metrics.POLL_FAILURES, bool(failure), source)

    def awaited(self, sources: Iterable[str]) -> None:
        """Count no push of sources that should be talking: where nobody counts one, this zero is what an alarm sees."""
        for source in sources:
            self._add(metrics.PUSHES_ACCEPTED, 0, source)

    def told(self, what: str, count: int, reason: str = "") -> None:
        """Record how many things a periodic or forwarding function passed on, or could not."""
        self._log.info(what, extra={"count": count} | ({"reason": reason} if reason else {}))

    def folded(self, merchants: int, *, funnel_falls: bool) -> None:
        """Record that scorecards were made, and whether couriers stop fewer parcels than they did."""
        self.told("scores_folded", merchants)
        self._add(metrics.FUNNEL_FALLS, funnel_falls)

    def answered(self, route: str, merchant: str, status: int) -> None:
        """Record how a question was answered; the route's template, since a path may hold what people typed."""
        self._log.info("answered", extra={"route": route, "merchant": merchant, "status": status})

    def counted(self, what: str) -> None:
        """Count what a decision wants counted; the fate's line, with the same message, says whose it is."""
        self._log.info("counted", extra=self._message | {"event": what})
        self._add(*_COUNTED[what])

    def onboarded(self, wish: str, merchant: str, *, accepted: bool) -> None:
        """Record how a stack's wish ended; why stands in the stack's own events."""
        self._log.info("onboarded", extra={"wish": wish, "merchant": merchant, "accepted": accepted})

    def broke(self, what: str) -> None:
        """Record a bug whose exception may quote credentials: its kind and its place, and nothing of its text."""
        self._log.error("broke", extra={"reason": what})
        self._add(metrics.MESSAGES_FAILED, 1, self._function)

    def flush(self) -> None:
        """Write the metrics collected so far; at the end of every invocation."""
        for counter in self._counters.values():
            counter.flush_metrics()
        self._counters.clear()

    def _add(self, metric: Metric, value: float, which: str = "") -> None:
        """Add a value; those with the same dimensions become one line."""
        place = (metric.by, which)
        if place not in self._counters:
            self._counters[place] = EphemeralMetrics(namespace=NAMESPACE, service=NAMESPACE)
            if metric.by:
                self._counters[place].add_dimension(metric.by, which)
        self._counters[place].add_metric(metric.name, metric.unit, value)
