"""Nobody is on shift although the shop is open: said once, before it begins."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.rules.chat.build import DAY, GROUPS, HOUR, MINUTE, NOW, SECOND, Desk, hours, notices, seen, team

MIDNIGHT = NOW - 10 * HOUR


def desk_with(*spans: str, **more: Any) -> Desk:
    """An after-sales desk whose agents share these shifts."""
    shifts = [{"agents": ["anna"], "hours": hours(span)} for span in spans]
    return Desk(groups=GROUPS | {"aftersale": team(anna=2) | {"shifts": shifts}}, more=more)


def warnings(desk: Desk, span: timedelta) -> list[datetime]:
    """When people were warned."""
    heard, end = [], desk.now + span
    while desk.last.due and desk.last.due <= end:
        if notices(desk.take(desk.tick, at=desk.last.due)):
            heard.append(desk.now)
    return heard


def test_a_gap_in_the_roster_is_told_an_hour_before_it_begins() -> None:
    desk = desk_with("09:00-12:00", "13:00-24:00", "00:00-09:00")
    assert desk.take(seen("anna")) == []
    assert desk.last.due == MIDNIGHT + 11 * HOUR
    said = desk.take(desk.tick, at=desk.last.due)
    assert notices(said) == [("desk", "客服排班空缺")]
    assert said[0].notice.lines[1] == "11-11 12:00 起无人值班"


def test_it_is_told_once_a_day_however_often_the_desk_looks() -> None:
    desk = desk_with("09:00-12:00", "13:00-24:00", "00:00-09:00")
    desk.take(seen("anna"))
    heard = []
    for _ in range(3 * 24 * 12):
        if notices(desk.take(desk.tick, at=desk.now + 5 * MINUTE)):
            heard.append(desk.now)
    assert heard == [MIDNIGHT + days * DAY + 11 * HOUR for days in range(3)]


def test_nights_are_no_gaps_of_a_shop_that_is_closed() -> None:
    desk = desk_with("09:00-18:00", watching={"hours": hours("09:00-18:00")})
    desk.take(seen("anna"))
    assert warnings(desk, 5 * DAY) == []


def test_a_shift_that_begins_after_the_shop_opens_is_a_gap_from_the_opening_on() -> None:
    desk = desk_with("10:00-18:00", watching={"hours": hours("09:00-18:00")})
    desk.take(seen("anna"))
    assert warnings(desk, 3 * DAY) == [MIDNIGHT + days * DAY + 9 * HOUR for days in (1, 2, 3)]


def test_a_gap_that_is_there_already_is_told_at_once_and_only_once() -> None:
    desk = desk_with("18:00-24:00")
    assert notices(desk.take(seen("anna"))) == [("desk", "客服排班空缺")]
    assert notices(desk.take(desk.tick, at=NOW + SECOND)) == []
    assert warnings(desk, 7 * HOUR) == []


def test_a_shift_over_midnight_covers_it() -> None:
    desk = desk_with("09:00-22:00", "21:00-09:30")
    desk.take(seen("anna"))
    assert warnings(desk, 4 * DAY) == []


@pytest.mark.parametrize("groups", [GROUPS])
def test_without_shifts_everybody_works_always(groups: Any) -> None:
    desk = Desk(groups=groups)
    assert desk.take(seen("anna")) == []
    assert desk.last.due is None


def test_a_group_that_nobody_covers_for_weeks_is_told_of_every_week() -> None:
    once = {"agents": ["anna"], "hours": {"week": {}, "extra": {"2026-11-11": ["09:00-18:00"]}}}
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=2) | {"shifts": [once]}})
    desk.take(seen("anna"))
    assert len(warnings(desk, 20 * DAY)) == 3
