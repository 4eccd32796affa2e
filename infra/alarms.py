"""Every alarm of the system, by what operators are told: symptoms at the doors and queues, vendors, money, silence.

Made from the catalog of functions, the lanes and the vendors' files, so that a new one cannot come without. Thresholds
follow from the expected traffic or from a promise to merchants; `docs/operations.md` has the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from infra.catalog import FUNCTIONS, LOST_TICKS, UNANSWERED, Changes, FunctionSpec, Trigger
from infra.signals import Alarm, Breach, Cause, Severity, Signal, of_lambda, of_queue, ours
from infra.traffic import Traffic
from infra.vendors import KINDS, polled, vendors, vendors_of
from shared.domain import metrics
from shared.domain.lanes import ASIDE, INBOXES, Lane

MINUTE = timedelta(minutes=1)
FIVE, QUARTER, HOUR = 5 * MINUTE, 15 * MINUTE, 60 * MINUTE
ASIDE_PATIENCE = 6  # what was put aside, a crowd or a silent vendor, may wait so many times as long
PAGES = "pages"  # the queue between the alarms and the robot
INBOX_AGE_MAX_S, CALL_AGE_MAX_S = 300, 1800  # a call is tried again for so long before anybody can do something
LANES: dict[Lane, tuple[str, str]] = {
    Lane.REFUNDS: ("退款和订单事件", "Refund and order events"),
    Lane.PARCELS: ("包裹事件", "Parcel events"),
    Lane.CHATS: ("会话", "Conversations"),
    Lane.PLATFORM_CALLS: ("对平台的调用（含退款）", "Commands to platforms, among them refunds,"),
    Lane.COURIER_CALLS: ("对快递的调用（含拦截）", "Commands to couriers, among them interceptions,"),
    Lane.ERP_CALLS: ("对 ERP 的调用（含拦单）", "Commands to ERPs, among them stopping orders,"),
    Lane.NOTIFICATIONS: ("群通知和买家通知", "Notices to groups and buyers"),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """What a deployment's alarms are about. `table` and `api` may be names that only the deployment will know."""

    stack: str
    table: str
    api: str
    traffic: Traffic
    talking_sources: tuple[str, ...] = ()

    def named(self, name: str) -> str:
        """Give the full name of a function, a queue or an alarm."""
        return f"{self.stack}-{name}"


def causes(on: Watched) -> tuple[Cause, ...]:
    """Give everything that operators are told of."""
    return (
        _door(on),
        _unfinished(on),
        *(_lane(on, spec, spec.consumes) for spec in FUNCTIONS if spec.consumes),
        *(_stream(on, spec, spec.changes) for spec in FUNCTIONS if spec.changes),
        *(_tick(on, spec) for spec in FUNCTIONS if spec.trigger is Trigger.SCHEDULE),
        _lost_ticks(on),
        *(_vendor(vendor) for vendor in vendors()),
        *_refused(on),
        *_interceptions(),
        _budget(),
        *(_silence(source) for source in on.talking_sources),
        _limits(on),
        _joining(on),
        *_other_functions(on),
        _pager(on),
    )


def vendor_errors(vendor: str) -> str:
    """Name the alarm that a vendor does not work."""
    return f"vendor-{vendor}-errors"


def errors_of(spec: FunctionSpec) -> str:
    """Name the alarm that a function fails."""
    return f"{spec.name}-errors"


def _errors(on: Watched, spec: FunctionSpec) -> Alarm:
    return Alarm(
        errors_of(spec),
        f"函数 {spec.name} 报错。",
        spec.failure_means,
        of_lambda("Errors", "Sum", on.named(spec.name)),
        threshold=1,
        period=FIVE,
    )


def _dead_letters(on: Watched, kind: str, en: str) -> Alarm:
    return Alarm(
        f"{kind}-dead-letters",
        f"{kind} 的死信队列里有消息：多次失败，等人处理。",
        en,
        of_queue("ApproximateNumberOfMessagesVisible", "Maximum", on.named(f"{kind}-dead")),
        threshold=1,
        period=MINUTE,
    )


