"""One page that answers in a minute: is it working, for whom not, since when, what does it cost?"""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import causes
from infra.catalog import FUNCTIONS, Trigger
from infra.queries import QUERIES
from infra.signals import Signal, of_lambda, of_queue, ours
from infra.spending import Prices, Share, billed, prices_in
from infra.vendors import polled, sources, vendors
from infra.watched import Watched
from shared.domain import metrics
from shared.domain.lanes import ASIDE, INBOXES, Lane

REASONS = ("BadSignature", "StaleTimestamp", "UnknownMerchant", "UnknownSource", "MalformedMessage", "TooLarge")
_WIDTH, _HEIGHT = 24, 6
_HELP = """## 护航 huhang

**在工作吗 Is it working?** 上面一排全绿即可。Green above: yes. A red one is an alarm; its description links its page in
`docs/runbooks/`.
**对谁不工作 For whom not?** 最下面的表按商户列出。The tables at the bottom count by merchant; more: saved queries
`{stack}/…`.
**从何时起 Since when?** 曲线突变处；右上角选三小时或一周。Where a curve bends; choose three hours or a week.
**花多少 What does it cost?** 表格上面几排是按用量计费的各项；单价已知的地区还有每小时花费。The rows above the tables
count what AWS bills by use, in money where list prices are known (`infra/prices.json`); the rest: `docs/deploy.md`.
"""


