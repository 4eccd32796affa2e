"""What people read: the shop's clock, hours that are left, yuan, and couriers by the names that everybody uses."""

from datetime import timedelta

import pytest

from shared.couriers.kuaidi100 import CARRIERS
from shared.rules.wording import COURIERS, forced_refund, hours, left, moment, parcel_name, yuan
from tests.unit.rules.build import HOUR, MINUTE, NOW

BEIJING = "Asia/Shanghai"


@pytest.mark.parametrize(("carrier", "name"), [*COURIERS.items(), ("newone", "newone")])
def test_a_parcel_is_named_by_its_courier_and_number(carrier: str, name: str) -> None:
    assert parcel_name(carrier, "7531") == f"{name} 7531"


def test_every_courier_that_a_source_knows_has_a_name() -> None:
    assert set(CARRIERS.values()) <= set(COURIERS)


def test_an_instant_is_by_the_shop_s_clock() -> None:
    assert moment(NOW, BEIJING) == "11-11 08:00"
    assert moment(NOW, "America/New_York") == "11-10 19:00"


@pytest.mark.parametrize(
    ("length", "text"),
    [(24 * HOUR, "24 小时"), (150 * MINUTE, "2.5 小时"), (20 * MINUTE, "0.3 小时"), (240 * HOUR, "240 小时")],
)
def test_a_length_is_in_hours(length: timedelta, text: str) -> None:
    assert hours(length) == text


@pytest.mark.parametrize(
    ("until", "text"),
    [
        (6 * HOUR, "剩余 6.0 小时"),
        (3 * MINUTE, "剩余 0.1 小时"),
        (MINUTE, "即到时限"),
        (0 * HOUR, "已到时限"),
        (-MINUTE, "已到时限"),
        (-4 * MINUTE, "已超 0.1 小时"),
        (-150 * MINUTE, "已超 2.5 小时"),
    ],
)
def test_what_is_left_turns_into_what_is_over(until: timedelta, text: str) -> None:
    assert left(NOW + until, NOW) == text


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00 元"), (5, "0.05 元"), (3_000, "30.00 元"), (10**11, f"{10**9}.00 元")]
)
def test_money_is_in_yuan_without_rounding(fen: int, text: str) -> None:
    assert yuan(fen) == text


def test_the_risk_of_a_forced_refund_is_a_sentence_with_its_hours() -> None:
    text = "强制退款风险：11-11 20:00 起平台可不经商家同意直接退款（剩余 12.0 小时）"
    assert forced_refund(NOW + 12 * HOUR, NOW, BEIJING) == text