def _door(on: Watched) -> Cause:
    spec = next(spec for spec in FUNCTIONS if spec.name == "receive_webhook")

    def of_api(name: str, statistic: str) -> Signal:
        return Signal("AWS/ApiGateway", name, statistic, {"ApiId": on.api})

    return Cause(
        "door",
        "door",
        Severity.CRITICAL,
        "平台和快递的推送正被拒绝或答复太慢；对方重试几次后就不再推送。",
        "Pushes are refused with an error or answered too slowly; vendors stop retrying after a while.",
        (
            _errors(on, spec),
            Alarm(
                "door-5xx",
                "入口返回 5xx。",
                "The HTTP API answers with server errors.",
                of_api("5xx", "Sum"),
                threshold=on.traffic.share(10, FIVE, least=3),
                period=FIVE,
            ),
            Alarm(
                "door-latency",
                "入口答复的 p99 超过 2 秒。",
                "One answer in a hundred takes more than two seconds, for a quarter of an hour.",
                of_api("Latency", "p99"),
                threshold=2000,
                period=FIVE,
                periods=3,
            ),
        ),
    )


def _unfinished(on: Watched) -> Cause:
    return Cause(
        "unfinished",
        "unfinished",
        Severity.CRITICAL,
        "一小时内收下的事件明显多于处理完的事件。",
        "In an hour clearly more events were accepted than finished.",
        tuple(_unfinished_of(on, lane) for lane in INBOXES),
    )


def _unfinished_of(on: Watched, lane: Lane) -> Alarm:
    return Alarm(
        f"{lane}-unfinished",
        f"{lane} 队列一小时内收下的消息比处理完的多 {on.traffic.in_flight} 条以上。",
        f"In an hour {lane} took {on.traffic.in_flight} messages more than were finished.",
        of_queue("NumberOfMessagesSent", "Sum", on.named(lane)),
        threshold=on.traffic.in_flight,
        period=HOUR,
        plus=(of_queue("NumberOfMessagesSent", "Sum", on.named(lane + ASIDE)),),
        minus=tuple(of_queue("NumberOfMessagesDeleted", "Sum", on.named(lane + end)) for end in ("", ASIDE)),
    )


def _lane(on: Watched, spec: FunctionSpec, lane: Lane) -> Cause:
    zh, en = LANES[lane]
    age_max_s = INBOX_AGE_MAX_S if lane in INBOXES else CALL_AGE_MAX_S
    late = [_late(on, lane, age_max_s), _late(on, lane + ASIDE, age_max_s * ASIDE_PATIENCE)]
    bugs = Alarm(
        f"{spec.name}-bugs",
        f"函数 {spec.name} 处理个别消息时遇到缺陷；消息会重试，然后进死信队列。",
        f"{spec.name} met a bug in single messages; they are retried and then kept in the dead-letter queue.",
        ours(metrics.MESSAGES_FAILED, "Sum", on.named(spec.name)),
        threshold=1,
        period=FIVE,
    )
    return Cause(
        lane,
        "lane",
        Severity.CRITICAL,
        f"{zh}处理失败或积压。",
        f"{en} are failing or late.",
        (
            _errors(on, spec),
            bugs,
            *late,
            _dead_letters(on, lane, f"Messages of {lane} failed until they were given up."),
        ),
        unless=tuple(
            vendor_errors(vendor)
            for kind, called_on in KINDS.items()
            if called_on is lane
            for vendor in vendors_of(kind)
        ),
    )


def _late(on: Watched, queue: str, age_max_s: int) -> Alarm:
    return Alarm(
        f"{queue}-late",
        f"{queue} 队列里最老的消息等了 {age_max_s // 60} 分钟以上。",
        f"The oldest message of {queue} has been waiting for {age_max_s // 60} minutes.",
        of_queue("ApproximateAgeOfOldestMessage", "Maximum", on.named(queue)),
        threshold=age_max_s,
        period=MINUTE,
        periods=3,
    )