class Dashboard(Construct):
    """The dashboard, in the stack's name."""

    def __init__(self, scope: Construct, construct_id: str, on: Watched, speaking: Sequence[cloudwatch.IAlarm]) -> None:
        super().__init__(scope, construct_id)
        board = cloudwatch.Dashboard(self, "Board", dashboard_name=on.stack, default_interval=Duration.hours(12))
        board.add_widgets(cloudwatch.AlarmStatusWidget(title="告警 Alarms", width=_WIDTH, height=5, alarms=[*speaking]))
        board.add_widgets(cloudwatch.TextWidget(markdown=_HELP.format(stack=on.stack), width=_WIDTH, height=5))
        for row in (_doors(on), _queues(on), _vendors(), _clock_and_stream(on), _decisions(on), _work(on), _use(on)):
            board.add_widgets(*(_graph(title, unit, signals, _WIDTH // len(row)) for title, unit, signals in row))
        prices = prices_in(on.region)
        if prices:
            board.add_widgets(_money(on, prices))
        board.add_widgets(*(_table(on, name) for name in ("for-whom-not", "accepted-pushes")))


Curves = tuple[str, str, list[Signal]]
"""A title, what is on the axis, and the signals."""


def _doors(on: Watched) -> Sequence[Curves]:
    def of_api(name: str, statistic: str) -> Signal:
        return Signal("AWS/ApiGateway", name, statistic, {"ApiId": on.api})

    return (
        ("入口 Doors", "requests", [of_api(name, "Sum") for name in ("Count", "4xx", "5xx")]),
        (
            "答复 Answers",
            "ms",
            [
                *(of_api("Latency", statistic) for statistic in ("p50", "p99")),
                of_lambda("Duration", "p99", on.named("receive_webhook")),
            ],
        ),
        ("收下的推送 Accepted", "pushes", [ours(metrics.PUSHES_ACCEPTED, "Sum", source) for source in sources()]),
        ("拒绝的推送 Refused", "pushes", [ours(metrics.PUSHES_REFUSED, "Sum", reason) for reason in REASONS]),
    )


def _queues(on: Watched) -> Sequence[Curves]:
    lanes = [on.named(lane + end) for lane in Lane for end in ("", ASIDE)]
    dead = [alarm.signal for cause in causes(on) for alarm in cause.alarms if alarm.name.endswith("-dead-letters")]
    ends = ("NumberOfMessagesSent", "NumberOfMessagesDeleted")
    inboxes = [on.named(lane + end) for lane in INBOXES for end in ("", ASIDE)]
    return (
        (
            "最老的消息 Queues: oldest message",
            "s",
            [of_queue("ApproximateAgeOfOldestMessage", "Maximum", name) for name in lanes],
        ),
        (
            "收下与处理完 Accepted and finished",
            "messages",
            [of_queue(end, "Sum", name) for name in inboxes for end in ends],
        ),
        ("死信 Dead letters", "messages", dead),
    )


def _vendors() -> Sequence[Curves]:
    return (
        ("厂商无答复 Vendors: errors", "0–1", [ours(metrics.VENDOR_ERRORS, "Average", name) for name in vendors()]),
        ("厂商耗时 p90 Vendors: time", "ms", [ours(metrics.VENDOR_LATENCY, "p90", name) for name in vendors()]),
        ("厂商拒绝 Vendors: refusals", "0–1", [ours(metrics.VENDOR_REFUSALS, "Average", name) for name in vendors()]),
        ("厂商限流 Vendors: throttles", "0–1", [ours(metrics.VENDOR_THROTTLES, "Average", name) for name in vendors()]),
        ("厂商配额 Vendors: used", "%", [ours(metrics.VENDOR_CALLS_USED, "Maximum", name) for name in vendors()]),
    )


def _clock_and_stream(on: Watched) -> Sequence[Curves]:
    ticking = [spec.name for spec in FUNCTIONS if spec.trigger is Trigger.SCHEDULE]
    reading = [spec.name for spec in FUNCTIONS if spec.changes]
    return (
        ("时钟落后 Clock: lag", "s", [ours(metrics.SWEEP_LAG, "Maximum")]),
        ("定时任务 Ticks", "invocations", [of_lambda("Invocations", "Sum", on.named(name)) for name in ticking]),
        (
            "变更流落后 Stream: iterator age",
            "ms",
            [of_lambda("IteratorAge", "Maximum", on.named(name)) for name in reading],
        ),
        ("轮询失败 Polls failed", "0–1", [ours(metrics.POLL_FAILURES, "Average", name) for name in polled()]),
    )


def _decisions(on: Watched) -> Sequence[Curves]:
    funnel = (metrics.INTERCEPTIONS_ACCEPTED, metrics.INTERCEPTIONS_SUCCEEDED)
    falls = ours(metrics.FUNNEL_FALLS, "Maximum")
    people = (metrics.COMMANDS_FAILED, metrics.EVENTS_UNKNOWN, metrics.BUDGETS_NEAR_END, metrics.TRIALS_ENDED)
    parcels = (metrics.EARLIER_USES, metrics.ORDERS_TURNED_AWAY, metrics.ANSWERS_DROPPED)
    chats = (metrics.SESSIONS_MOVED_TWICE, metrics.LATE_LINES)
    return (
        ("拦截受理率、成功率 Interceptions", "0–1", [*(ours(metric, "Average") for metric in funnel), falls]),
        ("要人看的 For people", "", [ours(metric, "Sum") for metric in people]),
        ("会话 Conversations", "", [ours(metric, "Sum") for metric in chats]),
        ("包裹 Parcels", "", [ours(metric, "Sum") for metric in parcels]),
        ("函数报错 Errors", "", [of_lambda("Errors", "Sum", on.named(spec.name)) for spec in FUNCTIONS]),
    )


def _work(on: Watched) -> Sequence[Curves]:
    use = billed(on)
    return (
        ("函数调用 Cost: invocations", "", [share.signal for share in use["invocations"]]),
        ("函数时间 Cost: duration", "ms", [share.signal for share in use["gb_s"]]),
        (
            "并发与限流 Concurrent executions",
            "",
            [of_lambda("ConcurrentExecutions", "Maximum"), of_lambda("Throttles", "Sum")],
        ),
    )


def _use(on: Watched) -> Sequence[Curves]:
    use = billed(on)
    sent = [share.signal for share in use["queue_requests"] if share.signal.name == "NumberOfMessagesSent"]
    return (
        ("表读写 Cost: units", "", [share.signal for share in (*use["write_units"], *use["read_units"])]),
        ("队列消息 Cost: messages", "", sent),
        ("日志 Cost: log bytes", "bytes", [share.signal for share in use["log_bytes"]]),
    )


def _money(on: Watched, prices: Prices) -> cloudwatch.GraphWidget:
    """Put prices to what is billed by use, whatever the period that the graph is looked at in."""
    return cloudwatch.GraphWidget(
        title=f"每小时花费 {prices.currency} an hour, list prices of {prices.region}, {prices.read_on}",
        left=[_costs(what, shares, prices.per_million[what] / 1e6) for what, shares in billed(on).items()],
        left_y_axis=cloudwatch.YAxisProps(label=prices.currency, show_units=False, min=0),
        stacked=True,
        width=_WIDTH,
        height=_HEIGHT,
    )


def _costs(what: str, shares: Sequence[Share], price: float) -> cloudwatch.MathExpression:
    named = {f"{what[0]}{n}": share for n, share in enumerate(shares)}  # short: CloudWatch takes 2,048 characters
    terms = "+".join(f"FILL({name},0)*{share.units:.8g}" for name, share in named.items())
    return cloudwatch.MathExpression(
        expression=f"({terms})*{price:.12f}*3600/PERIOD({what[0]}0)",
        using_metrics={name: _metric(share.signal) for name, share in named.items()},
        period=Duration.hours(1),
        label=what,
    )


def _graph(title: str, unit: str, signals: list[Signal], width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=[_metric(signal) for signal in signals],
        left_y_axis=cloudwatch.YAxisProps(label=unit, show_units=False, min=0),
        width=width,
        height=_HEIGHT,
    )


def _metric(signal: Signal) -> cloudwatch.Metric:
    own = [value for value in signal.dimensions.values() if value != metrics.NAMESPACE]
    return cloudwatch.Metric(
        namespace=signal.namespace,
        metric_name=signal.name,
        dimensions_map=dict(signal.dimensions) or None,
        statistic=signal.statistic,
        period=Duration.minutes(5),
        label=" ".join((*(name for name in own if "$" not in name), signal.name, signal.statistic)),
    )


def _table(on: Watched, name: str) -> cloudwatch.LogQueryWidget:
    functions = QUERIES[name].functions or tuple(spec.name for spec in FUNCTIONS)
    return cloudwatch.LogQueryWidget(
        title=f"按商户 By merchant: {name}",
        log_group_names=[on.log_group(function) for function in functions],
        query_string=QUERIES[name].text,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=_WIDTH // 2,
        height=_HEIGHT,
    )
