"""What the shop's clock says: the end of after-sales time, who speaks first at which hour, who works when."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.routing import Group, Mode, Routing
from shared.rules.routing.facts import age_days, mode_at, on_shift, period_of, uncovered_hours

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """An instant as the shop's clock shows it; 2026-11-13 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


# ---- periods -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid", "at", "days", "period"),
    [
        ("2025-11-13 12:00", "2026-11-12 12:00", 365, "after_sale"),  # 364 days old
        ("2025-11-13 12:00", "2026-11-13 12:00", 365, "after_sale"),
        ("2025-11-13 12:00", "2026-11-14 12:00", 365, "pre_sale"),  # 366 days old
        ("2025-11-13 00:00", "2026-11-13 23:59:59", 365, "after_sale"),  # the last day is wholly in it
        ("2025-11-13 23:59:59", "2026-11-14 00:00", 365, "pre_sale"),  # and the day after wholly out of it
        ("2026-11-13 23:59", "2026-11-14 00:01", 1, "after_sale"),
        ("2026-11-13 00:01", "2026-11-15 00:00", 1, "pre_sale"),
        ("2024-02-29 12:00", "2025-02-28 12:00", 365, "after_sale"),
        ("2024-02-28 12:00", "2025-02-28 12:00", 365, "pre_sale"),  # a leap year has a day more
        ("2026-11-13 12:00", "2026-11-13 11:59", 365, "after_sale"),  # the chat's clock is behind the platform's
    ],
)
def test_after_sales_time_ends_with_a_day_of_the_shops_calendar(paid: str, at: str, days: int, period: str) -> None:
    assert period_of(local(paid), local(at), SHANGHAI, days) == period


