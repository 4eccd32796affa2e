"""Alarms on the way of events and commands: the door, the lanes, the table's stream, what is not finished."""

from datetime import timedelta

from infra.catalog import FUNCTIONS, Changes, FunctionSpec
from infra.signals import Alarm, Cause, Severity, Signal, of_lambda, of_queue, ours
from infra.vendors import KINDS, vendors_of
from infra.watched import (
    DOOR_FAILS,
    FIVE,
    HOUR,
    INBOX_AGE_MAX_S,
    MINUTE,
    QUARTER,
    THROTTLED,
    Watched,
    bugs_of,
    dead_letters,
    errors,
    oldest,
    vendor_errors,
    vendor_throttles,
)
from shared.domain import metrics
from shared.domain.lanes import ASIDE, INBOXES, Lane

CALL_AGE_MAX_S = 1800  # a call is tried again for so long before anybody can do something
ASIDE_PATIENCE = 6  # what was put aside, a crowd or a silent vendor, may wait so many times as long
LANES: dict[Lane, tuple[str, str]] = {
    Lane.REFUNDS: ("退款和订单事件", "Refund and order events"),
    Lane.PARCELS: ("包裹事件", "Parcel events"),
    Lane.CHATS: ("会话", "Conversations"),
    Lane.PLATFORM_CALLS: ("对平台的调用（含退款）", "Commands to platforms, among them refunds,"),
    Lane.COURIER_CALLS: ("对快递的调用（含拦截）", "Commands to couriers, among them interceptions,"),
    Lane.ERP_CALLS: ("对 ERP 的调用（含拦单）", "Commands to ERPs, among them stopping orders,"),
    Lane.NOTIFICATIONS: ("群通知和买家通知", "Notices to groups and buyers"),
}


def door(on: Watched) -> Cause:
    """Pushes are refused with an error, or answered late."""
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
            errors(on, spec),
            Alarm(
                DOOR_FAILS,
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
            Alarm(
                f"{spec.name}-slow",
                "验签入队的 p99 超过 2 秒（只算推送，不含冷启动）。",
                "One push in a hundred takes more than two seconds to verify and queue, for a quarter of an hour.",
                of_lambda("Duration", "p99", on.named(spec.name)),
                threshold=2000,
                period=FIVE,
                periods=3,
            ),
        ),
    )


def unfinished(on: Watched) -> Cause:
    """More is accepted than finished."""
    return Cause(
        "unfinished",
        "unfinished",
        Severity.CRITICAL,
        "一小时内收下的事件明显多于处理完的事件。",
        "In an hour clearly more events were accepted than finished.",
        tuple(_unfinished_of(on, spec, spec.consumes) for spec in FUNCTIONS if spec.consumes in INBOXES),
    )


def _unfinished_of(on: Watched, spec: FunctionSpec, inbox: Lane) -> Alarm:
    told = tuple(alarm.name for alarm in lane(on, spec, inbox).alarms)
    return Alarm(
        f"{inbox}-unfinished",
        f"{inbox} 队列一小时内收下的消息比处理完的多 {on.traffic.in_flight} 条以上。",
        f"In an hour {inbox} took {on.traffic.in_flight} messages more than were finished.",
        of_queue("NumberOfMessagesSent", "Sum", on.named(inbox)),
        threshold=on.traffic.in_flight,
        period=HOUR,
        plus=(of_queue("NumberOfMessagesSent", "Sum", on.named(inbox + ASIDE)),),
        minus=tuple(of_queue("NumberOfMessagesDeleted", "Sum", on.named(inbox + end)) for end in ("", ASIDE)),
        unless=(*told, THROTTLED),
    )


def lane(on: Watched, spec: FunctionSpec, lane: Lane) -> Cause:
    """What one lane carries fails or is late."""
    zh, en = LANES[lane]
    age_max_s = INBOX_AGE_MAX_S if lane in INBOXES else CALL_AGE_MAX_S
    called = [name for kind, at in KINDS.items() if at is lane for name in vendors_of(kind)]
    away = tuple(alarm(name) for name in called for alarm in (vendor_errors, vendor_throttles))
    waits = {lane: age_max_s, lane + ASIDE: age_max_s * ASIDE_PATIENCE}
    late = [oldest(on, queue, waits_max_s, (*away, THROTTLED)) for queue, waits_max_s in waits.items()]
    bugs = Alarm(
        bugs_of(spec),
        f"函数 {spec.name} 处理个别消息时遇到缺陷；消息会重试，然后进死信队列。",
        f"{spec.name} met a bug in single messages; they are retried and then kept in the dead-letter queue.",
        ours(metrics.MESSAGES_FAILED, "Sum", on.named(spec.name)),
        threshold=1,
        period=FIVE,
    )
    waiting = Alarm(
        f"{spec.name}-waiting",
        f"{lane} 队列里有消息反复重试、推后，已经等了 {age_max_s // 60} 分钟以上。",
        f"A message of {lane} has been put off again and again, for {age_max_s // 60} minutes by now.",
        ours(metrics.MESSAGE_AGE, "Maximum", on.named(spec.name)),
        threshold=age_max_s,
        period=QUARTER,
        unless=away,
    )
    return Cause(
        lane,
        "lane",
        Severity.CRITICAL,
        f"{zh}处理失败或积压。",
        f"{en} are failing or late.",
        (
            errors(on, spec),
            bugs,
            *late,
            waiting,
            dead_letters(on, lane, f"Messages of {lane} failed until they were given up."),
        ),
    )


def stream(on: Watched, spec: FunctionSpec, changes: Changes) -> Cause:
    """A reader of the table's stream fails or is late."""
    patience = changes.gathered_for + (MINUTE if spec.name == "publish_outbox" else HOUR)
    late = Alarm(
        f"{spec.name}-late",
        f"函数 {spec.name} 落后于表的变更流。",
        f"{spec.name} is behind the table's stream by {patience // MINUTE} minutes or more.",
        of_lambda("IteratorAge", "Maximum", on.named(spec.name)),
        threshold=patience // timedelta(milliseconds=1),
        period=MINUTE,
        periods=3,
        unless=(THROTTLED,),
    )
    is_outbox = spec.name == "publish_outbox"
    return Cause(
        changes.dead_letters,
        changes.dead_letters,
        Severity.CRITICAL if is_outbox else Severity.WARNING,
        "决定了的动作没有及时发出（拦截、退款、通知）。" if is_outbox else "事件历史没有存档，12 小时后无法补。",
        spec.failure_means,
        (errors(on, spec), late, dead_letters(on, changes.dead_letters, changes.given_up_means)),
    )
