"""Alarms on what wakes by itself, or is waited for by people: ticks, boards and chats, merchants' stacks, the pager."""

from collections.abc import Iterator

from infra.catalog import FUNCTIONS, LOST_TICKS, UNANSWERED, FunctionSpec, Trigger
from infra.signals import Alarm, Breach, Cause, Severity, alone, of_lambda, ours
from infra.vendors import polled
from infra.watched import (
    FIVE,
    INBOX_AGE_MAX_S,
    PAGES,
    QUARTER,
    THROTTLED,
    Watched,
    bugs_of,
    dead_letters,
    errors,
    errors_of,
    oldest,
)
from shared.domain import metrics

_TICKS: dict[str, tuple[str, Severity, str]] = {
    "watch_deadlines": ("clock", Severity.CRITICAL, "时钟停了或落后：到期的包裹、未答复的调用没有被发现。"),
    "poll_sources": ("polling", Severity.WARNING, "向平台和 ERP 的轮询停了或失败：丢失的推送补不回来。"),
    "fold_scores": ("scores", Severity.WARNING, "快递记分卡和会话报表没有更新。"),
    "forget_merchants": ("forgetting", Severity.WARNING, "退出商户的数据没有按期删除。"),
}


def tick(on: Watched, spec: FunctionSpec) -> Cause:
    """A scheduled function is not woken, or fails."""
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
    return Cause(name, runbook, severity, zh, spec.failure_means, (silent, errors(on, spec), *more))


def lost_ticks(on: Watched) -> Cause:
    """A single tick was lost, while nothing else is wrong."""
    ticking = tuple(errors_of(spec) for spec in FUNCTIONS if spec.trigger is Trigger.SCHEDULE)
    dead = dead_letters(on, LOST_TICKS, "A scheduled function did not run or failed at a tick.", unless=ticking)
    return Cause(LOST_TICKS, LOST_TICKS, Severity.WARNING, "定时任务有一次没有跑成。", dead.en, (dead,))


def _sweep_lag() -> Alarm:
    return Alarm(
        "sweep-lag",
        "到期检查落后五分钟以上。",
        "Deadlines are noticed more than five minutes late.",
        ours(metrics.SWEEP_LAG, "Maximum"),
        threshold=300,
        period=FIVE,
        unless=(THROTTLED,),
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


def other_functions(on: Watched) -> Iterator[Cause]:
    """Functions that people wait for: each is its own cause."""
    for spec in FUNCTIONS:
        is_told_above = spec.consumes or spec.changes or spec.trigger is Trigger.SCHEDULE
        if not is_told_above and spec.name not in ("receive_webhook", "page_operators", "onboard_merchant"):
            yield alone(errors(on, spec), "function-errors", Severity.WARNING)


def joining(on: Watched) -> Cause:
    """Merchants cannot join."""
    spec = next(spec for spec in FUNCTIONS if spec.name == "onboard_merchant")
    bugs = Alarm(
        bugs_of(spec),
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
        (errors(on, spec), bugs, dead_letters(on, UNANSWERED, "A merchant's stack was not answered.")),
    )


def pager(on: Watched) -> Cause:
    """The operators are not told."""
    spec = next(spec for spec in FUNCTIONS if spec.name == "page_operators")
    bugs = Alarm(
        bugs_of(spec),
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
        (
            errors(on, spec),
            bugs,
            oldest(on, PAGES, INBOX_AGE_MAX_S),
            dead_letters(on, PAGES, "Alarms could not be told by the robot."),
        ),
    )
