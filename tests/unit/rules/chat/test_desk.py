"""One desk gives all the seats of its group: urgent first, then the oldest, never one too many, nobody forgotten."""

from datetime import timedelta

import pytest

from shared.domain.routing import Routing
from shared.rules.chat import decide_desk as module
from tests.unit.rules.chat.build import (
    GROUPS,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    Desk,
    freed,
    hours,
    routing,
    seen,
    team,
    types,
    wanted,
)


def ask(desk: Desk, *sessions: str, **fields: object) -> list[object]:
    """Sessions ask one after the other, a second between them."""
    said = []
    for session in sessions:
        at = desk.now + SECOND
        said += desk.take(wanted(session, at=at, **fields), at=at)
    return said


def test_whoever_is_there_gets_the_session_at_once() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    [seat] = desk.take(wanted())
    assert (seat.type, seat.channel, seat.session_id) == ("seat_given", "web", "S1")
    assert (seat.group, seat.agent, seat.token, seat.at) == ("aftersale", "anna", 1, NOW)


def test_nobody_there_means_waiting_and_the_oldest_is_first_when_somebody_comes() -> None:
    desk = Desk()
    assert ask(desk, "web:b", "web:a", "web:c") == []
    said = desk.take(seen("anna", at=desk.now), at=desk.now)
    assert [seat.session_id for seat in said] == ["b", "a"]
    assert (desk.seats, desk.line) == ({"anna": ["web:b", "web:a"]}, ["web:c"])


def test_the_age_of_the_buyer_s_wish_counts_and_not_that_of_the_message() -> None:
    desk = Desk()
    desk.take(wanted("web:young", at=NOW))
    desk.take(wanted("web:old", at=NOW + MINUTE, since=NOW - HOUR), at=NOW + MINUTE)
    desk.take(seen("bert", at=desk.now))
    assert desk.seats == {"bert": ["web:old", "web:young"]}


def test_an_urgent_session_is_seated_before_an_older_one() -> None:
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=1)})
    ask(desk, "web:old")
    ask(desk, "web:urgent", priority=1)
    desk.take(seen("anna", at=desk.now))
    assert (desk.seats, desk.line) == ({"anna": ["web:urgent"]}, ["web:old"])


def test_nobody_gets_more_than_the_limit_and_a_freed_seat_goes_to_the_oldest() -> None:
    desk = Desk()
    desk.take(seen("anna"), seen("bert"))
    ask(desk, *(f"web:{number}" for number in range(6)))
    assert {agent: len(seats) for agent, seats in desk.seats.items()} == {"anna": 2, "bert": 2}
    assert desk.line == ["web:4", "web:5"]
    [seat] = desk.take(freed("web:1"))
    assert (seat.session_id, desk.line) == ("4", ["web:5"])


def test_sessions_are_spread_over_those_with_the_most_room() -> None:
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=4, bert=2)})
    desk.take(seen("anna"), seen("bert", at=NOW + SECOND), at=NOW + SECOND)
    ask(desk, *(f"web:{number}" for number in range(6)))
    assert {agent: len(seats) for agent, seats in desk.seats.items()} == {"anna": 4, "bert": 2}
    assert desk.seats["bert"] == ["web:1", "web:4"]


def test_a_lowered_limit_takes_nobody_s_session_and_gives_none() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    ask(desk, "web:1", "web:2")
    desk.policy = desk.policy.model_copy(
        update={"routing": routing(groups=GROUPS | {"aftersale": team(anna=1)}), "version": 8}
    )
    assert ask(desk, "web:3") == []
    desk.take(freed("web:1"))
    assert (desk.seats, desk.line) == ({"anna": ["web:2"]}, ["web:3"])


@pytest.mark.parametrize("presence", ["away", "offline"])
def test_who_is_not_there_gets_nothing(presence: str) -> None:
    desk = Desk()
    desk.take(seen("anna"), seen("anna", presence, at=NOW + SECOND), at=NOW + SECOND)
    ask(desk, "web:1")
    assert desk.line == ["web:1"]


def test_who_is_away_keeps_the_sessions_for_as_long_as_it_takes() -> None:
    desk = Desk()
    desk.take(seen("anna"), wanted(), seen("anna", "away", at=NOW + SECOND), at=NOW + SECOND)
    desk.wait(20 * MINUTE)
    assert desk.seats == {"anna": ["web:S1"]}


def test_who_goes_offline_loses_the_sessions_after_the_grace_time_and_not_before() -> None:
    desk = Desk()
    desk.take(seen("anna"), wanted(), seen("anna", "offline", at=NOW + SECOND), at=NOW + SECOND)
    assert desk.last.due == NOW + SECOND + MINUTE
    assert desk.take(desk.tick, at=desk.last.due - SECOND) == []
    [seat] = desk.take(desk.tick, at=desk.last.due)
    assert (seat.type, seat.agent, seat.token) == ("seat_lost", "anna", 1)
    assert desk.seats == {}


