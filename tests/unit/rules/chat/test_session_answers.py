"""Who may speak, what that ends, and how a conversation closes and begins again."""

import pytest

from shared.domain.chat_events import SessionTold
from shared.domain.events import CommandFailed
from tests.unit.rules.chat.build import (
    DAY,
    HOUR,
    KEY,
    MERCHANT,
    MINUTE,
    NOW,
    SECOND,
    SESSION,
    Session,
    answer,
    closed,
    given,
    hand_over,
    line,
    notices,
    rated,
    types,
    upset,
)


def test_an_answer_ends_the_waiting_and_the_first_of_a_person_is_remembered() -> None:
    session = Session()
    session.take(line())
    assert session.case.unanswered_since == NOW
    session.take(answer(at=NOW + SECOND), at=NOW + SECOND)
    assert (session.case.unanswered_since, session.case.first_answered_at) == (None, None)
    session.with_people(at=NOW + MINUTE)
    session.take(answer("anna", at=NOW + 2 * MINUTE), answer("anna", at=NOW + 3 * MINUTE), at=NOW + 3 * MINUTE)
    assert session.case.first_answered_at == NOW + 2 * MINUTE
    assert session.case.answered_at == NOW + 3 * MINUTE


@pytest.mark.parametrize("token", [None, 0])
def test_what_the_bot_says_after_a_hand_over_is_dropped_and_counted(token: int | None) -> None:
    session = Session()
    session.take(upset())
    late = answer(at=NOW + SECOND, token=token)
    session.take(late, at=NOW + SECOND)
    assert (session.case.late_lines, session.case.unanswered_since, session.counts) == (1, NOW, ["late_line"])
    session.take(late)
    assert (session.case.late_lines, session.counts) == (1, ["late_line"])


def test_what_the_bot_said_before_the_hand_over_is_no_late_line_though_it_is_told_later() -> None:
    session = Session()
    session.take(line())
    session.take(hand_over("aftersale", at=NOW + MINUTE), at=NOW + MINUTE)
    session.take(answer(at=NOW + SECOND))
    assert (session.case.late_lines, session.counts) == (0, [])


def test_the_bot_may_speak_again_once_the_session_is_returned() -> None:
    session = Session()
    session.take(upset())
    session.take(hand_over(at=NOW + MINUTE), at=NOW + MINUTE)
    token = session.case.token
    session.take(answer(at=NOW + 2 * MINUTE, token=token), at=NOW + 2 * MINUTE)
    assert (session.case.late_lines, session.case.unanswered_since) == (0, None)


def test_a_bot_with_the_token_of_an_earlier_turn_is_late_even_while_a_bot_has_the_session() -> None:
    session = Session()
    session.take(upset())
    session.take(hand_over(at=NOW + MINUTE), at=NOW + MINUTE)
    session.take(answer(at=NOW + 2 * MINUTE, token=0), at=NOW + 2 * MINUTE)
    assert session.case.late_lines == 1


def test_a_closing_that_the_bot_says_twice_is_late() -> None:
    session = Session()
    session.take(line(), answer(at=NOW + SECOND), closed(at=NOW + SECOND), at=NOW + SECOND)
    session.take(answer(at=NOW + 2 * SECOND), at=NOW + 2 * SECOND)
    assert session.case.late_lines == 1


def test_an_agent_who_has_the_session_no_more_is_late() -> None:
    session = Session().with_people()
    session.take(hand_over("logistics", at=NOW + MINUTE), at=NOW + MINUTE)
    session.take(answer("anna", at=NOW + 2 * MINUTE), at=NOW + 2 * MINUTE)
    assert (session.case.late_lines, session.case.unanswered_since) == (1, NOW)


def test_a_person_who_answers_before_a_desk_gave_the_session_has_answered() -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    session.take(answer("bert", at=NOW + SECOND), at=NOW + SECOND)
    assert (session.case.unanswered_since, session.case.late_lines) == (None, 0)
    assert session.place == ("waiting", "aftersale", None)


def test_an_answer_that_is_told_before_its_line_is_its_answer() -> None:
    session = Session()
    session.take(answer("anna", at=NOW + MINUTE), at=NOW + MINUTE)
    session.take(line(at=NOW))
    assert session.case.unanswered_since is None


def test_an_answer_answers_only_what_was_said_before_it() -> None:
    session = Session().with_people()
    session.take(line(at=NOW + MINUTE), line(at=NOW + 3 * MINUTE), at=NOW + 3 * MINUTE)
    session.take(answer("anna", at=NOW + 2 * MINUTE))
    assert session.case.unanswered_since == NOW + 3 * MINUTE


# ---- the end, and again --------------------------------------------------------------------------------------------


