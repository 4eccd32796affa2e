"""A small CloudWatch: takes data points and log lines with embedded metrics, and evaluates alarms as documented.

Left out: what CloudWatch does with periods that are older than the ones asked for, where data is sparse.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.infra.deployments import Properties, logical_id


class Point(NamedTuple):
    """A value in a period; periods are numbered, the last one is -1."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    unit: str
    period: int
    value: float


def embedded_points(lines: Iterable[str], period: int) -> list[Point]:
    """Read the metrics out of a function's log lines, as CloudWatch reads them."""
    found = []
    for line in lines:
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, document[name]) for name in names)
                for metric in directive["Metrics"]:
                    values = document[metric["Name"]]
                    found += [
                        Point(directive["Namespace"], metric["Name"], dimensions, metric["Unit"], period, float(value))
                        for value in (values if isinstance(values, list) else [values])
                    ]
    return found


def dimensions_of(metric: Properties) -> frozenset[tuple[str, str]]:
    """Give a metric's dimensions; a resource that only the deployment names stands by its logical id."""
    pairs = metric.get("Dimensions", ())
    return frozenset((d["Name"], d["Value"] if isinstance(d["Value"], str) else logical_id(d["Value"])) for d in pairs)


def state_of(alarm: Properties, points: Sequence[Point]) -> str:
    """Evaluate an alarm at the end of the last period."""
    periods = alarm["EvaluationPeriods"]
    breaching = [_breaches(alarm, _value(alarm, points, -1 - back)) for back in range(periods)]
    return "ALARM" if sum(breaching) >= alarm.get("DatapointsToAlarm", periods) else "OK"


def _breaches(alarm: Properties, value: float | None) -> bool:
    if value is None:
        missing = alarm["TreatMissingData"]
        assert missing in ("breaching", "notBreaching")
        return bool(missing == "breaching")
    threshold = alarm["Threshold"]
    compare = {
        "GreaterThanOrEqualToThreshold": value >= threshold,
        "LessThanOrEqualToThreshold": value <= threshold,
        "LessThanThreshold": value < threshold,
    }
    return compare[alarm["ComparisonOperator"]]


def _value(alarm: Properties, points: Sequence[Point], period: int) -> float | None:
    """Give what the alarm compares: its metric, or the sums and differences of several."""
    if "Metrics" not in alarm:
        return _statistic(alarm, alarm["Statistic" if "Statistic" in alarm else "ExtendedStatistic"], points, period)
    [expression] = [entry["Expression"] for entry in alarm["Metrics"] if "Expression" in entry]
    stats = {entry["Id"]: entry["MetricStat"] for entry in alarm["Metrics"] if "MetricStat" in entry}
    terms = re.findall(r"([+-]?)FILL\((\w+),0\)", expression)
    assert "".join(f"{sign}FILL({name},0)" for sign, name in terms) == expression
    assert {name for _, name in terms} == set(stats)
    total = 0.0
    for sign, name in terms:
        value = _statistic(stats[name]["Metric"], stats[name]["Stat"], points, period) or 0.0
        total += -value if sign == "-" else value
    return total


def _statistic(metric: Properties, statistic: str, points: Sequence[Point], period: int) -> float | None:
    wanted = (metric.get("Namespace"), metric["MetricName"], dimensions_of(metric), period)
    values = sorted(p.value for p in points if (p.namespace, p.name, p.dimensions, p.period) == wanted)
    if not values:
        return None
    if statistic.startswith("p"):
        return values[min(len(values) - 1, int(float(statistic[1:]) / 100 * len(values)))]
    return {"Sum": sum(values), "Average": sum(values) / len(values), "Maximum": values[-1]}[statistic]


@dataclass
class Board:
    """The states of all alarms of a template; alarms over alarms follow by their rules."""

    alarms: Mapping[str, Properties]
    composites: Mapping[str, Properties]
    ids: Mapping[str, str]  # logical id: name
    broken: set[str] = field(default_factory=set)

    def speaking(self) -> set[str]:
        """Give the alarms in alarm that tell somebody."""
        return {name for name in self.broken if self.alarms[name].get("AlarmActions")} | {
            name for name in self.composites if self.is_broken(name)
        }

    def is_broken(self, composite: str) -> bool:
        """Evaluate an alarm over alarms: ALARM, AND, OR, NOT and brackets."""
        parts = self.composites[composite]["AlarmRule"]["Fn::Join"][1]
        text = "".join(part if isinstance(part, str) else str(self._name(part) in self.broken) for part in parts)
        words = re.sub(r'ALARM\("(True|False)"\)', r"\1", text)
        assert set(re.findall(r"[A-Za-z]+", words)) <= {"True", "False", "AND", "OR", "NOT"}, words
        for ours, pythons in (("AND", "and"), ("OR", "or"), ("NOT", "not")):
            words = words.replace(ours, pythons)
        return bool(eval(words))

    def _name(self, part: Any) -> str:
        return self.ids[logical_id(part)]
