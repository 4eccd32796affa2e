"""Load, decide, save: lost races, empty budgets, pointers, merchants without a policy."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.events import CourierAnswered, DeadlineReached, OrderReported, ParcelProgressed, ParcelShipped
from shared.domain.keys import CaseKey, order_key, parcel_key, refund_key
from shared.domain.parcel import Progress, Stage
from shared.domain.refund import RefundCase, RefundPhase
from shared.domain.tickets import Anomaly
from shared.errors import BudgetExhausted, LostRace, Retryable, UnknownMerchant
from shared.ports import StoredCase
from shared.workflows.handle_event import Fate, handle_event
from tests.fakes import FakeCaseStore, FakeClock, FakeTable
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    ORDER,
    PAID,
    REFUND,
    REFUND_KEY,
    SECOND,
    WAYBILL,
    content,
    order,
    policy,
    progressed,
    reported,
    scanned,
    wanted,
)

R_KEY, O_KEY = refund_key(MERCHANT, "sim", REFUND), order_key(MERCHANT, "sim", ORDER)
P_KEY = parcel_key(MERCHANT, "zto", WAYBILL)


class Store(FakeCaseStore):
    """A store that counts, and loses as many races as it is told to."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(FakeTable())
        self.table.policies[MERCHANT] = policy(**fields)
        self.races = 0
        self.loads: list[tuple[CaseKey, ...]] = []
        self.saves = 0

    def load(self, merchant: str, keys: Any) -> Any:
        """Read."""
        self.loads.append(tuple(keys))
        return super().load(merchant, keys)

    def save(self, before: StoredCase, case: Any, **parts: Any) -> None:
        """Write, unless somebody else was first."""
        if self.races:
            self.races -= 1
            raise LostRace(str(before.key))
        self.saves += 1
        super().save(before, case, **parts)

    def known(self, case: Any, key: CaseKey) -> None:
        """Let a case exist."""
        self.table.cases[key] = StoredCase(key, 1, case)

    def refund(self) -> RefundCase:
        """The refund as stored."""
        case = self.table.cases[R_KEY].case
        assert isinstance(case, RefundCase)
        return case


def _clock() -> FakeClock:
    return FakeClock(NOW)


def test_an_event_costs_one_read_and_one_write() -> None:
    store = Store()
    store.known(order("W1"), O_KEY)
    assert handle_event(reported(), store, _clock()) is Fate.HANDLED
    assert store.loads == [(R_KEY, O_KEY)]
    assert store.saves == 1
    assert store.refund().phase is RefundPhase.STOPPING_PARCELS


def test_a_repeated_event_costs_the_read_alone() -> None:
    store = Store()
    for _ in range(3):
        fate = handle_event(reported(), store, _clock())
    assert fate is Fate.REPEATED
    assert store.saves == 1


def test_an_event_that_opens_nothing_is_ignored() -> None:
    store = Store()
    tick = DeadlineReached(merchant=MERCHANT, about=REFUND_KEY)
    assert handle_event(tick, store, _clock()) is Fate.IGNORED
    assert handle_event(progressed(Progress.SUCCEEDED), store, _clock()) is Fate.IGNORED
    assert store.saves == 0


def test_a_merchant_without_a_policy_is_an_error_and_changes_nothing() -> None:
    store = Store()
    with pytest.raises(UnknownMerchant, match="no_policy"):
        handle_event(reported(merchant="stranger"), store, _clock())
    assert store.saves == 0


@pytest.mark.parametrize("races", [1, 7])
def test_a_lost_race_loads_and_decides_again(races: int) -> None:
    store = Store()
    store.races = races
    assert handle_event(reported(), store, _clock()) is Fate.HANDLED
    assert len(store.loads) == races + 1


def test_too_many_lost_races_are_left_to_the_queue() -> None:
    store = Store()
    store.races = 99
    with pytest.raises(Retryable) as error:
        handle_event(reported(), store, _clock())
    assert error.value.after > timedelta(0)
    assert len(store.loads) == 8


def test_a_lost_race_is_decided_on_what_the_winner_wrote() -> None:
    store = Store()
    store.known(order("W1"), O_KEY)

    class Winner(Store):
        def save(self, before: StoredCase, case: Any, **parts: Any) -> None:
            if store.races:
                store.races = 0
                handle_event(reported(version=5), store, _clock())
            super().save(before, case, **parts)

    store.__class__ = Winner
    store.races = 1
    assert handle_event(reported(version=2), store, _clock()) is Fate.REPEATED
    assert store.refund().version == 5


# ---- the budget --------------------------------------------------------------------------------------------------