def _stream(on: Watched, spec: FunctionSpec, changes: Changes) -> Cause:
    patience = changes.gathered_for + (MINUTE if spec.name == "publish_outbox" else HOUR)
    late = Alarm(
        f"{spec.name}-late",
        f"函数 {spec.name} 落后于表的变更流。",
        f"{spec.name} is behind the table's stream by {patience // MINUTE} minutes or more.",
        of_lambda("IteratorAge", "Maximum", on.named(spec.name)),
        threshold=patience // timedelta(milliseconds=1),
        period=MINUTE,
        periods=3,
    )
    is_outbox = spec.name == "publish_outbox"
    return Cause(
        changes.dead_letters,
        changes.dead_letters,
        Severity.CRITICAL if is_outbox else Severity.WARNING,
        "决定了的动作没有及时发出（拦截、退款、通知）。" if is_outbox else "事件历史没有存档，12 小时后无法补。",
        spec.failure_means,
        (_errors(on, spec), late, _dead_letters(on, changes.dead_letters, changes.given_up_means)),
    )


_TICKS: dict[str, tuple[str, Severity, str]] = {
    "watch_deadlines": ("clock", Severity.CRITICAL, "时钟停了或落后：到期的包裹、未答复的调用没有被发现。"),
    "poll_sources": ("polling", Severity.WARNING, "向平台和 ERP 的轮询停了或失败：丢失的推送补不回来。"),
    "fold_scores": ("scores", Severity.WARNING, "快递记分卡和会话报表没有更新。"),
}


def _tick(on: Watched, spec: FunctionSpec) -> Cause:
    if spec.every is None:
        raise ValueError(f"{spec.name} has no interval in the catalog")
    name, severity, zh = _TICKS.get(spec.name, (spec.name, Severity.WARNING, f"定时任务 {spec.name} 停了或报错。"))
    silent = Alarm(
        f"{spec.name}-silent",
        f"定时任务 {spec.name} 没有被唤醒。",
        f"{spec.name} has not been woken for three of its ticks.",
        of_lambda("Invocations", "Sum", on.named(spec.name)),
        threshold=1,
        period=spec.every,
        periods=3,
        breach=Breach.BELOW,
        silence_breaks=True,
    )
    more = {"watch_deadlines": (_sweep_lag(),), "poll_sources": tuple(map(_polls, polled()))}.get(spec.name, ())
    runbook = name if spec.name in _TICKS else LOST_TICKS
    return Cause(name, runbook, severity, zh, spec.failure_means, (silent, _errors(on, spec), *more))


def _lost_ticks(on: Watched) -> Cause:
    dead = _dead_letters(on, LOST_TICKS, "A scheduled function did not run or failed at a tick.")
    ticking = tuple(errors_of(spec) for spec in FUNCTIONS if spec.trigger is Trigger.SCHEDULE)
    return Cause(LOST_TICKS, LOST_TICKS, Severity.WARNING, "定时任务有一次没有跑成。", dead.en, (dead,), unless=ticking)


def _sweep_lag() -> Alarm:
    return Alarm(
        "sweep-lag",
        "到期检查落后五分钟以上。",
        "Deadlines are noticed more than five minutes late.",
        ours(metrics.SWEEP_LAG, "Maximum"),
        threshold=300,
        period=FIVE,
    )


def _polls(vendor: str) -> Alarm:
    return Alarm(
        f"polls-{vendor}",
        f"至少一家商户向 {vendor} 的轮询一小时来一直失败。",
        f"Asking {vendor} what is new has failed for at least one merchant, for an hour.",
        ours(metrics.POLL_FAILURES, "Sum", vendor),
        threshold=1,
        period=QUARTER,
        periods=4,
    )


