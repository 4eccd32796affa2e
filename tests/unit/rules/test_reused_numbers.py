"""Couriers hand numbers out again: the second parcel begins anew, and nothing of the first one sticks to it."""

from typing import Any

import pytest

from shared.domain.events import InterceptionWanted, ParcelShipped
from shared.domain.parcel import Stage
from tests.unit.rules.build import DAY, HOUR, MINUTE, NOW, wanted, wish
from tests.unit.rules.parcels import answer
from tests.unit.rules.watched import Parcel, facts, inside, notices, of_type, on_its_way, sent_back, shipped

LATER = NOW + 60 * DAY


def second(parcel: Parcel, order_id: str = "O2") -> list[object]:
    """Another order has the number by now."""
    parcel.wait(max(LATER, parcel.run.now))
    return parcel.take(ParcelShipped(**parcel.about, content=inside(order_id, shipped_at=LATER)))


def orders(parcel: Parcel) -> list[str]:
    """Whose goods are inside."""
    return [known.order_id for known in parcel.case.contents]


def test_a_number_of_another_order_months_later_is_another_parcel() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, Stage.DELIVERED)
    said = second(parcel)
    assert orders(parcel) == ["O2"]
    assert parcel.case.stage is Stage.UNKNOWN
    assert len([*of_type(said, "subscribe_tracking")]) == 1
    assert notices(parcel.wait(18 * HOUR)) == ["预警：已发货未揽收"]


def test_a_parcel_that_was_never_signed_for_is_over_when_its_number_is_used_again() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(LATER)
    assert parcel.open == ["stalled", "suspected_lost"]
    said = second(parcel)
    assert notices(said) == ["单号已另有包裹：在途停滞", "单号已另有包裹：疑似丢件"]
    assert {one.notice.lines[0] for one in of_type(said, "notice_raised")} == {"快递单号：中通 W1　订单：O1"}
    freed = [(told.order_id, told.trouble.what) for told in of_type(said, "order_troubled")]
    assert freed == [("O1", ()), ("O2", ())]
    assert (orders(parcel), parcel.case.stage) == (["O2"], Stage.UNKNOWN)
    assert parcel.case.handled_s == 0


def test_scans_of_the_earlier_use_that_arrive_late_are_passed_over() -> None:
    parcel = shipped()
    second(parcel)
    before = parcel.case
    parcel.scan(Stage.DELIVERED, NOW + 3 * DAY)
    assert facts(parcel.case) == facts(before)


def test_news_of_an_earlier_use_are_counted_once_each_time_that_they_are_told() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    assert parcel.run.last.counts == ()
    second(parcel)
    assert parcel.run.last.counts == ()
    history = [(stage, NOW + hours * HOUR) for hours, stage in enumerate((Stage.PICKED_UP, Stage.IN_TRANSIT))]
    for told, counts in (
        (parcel.traced(*history), ("earlier_use",)),
        (parcel.traced(*history, (Stage.PICKED_UP, LATER + HOUR)), ("earlier_use",)),
        (parcel.traced((Stage.PICKED_UP, LATER + HOUR)), ()),
        (ParcelShipped(**parcel.about, content=inside(line_ids=("L1", "L9"))), ("earlier_use",)),
    ):
        parcel.take(told)
        assert parcel.run.last.counts == counts


def test_the_earlier_order_s_news_that_arrive_late_are_passed_over() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    second(parcel)
    before = parcel.case
    assert parcel.take(ParcelShipped(**parcel.about, content=inside(line_ids=("L1", "L9")))) == []
    assert parcel.case == before


def test_a_refund_of_the_earlier_order_does_not_stop_the_second_parcel() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    second(parcel)
    parcel.scan(Stage.IN_TRANSIT, LATER + HOUR)
    [told] = parcel.take(wanted(content=inside()))
    assert (told.type, told.progress, told.reason) == ("parcel_progressed", "refused", "number_reused")
    said = parcel.take(
        InterceptionWanted(**parcel.about, content=inside("O2", shipped_at=LATER), wish=wish("R2", "O2"))
    )
    assert [*of_type(said, "intercept_parcel")]  # for its own order it is


def test_commands_of_the_second_parcel_have_numbers_of_their_own() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted(content=inside()))
    parcel.take(answer(parcel.run, "refused"))
    second(parcel)
    parcel.scan(Stage.IN_TRANSIT, LATER + HOUR)
    parcel.take(InterceptionWanted(**parcel.about, content=inside("O2", shipped_at=LATER), wish=wish("R2", "O2")))
    first, other = of_type(parcel.run.said, "intercept_parcel")
    assert first.command_id != other.command_id


def test_a_return_s_number_is_handed_out_again_too() -> None:
    parcel = sent_back()
    second(parcel)
    assert not parcel.case.is_return
    assert orders(parcel) == ["O2"]