def _reviewing(**fields: Any) -> Store:
    store = Store(**fields)
    store.known(order("W1"), O_KEY)
    handle_event(reported(), store, _clock())
    handle_event(progressed(Progress.SUCCEEDED), store, _clock())
    assert store.refund().phase is RefundPhase.REVIEWING
    return store


def test_a_budget_that_is_used_up_is_decided_again_without_money() -> None:
    store = _reviewing()
    store.table.budgets[MERCHANT, NOW.date()] = (500_000, 1)
    assert handle_event(reported(answers=f"{REFUND_KEY}#1"), store, _clock()) is Fate.HANDLED
    assert store.refund().phase is RefundPhase.BY_HAND
    assert store.refund().reserved_fen == 0
    assert store.table.budgets[MERCHANT, NOW.date()] == (500_000, 1)


def test_a_budget_is_drawn_once_however_often_the_answer_comes() -> None:
    store = _reviewing()
    for _ in range(3):
        handle_event(reported(answers=f"{REFUND_KEY}#1"), store, _clock())
    assert store.table.budgets[MERCHANT, NOW.date()] == (PAID, 1)


@pytest.mark.parametrize(
    ("spent", "counted"),
    [
        ((0, 0), []),
        ((400_000 - PAID - 1, 0), []),
        ((400_000 - PAID, 0), ["budget_near_end"]),
        ((0, 159), ["budget_near_end"]),
    ],
)
def test_operators_hear_when_four_fifths_of_a_budget_are_drawn(spent: tuple[int, int], counted: list[str]) -> None:
    store, heard = _reviewing(), []
    store.table.budgets[MERCHANT, NOW.date()] = spent
    handle_event(reported(answers=f"{REFUND_KEY}#1"), store, _clock(), heard.append)
    assert heard == counted


def test_operators_hear_when_a_budget_does_not_suffice() -> None:
    store, heard = _reviewing(), []
    store.table.budgets[MERCHANT, NOW.date()] = (500_000, 1)
    handle_event(reported(answers=f"{REFUND_KEY}#1"), store, _clock(), heard.append)
    assert heard == ["budget_near_end"]


def test_operators_hear_also_of_what_changes_nothing() -> None:
    store, heard = Store(), []
    about = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL, "source": "zto"}
    fates = [
        handle_event(CourierAnswered(**about, text=f"{age}", at=NOW - age * MINUTE), store, _clock(), heard.append)
        for age in range(11)
    ]
    assert fates == [Fate.HANDLED] * 10 + [Fate.REPEATED]
    assert heard == ["answer_dropped"]


def test_a_race_between_the_two_decisions_is_run_again() -> None:
    store = _reviewing()
    broke = [BudgetExhausted, LostRace]

    class Broke(Store):
        def save(self, before: StoredCase, case: Any, **parts: Any) -> None:
            if broke:
                raise broke.pop(0)
            super().save(before, case, **parts)

    store.__class__ = Broke
    handle_event(reported(answers=f"{REFUND_KEY}#1"), store, _clock())
    assert store.refund().phase is RefundPhase.AGREEING


def test_two_refunds_of_one_order_cannot_both_take_the_same_money() -> None:
    store = _reviewing()
    second = {"refund_id": "R2"}
    handle_event(reported(**second), store, _clock())
    about = {"merchant": MERCHANT, "platform": "sim", "refund_id": "R2", "carrier": "zto", "waybill": WAYBILL}
    handle_event(ParcelProgressed(**about, progress=Progress.SUCCEEDED, at=NOW), store, _clock())
    for refund_id in (REFUND, "R2"):
        answers = f"{MERCHANT}|refund|sim:{refund_id}#1"
        handle_event(reported(refund_id=refund_id, answers=answers), store, _clock())
    phases = [store.table.cases[refund_key(MERCHANT, "sim", name)].case.phase for name in (REFUND, "R2")]  # type: ignore[union-attr]
    assert phases == [RefundPhase.AGREEING, RefundPhase.BY_HAND]


# ---- pointers ----------------------------------------------------------------------------------------------------


def test_a_tick_that_changes_nothing_still_leaves_a_pointer_ahead() -> None:
    store, clock = Store(), _clock()
    handle_event(reported(), store, clock)
    before = store.table.cases[R_KEY]
    assert before.due == NOW + 2 * MINUTE
    store.table.cases[R_KEY] = before._replace(armed=NOW + MINUTE)  # the pointer that this tick has consumed
    clock.advance(MINUTE)
    assert handle_event(DeadlineReached(merchant=MERCHANT, about=REFUND_KEY), store, clock) is Fate.HANDLED
    after = store.table.cases[R_KEY]
    assert (after.case, after.due, after.armed) == (before.case, before.due, before.due)


