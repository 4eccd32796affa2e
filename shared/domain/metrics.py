"""What is counted: every metric of ours with its unit and its one bounded dimension, and how CloudWatch reads it.

Standard library only: the webhook function writes its metrics with this, all others by way of Powertools. Alarms and
dashboard take the names from here.
"""

from datetime import datetime
from typing import Any, NamedTuple

NAMESPACE = "huhang"
SERVICE = {"service": NAMESPACE}
"""The dimension that every metric has."""


class Metric(NamedTuple):
    """A metric. `by` names its dimension beside the service: its values are files of ours, never what people typed.

    A metric whose values are 0 and 1 has a rate as its average and a number of tries as its sample count.
    """

    name: str
    unit: str = "Count"
    by: str = ""


PUSHES_ACCEPTED = Metric("PushesAccepted", by="source")  # told every five minutes; zeros from sources that always talk
PUSHES_REFUSED = Metric("PushesRefused", by="reason")
EVENTS_UNKNOWN = Metric("EventsUnknown")
MESSAGES_FAILED = Metric("MessagesFailed", by="function")
MESSAGE_AGE = Metric("MessageAge", "Seconds", by="function")  # of what is put off, since it was sent first
SWEEP_LAG = Metric("SweepLag", "Seconds")
POLL_FAILURES = Metric("PollFailures", by="vendor")  # 0 or 1
VENDOR_ERRORS = Metric("VendorErrors", by="vendor")  # 0 or 1: busy, unreachable, no usable answer
VENDOR_REFUSALS = Metric("VendorRefusals", by="vendor")  # 0 or 1: answered with a no
VENDOR_THROTTLES = Metric("VendorThrottles", by="vendor")  # 0 or 1: asked for fewer calls
VENDOR_CALLS_USED = Metric("VendorCallsUsed", "Percent", by="vendor")  # of what it takes in a slot of a few seconds
VENDOR_LATENCY = Metric("VendorLatency", "Milliseconds", by="vendor")
COMMANDS_FAILED = Metric("CommandsFailed")
INTERCEPTIONS_ACCEPTED = Metric("InterceptionsAccepted")  # 0 or 1: what the courier answered
INTERCEPTIONS_SUCCEEDED = Metric("InterceptionsSucceeded")  # 0 or 1: how it ended
FUNNEL_FALLS = Metric("FunnelFalls")  # 0 or 1, once an hour: either of these is clearly worse than in the last month
BUDGETS_NEAR_END = Metric("BudgetsNearEnd")
TRIALS_ENDED = Metric("TrialsEnded")  # policies that were taken back because their trial's budget was used up
SESSIONS_MOVED_TWICE = Metric("SessionsMovedTwice")
LATE_LINES = Metric("LateLines")
EARLIER_USES = Metric("EarlierUses")  # news of a parcel that had its number before, passed over
ORDERS_TURNED_AWAY = Metric("OrdersTurnedAway")  # by parcels whose number fifty others have already
ANSWERS_DROPPED = Metric("AnswersDropped")  # of couriers, about parcels with ten that nobody has seen to

METRICS = tuple(value for value in list(vars().values()) if isinstance(value, Metric))


def embedded(metric: Metric, value: float, which: str, at: datetime) -> dict[str, Any]:
    """Write a metric as fields of a log line (embedded metric format); `which` is the value of its dimension."""
    dimensions = SERVICE | ({metric.by: which} if metric.by else {})
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
    }
    about = {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": about, **dimensions, metric.name: value}