def test_scans_long_after_a_signature_are_a_stranger_s_and_nobody_watches_it() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    parcel.wait(LATER)
    assert parcel.scan(Stage.PICKED_UP) == []
    assert (orders(parcel), parcel.case.stage, parcel.due) == ([], Stage.PICKED_UP, None)


def test_a_signature_told_after_the_stranger_s_scans_ends_what_it_is_about() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(LATER)
    parcel.scan(Stage.PICKED_UP)
    assert orders(parcel) == ["O1"]  # it may have been found again
    parcel.scan(Stage.DELIVERED, NOW + 2 * DAY)
    assert (orders(parcel), parcel.case.stage) == ([], Stage.PICKED_UP)


def test_a_parcel_that_was_lost_and_is_found_after_weeks_goes_on() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(NOW + 40 * DAY)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert (orders(parcel), parcel.case.stage, parcel.open) == (["O1"], Stage.ARRIVED_AT_HUB, [])
    parcel.moves(Stage.DELIVERED)
    assert parcel.case.is_finished


def test_what_we_sent_back_stays_sent_back_however_long_it_is_silent() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted(content=inside()))
    parcel.take(answer(parcel.run, "accepted"))
    parcel.moves(Stage.RETURNING)
    parcel.wait(NOW + 40 * DAY)
    parcel.scan(Stage.DELIVERED)
    assert parcel.case.stage is Stage.RETURNED


def test_two_orders_in_one_parcel_are_no_second_use() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(ParcelShipped(**parcel.about, content=inside("O2", shipped_at=NOW + DAY)))
    assert orders(parcel) == ["O1", "O2"]


PAID = NOW - 5 * HOUR


@pytest.mark.parametrize("first", ["the order", "the scans"])
def test_a_signature_from_before_an_order_was_paid_is_a_stranger_s(first: str) -> None:
    parcel = Parcel()
    history = parcel.traced((Stage.PICKED_UP, PAID - 10 * DAY), (Stage.DELIVERED, PAID - MINUTE))
    told = ParcelShipped(**parcel.about, content=inside())
    parcel.take(*((told, history) if first == "the order" else (history, told)), history)
    assert (parcel.case.stage, parcel.case.picked_up_at, parcel.case.heard_at) == (Stage.UNKNOWN, None, None)
    assert parcel.case.watch.step == 1
    assert notices(parcel.wait(18 * HOUR)) == ["预警：已发货未揽收"]
    parcel.moves(Stage.PICKED_UP, Stage.DELIVERED)
    assert parcel.case.is_finished


@pytest.mark.parametrize(
    "said", [{"paid_at": NOW + 3 * HOUR}, {"shipped_at": NOW + 3 * HOUR}, {"paid_at": None}, {"shipped_at": None}]
)
def test_what_is_only_told_late_is_signed_for_all_the_same(said: dict[str, Any]) -> None:
    """Cash on delivery is paid after it, and a shop may say late that it has shipped."""
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside(**said)))
    parcel.scan(Stage.DELIVERED, NOW + HOUR)
    assert parcel.case.is_finished


def test_a_number_that_another_order_of_ours_had_until_it_was_signed_for_is_shown_to_a_person_once() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    parcel.wait(5 * DAY)
    told = ParcelShipped(**parcel.about, content=inside("O2", paid_at=parcel.run.now, shipped_at=parcel.run.now))
    [note] = of_type(parcel.take(told, told), "notice_raised")
    assert note.notice.title == "单号在订单付款前已签收，请核对单号"
    assert "订单 O2" in note.notice.lines[-1]
    assert orders(parcel) == ["O1", "O2"]


def test_so_it_is_where_the_signature_is_heard_after_the_other_order() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(5 * DAY)
    signed_at = parcel.run.now - DAY
    parcel.take(ParcelShipped(**parcel.about, content=inside("O2", paid_at=parcel.run.now, shipped_at=parcel.run.now)))
    first, again = (parcel.scan(Stage.DELIVERED, signed_at, answers=answers) for answers in ("ask-1", "ask-2"))
    [note] = (said for said in of_type(first, "notice_raised") if "付款前已签收" in said.notice.title)
    assert "订单 O2" in note.notice.lines[-1]
    assert again == []


def test_a_long_way_with_scans_in_between_is_one_parcel() -> None:
    parcel = shipped()
    for day in (20, 40):
        parcel.wait(NOW + day * DAY)
        parcel.scan(Stage.IN_TRANSIT)
    parcel.take(ParcelShipped(**parcel.about, content=inside("O2", shipped_at=NOW + 45 * DAY)))
    assert orders(parcel) == ["O1", "O2"]
    parcel.wait(MINUTE)
