"""Which open orders and parcels does another policy, or another rule pack, treat otherwise? Limits before and after.

Nothing is written and nothing is asked of anybody. What is read follows what waits: the pointers to open cases, each
shard by itself, and every open case of the merchant once.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from infra.board.cells import Column, table
from infra.board.screens import SPANS
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.watching import Span
from shared.ports import CaseStore, DueIndex, DuePointer
from shared.rules.deadlines import Deadline
from shared.rules.order_watch import ship_deadlines
from shared.rules.parcel_spans import deadlines, heeded
from shared.rules.wording import hours, moment
from shared.workflows.spread_policies import HORIZON, STRETCH
from shared.workflows.watch_deadlines import OVERLAP

READ_MAX = 99  # cases of one call, beside the policy
_COLUMNS = (
    Column("单", 33),
    Column("时限", 12),
    Column("原截止", 11),
    Column("新截止", 11),
    Column("变化", 8),
)
_TICK = timedelta(milliseconds=1)


class Effect(NamedTuple):
    """One limit of one open case, before and after; None where none holds."""

    case: str
    span: Span
    before: Deadline | None
    after: Deadline | None

    def what(self, now: datetime) -> str:
        """Say what the change does: at once, or later."""
        was, will = (_state(one, now) for one in (self.before, self.after))
        if was != will:
            return {0: "不再预警", 1: "立即预警", 2: "立即超时"}[will]
        if self.before is None or self.after is None:
            return "不再计时" if self.after is None else "开始计时"
        if self.before.breach_at == self.after.breach_at:
            return "换了规则" if self.before.rule != self.after.rule else "预警敞口"
        return "提前" if self.after.breach_at < self.before.breach_at else "推后"


class Impact(NamedTuple):
    """How many open orders and parcels were looked at, and what changes, the soonest new limit first."""

    looked_at: int
    effects: Sequence[Effect]


def impact_of(index: DueIndex, store: CaseStore, merchant: str, after: Policy, now: datetime) -> Impact:
    """Compare the policy in force with another one on every open order and parcel of a merchant.

    What was measured of couriers is the same for both.
    """
    before = store.load(merchant, []).policy
    if before is None:
        raise LookupError(merchant)
    then = after.model_copy(update={"merchant": merchant, "paces": before.paces})

    def look(shard: int) -> tuple[int, list[Effect]]:
        count, found = 0, list[Effect]()
        for key, case in _open_cases(index, store, merchant, shard, now):
            count += 1
            found += effects(key, case, before, then)
        return count, found

    with ThreadPoolExecutor(max_workers=index.shards) as pool:
        shards = list(pool.map(look, range(index.shards)))
    found = [effect for _, effects_of in shards for effect in effects_of]
    return Impact(sum(count for count, _ in shards), sorted(found, key=_soonest))


def effects(key: CaseKey, case: AnyCase, before: Policy, after: Policy) -> Iterator[Effect]:
    """Give what changes for one case."""
    was, will = (_limits(case, policy) for policy in (before, after))
    for span in Span:
        if was.get(span) != will.get(span):
            yield Effect(f"{key.kind} {key.id}", span, was.get(span), will.get(span))


def _limits(case: AnyCase, policy: Policy) -> dict[Span, Deadline]:
    if isinstance(case, OrderCase):
        return {one.span: one for one in ship_deadlines(case, policy)}
    if isinstance(case, ParcelCase) and case.watch.step:
        return {one.span: one for one in heeded(case, deadlines(case, policy))}
    return {}


def _open_cases(
    index: DueIndex, store: CaseStore, merchant: str, shard: int, now: datetime
) -> Iterator[tuple[CaseKey, AnyCase]]:
    """Read the cases behind a shard's pointers; one has one or more, all in this shard."""
    seen: set[CaseKey] = set()
    for page in _pages(index, shard, now):
        keys = dict.fromkeys(pointer.key for pointer in page if _is_meant(pointer.key, merchant))
        fresh = [key for key in keys if key not in seen]
        seen.update(fresh)
        for start in range(0, len(fresh), READ_MAX):
            part = fresh[start : start + READ_MAX]
            loaded = store.load(merchant, part)
            yield from ((key, case) for key in part if (case := loaded.cases[key].case) is not None)


def _pages(index: DueIndex, shard: int, now: datetime) -> Iterator[Sequence[DuePointer]]:
    """Walk along a shard's pointers, from where the sweep has come, a day at a time."""
    since = (index.cursor(shard) or now) - OVERLAP
    while since < now + HORIZON + STRETCH:
        until = since + STRETCH
        while page := index.reached(shard, since, until):
            yield page
            since = page[-1].at + _TICK
        since = until


def _is_meant(key: CaseKey, merchant: str) -> bool:
    return key.merchant == merchant and key.kind in (CaseKind.ORDER, CaseKind.PARCEL)


def _soonest(effect: Effect) -> tuple[datetime, str, Span]:
    one = effect.after or effect.before
    if one is None:
        raise TypeError("an effect has a limit")
    return one.breach_at, effect.case, effect.span


def _state(limit: Deadline | None, now: datetime) -> int:
    """Where a limit stands: 0 nothing yet, 1 warned, 2 broken."""
    return 0 if limit is None else (limit.warn_at <= now) + (limit.breach_at <= now)


def as_lines(impact: Impact, policy: Policy, now: datetime) -> Iterator[str]:
    """Show all that changes as a table of eighty cells."""
    cases = len({effect.case for effect in impact.effects})
    yield f"看过 {impact.looked_at} 个未完结的订单和包裹，{cases} 个的时限会变 cases of {impact.looked_at} are affected"
    if not impact.effects:
        return
    title, *lines = table(_COLUMNS, (_row(effect, policy.zone, now) for effect in impact.effects))
    yield title
    for line, effect in zip(lines, impact.effects, strict=True):
        yield line
        if (_rule(effect.before)) != _rule(effect.after):
            yield f"    {_rule(effect.before)} → {_rule(effect.after)}"
    yield "合计 " + "，".join(f"{what} {count}" for what, count in _counts(impact.effects, now))


def _row(effect: Effect, zone: str, now: datetime) -> tuple[str, ...]:
    ends = (moment(one.breach_at, zone) if one else "–" for one in (effect.before, effect.after))
    return (effect.case, SPANS[effect.span], *ends, effect.what(now))


def _rule(limit: Deadline | None) -> str:
    return f"{limit.rule} {hours(limit.limit)}" if limit else "不计时"


def _counts(found: Iterable[Effect], now: datetime) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for effect in found:
        counts[effect.what(now)] = counts.get(effect.what(now), 0) + 1
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def as_json(impact: Impact, now: datetime) -> dict[str, Any]:
    """Write all that changes for programs."""
    return {
        "looked_at": impact.looked_at,
        "effects": [
            {
                "case": effect.case,
                "span": effect.span,
                "what": effect.what(now),
                **{name: _written(one) for name, one in (("before", effect.before), ("after", effect.after))},
            }
            for effect in impact.effects
        ],
    }


def _written(limit: Deadline | None) -> dict[str, Any] | None:
    if limit is None:
        return None
    times = {"warn_at": limit.warn_at.isoformat(), "breach_at": limit.breach_at.isoformat()}
    return {"rule": limit.rule, **times, "exposure_fen": limit.exposure_fen, "alert": limit.alert}
