"""Where the platform decides by itself we say where a session should go, and touch nothing."""

from collections.abc import Iterable
from typing import Any

import pytest

from shared.domain.policy import Policy
from shared.domain.session import SessionCase
from shared.rules.chat.recorded import conversations
from shared.rules.chat.report import ReportInTheMaking
from shared.rules.chat.views import session_view
from tests.unit.rules.chat.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    SECOND,
    VIP,
    Session,
    answer,
    closed,
    given,
    hand_over,
    line,
    policy,
    rated,
    types,
    upset,
)

WEB = {"channels": {"web": "advisory"}, "push": True}


def advised(session: Session) -> tuple[str, str | None, str | None]:
    """Where it should go by our advice."""
    case = session.case
    assert (case.holder, case.token, case.hops, case.waiting_since, case.people_since) == ("bot", 0, 0, None, None)
    return case.named_holder.value, case.group, case.agent


def test_a_group_is_named_and_nobody_is_asked_or_told() -> None:
    session = Session(**WEB)
    assert session.take(upset()) == []
    assert advised(session) == ("waiting", "presale", None)
    assert session.case.routed[-1].rule == "default.upset_buyer"


def test_a_person_is_named_with_the_group_and_the_urgency() -> None:
    session = Session(**WEB, rules=[VIP])
    assert session.take(line(tags=["vip"])) == []
    assert advised(session) == ("agent", "aftersale", "anna")
    assert session.case.priority == 2


def test_the_bot_is_named_where_the_rules_say_so() -> None:
    session = Session(**WEB)
    assert session.take(line()) == []
    assert advised(session) == ("bot", None, None)


def test_advice_is_as_steady_as_a_decision() -> None:
    session = Session(**WEB, rules=[VIP])
    session.take(line(tags=["vip"]), line(at=NOW + SECOND), at=NOW + SECOND)
    assert advised(session) == ("agent", "aftersale", "anna")
    session.take(upset(at=NOW + MINUTE), at=NOW + MINUTE)
    assert advised(session) == ("waiting", "presale", None)
    assert [routed.rule for routed in session.case.routed] == ["vip", "default.upset_buyer"]


def test_other_channels_are_decided_as_always() -> None:
    session = Session(channels={"qianniu": "advisory", "web": "active"})
    assert types(session.take(upset())) == ["seat_wanted"]
    assert session.case.advised is None


def test_time_does_nothing_but_close_it() -> None:
    session = Session(**WEB)
    session.take(upset())
    assert session.wait(24 * HOUR) == []
    assert (session.case.holder, session.case.token) == ("closed", 0)


def test_whoever_answers_is_in_time() -> None:
    session = Session(**WEB)
    session.take(upset())
    session.take(answer("anna", at=NOW + SECOND, token=0), answer(at=NOW + 2 * SECOND), at=NOW + MINUTE)
    assert (session.case.unanswered_since, session.case.first_answered_at) == (None, NOW + SECOND)
    assert session.counts == []


def test_what_the_platform_did_is_named_from_then_on() -> None:
    session = Session(**WEB)
    assert session.take(upset(), hand_over("logistics", "lena", at=NOW + SECOND), at=NOW + SECOND) == []
    assert advised(session) == ("agent", "logistics", "lena")
    assert session.take(hand_over(at=NOW + MINUTE), at=NOW + MINUTE) == []
    assert advised(session) == ("bot", None, None)
    assert session.case.negative_lines == 0


def test_a_seat_that_a_desk_gives_all_the_same_is_given_back() -> None:
    session = Session(**WEB)
    session.take(upset())
    assert types(session.take(given("paul", 0, "presale"))) == ["seat_freed"]
    assert advised(session) == ("waiting", "presale", None)


def test_a_buyer_who_comes_back_is_advised_on_anew() -> None:
    session = Session(**WEB)
    session.take(upset(), closed(at=NOW + SECOND), at=NOW + SECOND)
    assert session.take(line(at=NOW + MINUTE), at=NOW + MINUTE) == []
    assert advised(session) == ("bot", None, None)