def _vendor(vendor: str) -> Cause:
    return Cause(
        f"vendor-{vendor}",
        "vendor",
        Severity.WARNING,
        f"{vendor} 不可用、太慢，或在拒绝几乎所有请求。",
        f"{vendor} is unavailable, slow, or refuses nearly everything.",
        (
            Alarm(
                vendor_errors(vendor),
                f"对 {vendor} 的调用一刻钟来一半以上没有可用答复。",
                f"Half of the calls to {vendor} have had no usable answer, for a quarter of an hour.",
                ours(metrics.VENDOR_ERRORS, "Average", vendor),
                threshold=0.5,
                period=FIVE,
                periods=3,
            ),
            Alarm(
                f"vendor-{vendor}-slow",
                f"{vendor} 十次里有一次要 5 秒以上才答复。",
                f"One answer in ten of {vendor} takes five seconds or more, for a quarter of an hour.",
                ours(metrics.VENDOR_LATENCY, "p90", vendor),
                threshold=5000,
                period=FIVE,
                periods=3,
            ),
            Alarm(
                f"vendor-{vendor}-refuses",
                f"{vendor} 拒绝了五分之四以上的请求：多半是凭证、权限或 IP 白名单。",
                f"{vendor} says no to four in five commands: most likely credentials, permissions or addresses.",
                ours(metrics.VENDOR_REFUSALS, "Average", vendor),
                threshold=0.8,
                period=QUARTER,
                periods=3,
            ),
        ),
    )


def _refused(on: Watched) -> Iterator[Cause]:
    some = on.traffic.share(10, QUARTER, least=3)
    signatures = Alarm(
        "signatures-refused",
        "签名错误的推送异常多：密钥不一致，或有人伪造。",
        "More pushes than usual carry a wrong signature: a secret differs, or somebody forges.",
        ours(metrics.PUSHES_REFUSED, "Sum", "BadSignature"),
        threshold=some,
        period=QUARTER,
    )
    stale = Alarm(
        "timestamps-refused",
        "时间戳过期的推送异常多：对方时钟不准，或有人重放。",
        "More pushes than usual are too old or from the future: a clock is wrong, or somebody replays.",
        ours(metrics.PUSHES_REFUSED, "Sum", "StaleTimestamp"),
        threshold=some,
        period=QUARTER,
    )
    yield Cause("refused", "refused", Severity.WARNING, signatures.zh, signatures.en, (signatures, stale))
    unknown = Alarm(
        "events-unknown",
        "收到不认识的事件或代码：原文已保存，没有作任何决定。",
        "Vendors send kinds of events or codes that huhang does not know: kept raw, nothing was decided.",
        ours(metrics.EVENTS_UNKNOWN, "Sum"),
        threshold=on.traffic.share(1, HOUR, least=1),
        period=HOUR,
    )
    yield Cause("unknown", "unknown", Severity.WARNING, unknown.zh, unknown.en, (unknown,))


def _interceptions() -> Iterator[Cause]:
    accepted = Alarm(
        "interceptions-refused",
        "连续三小时快递受理的拦截不到一半。",
        "For three hours couriers have accepted fewer than half of the interceptions.",
        ours(metrics.INTERCEPTIONS_ACCEPTED, "Average"),
        threshold=0.5,
        period=HOUR,
        periods=3,
        breach=Breach.BELOW,
    )
    succeeded = Alarm(
        "interceptions-failing",
        "连续三小时受理的拦截成功的不到一半。",
        "For three hours fewer than half of the accepted interceptions have stopped their parcel.",
        ours(metrics.INTERCEPTIONS_SUCCEEDED, "Average"),
        threshold=0.5,
        period=HOUR,
        periods=3,
        breach=Breach.BELOW,
    )
    zh, en = (
        "拦截漏斗在下降：快递拒绝或没拦住。",
        "The funnel of interceptions falls: couriers refuse, or stop too few.",
    )
    yield Cause("interceptions", "interceptions", Severity.WARNING, zh, en, (accepted, succeeded))


def _budget() -> Cause:
    alarm = Alarm(
        "budget-near-end",
        "有商户当天的自动退款额度已用掉五分之四或用完。",
        "A merchant's automatic refunds of the day are four fifths used up, or more.",
        ours(metrics.BUDGETS_NEAR_END, "Sum"),
        threshold=1,
        period=QUARTER,
    )
    return Cause("budget", "budget", Severity.WARNING, alarm.zh, alarm.en, (alarm,))


