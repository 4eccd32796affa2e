"""Load, decide, save: how every event is taken, whatever it is about.

One read and one write per event; a repeated event costs the read. A lost race loads and decides again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain.chat_events import LineReceived, LineSaid
from shared.domain.decision import BudgetDraw, Decision, Facts
from shared.domain.events import DeadlineReached
from shared.domain.keys import CaseKind, order_key
from shared.domain.messages import AnyEvent
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase
from shared.errors import BudgetExhausted, LostRace, Retryable, TrialExhausted, UnknownMerchant
from shared.ports import CaseStore, Clock, Loaded, StoredCase

BUDGET_NEAR_END = "budget_near_end"
_RACES_MAX = 8
_PRECISION = timedelta(milliseconds=1)  # of what is stored
_PUT_OFF_MAX = timedelta(minutes=1)

Decide = Callable[[Facts[Any], Policy, datetime], Decision[Any]]
Count = Callable[[str], None]


class Fate(StrEnum):
    """How an accepted event ended. There is no other way to end but an error."""

    HANDLED = "handled"
    REPEATED = "repeated"  # said nothing new
    IGNORED = "ignored"  # passed over on purpose
    UNKNOWN = "unknown"  # kept raw and alarmed
    LEFT = "left"  # passed over, since nothing is done any more for a merchant that has left


def count_nothing(what: str) -> None:
    """Most cases hold nothing that is counted."""


def handle_event(event: AnyEvent | LineSaid, store: CaseStore, clock: Clock, count: Count = count_nothing) -> Fate:
    """Take an event into its case; what the decision counts is told to `count` once nothing is left to save.

    Raises:
        UnknownMerchant: the merchant has no policy.
        Retryable: too many others were writing the same case.
    """
    for _ in range(_RACES_MAX):
        try:
            return _attempt(event, store, clock.now(), count)
        except LostRace:
            continue
    raise Retryable(f"lost {_RACES_MAX} races for {event.case}", after=timedelta(seconds=5))


def _attempt(event: AnyEvent | LineSaid, store: CaseStore, now: datetime, count: Count) -> Fate:
    loaded = _load(event, store)
    if loaded.left:
        return Fate.LEFT
    if loaded.policy is None:
        raise UnknownMerchant("no_policy", event.merchant)
    before = loaded.cases[event.case]
    if isinstance(event, LineSaid | LineReceived):
        from shared.workflows.chat_reading import line_facts

        facts: Facts[Any] = line_facts(event, loaded)
    else:
        facts = Facts(merchant=event.merchant, event=event, case=before.case, order=_known_order(event, loaded))
    order = _order(event, loaded)
    stays: Decision[Any] = Decision(before.case, due=before.due)
    decision = stays if _is_early(event, before, now) else _decider(event.case.kind)(facts, loaded.policy, now)
    if decision.case is None:
        return Fate.IGNORED
    if decision.case == before.case and not decision.outbox and not _waits_anew(event, before, decision, now):
        _count(decision, count)
        return Fate.REPEATED
    if isinstance(event, DeadlineReached):
        before = before._replace(due=None, held=None)  # the tick may have used up what guarded this deadline
    elif before.due and _is_put_off(before.due, decision.due, now):
        decision = replace(decision, due=before.due)
    try:
        _save(store, before, decision, order, now)
    except (BudgetExhausted, TrialExhausted) as error:
        on_trial = isinstance(error, TrialExhausted)
        broke = replace(facts, trial_left=not on_trial, budget_left=on_trial)
        _save(store, before, _decider(event.case.kind)(broke, loaded.policy, now), order, now)
        count(BUDGET_NEAR_END)
    else:
        if decision.draw and _nearly_all_spent(store, event.merchant, decision.draw):
            count(BUDGET_NEAR_END)
    _count(decision, count)
    return Fate.HANDLED


def _count(decision: Decision[Any], count: Count) -> None:
    for what in decision.counts:
        count(what)


def _nearly_all_spent(store: CaseStore, merchant: str, draw: BudgetDraw) -> bool:
    """Look at the day's budget, right after something was drawn from it: rare enough for a read of its own."""
    return draw.amount_fen > 0 and store.spent(merchant, draw.day).is_nearly_all_of(draw)


def _load(event: AnyEvent | LineSaid, store: CaseStore) -> Loaded:
    if isinstance(event, LineSaid | LineReceived):
        from shared.workflows.chat_reading import load_line

        return load_line(event, store)
    keys = [event.case]
    if event.case.kind is CaseKind.REFUND and (order_id := getattr(event, "order_id", None)):
        keys.append(order_key(event.merchant, event.case.id.split(":", 1)[0], order_id))
    loaded = store.load(event.merchant, keys)
    case = loaded.cases[event.case].case
    if isinstance(event, DeadlineReached) and isinstance(case, RefundCase):
        # Only the case knows its order; a second read for the few refunds whose deadline comes.
        return store.load(event.merchant, [event.case, order_key(event.merchant, case.platform, case.order_id)])
    return loaded


def _known_order(event: AnyEvent, loaded: Loaded) -> OrderCase | None:
    order = _order(event, loaded)
    return order.case if order and isinstance(order.case, OrderCase) else None


def _order(event: AnyEvent | LineSaid, loaded: Loaded) -> StoredCase | None:
    if event.case.kind is not CaseKind.REFUND:
        return None
    return next((stored for stored in loaded.cases.values() if isinstance(stored.case, OrderCase)), None)


def _is_early(event: AnyEvent | LineSaid, before: StoredCase, now: datetime) -> bool:
    """A wake was under way while its case came to wait for something later, or is ahead of this clock."""
    return isinstance(event, DeadlineReached) and event.due is not None and before.due is not None and now < before.due


def _is_put_off(due: datetime, later: datetime | None, now: datetime) -> bool:
    """News that let the clock come a minute later do so once: or news that never pause would keep it away."""
    return later is not None and now - _PUT_OFF_MAX < due < later <= now + _PUT_OFF_MAX


def _waits_anew(event: AnyEvent | LineSaid, before: StoredCase, decision: Decision[Any], now: datetime) -> bool:
    """A tick may change nothing but when to look again: by another policy, or since it has consumed a pointer."""
    if not isinstance(event, DeadlineReached):
        return False
    if decision.due is None or before.due is None:
        return decision.due is not before.due
    if abs(decision.due - before.due) >= _PRECISION:
        return True
    return before.armed is None or not now < before.armed <= decision.due


def _save(
    store: CaseStore, before: StoredCase, decision: Decision[Any], order: StoredCase | None, now: datetime
) -> None:
    if decision.case is None:
        raise TypeError("a decision that is saved has a case")
    store.save(
        before,
        decision.case,
        outbox=decision.outbox,
        due=decision.due,
        draw=decision.draw,
        now=now,
        along=(order, decision.order) if order and decision.order else None,
    )


def _decider(kind: CaseKind) -> Decide:
    """Find who decides about a kind of case; imported late, since a function meets only its own kinds."""
    match kind:
        case CaseKind.ORDER:
            from shared.rules.decide_order import decide_order

            return decide_order
        case CaseKind.REFUND:
            from shared.rules.decide_refund import decide_refund

            return decide_refund
        case CaseKind.PARCEL:
            from shared.rules.decide_parcel import decide_parcel

            return decide_parcel
        case CaseKind.DIGEST:
            from shared.rules.decide_digest import decide_digest

            return decide_digest
        case CaseKind.SESSION:
            from shared.rules.chat.decide_session import decide_session

            return decide_session
        case CaseKind.DESK:
            from shared.rules.chat.decide_desk import decide_desk

            return decide_desk