# ---- a policy that changes its mind ----------------------------------------------------------------------------------


def _changed(session: Session, shop: Policy) -> Session:
    session.policy = shop
    return session


def test_a_channel_that_becomes_advisory_gives_its_seats_back_and_says_no_more() -> None:
    session = _changed(Session().with_people(), policy(**WEB))
    [freed] = session.take(session.tick, at=NOW + SECOND)
    assert (freed.type, freed.group, freed.token) == ("seat_freed", "aftersale", 1)
    assert (session.case.holder, session.case.group, session.case.token) == ("bot", None, 1)
    assert session.take(upset(at=NOW + MINUTE), at=NOW + MINUTE) == []
    assert (session.case.named_holder, session.case.group, session.case.token) == ("waiting", "presale", 1)


def test_a_channel_that_becomes_active_asks_for_people_with_the_next_line() -> None:
    session = Session(**WEB)
    session.take(upset())
    _changed(session, policy())
    assert session.take(session.tick, at=NOW + SECOND) == []
    assert session.place == ("bot", None, None)
    [wish] = session.take(upset(at=NOW + MINUTE), at=NOW + MINUTE)
    assert (wish.type, wish.group, wish.token) == ("seat_wanted", "presale", 1)
    assert (session.case.advised, session.case.hops) == (None, 0)


@pytest.mark.parametrize("shops", [({}, WEB), (WEB, {})], ids=["to_advisory", "to_active"])
def test_what_is_over_stays_as_it_was(shops: tuple[dict[str, Any], dict[str, Any]]) -> None:
    session = Session(**shops[0])
    session.take(line(), closed(at=NOW + SECOND), at=NOW + SECOND)
    before = session.case
    _changed(session, policy(**shops[1])).take(rated(5, at=NOW + MINUTE), at=NOW + MINUTE)
    assert session.case == before.model_copy(update={"rating": 5})


# ---- what is told of it ----------------------------------------------------------------------------------------------


def _report(cases: Iterable[SessionCase]) -> ReportInTheMaking:
    making = ReportInTheMaking(MERCHANT, NOW + HOUR)
    for case in cases:
        making.add(case)
    return making


def test_reports_count_it_apart() -> None:
    upset_one, calm_one, sent_by_others = Session(**WEB), Session(**WEB), Session(**WEB)
    upset_one.take(upset())
    calm_one.take(line())
    sent_by_others.take(line(), hand_over("logistics", at=NOW + SECOND), at=NOW + SECOND)
    usual = Session()
    usual.take(upset())
    making = _report(one.case for one in (upset_one, calm_one, sent_by_others, usual))
    [day, *_] = making.report().spans
    assert (day.advisory, day.advised_people) == (3, 1)
    assert (day.sessions, day.open, sum(row.sessions for row in day.intents)) == (1, 1, 1)
    assert [(row.rule, row.hits) for row in day.rules] == [("default.upset_buyer", 1)]
    assert [row.sessions for row in day.groups] == [1]
    assert making.transfers().found == 1


def test_the_board_shows_it_as_advice_that_can_be_made_again() -> None:
    session = Session(**WEB)
    session.take(upset())
    view = session_view(MERCHANT, session.case, {7: session.policy})
    assert (view.holder, view.advisory, view.group, view.token) == ("waiting", True, "presale", 0)
    assert [one.replayed for one in view.decisions] == ["same"]


def test_the_archive_tells_of_advice_and_of_no_return_that_never_was() -> None:
    session, states = Session(**WEB), []
    for event in (upset(), line(at=NOW + SECOND), hand_over(at=NOW + MINUTE)):
        session.take(event, at=NOW + MINUTE)
        states.append(session.case)
    [conversation] = conversations(states)
    assert [(step.routed.rule, step.followed) for step in conversation.steps] == [
        ("default.upset_buyer", True),
        ("default.bot_first", False),
        ("returned", True),
    ]
