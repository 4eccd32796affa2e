"""What a vendor's manual says of limits, and what an account says instead."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.domain.limits import ALL, Allowance, RateLimit, allowance_of, parse_limits
from shared.errors import Permanent

MINUTE = timedelta(minutes=1)
VENDOR: Any = SimpleNamespace(
    __name__="shared.erps.jst",
    LIMITS={ALL: (RateLimit(100, MINUTE),), "read": (RateLimit(7, MINUTE),)},
    REQUESTS_MAX={"stop": 3},
)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("100/min", (RateLimit(100, MINUTE),)),
        ("5/s 100/min", (RateLimit(5, timedelta(seconds=1)), RateLimit(100, MINUTE))),
        (" 5/s,3000/d ", (RateLimit(5, timedelta(seconds=1)), RateLimit(3000, timedelta(days=1)))),
        ("10/h", (RateLimit(10, timedelta(hours=1)),)),
        ("none", ()),
    ],
)
def test_an_account_s_words_are_limits(text: str, limits: tuple[RateLimit, ...]) -> None:
    assert parse_limits(text) == limits


@pytest.mark.parametrize("text", ["", "100", "0/min", "-1/min", "5/week", "5/s and 3/min", "many", "1e3/min", "５/s"])
def test_words_that_are_no_limits_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(Permanent, match="5/s 100/min"):
        parse_limits(text)


@pytest.mark.parametrize(
    ("account", "api", "expected"),
    [
        ({}, "stop", ("jst", "a|all", (RateLimit(100, MINUTE),), 3, 3)),
        ({}, "read", ("jst", "a|read", (RateLimit(7, MINUTE),), 1, 3)),
        ({"limits": "5/s"}, "stop", ("jst", "a|all", (RateLimit(5, timedelta(seconds=1)),), 3, 3)),
        ({"limits": "none"}, "stop", ("jst", "a|all", (), 3, 3)),
        ({"limits_read": "9/min"}, "read", ("jst", "a|read", (RateLimit(9, MINUTE),), 1, 3)),
        ({"limits": "5/s"}, "read", ("jst", "a|read", (RateLimit(7, MINUTE),), 1, 3)),
    ],
)
def test_an_account_s_word_counts_more_than_the_manual_s(account: dict[str, str], api: str, expected: Any) -> None:
    assert allowance_of(VENDOR, "a", account, api) == Allowance(*expected)


def test_a_vendor_whose_manual_says_nothing_has_no_limits() -> None:
    silent: Any = SimpleNamespace(__name__="shared.couriers.sf")
    assert allowance_of(silent, "sf", {}, "query_tracking") == Allowance()
    assert allowance_of(silent, "sf", {"limits": "100/min"}, "query_tracking").limits == (RateLimit(100, MINUTE),)
