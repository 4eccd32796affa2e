"""The words in which alarms are described: signals that are measured, alarms on them, causes that operators hear of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from shared.domain.metrics import NAMESPACE, SERVICE, Metric


class Severity(StrEnum):
    """How soon somebody must look."""

    CRITICAL = "critical"  # events, money or the pager itself: now, also at night
    WARNING = "warning"  # during the next working hours

    @property
    def label(self) -> str:
        """Give it in both languages."""
        return {Severity.CRITICAL: "严重 critical", Severity.WARNING: "注意 warning"}[self]


@dataclass(frozen=True, slots=True)
class Signal:
    """A metric, and the statistic by which it is looked at."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


def ours(metric: Metric, statistic: str, which: str = "") -> Signal:
    """Give one of our own metrics; `which` is the value of its dimension."""
    return Signal(NAMESPACE, metric.name, statistic, SERVICE | ({metric.by: which} if metric.by else {}))


def of_lambda(name: str, statistic: str, function: str = "") -> Signal:
    """Give a metric of a function, by its full name, or of all functions of the region."""
    return Signal("AWS/Lambda", name, statistic, {"FunctionName": function} if function else {})


def of_queue(name: str, statistic: str, queue: str) -> Signal:
    """Give a metric of a queue."""
    return Signal("AWS/SQS", name, statistic, {"QueueName": queue})


class Breach(StrEnum):
    """On which side of the threshold trouble lies; the value is CloudWatch's operator."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    AT_MOST = "LessThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition. It breaks when `periods` periods in a row are in breach.

    `silence_breaks`: a period without data is a breach; otherwise it is none. `minus`: the signals' sums less the sums
    of these are compared (metric math, which the emulator refuses). `unless`: it is not told while one of these alarms
    rings, since it is only what comes of that.
    """

    name: str
    zh: str
    en: str
    signal: Signal
    threshold: float
    period: timedelta
    periods: int = 1
    breach: Breach = Breach.AT_LEAST
    silence_breaks: bool = False
    plus: tuple[Signal, ...] = ()
    minus: tuple[Signal, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """What operators are told of, once, by whichever of its alarms."""

    name: str
    runbook: str  # docs/runbooks/<runbook>.md
    severity: Severity
    zh: str
    en: str
    alarms: tuple[Alarm, ...]

    @property
    def is_composite(self) -> bool:
        """Whether it needs an alarm of its own over its alarms."""
        return len(self.alarms) > 1 or any(alarm.unless for alarm in self.alarms)


def alone(alarm: Alarm, runbook: str, severity: Severity, name: str = "") -> Cause:
    """Give the cause that has one alarm, and its words; the name as well, where it has none of its own."""
    return Cause(name or alarm.name, runbook, severity, alarm.zh, alarm.en, (alarm,))
