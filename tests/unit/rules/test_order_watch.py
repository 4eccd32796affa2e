"""From payment to shipping: who hears when an order is not shipped, until when, and of which orders nobody hears."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from shared.domain.events import DeadlineReached, OrderRefunded, TicketTaken
from shared.domain.order import OrderCase, OrderLine, OrderStatus, RefundShare, Shipment
from shared.domain.tickets import Anomaly
from shared.domain.watching import Limit, Span, Watching
from shared.rules.deadlines import BY_PLATFORM
from shared.rules.decide_order import decide_order
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, ORDER, Run, order_reported
from tests.unit.rules.watched import notices, of_type

KEY = f"{MERCHANT}|order|sim:{ORDER}"
TICK = DeadlineReached(merchant=MERCHANT, about=KEY)
SHIPPED = Shipment(carrier="zto", waybill="W1", line_ids=("L1",))


def paid(*, at: datetime = NOW, **fields: Any) -> Any:
    """The platform tells of a paid order of 100 yuan."""
    known = {"status": OrderStatus.PAID, "paid_fen": 10_000, "paid_at": NOW, "region": "浙江省", "at": at}
    return order_reported(**{**known, **fields})


class Order:
    """An order, and a clock that comes whenever it is due."""

    def __init__(self, *begin: Any, at: datetime = NOW, **policy: Any) -> None:
        self.run = Run(decide_order, at=at, **policy)
        self.take(*(begin or (paid(),)))

    @property
    def case(self) -> OrderCase:
        """The order as it stands."""
        case = self.run.case
        assert isinstance(case, OrderCase)
        return case

    @property
    def due(self) -> datetime | None:
        """When the clock must come."""
        return self.run.last.due

    def take(self, *events: Any) -> list[str]:
        """Take events now; give the titles of what staff were told."""
        return notices(self.run.take(*events))

    def wait(self, pause: timedelta) -> list[str]:
        """Let the clock come at every deadline for a time."""
        end, titles = self.run.now + pause, []
        while self.due and self.due <= end:
            self.run.now = max(self.run.now, self.due)
            titles += self.take(TICK)
        self.run.now = end
        return titles

    @property
    def open(self) -> list[str]:
        """The kinds of its tickets."""
        return [ticket.anomaly.value for ticket in self.case.tickets]


def test_a_paid_order_that_is_not_shipped_is_warned_of_and_rises() -> None:
    order = Order()
    assert order.wait(36 * HOUR - MINUTE) == []
    assert order.wait(MINUTE) == ["预警：付款后未发货"]
    [ticket] = order.case.tickets
    assert (ticket.rule, ticket.exposure_fen, ticket.since) == ("ship_48h", 3_000, NOW)
    assert order.wait(12 * HOUR) == ["升级（1级）：付款后未发货", "升级（2级）：付款后未发货", "付款后未发货"]
    assert order.wait(12 * HOUR) == ["升级（3级）：付款后未发货"]
    assert order.wait(60 * DAY) == []
    assert order.due is None


def test_the_warning_names_the_order_its_limit_and_its_cost() -> None:
    order = Order()
    order.wait(36 * HOUR)
    [said] = of_type(order.run.said, "notice_raised")
    assert said.notice.lines == (
        "订单：sim O1",
        "时限：11-13 08:00（剩余 12.0 小时）",
        "规则 ship_48h：48 小时",
        "预计损失：30.00 元",
        "请仓库立即发货；无货请联系买家协商。",
        "依据：付款 11-11 08:00，收货地 浙江省，以 11-13 08:00 为限；规则 ship_48h，策略第 7 版",
    )
    assert (said.about, said.notice.urgent) == (KEY, False)


ENDS: dict[str, Any] = {
    "shipped": order_reported(status=OrderStatus.SHIPPED, shipments=(SHIPPED,)),
    "shipped in part, which is all that was ordered": order_reported(
        status=OrderStatus.PARTLY_SHIPPED, shipments=(SHIPPED,), lines=(OrderLine(line_id="L1", amount_fen=1),)
    ),
    "a parcel alone is told": order_reported(shipments=(SHIPPED,)),
    "cancelled": order_reported(status=OrderStatus.CANCELLED),
    "finished": order_reported(status=OrderStatus.FINISHED),
    "refunded": OrderRefunded(
        merchant=MERCHANT,
        platform="sim",
        order_id=ORDER,
        share=RefundShare(refund="sim:R1", amount_fen=10_000, step=1),
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_whatever_ends_the_waiting_closes_the_ticket(how: str) -> None:
    order = Order()
    order.wait(40 * HOUR)
    assert order.open == ["not_shipped"]
    assert order.take(ENDS[how]) == ["已恢复：付款后未发货"]
    assert (order.open, order.due) == ([], None)


@pytest.mark.parametrize("how", ENDS)
def test_what_has_ended_before_is_never_warned_of(how: str) -> None:
    order = Order()
    order.take(ENDS[how])
    assert order.wait(10 * DAY) == []


@pytest.mark.parametrize("lines", [(), ("L1", "L2")])
def test_what_is_left_of_an_order_that_was_shipped_in_part_is_still_waited_for(lines: tuple[str, ...]) -> None:
    told = tuple(OrderLine(line_id=line, amount_fen=5_000) for line in lines)
    order = Order(paid(lines=told))
    order.take(order_reported(status=OrderStatus.PARTLY_SHIPPED, shipments=(SHIPPED,)))
    assert order.wait(36 * HOUR) == ["预警：付款后未发货"]
    [said] = of_type(order.run.said, "notice_raised")
    assert said.notice.lines[0] == "订单：sim O1（部分已发货）"
    second = Shipment(carrier="zto", waybill="W2", line_ids=("L2",))
    order.take(order_reported(status=OrderStatus.SHIPPED, shipments=(second,)))
    assert (order.open, order.due) == ([], None)


def test_an_order_that_is_refunded_in_part_must_be_shipped() -> None:
    order = Order()
    share = RefundShare(refund="sim:R1", amount_fen=9_999, step=1)
    order.take(OrderRefunded(merchant=MERCHANT, platform="sim", order_id=ORDER, share=share))
    assert order.wait(36 * HOUR) == ["预警：付款后未发货"]


@pytest.mark.parametrize("unpaid", [{"paid_at": None}, {"status": None}, {"status": OrderStatus.UNKNOWN}])
def test_an_order_that_nobody_says_was_paid_has_no_clock(unpaid: dict[str, Any]) -> None:
    assert Order(paid(**unpaid)).due is None


# ---- the platform's own deadline ---------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [20, 100])
def test_the_platform_s_own_deadline_wins(hours: int) -> None:
    order = Order(paid(ship_by=NOW + hours * HOUR))
    order.wait(hours * HOUR)
    [ticket] = order.case.tickets
    assert (ticket.rule, ticket.breach_at) == (BY_PLATFORM, NOW + hours * HOUR)
    said = next(message for message in order.run.said if message.type == "notice_raised")
    assert f"规则 {BY_PLATFORM}：{hours} 小时" in said.notice.lines


def test_a_deadline_that_the_platform_moves_back_takes_the_ticket_back() -> None:
    order = Order()
    order.wait(40 * HOUR)
    assert order.take(paid(ship_by=NOW + 5 * DAY)) == ["时限已调整：付款后未发货"]
    assert order.wait(2 * DAY) == []
    assert order.wait(20 * HOUR) == ["预警：付款后未发货"]


def readings(order: Order) -> list[str]:
    """The ids of what the platform was asked."""
    return [message.command_id for message in order.run.said if message.type == "fetch_order"]


@pytest.mark.parametrize("ship_by", [NOW + 2 * DAY, None])
def test_an_order_is_read_once_a_day_until_a_week_after_its_limit_whoever_sets_it(ship_by: datetime | None) -> None:
    order = Order(paid(ship_by=ship_by))
    order.wait(DAY - MINUTE)
    assert readings(order) == []
    order.wait(MINUTE)
    order.take(*[TICK] * 100)
    assert readings(order) == [f"{KEY}#read-261112"]
    order.wait(60 * DAY)
    assert readings(order) == [f"{KEY}#read-2611{day}" for day in range(12, 21)]
    assert order.due is None


@pytest.mark.parametrize("begin", [paid(ship_by=NOW + 9 * DAY, shipments=(SHIPPED,)), paid(paid_at=None)])
def test_an_order_that_is_shipped_or_unpaid_is_never_read(begin: Any) -> None:
    order = Order(begin)
    order.wait(30 * DAY)
    assert readings(order) == []


def test_an_order_whose_platform_has_named_no_limit_is_read_before_our_own_warns_of_it() -> None:
    soon = Limit(rule="ship_24h", span=Span.PAY_TO_SHIP, breach=24 * HOUR, lead=10 * HOUR)
    order = Order(watching=Watching(limits=(soon,)))
    assert order.wait(14 * HOUR - MINUTE) == []
    assert readings(order) == [f"{KEY}#read-261111"]
    assert order.take(paid(at=order.run.now, ship_by=NOW + 9 * DAY)) == []
    assert order.wait(7 * DAY) == []


def test_a_shipping_of_which_only_a_reading_tells_ends_the_watch() -> None:
    order = Order()
    order.wait(30 * HOUR)
    order.take(paid(at=NOW + 2 * HOUR, status=OrderStatus.SHIPPED, shipments=(SHIPPED,)))
    assert (order.wait(30 * DAY), len(readings(order))) == ([], 1)
    assert [said.waybill for said in order.run.said if said.type == "parcel_shipped"] == ["W1"]


def test_a_limit_that_the_platform_moves_forward_is_warned_of_in_time() -> None:
    order = Order(paid(ship_by=NOW + 5 * DAY))
    order.wait(DAY)
    assert order.take(paid(at=NOW + HOUR, ship_by=NOW + 40 * HOUR)) == []
    assert order.wait(3 * HOUR) == []
    assert order.wait(HOUR) == ["预警：付款后未发货"]
    [ticket] = order.case.tickets
    assert (ticket.rule, ticket.breach_at) == (BY_PLATFORM, NOW + 40 * HOUR)


@pytest.mark.parametrize("hours", [(5, 2), (2, 5)])
def test_of_two_limits_the_one_said_last_counts_in_any_order_of_arrival(hours: tuple[int, int]) -> None:
    said = [paid(at=NOW + place * MINUTE, ship_by=NOW + limit * DAY) for place, limit in enumerate(hours)]
    silent = paid(at=NOW + 9 * MINUTE)
    for told in permutations([*said, silent]):
        assert Order(*told).case.ship_by == NOW + hours[1] * DAY


def test_of_two_limits_said_at_once_the_earlier_counts() -> None:
    said = [paid(ship_by=NOW + limit * DAY) for limit in (5, 2)]
    assert [Order(*told).case.ship_by for told in permutations(said)] == [NOW + 2 * DAY] * 2


def test_a_merchant_who_switches_the_rule_off_hears_nothing() -> None:
    off = Limit(rule="ship_48h", span=Span.PAY_TO_SHIP, breach=48 * HOUR, lead=HOUR, watch=False)
    assert Order(watching=Watching(limits=(off,))).wait(10 * DAY) == []


# ---- old orders --------------------------------------------------------------------------------------------------

AGES: dict[str, tuple[timedelta, dict[str, Any], bool]] = {
    "just paid": (MINUTE, {}, True),
    "nine days old": (9 * DAY, {}, True),
    "ten days and a minute": (10 * DAY + MINUTE, {}, False),
    "a year old": (365 * DAY, {}, False),
    "old, to be shipped tomorrow": (15 * DAY, {"ship_by": NOW + 16 * DAY}, True),
    "old, and to be shipped long ago": (15 * DAY, {"ship_by": NOW + 2 * DAY}, False),
}


@pytest.mark.parametrize("age", AGES)
def test_an_order_that_was_old_when_we_first_heard_of_it_stays_silent(age: str) -> None:
    passed, fields, is_watched = AGES[age]
    order = Order(paid(**fields), at=NOW + passed)
    assert bool(order.wait(30 * DAY)) == is_watched
    order.take(paid(at=NOW + passed + 40 * DAY, region="浙江省杭州"))
    assert bool(order.open) == is_watched  # also when it is told again


def test_an_order_that_we_have_known_from_the_beginning_does_not_fall_silent_with_age() -> None:
    order = Order()
    order.wait(20 * DAY)
    assert order.take(paid(at=order.run.now, region="浙江省杭州")) == []
    assert order.open == ["not_shipped"]


def test_an_order_whose_payment_is_told_later_is_as_old_as_that_payment() -> None:
    order = Order(paid(paid_at=None), at=NOW)
    order.run.now = NOW + 20 * DAY
    order.take(paid())
    assert order.wait(10 * DAY) == []


def test_a_parcel_of_an_old_order_was_not_shipped_just_now() -> None:
    told = {"status": OrderStatus.SHIPPED, "shipments": (SHIPPED,)}
    old = Order(paid(at=NOW + 31 * DAY, **told), at=NOW + 31 * DAY)
    young = Order(paid(at=NOW + DAY, **told), at=NOW + DAY)
    assert [one.run.said[0].content.shipped_at for one in (old, young)] == [None, NOW + DAY]


def test_an_order_that_we_have_seen_waiting_is_shipped_when_we_hear_of_it_however_late_that_is() -> None:
    order = Order(paid(ship_by=NOW + 40 * DAY))
    order.run.now = NOW + 32 * DAY
    order.take(paid(at=order.run.now, status=OrderStatus.SHIPPED, shipments=(SHIPPED,)))
    [told] = of_type(order.run.said, "parcel_shipped")
    assert told.content.shipped_at == NOW + 32 * DAY


# ---- people, and nobody ------------------------------------------------------------------------------------------


def take(order: Order, **fields: Any) -> list[str]:
    """A person deals with the ticket."""
    event = TicketTaken(merchant=MERCHANT, about=KEY, anomaly=Anomaly.NOT_SHIPPED, by="王芳", **fields)
    return order.take(event)


def test_a_person_who_takes_the_ticket_stops_its_rising() -> None:
    order = Order()
    order.wait(40 * HOUR)
    take(order, text="明日到货")
    [ticket] = order.case.tickets
    assert (ticket.taken_by, ticket.answer, ticket.answered_at) == ("王芳", "明日到货", order.run.now)
    assert order.wait(5 * DAY) == ["付款后未发货"]


def test_a_ticket_that_a_person_closed_is_silent() -> None:
    order = Order()
    order.wait(40 * HOUR)
    take(order, closed=True)
    assert not order.case.needs_people
    assert order.wait(5 * DAY) == []
    assert order.take(ENDS["shipped"]) == []


@pytest.mark.parametrize("event", [TICK, TicketTaken(merchant=MERCHANT, about=KEY, anomaly=Anomaly.LATE, by="li")])
def test_of_an_order_that_nobody_knows_nothing_is_said(event: Any) -> None:
    run = Run(decide_order)
    assert run.take(event) == []
    assert (run.case, run.last.due) == (None, None)


@pytest.mark.parametrize("ship_by", [None, NOW + 2 * DAY])
def test_news_alone_open_no_ticket(ship_by: datetime | None) -> None:
    order = Order(paid(ship_by=ship_by), at=NOW + 36.5 * HOUR)
    assert order.open == []
    assert order.due == NOW + 36.5 * HOUR + MINUTE
    assert order.wait(MINUTE) == ["预警：付款后未发货"]


def test_a_thousand_ticks_are_as_good_as_one() -> None:
    order = Order()
    order.wait(40 * HOUR)
    before = order.case
    assert order.take(*[TICK] * 1000) == []
    assert order.case == before
