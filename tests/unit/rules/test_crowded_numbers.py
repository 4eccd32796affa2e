"""A number that more than fifty orders have is none: its parcel stays small, and somebody is told once."""

import random

from shared.domain.events import InterceptionWanted, ParcelShipped
from shared.rules.parcel_interception import ORDERS_MAX
from tests.unit.rules.build import HOUR, MINUTE, NOW, wish
from tests.unit.rules.watched import Parcel, inside, of_type

TITLE = "同一单号的订单过多，请核对单号"
MANY = range(10 * ORDERS_MAX)


def order(parcel: Parcel, number: int) -> ParcelShipped:
    """One more order under the number, shipped a minute after the one before."""
    content = inside(f"O{number:04}", shipped_at=NOW + number * MINUTE)
    return ParcelShipped(**parcel.about, content=content)


def test_what_needs_no_courier_and_has_one_number_for_all_fills_no_item() -> None:
    parcel = Parcel()
    parcel.take(*(order(parcel, number) for number in MANY))
    parcel.wait(60 * HOUR)
    assert len(parcel.case.model_dump_json(exclude_defaults=True)) < 16_000
    assert sum(len(one.model_dump_json()) for one in parcel.run.last.outbox) < 64_000
    assert len([said for said in parcel.run.said if said.type == "notice_raised" and said.notice.title == TITLE]) == 1


def test_those_that_are_turned_away_are_counted() -> None:
    parcel = Parcel()
    parcel.take(*(order(parcel, number) for number in range(ORDERS_MAX)))
    assert parcel.run.last.counts == ()
    parcel.take(order(parcel, ORDERS_MAX))
    assert parcel.run.last.counts == ("order_turned_away",)


def test_in_any_order_the_same_orders_are_inside() -> None:
    shuffled = [*MANY]
    random.Random(7).shuffle(shuffled)
    one, other = Parcel(), Parcel()
    one.take(*(order(one, number) for number in MANY))
    other.take(*(order(other, number) for number in shuffled))
    assert one.case.contents == other.case.contents
    assert [content.order_id for content in one.case.contents] == [f"O{number:04}" for number in range(ORDERS_MAX)]


def test_a_refund_of_one_that_was_turned_away_is_told_so_and_stops_nothing() -> None:
    parcel = Parcel()
    parcel.take(*(order(parcel, number) for number in MANY))
    for number in MANY:
        content, of = order(parcel, number).content, f"R{number:04}"
        parcel.take(InterceptionWanted(**parcel.about, content=content, wish=wish(of, content.order_id)))
    assert len(parcel.case.wishes) == ORDERS_MAX
    told = [*of_type(parcel.run.said, "parcel_progressed")]
    refused = [one for one in told if (one.progress, one.reason) == ("refused", "crowded_number")]
    assert len(refused) == len(MANY) - ORDERS_MAX