def _in_trouble() -> tuple[Store, FakeClock]:
    """A watched parcel whose delivery is told to have failed just now."""
    store, clock = Store(), _clock()
    watched = content().model_copy(update={"shipped_at": NOW - HOUR})
    handle_event(ParcelShipped(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, content=watched), store, clock)
    handle_event(scanned(Stage.DELIVERY_FAILED), store, clock)
    return store, clock


def test_a_tick_for_a_deadline_that_has_moved_on_decides_nothing_yet() -> None:
    """Trouble has a minute for news that end it, whatever was under way to its parcel."""
    store, clock = _in_trouble()
    trouble = store.table.cases[P_KEY]
    assert trouble.due == NOW + MINUTE
    tick = DeadlineReached(merchant=MERCHANT, about=str(P_KEY), due=NOW + 20 * SECOND)
    clock.advance(20 * SECOND)
    assert handle_event(tick, store, clock) is Fate.REPEATED
    assert store.table.cases[P_KEY] == trouble
    clock.advance(40 * SECOND)
    assert handle_event(tick, store, clock) is Fate.HANDLED
    assert [ticket.anomaly for ticket in store.table.cases[P_KEY].case.tickets] == [Anomaly.DELIVERY_FAILED]


def test_news_that_never_pause_do_not_keep_the_clock_from_a_ticket() -> None:
    store, clock = _in_trouble()
    for number in range(1, 13):
        clock.advance(6 * SECOND)
        about = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
        handle_event(CourierAnswered(**about, source="zto", text=f"{number}", at=clock.now()), store, clock)
        assert store.table.cases[P_KEY].due == NOW + MINUTE
    handle_event(DeadlineReached(merchant=MERCHANT, about=str(P_KEY), due=NOW + MINUTE), store, clock)
    assert Anomaly.DELIVERY_FAILED in {ticket.anomaly for ticket in store.table.cases[P_KEY].case.tickets}


def test_what_is_caught_up_with_hours_later_has_its_minute_to_be_contradicted_all_the_same() -> None:
    store, clock = _in_trouble()
    clock.advance(3 * HOUR)
    handle_event(scanned(Stage.DELIVERY_FAILED, NOW + HOUR), store, clock)
    assert store.table.cases[P_KEY].due == clock.now() + MINUTE


def test_a_tick_that_comes_early_leaves_a_pointer_ahead() -> None:
    store, clock = Store(), _clock()
    handle_event(reported(), store, clock)
    before = store.table.cases[R_KEY]
    assert before.due == NOW + 2 * MINUTE
    store.table.cases[R_KEY] = before._replace(armed=NOW)  # the pointer that a sweep has consumed
    tick = DeadlineReached(merchant=MERCHANT, about=REFUND_KEY, due=before.due)
    clock.advance(MINUTE)
    assert handle_event(tick, store, clock) is Fate.HANDLED
    after = store.table.cases[R_KEY]
    assert (after.case, after.due, after.armed) == (before.case, before.due, before.due)
    assert handle_event(tick, store, clock) is Fate.REPEATED


def test_a_tick_of_a_case_that_waits_no_more_takes_its_deadline_off_once() -> None:
    store = Store()
    store.table.cases[O_KEY] = StoredCase(O_KEY, 1, order("W1"), due=NOW)
    tick = DeadlineReached(merchant=MERCHANT, about=str(O_KEY))
    assert [handle_event(tick, store, _clock()) for _ in range(2)] == [Fate.HANDLED, Fate.REPEATED]
    assert store.table.cases[O_KEY].due is None


def test_a_tick_before_anything_is_due_writes_nothing() -> None:
    store = Store()
    handle_event(reported(), store, _clock())
    tick = DeadlineReached(merchant=MERCHANT, about=REFUND_KEY)
    assert handle_event(tick, store, _clock()) is Fate.REPEATED
    assert store.saves == 1


def test_a_tick_of_a_refund_knows_its_order() -> None:
    store = Store()
    store.known(order("W1"), O_KEY)
    handle_event(reported(), store, _clock())
    clock = _clock()
    clock.advance(3 * MINUTE)
    handle_event(DeadlineReached(merchant=MERCHANT, about=REFUND_KEY), store, clock)
    assert store.loads[-1] == (R_KEY, O_KEY)


def test_orders_and_parcels_are_read_alone() -> None:
    store = Store()
    handle_event(OrderReported(merchant=MERCHANT, platform="sim", order_id=ORDER, at=NOW), store, _clock())
    handle_event(scanned(Stage.PICKED_UP), store, _clock())
    handle_event(wanted(), store, _clock())
    assert store.loads == [(O_KEY,), (P_KEY,), (P_KEY,)]