def test_the_same_instants_are_in_different_periods_in_different_zones() -> None:
    paid = datetime(2025, 11, 12, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai, 10:30 in New York
    at = datetime(2026, 11, 12, 16, 30, tzinfo=UTC)  # half past midnight the day after; 11:30
    assert period_of(paid, at, SHANGHAI, 365) == "pre_sale"
    assert period_of(paid, at, ZoneInfo("America/New_York"), 365) == "after_sale"


def test_without_a_payment_there_is_no_order() -> None:
    assert period_of(None, local("2026-11-13 12:00"), SHANGHAI, 365) == "no_order"


@given(st.integers(0, 3_000 * 24 * 60), st.integers(0, 400), st.integers(1, 365))
def test_a_period_only_counts_midnights(minutes: int, age: int, days: int) -> None:
    paid = (local("2020-01-01 00:00") + minutes * MINUTE).astimezone(SHANGHAI)
    at = paid.replace(hour=0, minute=0, second=0, microsecond=0) + age * DAY
    assert age_days(paid, at, SHANGHAI) == age
    assert (period_of(paid, at, SHANGHAI, days) == "after_sale") is (age <= days)


# ---- modes ---------------------------------------------------------------------------------------------------------


def _hours(span: str, *days: str) -> dict[str, Any]:
    return {"week": {day: [span] for day in days or ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}}


@pytest.mark.parametrize(
    ("channel", "at", "mode"),
    [
        ("web", "2026-11-13 12:00", Mode.BOT_FIRST),
        ("web", "2026-11-13 23:00", Mode.BOT_ONLY),
        ("web", "2026-11-14 01:00", Mode.BOT_ONLY),
        ("web", "2026-11-14 08:00", Mode.BOT_FIRST),
        ("douyin", "2026-11-14 12:00", Mode.ASSIST),
        ("web", "2026-11-14 12:00", Mode.BOT_FIRST),
        ("douyin", "2026-11-14 23:30", Mode.BOT_ONLY),  # the first window wins
    ],
)
def test_the_first_open_window_of_the_channel_says_who_speaks_first(channel: str, at: str, mode: Mode) -> None:
    windows = [
        {"mode": "bot_only", "hours": _hours("22:00-08:00")},
        {"mode": "assist", "hours": _hours("00:00-24:00", "sat"), "channels": ["douyin", "live"]},
    ]
    assert mode_at(Routing.model_validate({"modes": windows}), channel, local(at)) is mode


# ---- rosters -------------------------------------------------------------------------------------------------------


def _group(*shifts: tuple[str, str, dict[str, Any]], agents: str = "anna bert carl") -> Group:
    return Group.model_validate(
        {
            "agents": [{"agent": agent} for agent in agents.split()],
            "shifts": [
                {"agents": names.split(), "hours": {"week": {}, **_hours(span), **more}} for names, span, more in shifts
            ],
        }
    )


_DAY_AND_NIGHT = _group(("bert anna", "08:00-20:00", {}), ("carl", "20:00-02:00", {}))


@pytest.mark.parametrize(
    ("at", "agents"),
    [
        ("2026-11-13 07:59", ()),
        ("2026-11-13 08:00", ("anna", "bert")),
        ("2026-11-13 19:59", ("anna", "bert")),
        ("2026-11-13 20:00", ("carl",)),
        ("2026-11-14 01:59", ("carl",)),
        ("2026-11-14 02:00", ()),
    ],
)
def test_agents_work_in_their_shifts(at: str, agents: tuple[str, ...]) -> None:
    assert on_shift(_DAY_AND_NIGHT, local(at)) == agents


def test_without_shifts_everybody_may_work_always() -> None:
    assert on_shift(_group(), local("2026-11-13 03:00")) == ("anna", "bert", "carl")
    assert uncovered_hours(_group(), local("2026-11-13 03:00"), 30 * DAY) == ()


@pytest.mark.parametrize(
    ("group", "now", "ahead", "gaps"),
    [
        (_DAY_AND_NIGHT, "2026-11-13 12:00", 14 * HOUR, []),
        (_DAY_AND_NIGHT, "2026-11-13 12:00", 14 * HOUR + MINUTE, [("2026-11-14 02:00", "2026-11-14 02:01")]),
        (_DAY_AND_NIGHT, "2026-11-13 12:00", DAY, [("2026-11-14 02:00", "2026-11-14 08:00")]),
        (_DAY_AND_NIGHT, "2026-11-13 05:00", HOUR, [("2026-11-13 05:00", "2026-11-13 06:00")]),
        (_DAY_AND_NIGHT, "2026-11-13 05:00", 4 * HOUR, [("2026-11-13 05:00", "2026-11-13 08:00")]),
        (
            _group(("anna", "09:00-12:00", {}), ("bert", "11:00-13:00", {}), ("carl", "14:00-18:00", {})),
            "2026-11-13 08:30",
            10 * HOUR,
            [
                ("2026-11-13 08:30", "2026-11-13 09:00"),
                ("2026-11-13 13:00", "2026-11-13 14:00"),
                ("2026-11-13 18:00", "2026-11-13 18:30"),
            ],
        ),
        (
            _group(("anna", "00:00-24:00", {"closed": ["2026-11-14"]})),
            "2026-11-13 12:00",
            2 * DAY,
            [("2026-11-14 00:00", "2026-11-15 00:00")],
        ),
    ],
)
def test_hours_that_nobody_covers_are_told_before_they_come(
    group: Group, now: str, ahead: timedelta, gaps: list[tuple[str, str]]
) -> None:
    assert uncovered_hours(group, local(now), ahead) == tuple((local(begin), local(end)) for begin, end in gaps)


_spans = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] != pair[1])
_shifts = st.lists(st.tuples(st.sampled_from(["anna", "bert"]), _spans), min_size=1, max_size=3)


@given(_shifts, st.integers(0, 7 * 24), st.integers(1, 40))
def test_an_hour_is_uncovered_exactly_if_nobody_is_on_shift(shifts: Any, begin: int, ahead: int) -> None:
    group = _group(*((agent, f"{opens:02}:00-{closes:02}:00", {}) for agent, (opens, closes) in shifts))
    now = local("2026-11-09 00:00") + begin * HOUR
    gaps = uncovered_hours(group, now, ahead * HOUR)
    for minute in range(0, ahead * 60, 30):
        at = now + minute * MINUTE
        assert any(begins <= at < ends for begins, ends in gaps) is not bool(on_shift(group, at))
