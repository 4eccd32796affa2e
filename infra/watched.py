"""What alarms are about, and those that every function, every queue and every kind of dead letters has."""

from dataclasses import dataclass
from datetime import timedelta

from infra.catalog import FunctionSpec
from infra.signals import Alarm, of_lambda, of_queue
from infra.traffic import Traffic

MINUTE = timedelta(minutes=1)
FIVE, QUARTER, HOUR = 5 * MINUTE, 15 * MINUTE, 60 * MINUTE
PAGES = "pages"  # the queue between the alarms and the robot
INBOX_AGE_MAX_S = 300
THROTTLED = "functions-throttled"  # the alarm that functions lack concurrency: whatever waits for them is late
DOOR_FAILS = "door-5xx"  # the alarm that the HTTP API answers with server errors


@dataclass(frozen=True, slots=True)
class Watched:
    """What a deployment's alarms are about. `table` and `api` may be names that only the deployment will know."""

    stack: str
    table: str
    api: str
    traffic: Traffic
    talking_sources: tuple[str, ...] = ()
    region: str = ""  # whose prices hold

    def named(self, name: str) -> str:
        """Give the full name of a function, a queue or an alarm."""
        return f"{self.stack}-{name}"

    def log_group(self, function: str) -> str:
        """Give the name of a function's log group."""
        return f"/huhang/{self.stack}/{function}"


def vendor_errors(vendor: str) -> str:
    """Name the alarm that a vendor does not work."""
    return f"vendor-{vendor}-errors"


def vendor_throttles(vendor: str) -> str:
    """Name the alarm that a vendor wants fewer calls."""
    return f"vendor-{vendor}-throttles"


def errors_of(spec: FunctionSpec) -> str:
    """Name the alarm that a function fails."""
    return f"{spec.name}-errors"


def bugs_of(spec: FunctionSpec) -> str:
    """Name the alarm that a function meets bugs in single messages, which it reports without failing itself."""
    return f"{spec.name}-bugs"


def errors(on: Watched, spec: FunctionSpec) -> Alarm:
    """Give the alarm that a function fails."""
    return Alarm(
        errors_of(spec),
        f"函数 {spec.name} 报错。",
        spec.failure_means,
        of_lambda("Errors", "Sum", on.named(spec.name)),
        threshold=1,
        period=FIVE,
    )


def oldest(on: Watched, queue: str, age_max_s: int, unless: tuple[str, ...] = ()) -> Alarm:
    """Give the alarm that a queue's oldest message has been waiting for so long; `unless` mutes it."""
    return Alarm(
        f"{queue}-late",
        f"{queue} 队列里最老的消息等了 {age_max_s // 60} 分钟以上。",
        f"The oldest message of {queue} has been waiting for {age_max_s // 60} minutes.",
        of_queue("ApproximateAgeOfOldestMessage", "Maximum", on.named(queue)),
        threshold=age_max_s,
        period=MINUTE,
        periods=3,
        unless=unless,
    )


def dead_letters(on: Watched, kind: str, en: str, unless: tuple[str, ...] = ()) -> Alarm:
    """Give the alarm that something was given up."""
    return Alarm(
        f"{kind}-dead-letters",
        f"{kind} 的死信队列里有消息：多次失败，等人处理。",
        en,
        of_queue("ApproximateNumberOfMessagesVisible", "Maximum", on.named(f"{kind}-dead")),
        threshold=1,
        period=MINUTE,
        unless=unless,
    )