def test_a_closed_session_gives_its_seat_back_and_waits_for_nothing() -> None:
    session = Session().with_people()
    [freed] = session.take(closed(at=NOW + MINUTE), at=NOW + MINUTE)
    assert (freed.type, freed.token) == ("seat_freed", 1)
    assert (session.case.holder, session.case.closed_at, session.case.token) == ("closed", NOW + MINUTE, 2)
    assert session.last.due is None
    assert session.wait(30 * DAY) == []


def test_a_closing_that_is_older_than_the_buyer_s_last_line_closes_nothing() -> None:
    session = Session().with_people()
    session.take(line(at=NOW + 2 * MINUTE), closed(at=NOW + MINUTE), at=NOW + 2 * MINUTE)
    assert session.place == ("agent", "aftersale", "anna")


def test_a_buyer_who_comes_back_begins_anew_with_the_bot() -> None:
    session = Session()
    session.take(upset(), at=NOW)
    session.take(given("paul", 1, "presale"))
    session.take(closed(at=NOW + MINUTE), rated(2, at=NOW + MINUTE), at=NOW + MINUTE)
    assert session.case.rating == 2
    session.take(line(at=NOW + HOUR), at=NOW + HOUR)
    case = session.case
    assert session.place == ("bot", None, None)
    assert (case.token, case.hops, case.negative_lines, case.rating, case.opened_at) == (3, 0, 0, None, NOW + HOUR)
    assert [routed.rule for routed in case.routed] == ["default.bot_first"]


def test_what_belongs_to_the_conversation_before_changes_nothing_in_the_new_one() -> None:
    session = Session().with_people()
    first = line(at=NOW + SECOND)
    session.take(first, closed(at=NOW + MINUTE), at=NOW + MINUTE)
    session.take(line(at=NOW + HOUR), at=NOW + HOUR)
    before = session.case
    old = (
        first,
        line(at=NOW + 2 * SECOND),
        answer("anna", at=NOW + 2 * SECOND),
        answer(at=NOW + 3 * SECOND),
        hand_over("logistics", at=NOW + 3 * SECOND),
        closed(at=NOW + MINUTE),
        rated(1, at=NOW + MINUTE),
    )
    assert session.take(*old) == []
    assert session.case == before


def test_a_late_copy_of_a_line_does_not_open_a_closed_session() -> None:
    session = Session()
    session.take(line(), closed(at=NOW + MINUTE), at=NOW + MINUTE)
    assert session.take(line(at=NOW + SECOND), at=NOW + 2 * MINUTE) == []
    assert session.case.holder == "closed"


def test_a_closed_session_is_not_handed_over() -> None:
    session = Session()
    session.take(line(), closed(at=NOW + MINUTE), hand_over("aftersale", at=NOW + 2 * MINUTE), at=NOW + 2 * MINUTE)
    assert session.case.holder == "closed"


def test_a_closing_may_be_the_first_news() -> None:
    session = Session()
    session.take(closed(at=NOW), at=NOW)
    assert session.take(line(at=NOW - SECOND)) == []
    assert session.case.holder == "closed"


@pytest.mark.parametrize("event", [rated(5), given("anna", 1), SessionTold(**SESSION, answers="x")])
def test_of_a_session_that_nobody_knows_only_the_desktop_can_tell(event: object) -> None:
    session = Session()
    session.take(event)
    assert session.case is None


# ---- the desktop is told ---------------------------------------------------------------------------------------------


def test_the_desktop_is_told_of_every_change_if_it_wants_to_be() -> None:
    session = Session(push=True)
    told = session.take(upset())[-1]
    assert (told.type, told.holder, told.group, told.token) == ("assign_session", "waiting", "presale", 1)
    assert told.command_id == f"{KEY}#1-waiting"
    [told] = session.take(given("paul", 1, "presale"))
    assert (told.holder, told.agent, told.token, told.command_id) == ("agent", "paul", 1, f"{KEY}#1-agent")
    told = session.take(hand_over(at=NOW + MINUTE), at=NOW + MINUTE)[-1]
    assert (told.holder, told.group, told.token) == ("bot", None, 2)
    assert types(session.wait(3 * HOUR))[-1] == "assign_session"
    assert session.case.holder == "closed"


def test_a_desktop_that_asks_is_told_nothing() -> None:
    session = Session().with_people()
    assert session.take(SessionTold(**SESSION, answers=f"{KEY}#1-agent")) == []


def test_staff_hear_of_it_when_the_desktop_does_not_take_an_assignment() -> None:
    session = Session(push=True).with_people()
    failed = CommandFailed(
        merchant=MERCHANT, reply_to=KEY, answers=f"{KEY}#1-agent", command="assign_session", code="http_410"
    )
    assert notices(session.take(failed)) == [("desk", "客服系统未收到会话分配")]
