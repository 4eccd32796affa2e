"""What time alone does: silent agents, superiors, idleness; each to the second, and each once."""

from datetime import timedelta

from tests.unit.rules.chat.build import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    Session,
    answer,
    given,
    hand_over,
    hours,
    line,
    notices,
    types,
)

TITLES = [
    ("desk", "买家等待回复超时（1级）"),
    ("specialist", "买家等待回复超时（2级）"),
    ("director", "买家等待回复超时（3级）"),
]


def test_an_agent_who_does_not_answer_for_three_minutes_loses_the_session() -> None:
    session = Session().with_people()
    assert session.last.due == NOW + 3 * MINUTE
    assert session.take(session.tick, at=NOW + 3 * MINUTE - SECOND) == []
    freed, wish = session.take(session.tick, at=NOW + 3 * MINUTE)
    assert (freed.token, wish.token, wish.not_agent, wish.since) == (1, 2, "anna", NOW)
    assert session.place == ("waiting", "aftersale", None)


def test_the_three_minutes_begin_with_the_seat_or_with_the_line_whichever_is_later() -> None:
    session = Session().with_people()
    session.take(answer("anna", at=NOW + MINUTE), at=NOW + MINUTE)
    session.take(line(at=NOW + 2 * MINUTE), at=NOW + 2 * MINUTE)
    assert session.last.due == NOW + 5 * MINUTE
    session.take(line(at=NOW + 4 * MINUTE), at=NOW + 4 * MINUTE)
    assert session.last.due == NOW + 5 * MINUTE
    session.take(answer("anna", at=NOW + 4 * MINUTE + SECOND), at=NOW + 4 * MINUTE + SECOND)
    assert session.last.due == NOW + 4 * MINUTE + SECOND + 2 * HOUR


def test_one_after_the_other_is_given_more_time_as_long_as_nobody_answers() -> None:
    session, spans = Session().with_people(), []
    for agent in ("bert", "anna", "bert"):
        spans.append(session.last.due - session.case.held_since)
        session.take(session.tick, at=session.last.due)
        session.take(given(agent, session.case.token, at=session.now))
    assert spans == [3 * MINUTE, 6 * MINUTE, 12 * MINUTE]
    session.take(answer("bert", at=session.now), line(at=session.now + SECOND), at=session.now + SECOND)
    assert session.last.due == session.now + 3 * MINUTE


def test_superiors_hear_of_a_buyer_whom_nobody_answers_each_once() -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    heard = []
    while session.now < NOW + 30 * HOUR:
        found = notices(session.take(session.tick, at=session.last.due))
        heard += [(group, title, session.now - NOW) for group, title in found]
    assert [one[:2] for one in heard] == TITLES
    assert [one[2] for one in heard] == [HOUR, 4 * HOUR, 24 * HOUR]


def test_a_superior_hears_of_it_however_often_the_session_changes_hands() -> None:
    session = Session().with_people()
    heard = []
    for agent in ("bert", "anna", "bert", "anna", "bert"):
        heard += notices(session.wait(15 * MINUTE))
        if session.case.holder == "waiting":
            session.take(given(agent, session.case.token, at=session.now))
    assert heard == TITLES[:1]


def test_superiors_count_in_business_hours() -> None:
    watching = {"hours": hours("09:00-18:00", "mon", "tue", "wed", "thu", "fri")}
    session = Session(more={"watching": watching})
    friday = NOW + 2 * DAY + 7 * HOUR + 30 * MINUTE  # half past five in the afternoon
    session.take(hand_over("aftersale", at=friday), at=friday)
    heard = []
    while session.now < friday + 4 * DAY:
        found = notices(session.take(session.tick, at=session.last.due))
        heard += [(group, session.now) for group, _ in found]
    monday = NOW + 5 * DAY - HOUR  # nine in the morning
    assert heard == [("desk", monday + HOUR / 2), ("specialist", monday + 3.5 * HOUR)]


def test_an_answer_ends_the_escalation_and_the_next_line_begins_a_new_one() -> None:
    session = Session().with_people()
    assert notices(session.wait(HOUR)) == TITLES[:1]
    session.take(given("bert", session.case.token, at=session.now), answer("bert", at=session.now))
    assert session.case.told == 0
    later = session.now + MINUTE
    session.take(line(at=later), at=later)
    assert notices(session.wait(HOUR)) == TITLES[:1]


def test_nobody_hears_of_a_bot() -> None:
    session = Session()
    session.take(line())
    assert session.wait(30 * HOUR) == []


def test_a_superior_without_a_robot_is_told_at_the_desk() -> None:
    session = Session(more={"robots": {}})
    session.take(hand_over("aftersale"))
    assert [group for group, _ in notices(session.wait(5 * HOUR))] == ["desk", "desk"]


def test_the_notice_says_who_waits_where_and_since_when() -> None:
    session = Session().with_people()
    [notice] = [message.notice for message in session.wait(HOUR) if message.type == "notice_raised"]
    assert notice.lines[0] == "会话：web:S1"
    assert notice.lines[1] == "买家自 11-11 10:00 起未获回复"
    assert notice.urgent


# ---- idleness --------------------------------------------------------------------------------------------------------


def test_an_answered_session_closes_two_hours_after_the_last_word() -> None:
    session = Session().with_people()
    session.take(line(at=NOW + MINUTE), answer("anna", at=NOW + HOUR), at=NOW + HOUR)
    assert types(session.wait(2 * HOUR - SECOND)) == []
    assert types(session.wait(SECOND)) == ["seat_freed"]
    assert (session.case.holder, session.case.closed_at) == ("closed", NOW + 3 * HOUR)


def test_a_bot_s_session_closes_whether_or_not_the_bot_tells_what_it_says() -> None:
    session = Session()
    session.take(line())
    session.wait(2 * HOUR)
    assert session.case.holder == "closed"


def test_a_buyer_who_is_owed_an_answer_is_not_closed_away() -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    session.wait(6 * DAY)
    assert session.case.holder == "waiting"
    session.wait(timedelta(days=1))
    assert session.case.holder == "closed"
    assert session.case.first_answered_at is None


def test_a_tick_that_comes_too_early_changes_nothing() -> None:
    session = Session().with_people()
    before = session.case
    assert session.take(session.tick, session.tick) == []
    assert session.case == before


def overdue(session: Session, span: timedelta) -> list[tuple[str, str]]:
    """Talk every hour, and give what people were told meanwhile."""
    heard, end = [], session.now + span
    while session.now < end:
        at = session.now + HOUR
        heard += notices(session.take(line(at=at), answer("anna", at=at), session.tick, at=at))
    return heard


def test_the_desk_hears_once_of_a_session_that_is_not_solved_in_time() -> None:
    session = Session(solve_max="PT6H").with_people()
    session.take(answer("anna", at=NOW + SECOND), at=NOW + SECOND)
    assert overdue(session, 5 * HOUR) == []
    assert session.last.due < NOW + 6 * HOUR + SECOND
    assert overdue(session, 5 * HOUR) == [("desk", "会话超过解决时限")]


def test_the_time_to_solve_counts_in_business_hours_and_ends_with_the_return_to_the_bot() -> None:
    watching = {"hours": hours("09:00-11:00")}  # one hour is left today
    session = Session(solve_max="PT4H", more={"watching": watching}).with_people()
    session.take(answer("anna", at=NOW + SECOND), at=NOW + SECOND)
    assert overdue(session, 47 * HOUR) == []
    assert overdue(session, 2 * HOUR) == [("desk", "会话超过解决时限")]
    session.take(hand_over(at=session.now))
    assert (session.case.people_since, session.case.overdue) == (None, False)
