"""When does a clock run out? Limits, their scope and a courier's measured pace become one deadline per span.

A deadline has three moments: `ask_at` asks the courier whether it is really silent, `warn_at` opens the ticket while
there is still time, `breach_at` breaks the limit. What a courier is known to report late has not broken it
yet; the warning does not wait for that, since the source was asked before. A courier that is known to react slowly is
warned of earlier than its limits say, at most by half of their length, and none is later. How slowly depends on the
hour of day at which it would be urged by the limit alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.packs import Pack, pack_for
from shared.domain.watching import Limit, Pace, Span, Watching

ASK_BEFORE = timedelta(minutes=5)
BY_PLATFORM = "platform_ship_by"
_LEAD_MIN = timedelta(minutes=15)
_OWN_CLOCKS = (Span.PAY_TO_SHIP, Span.RETURN_RECEIPT)  # ended by our side, not by a courier's scan
NO_PACE = Pace()


class Running(NamedTuple):
    """A clock that runs: the span, and since when."""

    span: Span
    since: datetime


class Scope(NamedTuple):
    """What limits look at. `region` is a province; unknown texts are empty."""

    platform: str = ""
    carrier: str = ""
    region: str = ""
    paid_at: datetime | None = None
    paid_fen: int = 0


class Deadline(NamedTuple):
    """When a clock runs out by the rule that governs it. `breaches` are those of all rules on this clock, in order.

    `limit` is what the rule allows, for people to read; `exposure_fen` the most that any rule on this clock costs.
    """

    span: Span
    rule: str
    since: datetime
    ask_at: datetime
    warn_at: datetime
    breach_at: datetime
    limit: timedelta
    exposure_fen: int
    alert: bool
    breaches: tuple[datetime, ...]


def deadline_of(
    running: Running, scope: Scope, watching: Watching, pace: Pace = NO_PACE, platform_at: datetime | None = None
) -> Deadline | None:
    """Give the deadline of a clock: of all limits that hold, the earliest governs; None where none holds.

    A limit that alerts nobody governs only where none does. `platform_at` is the platform's own deadline for this very
    case: it wins over every limit's length, and is named.
    """
    limits = limits_of(running.span, scope, watching)
    if not limits:
        return None
    lag = timedelta() if running.span in _OWN_CLOCKS else timedelta(seconds=pace.lag_s)
    ends = sorted(((_end(running, limit, watching, platform_at), limit) for limit in limits), key=_by_end)
    breach, first = next((end for end in ends if end[1].alert), ends[0])
    length = first.breach if platform_at is None else platform_at - running.since
    late = min(lag, length / 4)
    lead = max(_LEAD_MIN, min(first.lead, length * 3 / 4))
    handling_s = pace.handling_at(watching.hours.hour_of(breach - lead))
    if handling_s is not None:
        lead = max(lead, min(timedelta(seconds=handling_s) + watching.margin, length / 2))
    warn = max(running.since, breach - lead)
    return Deadline(
        span=running.span,
        rule=first.rule if platform_at is None else BY_PLATFORM,
        since=running.since,
        ask_at=max(running.since, warn - ASK_BEFORE),
        warn_at=warn,
        breach_at=breach + late,
        limit=length,
        exposure_fen=max(limit.exposure.of(scope.paid_fen) if limit.exposure else 0 for _, limit in ends),
        alert=first.alert,
        breaches=tuple(end + late for end, _ in ends),
    )


def limits_of(span: Span, scope: Scope, watching: Watching, packs: tuple[Pack, ...] | None = None) -> Sequence[Limit]:
    """Give the limits of a span that hold in a scope; a merchant's own replaces the pack's of the same name.

    One from which remote regions are exempt replaces it there too: by nothing.
    """
    pack = pack_for(scope.platform, scope.paid_at, packs)
    both = [limit for limit in (*pack.limits, *watching.limits) if limit.span is span]
    by_rule = {limit.rule: limit for limit in both if _holds(limit, scope)}
    is_remote = bool(scope.region) and scope.region.startswith(pack.remote)
    return [limit for limit in by_rule.values() if limit.watch and not (is_remote and limit.remote_exempt)]


def _holds(limit: Limit, scope: Scope) -> bool:
    if limit.platforms and scope.platform not in limit.platforms:
        return False
    if limit.carriers and scope.carrier not in limit.carriers:
        return False
    if limit.regions and not scope.region.startswith(limit.regions):
        return False
    if limit.since and not (scope.paid_at and scope.paid_at >= limit.since):
        return False
    return not (limit.until and not (scope.paid_at and scope.paid_at < limit.until))


def _end(running: Running, limit: Limit, watching: Watching, platform_at: datetime | None) -> datetime:
    if platform_at is not None:
        return platform_at
    return watching.hours.add(running.since, limit.breach) if limit.in_hours else running.since + limit.breach


def _by_end(end: tuple[datetime, Limit]) -> tuple[datetime, str]:
    return end[0], end[1].rule
