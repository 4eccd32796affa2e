"""Alarms on the outside: vendors, refused and unknown pushes, interceptions, budgets, silence, AWS's own limits."""

from infra.signals import Alarm, Breach, Cause, Severity, Signal, alone, of_lambda, ours
from infra.watched import FIVE, HOUR, QUARTER, THROTTLED, Watched, vendor_errors, vendor_throttles
from shared.domain import metrics


def vendor(vendor: str) -> Cause:
    """One vendor does not work, is slow, wants fewer calls, or says no to nearly everything."""
    return Cause(
        f"vendor-{vendor}",
        "vendor",
        Severity.WARNING,
        f"{vendor} 不可用、太慢、在限流，或在拒绝几乎所有请求。",
        f"{vendor} is unavailable, slow, wants fewer calls, or refuses nearly everything.",
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
                vendor_throttles(vendor),
                f"{vendor} 半小时来对一半以上的调用限流。",
                f"{vendor} has wanted fewer calls in half of its answers, for half an hour.",
                ours(metrics.VENDOR_THROTTLES, "Average", vendor),
                threshold=0.5,
                period=QUARTER,  # a robot is muted for ten minutes
                periods=2,
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


def refused(on: Watched) -> Cause:
    """Pushes are not genuine, not for us or not as the manual says."""
    some = on.traffic.share(10, QUARTER, least=3)

    def by(reason: str) -> Signal:
        return ours(metrics.PUSHES_REFUSED, "Sum", reason)

    return Cause(
        "refused",
        "refused",
        Severity.WARNING,
        "推送被拒：签名、时间戳或格式不对，或没有这个商户、账号。",
        "Pushes are refused: by signature, time or form, or for want of the merchant or its account.",
        (
            Alarm(
                "signatures-refused",
                "签名错误的推送异常多：密钥不一致，或有人伪造。",
                "More pushes than usual carry a wrong signature: a secret differs, or somebody forges.",
                by("BadSignature"),
                threshold=some,
                period=QUARTER,
            ),
            Alarm(
                "signatures-refused-lasting",
                "一小时来每一刻钟都有签名错误的推送：多半是一家小店的密钥不一致。",
                "For an hour no quarter went by without a wrong signature: most likely the secret of one small shop.",
                by("BadSignature"),
                threshold=1,
                period=QUARTER,
                periods=4,
            ),
            Alarm(
                "timestamps-refused",
                "时间戳过期的推送异常多：对方时钟不准，或有人重放。",
                "More pushes than usual are too old or from the future: a clock is wrong, or somebody replays.",
                by("StaleTimestamp"),
                threshold=some,
                period=QUARTER,
            ),
            Alarm(
                "pushes-malformed",
                "推送的格式与文档不符：没有收下也没有保存；多半是对方改了接口。",
                "Pushes are not as the manual says, and are not kept: most likely a vendor has changed its interface.",
                by("MalformedMessage"),
                threshold=on.traffic.share(1, HOUR, least=1),
                period=HOUR,
            ),
            Alarm(
                "merchants-unknown",
                "推送的商户或账号不存在：凭证丢失或读不出，或地址抄错，或有人试探。",
                "Pushes name no merchant or account: credentials are lost, an address is wrong, or somebody probes.",
                by("UnknownMerchant"),
                threshold=some,
                period=QUARTER,
            ),
        ),
    )


def unknown(on: Watched) -> Cause:
    """Nobody has taught us what vendors say."""
    alarm = Alarm(
        "events-unknown",
        "收到不认识的事件或代码：原文已保存，没有作任何决定。",
        "Vendors send kinds of events or codes that huhang does not know: kept raw, nothing was decided.",
        ours(metrics.EVENTS_UNKNOWN, "Sum"),
        threshold=on.traffic.share(1, HOUR, least=1),
        period=HOUR,
    )
    return alone(alarm, "unknown", Severity.WARNING, name="unknown")


def interceptions() -> Cause:
    """Couriers refuse to stop parcels, or do not."""
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
    falling = Alarm(
        "interceptions-falling",
        "拦截的受理率或成功率比一个月来低了 25 个百分点以上。",
        "Of a hundred interceptions 25 fewer are accepted, or succeed, than in the month before.",
        ours(metrics.FUNNEL_FALLS, "Maximum"),
        threshold=1,
        period=HOUR,
    )
    zh, en = (
        "拦截漏斗在下降：快递拒绝或没拦住。",
        "The funnel of interceptions falls: couriers refuse, or stop too few.",
    )
    return Cause("interceptions", "interceptions", Severity.WARNING, zh, en, (accepted, succeeded, falling))


def budget() -> Cause:
    """A merchant's automatic refunds of the day come to their end."""
    alarm = Alarm(
        "budget-near-end",
        "有商户当天的自动退款额度已用掉五分之四或用完。",
        "A merchant's automatic refunds of the day are four fifths used up, or more.",
        ours(metrics.BUDGETS_NEAR_END, "Sum"),
        threshold=1,
        period=QUARTER,
    )
    return alone(alarm, "budget", Severity.WARNING, name="budget")


def trial() -> Cause:
    """A policy on trial that was taken back."""
    alarm = Alarm(
        "trial-ended",
        "有商户试行的策略用完试行额度，已自动恢复上一版。",
        "A merchant's policy on trial has used up its budget: the version before is in force again.",
        ours(metrics.TRIALS_ENDED, "Sum"),
        threshold=1,
        period=FIVE,
    )
    return alone(alarm, "budget", Severity.WARNING)


def silence(source: str) -> Cause:
    """A source that always talks is silent."""
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
    return alone(alarm, "silence", Severity.CRITICAL)


def limits(on: Watched) -> Cause:
    """AWS throttles."""

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
                THROTTLED,
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