def test_who_comes_back_within_the_grace_time_loses_nothing() -> None:
    desk = Desk()
    desk.take(seen("anna"), wanted(), seen("anna", "offline", at=NOW + SECOND), at=NOW + SECOND)
    desk.take(seen("anna", at=NOW + 50 * SECOND), at=NOW + 50 * SECOND)
    assert desk.wait(10 * MINUTE) == []
    assert desk.seats == {"anna": ["web:S1"]}


def test_old_news_of_an_agent_change_nothing() -> None:
    desk = Desk()
    desk.take(seen("anna", at=NOW + MINUTE), at=NOW + MINUTE)
    desk.take(seen("anna", "offline", at=NOW))
    ask(desk, "web:1")
    assert desk.seats == {"anna": ["web:1"]}


def test_an_agent_whose_clock_is_ahead_can_still_go() -> None:
    desk = Desk()
    desk.take(seen("anna", at=NOW + 5 * HOUR))
    desk.take(seen("anna", "offline", at=NOW + MINUTE), at=NOW + MINUTE)
    ask(desk, "web:1")
    assert desk.line == ["web:1"]


def test_a_stranger_is_no_agent() -> None:
    desk = Desk()
    desk.take(seen("zoe"))
    assert desk.case.agents == {}


def test_who_leaves_the_group_loses_the_sessions() -> None:
    desk = Desk()
    desk.take(seen("anna"), wanted())
    desk.policy = desk.policy.model_copy(update={"routing": routing(groups=GROUPS | {"aftersale": team(bert=1)})})
    assert types(desk.take(desk.tick)) == ["seat_lost"]
    assert desk.case.agents == {}


# ---- wishes ----------------------------------------------------------------------------------------------------------


def test_a_dedicated_agent_is_waited_for_while_there_but_not_for_ever() -> None:
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=1, bert=1)})
    desk.take(seen("anna"), seen("bert"), wanted("web:1", agent="anna"))
    assert desk.seats == {"anna": ["web:1"]}
    assert desk.take(wanted("web:2", agent="anna")) == []
    assert desk.last.due == NOW + 3 * MINUTE
    [seat] = desk.take(desk.tick, at=NOW + 3 * MINUTE)
    assert (seat.agent, seat.session_id) == ("bert", "2")


def test_a_dedicated_agent_who_is_not_there_is_not_waited_for() -> None:
    desk = Desk()
    desk.take(seen("bert"), wanted(agent="anna"))
    assert desk.seats == {"bert": ["web:S1"]}


def test_one_who_waits_for_somebody_holds_nobody_up() -> None:
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=1, bert=1)})
    desk.take(seen("anna"), seen("bert"), wanted("web:1", agent="anna"), wanted("web:2", agent="anna"))
    assert types(desk.take(wanted("web:3"))) == ["seat_given"]
    assert desk.seats["bert"] == ["web:3"]


def test_the_silent_agent_is_passed_over_while_somebody_else_is_there() -> None:
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=1, bert=1)})
    desk.take(seen("anna"), seen("bert"), wanted("web:1", agent="bert"))
    assert desk.take(wanted("web:2", not_agent="anna")) == []
    [seat] = desk.take(freed("web:1"))
    assert seat.agent == "bert"


def test_the_silent_agent_gets_the_session_again_rather_than_nobody() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    assert types(desk.take(wanted(not_agent="anna"))) == ["seat_given"]


def test_the_silent_agent_gets_it_again_when_the_others_are_full_for_too_long() -> None:
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=1, bert=1)})
    desk.take(seen("anna"), seen("bert"), wanted("web:1", agent="bert"), wanted("web:2", not_agent="anna"))
    [seat] = desk.wait(3 * MINUTE)
    assert seat.agent == "anna"


# ---- shifts ----------------------------------------------------------------------------------------------------------


def in_shifts(**spans: str) -> dict[str, object]:
    """The groups, with shifts of the after-sales agents."""
    shifts = [{"agents": [agent], "hours": hours(span)} for agent, span in spans.items()]
    return {"groups": GROUPS | {"aftersale": team(anna=2, bert=2) | {"shifts": shifts}}}


def test_only_who_is_on_shift_gets_sessions() -> None:
    desk = Desk(**in_shifts(anna="12:00-18:00", bert="09:00-18:00"))
    desk.take(seen("anna"), seen("bert"))
    ask(desk, "web:1", "web:2", "web:3")
    assert (desk.seats, desk.line) == ({"bert": ["web:1", "web:2"]}, ["web:3"])


