"""A session and its desk: seats are given once, taken back, and found again when a message was lost."""

import pytest

from shared.domain.routing import Routing
from tests.unit.rules.chat.build import (
    GROUPS,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    Session,
    answer,
    closed,
    given,
    hand_over,
    line,
    lost,
    routing,
    types,
    upset,
)


def test_a_seat_makes_an_agent_of_a_group() -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    assert session.take(given("anna", 1, at=NOW + SECOND), at=NOW + SECOND) == []
    assert session.place == ("agent", "aftersale", "anna")
    assert (session.case.waiting_since, session.case.held_since) == (None, NOW + SECOND)


def test_the_same_seat_twice_is_one() -> None:
    session = Session().with_people()
    before = session.case
    assert session.take(given("anna", 1)) == []
    assert session.case == before


@pytest.mark.parametrize("seat", [given("anna", 0), given("anna", 1, "logistics"), given("anna", 2)])
def test_a_seat_that_was_not_asked_for_is_given_back(seat: object) -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    [freed] = session.take(seat)
    assert (freed.type, freed.group, freed.token) == ("seat_freed", seat.group, seat.token)
    assert session.place == ("waiting", "aftersale", None)


@pytest.mark.parametrize("end", [closed(at=NOW + SECOND), hand_over(at=NOW + SECOND)], ids=["closed", "returned"])
def test_a_seat_that_comes_too_late_is_given_back(end: object) -> None:
    session = Session()
    session.take(hand_over("aftersale"), end, at=NOW + SECOND)
    assert types(session.take(given("anna", 1))) == ["seat_freed"]


def test_an_agent_who_is_gone_loses_the_session_to_the_next_one_and_the_buyer_keeps_her_place() -> None:
    session = Session().with_people()
    session.take(line(at=NOW + MINUTE), at=NOW + MINUTE)
    [wish] = session.take(lost("anna", 1), at=NOW + 2 * MINUTE)
    assert (wish.token, wish.not_agent, wish.since) == (2, "anna", NOW)  # nobody has answered since the hand-over
    assert session.place == ("waiting", "aftersale", None)
    assert session.case.hops == 0


def test_a_session_that_is_owed_nothing_waits_for_its_buyer_and_not_for_an_agent() -> None:
    session = Session().with_people()
    session.take(line(at=NOW + SECOND), answer("anna", at=NOW + 2 * SECOND), at=NOW + MINUTE)
    assert session.take(lost("anna", 1), at=NOW + MINUTE) == []
    assert (session.place, session.case.waiting_since) == (("waiting", "aftersale", None), None)
    [wish] = session.take(line(at=NOW + HOUR), at=NOW + HOUR)
    assert (wish.group, wish.token, wish.since) == ("aftersale", 2, NOW + HOUR)


def test_a_parked_session_goes_where_a_rule_sends_it() -> None:
    session = Session().with_people()
    session.take(answer("anna", at=NOW + SECOND), lost("anna", 1), at=NOW + MINUTE)
    freed, wish = session.take(upset(at=NOW + HOUR), at=NOW + HOUR)
    assert (freed.token, wish.group, wish.token) == (2, "presale", 3)


def test_a_parked_session_is_closed_when_nobody_speaks_any_more() -> None:
    session = Session().with_people()
    session.take(answer("anna", at=NOW + SECOND), lost("anna", 1), at=NOW + SECOND)
    session.wait(3 * HOUR)
    assert session.case.holder == "closed"


def test_a_seat_that_is_taken_before_it_is_told_of_is_never_sat_on() -> None:
    """The desk gave it and took it; the queue turned the two around."""
    session = Session()
    session.take(hand_over("aftersale"))
    [wish] = session.take(lost("anna", 1), at=NOW + MINUTE)
    assert (wish.token, wish.not_agent) == (2, "anna")
    assert types(session.take(given("anna", 1))) == ["seat_freed"]


@pytest.mark.parametrize("seat", [lost("anna", 0), lost("bert", 1), lost("anna", 1, "logistics")])
def test_a_seat_that_is_not_the_session_s_cannot_be_lost(seat: object) -> None:
    session = Session().with_people()
    assert session.take(seat) == []
    assert session.place == ("agent", "aftersale", "anna")


# ---- what was lost on the way ----------------------------------------------------------------------------------------


def test_a_session_that_waits_asks_its_desk_again_and_again_but_ever_more_seldom() -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    asked_at = []
    while session.now < NOW + 8 * HOUR:
        for message in session.take(session.tick, at=session.last.due):
            if message.type == "seat_wanted":
                assert (message.token, message.since) == (1, NOW)
                asked_at.append((session.now - NOW) // MINUTE)
    assert asked_at[:7] == [5, 15, 35, 75, 135, 195, 255]


def _without(group: str) -> Routing:
    groups = {name: one for name, one in GROUPS.items() if name != group}
    return routing(groups=groups, **{f"{group}_group": None})


@pytest.mark.parametrize("told", [True, False], ids=["by_its_desk", "by_nobody"])
def test_a_session_whose_group_is_taken_out_of_the_policy_waits_elsewhere(told: bool) -> None:
    session = Session()
    session.take(hand_over("logistics"))
    session.policy = session.policy.model_copy(update={"routing": _without("logistics")})
    [wish] = session.take(lost(None, 1, "logistics")) if told else session.take(session.tick, at=NOW + 5 * MINUTE)
    assert (wish.group, wish.token) == ("aftersale", 2)
    assert session.place == ("waiting", "aftersale", None)


def test_where_there_are_no_groups_any_more_the_bot_has_it() -> None:
    session = Session()
    session.take(hand_over("logistics"))
    session.policy = session.policy.model_copy(update={"routing": Routing()})
    session.take(lost(None, 1, "logistics"))
    assert session.place == ("bot", None, None)