def _silence(source: str) -> Cause:
    alarm = Alarm(
        f"silence-{source}",
        f"白天一小时没有收到 {source} 的任何推送。",
        f"Not one push of {source} for an hour of the day.",
        ours(metrics.PUSHES_ACCEPTED, "Sum", source),
        threshold=0,
        period=FIVE,
        periods=12,
        breach=Breach.AT_MOST,
    )
    return Cause(alarm.name, "silence", Severity.CRITICAL, alarm.zh, alarm.en, (alarm,))


def _limits(on: Watched) -> Cause:
    def of_table(name: str) -> Signal:
        return Signal("AWS/DynamoDB", name, "Sum", {"TableName": on.table})

    def throttled(name: str, zh: str, en: str, signal: Signal, threshold: int) -> Alarm:
        return Alarm(name, zh, en, signal, threshold, period=FIVE, periods=2)

    some = on.traffic.share(1, FIVE, least=10)
    return Cause(
        "limits",
        "limits",
        Severity.CRITICAL,
        "AWS 在限流：函数并发或表的容量不够。",
        "AWS throttles: functions lack concurrency, or the table capacity.",
        (
            throttled(
                "functions-throttled",
                "函数并发被限流。",
                "Functions of this region are throttled.",
                of_lambda("Throttles", "Sum"),
                threshold=some,
            ),
            throttled(
                "reads-throttled",
                "表的读被限流。",
                "Reads of the table are throttled.",
                of_table("ReadThrottleEvents"),
                threshold=some,
            ),
            throttled(
                "writes-throttled",
                "表的写被限流。",
                "Writes of the table are throttled.",
                of_table("WriteThrottleEvents"),
                threshold=some,
            ),
        ),
    )


def _other_functions(on: Watched) -> Iterator[Cause]:
    """Functions that people wait for: each is its own cause."""
    for spec in FUNCTIONS:
        is_told_above = spec.consumes or spec.changes or spec.trigger is Trigger.SCHEDULE
        if not is_told_above and spec.name not in ("receive_webhook", "page_operators", "onboard_merchant"):
            alarm = _errors(on, spec)
            yield Cause(alarm.name, "function-errors", Severity.WARNING, alarm.zh, alarm.en, (alarm,))


def _joining(on: Watched) -> Cause:
    spec = next(spec for spec in FUNCTIONS if spec.name == "onboard_merchant")
    bugs = Alarm(
        "onboard_merchant-bugs",
        "商户接入时遇到缺陷；商户的堆栈已回滚。",
        "A merchant's stack met a bug and was rolled back.",
        ours(metrics.MESSAGES_FAILED, "Sum", on.named(spec.name)),
        threshold=1,
        period=FIVE,
    )
    return Cause(
        UNANSWERED,
        "joining",
        Severity.WARNING,
        "商户无法接入、修改或退出。",
        spec.failure_means,
        (_errors(on, spec), bugs, _dead_letters(on, UNANSWERED, "A merchant's stack was not answered.")),
    )


def _pager(on: Watched) -> Cause:
    spec = next(spec for spec in FUNCTIONS if spec.name == "page_operators")
    bugs = Alarm(
        "page_operators-bugs",
        "运维机器人之一没有把告警说出来。",
        "One of the operators' robots did not tell an alarm.",
        ours(metrics.MESSAGES_FAILED, "Sum", on.named(spec.name)),
        threshold=1,
        period=FIVE,
    )
    return Cause(
        "pager",
        "pager",
        Severity.CRITICAL,
        "运维机器人没有把告警说出来；请看邮件和控制台。",
        "The operators' robot does not tell alarms; look at the e-mails and the console.",
        (_errors(on, spec), bugs, _dead_letters(on, PAGES, "Alarms could not be told by the robot.")),
    )