def test_at_the_beginning_of_a_shift_the_oldest_are_seated() -> None:
    desk = Desk(**in_shifts(anna="12:00-18:00"))
    desk.take(seen("anna"))
    ask(desk, "web:1")
    said = desk.wait(2 * HOUR)
    assert [seat.at for seat in said if seat.type == "seat_given"] == [NOW + 2 * HOUR]


def test_at_the_end_of_a_shift_sessions_stay_and_no_more_come() -> None:
    desk = Desk(**in_shifts(anna="09:00-11:00"))
    desk.take(seen("anna"), wanted())
    desk.wait(70 * MINUTE)
    ask(desk, "web:2")
    assert (desk.seats, desk.line) == ({"anna": ["web:S1"]}, ["web:2"])


def test_a_weekend_without_a_message_is_slept_through() -> None:
    shift = {"agents": ["anna"], "hours": hours("09:00-18:00", "mon")}
    desk = Desk(groups=GROUPS | {"aftersale": team(anna=2) | {"shifts": [shift]}})
    desk.take(seen("anna"))
    ask(desk, "web:1")
    said = [message for message in desk.wait(timedelta(days=5)) if message.type == "seat_given"]
    assert said[0].at == NOW + timedelta(days=5) - HOUR


# ---- what was doubled, lost or turned around -------------------------------------------------------------------------


def test_the_same_wish_twice_is_one() -> None:
    desk = Desk()
    desk.take(wanted(), wanted())
    assert desk.line == ["web:S1"]


def test_a_repeated_wish_of_one_who_has_a_seat_is_answered_again() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    first = desk.take(wanted())
    assert desk.take(wanted(), at=NOW) == first
    assert desk.seats == {"anna": ["web:S1"]}


def test_a_newer_wish_takes_the_place_of_an_older_one() -> None:
    desk = Desk()
    desk.take(seen("anna"), wanted(token=1), wanted(token=3, not_agent="anna"))
    assert desk.seats == {"anna": ["web:S1"]}
    assert desk.case.agents["anna"].seats[0].token == 3
    assert desk.take(wanted(token=2)) == []
    desk.take(freed(token=2))
    assert desk.seats == {"anna": ["web:S1"]}


def test_a_session_that_needs_nobody_any_more_leaves_the_line() -> None:
    desk = Desk()
    desk.take(wanted(), freed())
    assert desk.line == []


def test_a_line_beyond_its_length_sends_the_youngest_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    desk = Desk()
    ask(desk, *(f"web:{number}" for number in range(5)))
    ask(desk, "web:urgent", priority=0)
    assert desk.line == ["web:urgent", "web:0", "web:1"]


def test_old_seats_are_confirmed_so_that_a_lost_farewell_does_not_block_them() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    ask(desk, "web:1")
    desk.take(wanted("web:2", at=NOW + 20 * MINUTE), at=NOW + 20 * MINUTE)
    said = desk.wait(11 * MINUTE)
    assert [(seat.type, seat.session_id) for seat in said] == [("seat_given", "1")]
    assert [seat.session_id for seat in desk.wait(20 * MINUTE)] == ["1", "2"]


def test_old_seats_are_confirmed_together() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    ask(desk, "web:1")
    desk.take(wanted("web:2", at=NOW + 10 * MINUTE), at=NOW + 10 * MINUTE)
    assert len(desk.take(desk.tick, at=NOW + 31 * MINUTE)) == 2


# ---- groups that are no more -----------------------------------------------------------------------------------------


def test_a_group_that_is_taken_out_of_the_policy_sends_everybody_away() -> None:
    desk = Desk()
    desk.take(seen("anna"))
    ask(desk, "web:1", "web:2", "web:3")
    desk.policy = desk.policy.model_copy(update={"routing": Routing()})
    said = desk.take(desk.tick)
    assert [(seat.type, seat.session_id, seat.agent) for seat in said] == [
        ("seat_lost", "1", "anna"),
        ("seat_lost", "2", "anna"),
        ("seat_lost", "3", None),
    ]
    assert (desk.case.agents, desk.case.waiting, desk.last.due) == ({}, (), None)


def test_who_asks_a_group_that_does_not_exist_is_sent_away() -> None:
    desk = Desk(groups={}, presale_group=None, aftersale_group=None, logistics_group=None)
    assert types(desk.take(wanted())) == ["seat_lost"]


def test_nothing_is_kept_of_an_agent_of_a_group_that_does_not_exist() -> None:
    desk = Desk(groups={}, presale_group=None, aftersale_group=None, logistics_group=None)
    desk.take(seen("anna"))
    assert desk.case is None
