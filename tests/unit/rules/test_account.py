"""The account as tables: how far each parcel counts, where each yuan went, what a reader is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.parcel import Interception, ParcelCase
from shared.domain.refund import Outcome, ParcelState, RefundCase, RefundKind, RefundPhase
from shared.rules.account import STEPS, Funnel, Money, give_account

NOW = datetime.fromisoformat("2026-11-11T05:00:00+00:00")
HOUR = timedelta(hours=1)


def refund(number: int = 1, **fields: Any) -> RefundCase:
    """A refund of 59.00 yuan."""
    known = {
        "platform": "sim",
        "refund_id": f"R{number}",
        "order_id": f"O{number}",
        "kind": RefundKind.REFUND_ONLY,
        "amount_fen": 5900,
        "version": 1,
        "deadline_at": NOW + 36 * HOUR,
        "opened_at": NOW + number * HOUR,
    }
    return RefundCase.model_validate(known | fields)


def on(*numbers: str, carrier: str = "zto") -> tuple[ParcelState, ...]:
    """A refund's view of its parcels."""
    return tuple(ParcelState(carrier=carrier, waybill=number, at=NOW) for number in numbers)


def parcel(number: str, *reached: str, carrier: str = "zto", received: bool = False) -> ParcelCase:
    """A parcel whose interception has these instants."""
    instants = {f"{step}_at": NOW for step in reached}
    interception = Interception.model_validate(instants)
    return ParcelCase(carrier=carrier, waybill=number, interception=interception, received_at=NOW if received else None)


FAR = {
    "nobody wanted it": ((), False, (0, 0, 0, 0, 0, 0)),
    "a rule objects": (("wanted",), False, (1, 0, 0, 0, 0, 0)),
    "asked, not answered": (("wanted", "eligible"), False, (1, 1, 0, 0, 0, 0)),
    "refused": (("wanted", "eligible", "requested"), False, (1, 1, 1, 0, 0, 0)),
    "accepted, then delivered": (("wanted", "eligible", "requested", "accepted"), False, (1, 1, 1, 1, 0, 0)),
    "stopped, says the courier": (
        ("wanted", "eligible", "requested", "accepted", "succeeded"),
        False,
        (1, 1, 1, 1, 1, 0),
    ),
    "back": (("wanted", "eligible", "requested", "accepted", "succeeded"), True, (1, 1, 1, 1, 1, 1)),
    "the answer was lost, the stop was not": (("wanted", "eligible", "succeeded"), True, (1, 1, 1, 1, 1, 1)),
    "refused, and came back all the same": (("wanted", "eligible", "requested"), True, (1, 1, 1, 0, 0, 0)),
    "came back without being wanted": ((), True, (0, 0, 0, 0, 0, 0)),
}


@pytest.mark.parametrize(("reached", "received", "counts"), FAR.values(), ids=FAR.keys())
def test_a_parcel_counts_as_far_as_it_came(reached: tuple[str, ...], received: bool, counts: tuple[int, ...]) -> None:
    account = give_account([refund(parcels=on("W1"))], [parcel("W1", *reached, received=received)])
    assert account.funnels == (Funnel("zto", 1, *counts),)


def test_each_courier_has_a_funnel_and_a_merged_parcel_counts_once() -> None:
    refunds = [
        refund(1, parcels=on("W1")),
        refund(2, parcels=on("W1")),
        refund(3, parcels=on("S1", "S2", carrier="sf")),
    ]
    parcels = [parcel("W1", "wanted", "eligible"), parcel("S1", "wanted", carrier="sf")]
    zto, sf = Funnel("zto", 2, 1, 1), Funnel("sf", 1, 1)
    assert give_account(refunds, parcels).funnels == (sf, zto)


def test_rates_are_of_the_step_before_and_of_all_that_were_wanted() -> None:
    rates = Funnel("zto", 12, 10, 8, 8, 4, 1, 0).rates
    assert tuple(rate.step for rate in rates) == STEPS
    assert [rate.of_previous for rate in rates] == [1.0, 0.8, 1.0, 0.5, 0.25, 0.0]
    assert [rate.of_wanted for rate in rates] == [1.0, 0.8, 0.8, 0.4, 0.1, 0.0]


def test_a_rate_of_nothing_is_no_rate() -> None:
    assert {(rate.of_previous, rate.of_wanted) for rate in Funnel("zto", 1).rates} == {(None, None)}


PAID: dict[str, Any] = {"refunded_at": NOW, "phase": RefundPhase.CLOSED}
WHERE = {
    "not paid": ({}, Money()),
    "withdrawn": ({"phase": RefundPhase.CLOSED, "outcome": Outcome.WITHDRAWN}, Money()),
    "never left": ({**PAID, "outcome": Outcome.REFUNDED, "order_stopped": True}, Money(5900, saved_fen=5900)),
    "back": ({**PAID, "outcome": Outcome.RECOVERED, "parcels": on("W1")}, Money(5900, saved_fen=5900)),
    "gone": ({**PAID, "outcome": Outcome.LOST, "parcels": on("W1")}, Money(5900, lost_fen=5900)),
    "on the way back": ({**PAID, "phase": RefundPhase.FOLLOWING, "parcels": on("W1")}, Money(5900, waiting_fen=5900)),
    "paid, a person looks on": ({**PAID, "phase": RefundPhase.BY_HAND}, Money(5900, waiting_fen=5900)),
    "the buyer returns it": (
        {**PAID, "outcome": Outcome.REFUNDED, "kind": RefundKind.RETURN_AND_REFUND},
        Money(5900, unfollowed_fen=5900),
    ),
    "the ERP never knew it": ({**PAID, "outcome": Outcome.REFUNDED}, Money(5900, unfollowed_fen=5900)),
    "the buyer keeps it": (
        {**PAID, "outcome": Outcome.REFUNDED, "parcels": on("W1")},
        Money(5900, unfollowed_fen=5900),
    ),
}


@pytest.mark.parametrize(("fields", "money"), WHERE.values(), ids=WHERE.keys())
def test_every_refunded_yuan_is_in_one_place(fields: dict[str, Any], money: Money) -> None:
    assert give_account([refund(**fields)], []).money == money


def test_the_places_add_up() -> None:
    refunds = [refund(number, **fields) for number, (fields, _) in enumerate(WHERE.values())]
    money = give_account(refunds, []).money
    parts = (money.saved_fen, money.lost_fen, money.waiting_fen, money.unfollowed_fen)
    assert money.refunded_fen == sum(parts) == sum(one.refunded_fen for _, one in WHERE.values())


def test_stories_come_in_the_order_of_opening_and_say_why() -> None:
    late = refund(2, phase=RefundPhase.BY_HAND, rule="amount_within_paid", reason="above_paid", tickets=("above_paid",))
    early = refund(1, **PAID, outcome=Outcome.RECOVERED, rule="goods_accounted_for", parcels=on("W1"))
    first, second = give_account([late, early], []).stories
    assert (first.refund, first.ending, first.why) == ("sim:R1", "recovered", "goods_accounted_for")
    assert first.parcels == ("zto W1 wanted",)
    assert (second.refund, second.ending, second.why) == ("sim:R2", "by_hand", "amount_within_paid above_paid")
    assert second.tickets == ("above_paid",)


def test_the_order_of_cases_does_not_matter() -> None:
    refunds = [refund(number, parcels=on(f"W{number}")) for number in range(1, 5)]
    parcels = [parcel(f"W{number}", "wanted", "eligible") for number in range(1, 5)]
    assert give_account(refunds, parcels) == give_account(refunds[::-1], parcels[::-1])
