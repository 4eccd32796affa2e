"""Tickets: one per anomaly, each level told once, in business hours, late rather than never, closed by the facts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import TicketTaken
from shared.domain.hours import BusinessHours
from shared.domain.policy import Policy, Robot
from shared.domain.tickets import ANOMALIES, Anomaly, Ticket
from shared.domain.watching import Escalation, Watching
from shared.rules.authority import taken
from shared.rules.ticketing import (
    BROKEN,
    QUIET,
    Finding,
    News,
    Subject,
    follow,
    group_of,
    next_change,
    notice,
)
from tests.unit.rules.build import HOUR, MERCHANT, MINUTE, NOW, policy

DAY_AND_NIGHT = Watching()
DESK_HOURS = BusinessHours.model_validate(
    {"week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",)), "closed": ["2026-11-16"]}
)
ABOUT = f"{MERCHANT}|parcel|zto:W1"


def trouble(anomaly: Anomaly = Anomaly.STALLED, **fields: Any) -> Finding:
    """A clock that began 36 hours ago: warned of now, broken in 12 hours."""
    known = {
        "anomaly": anomaly,
        "rule": "stalled_48h",
        "since": NOW - 36 * HOUR,
        "opened_at": NOW,
        "breach_at": NOW + 12 * HOUR,
        "limit": 48 * HOUR,
    }
    return Finding(**{**known, **fields})


SUDDEN = trouble(Anomaly.DAMAGED, rule="damaged", since=NOW, breach_at=NOW, limit=None)


class Life:
    """The tickets of a case, and what was said of them."""

    def __init__(self, watching: Watching = DAY_AND_NIGHT) -> None:
        self.watching = watching
        self.tickets: tuple[Ticket, ...] = ()
        self.news: list[News] = []

    def see(self, *found: Finding, at: datetime = NOW, by_clock: bool = True) -> list[int]:
        """Follow the facts; give the levels that people hear of."""
        self.tickets, news = follow(self.tickets, found, self.watching, at, by_clock=by_clock)
        self.news += news
        return [one.level for one in news]

    @property
    def only(self) -> Ticket:
        """The one ticket."""
        [ticket] = self.tickets
        return ticket

    def due(self, *found: Finding, at: datetime = NOW) -> datetime | None:
        """When the clock must come."""
        return next_change(self.tickets, found, (), self.watching, at)

    def take(self, anomaly: Anomaly = Anomaly.STALLED, *, at: datetime = NOW, **fields: Any) -> None:
        """A person deals with a ticket."""
        event = TicketTaken(merchant=MERCHANT, about=ABOUT, anomaly=anomaly, by="李雷", **fields)
        self.tickets, _ = taken(self.tickets, event, policy(), at)


# ---- levels ------------------------------------------------------------------------------------------------------


def test_a_ticket_that_nobody_takes_rises_from_its_opening_on_whatever_its_limit() -> None:
    life, told = Life(), []
    for hours in range(49):
        told += [(hours, level) for level in life.see(trouble(), at=NOW + hours * HOUR)]
    assert told == [(0, 1), (1, 3), (4, 4), (12, 2), (24, 5)]
    assert life.due(trouble(), at=NOW + 49 * HOUR) is None


def test_the_clock_is_asked_to_come_at_every_level() -> None:
    life, dues = Life(), []
    life.see(trouble())
    while at := life.due(trouble(), at=NOW):
        dues.append((at - NOW) / HOUR)
        life.see(trouble(), at=at)
    assert dues == [1, 4, 12, 24]


def test_after_an_outage_every_level_is_told_late_and_once_in_the_order_of_its_time() -> None:
    life = Life()
    assert life.see(trouble(), at=NOW + 17 * HOUR) == [1, 3, 4, 2]
    assert life.see(trouble(), at=NOW + 17 * HOUR) == []
    assert life.see(trouble(), at=NOW + 24 * HOUR) == [5]


def test_a_thousand_detections_give_one_ticket_and_no_more_news() -> None:
    life = Life()
    life.see(trouble(), at=NOW + 13 * HOUR)
    before = life.tickets
    assert [life.see(trouble(), at=NOW + 13 * HOUR, by_clock=turn % 2 == 0) for turn in range(1000)] == [[]] * 1000
    assert life.tickets == before


def test_a_second_rule_broken_on_the_same_clock_counts_in_the_same_ticket() -> None:
    life = Life()
    life.see(trouble(times=1), at=NOW + 12 * HOUR)
    assert life.see(trouble(times=2), at=NOW + 12 * HOUR) == []
    assert life.only.count == 2


def test_what_is_broken_from_the_beginning_on_is_told_as_such_alone() -> None:
    assert Life().see(SUDDEN) == [2]
    assert Life().see(SUDDEN, at=NOW + 25 * HOUR) == [2, 3, 4, 5]


@pytest.mark.parametrize("anomaly", QUIET)
def test_what_comes_in_crowds_does_not_rise(anomaly: Anomaly) -> None:
    assert Life().see(trouble(anomaly), at=NOW + 100 * HOUR) == [1, 2]


def test_a_merchant_says_who_hears_when() -> None:
    life = Life(Watching(escalations=(Escalation(after=2 * HOUR, group="boss"),)))
    assert life.see(trouble(), at=NOW + 2 * HOUR - MINUTE) == [1]
    assert life.see(trouble(), at=NOW + 2 * HOUR) == [3]
    assert life.see(trouble(), at=NOW + 400 * HOUR) == [2]


def test_with_fewer_levels_in_a_later_policy_nothing_is_told_again() -> None:
    life = Life()
    life.see(trouble(), at=NOW + 40 * HOUR)
    life.watching = Watching(escalations=())
    assert life.see(trouble(), at=NOW + 41 * HOUR) == []
    assert life.only.level == 5
    life.watching = DAY_AND_NIGHT
    assert life.see(trouble(), at=NOW + 42 * HOUR) == []


def test_a_level_that_a_later_policy_adds_is_told_and_no_other_again() -> None:
    life = Life(Watching(escalations=DAY_AND_NIGHT.escalations[:1]))
    assert life.see(trouble(), at=NOW + 13 * HOUR) == [1, 3, 2]
    life.watching = DAY_AND_NIGHT
    assert life.see(trouble(), at=NOW + 13 * HOUR) == [4]


def test_a_limit_that_breaks_after_the_escalations_is_told_as_broken() -> None:
    life = Life()
    assert life.see(trouble(), at=NOW + 5 * HOUR) == [1, 3, 4]
    assert (life.only.told, life.only.level) == (1, 4)
    sooner = trouble(breach_at=NOW + 5 * HOUR)
    assert life.see(sooner, at=NOW + 5 * HOUR) == [2]
    assert (life.only.told, life.only.level) == (2, 4)


def test_a_ticket_that_one_counter_kept_is_told_nothing_again() -> None:
    life = Life()
    life.see(trouble())
    life.tickets = (life.only.model_copy(update={"told": 4}),)
    assert life.see(trouble(), at=NOW + 17 * HOUR) == []
    assert life.see(trouble(), at=NOW + 24 * HOUR) == [5]
    assert life.see(trouble(), at=NOW + 48 * HOUR) == []


# ---- business hours ----------------------------------------------------------------------------------------------


def _beijing(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00")


# opened at -> when the desk (1 h), the specialist (4 h) and the director (24 h) hear of it; Monday 16 is a holiday
RISES: dict[str, tuple[str, str, str]] = {
    "10T10:00": ("10T11:00", "10T14:00", "13T10:00"),
    "13T16:30": ("17T09:30", "17T12:30", "19T16:30"),  # Friday afternoon, over the weekend and the holiday
    "14T12:00": ("17T10:00", "17T13:00", "19T17:00"),  # Saturday
    "12T23:00": ("13T10:00", "13T13:00", "18T17:00"),  # at night
}


@pytest.mark.parametrize("opened", RISES)
def test_the_desk_the_specialist_and_the_director_are_waited_for_in_business_hours(opened: str) -> None:
    life = Life(Watching(hours=DESK_HOURS))
    opened_at = _beijing(opened)
    found = trouble(since=opened_at - 36 * HOUR, opened_at=opened_at, breach_at=opened_at + 400 * HOUR)
    life.see(found, at=opened_at)
    for level, text in enumerate(RISES[opened], start=3):
        at = _beijing(text)
        assert life.due(found, at=opened_at) == at
        assert life.see(found, at=at - MINUTE) == []
        assert life.see(found, at=at) == [level]


# ---- the clock opens, the facts close ----------------------------------------------------------------------------


def test_news_alone_open_no_ticket_but_ask_the_clock_to_come_in_a_minute() -> None:
    life = Life()
    assert life.see(trouble(), by_clock=False) == []
    assert life.tickets == ()
    assert life.due(trouble()) == NOW + MINUTE
    assert life.see(trouble(), at=NOW + MINUTE) == [1]


def test_news_tell_no_level_but_ask_the_clock_to_come_at_once() -> None:
    life = Life()
    life.see(trouble())
    late = NOW + 20 * HOUR
    assert life.see(trouble(), at=late, by_clock=False) == []
    assert life.due(trouble(), at=late) == NOW + HOUR
    assert life.see(trouble(), at=late) == [3, 4, 2]


@pytest.mark.parametrize("by_clock", [True, False])
def test_a_movement_closes_the_ticket_and_says_so(*, by_clock: bool) -> None:
    life = Life()
    life.see(trouble())
    assert life.see(at=NOW + HOUR, by_clock=by_clock) == [0]
    assert life.tickets == ()
    assert life.see(at=NOW + HOUR, by_clock=by_clock) == []


def test_a_trouble_that_began_later_is_another_ticket() -> None:
    life = Life()
    life.see(trouble(), at=NOW + 20 * HOUR)
    again = trouble(since=NOW, opened_at=NOW + 36 * HOUR, breach_at=NOW + 48 * HOUR)
    assert life.see(again, at=NOW + 37 * HOUR, by_clock=False) == [], "nobody is told that all is well"
    assert life.tickets == ()
    assert life.see(again, at=NOW + 37 * HOUR) == [1, 3]


def test_a_trouble_that_turns_out_to_have_begun_earlier_is_the_same_ticket() -> None:
    life = Life()
    life.see(trouble())
    earlier = trouble(since=NOW - 40 * HOUR, opened_at=NOW - 4 * HOUR, breach_at=NOW + 8 * HOUR)
    assert life.see(earlier, by_clock=False) == []
    assert (life.only.since, life.only.breach_at) == (earlier.since, earlier.breach_at)
    assert life.see(earlier, at=NOW + 8 * HOUR) == [3, 4, 2]


def test_tickets_of_different_kinds_do_not_disturb_each_other() -> None:
    life = Life()
    assert life.see(trouble(), SUDDEN) == [1, 2]
    assert [ticket.anomaly for ticket in life.tickets] == [Anomaly.DAMAGED, Anomaly.STALLED]
    assert life.see(SUDDEN, at=NOW + MINUTE) == [0]


_times = st.integers(0, 60).map(lambda hours: NOW + hours * HOUR)


@given(st.lists(st.tuples(_times, st.booleans()), min_size=1, max_size=12))
def test_whenever_somebody_looks_every_level_reached_is_told_once_and_in_order(
    looks: list[tuple[datetime, bool]],
) -> None:
    life, told = Life(), []
    for at, by_clock in sorted(looks):
        told += life.see(*([trouble()] if at >= NOW else []), at=at, by_clock=by_clock)
    assert told == [1, 3, 4, 2, 5][: len(told)]
    assert not life.tickets or life.only.told + life.only.raised == len(told)


# ---- people ------------------------------------------------------------------------------------------------------


def test_a_ticket_that_somebody_has_taken_does_not_rise() -> None:
    life = Life()
    life.see(trouble())
    life.take(text="已联系网点", at=NOW + MINUTE)
    assert life.see(trouble(), at=NOW + 100 * HOUR) == [2]
    mine = life.only
    assert (mine.taken_by, mine.answer, mine.answered_by) == ("李雷", "已联系网点", "李雷")
    assert mine.answered_at == NOW + MINUTE
    assert life.due(trouble(), at=NOW + 100 * HOUR) is None


def test_a_ticket_that_somebody_has_closed_is_silent_until_it_moves() -> None:
    life = Life()
    life.see(trouble())
    life.take(closed=True)
    life.see(trouble(), at=NOW + 100 * HOUR)
    assert life.only.closed
    life.see(at=NOW + 101 * HOUR, by_clock=False)
    assert life.tickets == ()
    assert [notice(SUBJECT, one, policy(), NOW) for one in life.news[1:]] == [None, None]


@pytest.mark.parametrize("heard_in_between", [True, False])
def test_a_new_standstill_after_a_closed_one_is_a_new_ticket(*, heard_in_between: bool) -> None:
    life = Life()
    life.see(trouble())
    life.take(closed=True)
    again = trouble(since=NOW + HOUR, opened_at=NOW + 37 * HOUR, breach_at=NOW + 49 * HOUR)
    if heard_in_between:
        life.see(at=NOW + HOUR, by_clock=False)
    assert life.see(again, at=NOW + 37 * HOUR)[-1:] == [1]
    assert (life.only.closed, life.only.taken_by, life.only.since) == (False, "", NOW + HOUR)


def test_of_another_kind_of_trouble_nothing_is_taken() -> None:
    life = Life()
    life.see(trouble(), SUDDEN)
    life.take(Anomaly.DAMAGED)
    assert [ticket.taken_by for ticket in life.tickets] == ["李雷", ""]


def test_a_long_answer_is_cut() -> None:
    life = Life()
    life.see(trouble())
    life.take(text="长" * 300)
    assert len(life.only.answer) == 200


# ---- words -------------------------------------------------------------------------------------------------------

SUBJECT = Subject(MERCHANT, ABOUT, "快递单号：中通 W1", ("强制退款风险：…",), {"stage": "in_transit"})
ROBOTS = {name: Robot(channel="dingtalk", account=name) for name in ("desk", "specialist", "director", "claims")}


def _said(found: Finding, at: datetime, level: int, **fields: Any) -> Any:
    life = Life()
    life.see(found, at=at)
    said = [notice(SUBJECT, one, policy(robots=ROBOTS, **fields), at) for one in life.news if one.level == level]
    return said[0]


def test_a_warning_says_until_when_by_which_rule_at_what_cost_and_what_to_do() -> None:
    said = _said(trouble(exposure_fen=3_000), NOW + 6 * HOUR, 1)
    assert said.notice.title == "预警：在途停滞"
    assert said.notice.lines == (
        "快递单号：中通 W1",
        "时限：11-11 20:00（剩余 6.0 小时）",
        "规则 stalled_48h：48 小时",
        "预计损失：30.00 元",
        "强制退款风险：…",
        "请催促快递查件，并主动联系买家。",
        "依据：状态 运输中，以 11-11 20:00 为限；规则 stalled_48h，策略第 7 版",
    )
    assert (said.about, said.group, said.notice.urgent) == (ABOUT, "desk", False)


def test_a_breach_says_by_how_much() -> None:
    said = _said(trouble(), NOW + 14.5 * HOUR, 2)
    assert said.notice.title == "在途停滞"
    assert "时限：11-11 20:00（已超 2.5 小时）" in said.notice.lines
    assert said.notice.urgent


def test_an_escalation_says_how_many_rules_are_broken_by_then() -> None:
    said = _said(trouble(times=2), NOW + 50 * HOUR, 5)
    assert "规则 stalled_48h：48 小时，共超 2 条规则" in said.notice.lines


def test_times_are_by_the_shop_s_clock() -> None:
    said = _said(trouble(), NOW, 1, zone="America/New_York")
    assert "时限：11-11 07:00（剩余 12.0 小时）" in said.notice.lines


@pytest.mark.parametrize(("level", "group", "title"), [(3, "desk", "1"), (4, "specialist", "2"), (5, "director", "3")])
def test_an_escalation_names_its_step_and_goes_to_its_group(level: int, group: str, title: str) -> None:
    said = _said(trouble(), NOW + 50 * HOUR, level)
    assert (said.group, said.notice.title, said.notice.urgent) == (group, f"升级（{title}级）：在途停滞", True)


def test_what_has_no_limit_says_when_it_happened() -> None:
    said = _said(SUDDEN, NOW, 2)
    assert said.notice.lines[1] == "发生时间：11-11 08:00"
    assert not any(line.startswith("规则") for line in said.notice.lines)


def test_what_has_no_limit_is_judged_by_none() -> None:
    life = Life()
    life.see(SUDDEN)
    life.see(at=NOW + HOUR)
    said = [notice(SUBJECT, one, policy(robots=ROBOTS), NOW) for one in life.news]
    assert [one.notice.title[:3] for one in said if one] == ["包裹破", "已恢复"]
    assert not any("为限" in one.notice.lines[-1] for one in said if one)


def test_what_is_over_is_told_shortly_and_without_haste() -> None:
    life = Life()
    life.see(trouble(exposure_fen=5))
    life.see(at=NOW + HOUR)
    said = notice(SUBJECT, life.news[-1], policy(), NOW)
    assert said
    assert said.notice.title == "已恢复：在途停滞"
    assert (len(said.notice.lines), said.notice.urgent) == (2, False)
    said = notice(SUBJECT._replace(over="已转拦截"), life.news[-1], policy(), NOW)
    assert said
    assert said.notice.title == "已转拦截：在途停滞"


def test_an_escalation_shows_what_was_answered() -> None:
    life = Life()
    life.see(trouble(), at=NOW + 3 * HOUR)
    answered = {"answer": "车辆故障，明日到达", "answered_by": "zto"}
    life.tickets = (life.only.model_copy(update=answered),)
    life.see(trouble(), at=NOW + 4 * HOUR)
    said = notice(SUBJECT, life.news[-1], policy(), NOW)
    assert said
    assert "反馈：车辆故障，明日到达（中通）" in said.notice.lines


@pytest.mark.parametrize("anomaly", QUIET)
def test_what_comes_in_crowds_is_never_urgent(anomaly: Anomaly) -> None:
    assert not _said(trouble(anomaly), NOW + 12 * HOUR, BROKEN).notice.urgent


def test_every_anomaly_has_a_title_and_advice() -> None:
    assert set(ANOMALIES) == set(Anomaly)
    assert all(text.title and text.advice for text in ANOMALIES.values())
    assert len({text.title for text in ANOMALIES.values()}) == len(ANOMALIES)


def _policy(**owners: str) -> Policy:
    return policy(robots=ROBOTS, watching=Watching(owners={Anomaly.DAMAGED: owners["damaged"]}))


def test_an_anomaly_goes_to_its_owner_and_to_the_desk_where_that_group_has_no_robot() -> None:
    ticket = Ticket(anomaly=Anomaly.DAMAGED, rule="damaged", opened_at=NOW, breach_at=NOW)
    assert group_of(_policy(damaged="claims"), ticket, BROKEN) == "claims"
    assert group_of(_policy(damaged="nobody"), ticket, BROKEN) == "desk"
    assert group_of(_policy(damaged="claims"), ticket, 4) == "specialist"
    short = _policy(damaged="claims").model_copy(update={"watching": Watching(escalations=())})
    assert group_of(short, ticket, 5) == "desk"


def test_a_finding_keeps_its_exact_moments() -> None:
    life = Life()
    life.see(trouble(), at=NOW + 2 * timedelta(hours=1))
    assert (life.only.opened_at, life.only.breach_at) == (NOW, NOW + 12 * HOUR)
