"""The report says of every rule what became of its decisions, and its counts add up."""

from datetime import timedelta
from typing import Any

from hypothesis import given as with_any
from hypothesis import strategies as st

from shared.domain.routing_report import RoutingReport
from shared.domain.session import SessionCase
from shared.rules.chat.report import ReportInTheMaking
from shared.rules.routing.account import give_account
from tests.unit.rules.chat.build import (
    DAY,
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    SECOND,
    Session,
    answer,
    closed,
    given,
    hand_over,
    line,
    rated,
    upset,
)


def report(*cases: SessionCase, now: Any = NOW + HOUR) -> RoutingReport:
    """Fold sessions."""
    making = ReportInTheMaking(MERCHANT, now)
    for case in cases:
        making.add(case)
    return making.report()


def by_the_bot() -> SessionCase:
    """A session that the bot solved."""
    session = Session()
    session.take(line(intent="greeting"), line(intent="logistics"), closed(at=NOW + SECOND), rated(5, at=NOW + SECOND))
    return session.case


def by_people(after: timedelta = MINUTE) -> SessionCase:
    """A session that a person answered."""
    session = Session()
    session.take(upset(intent="refund"))
    session.take(given("paul", 1, "presale"))
    session.take(answer("paul", at=NOW + after), at=NOW + after)
    return session.case


def abandoned() -> SessionCase:
    """A session that nobody answered; the bot spoke after its hand-over."""
    session = Session()
    session.take(hand_over("aftersale"))
    session.take(answer(at=NOW + SECOND), closed(at=NOW + MINUTE), at=NOW + MINUTE)
    return session.case


def test_a_day_of_three_sessions() -> None:
    [day, week, month] = report(by_the_bot(), by_people(), abandoned()).spans
    assert [span.days for span in (day, week, month)] == [1, 7, 30]
    assert day.model_copy(update={"days": 7}) == week
    assert (day.sessions, day.bot_only, day.open, day.late_lines) == (3, 1, 1, 1)
    assert (day.ratings, day.stars) == (1, 5)
    assert day.answer is not None
    assert (day.answer.samples, day.answer.median_s) == (1, 60)
    rules = {row.rule: row for row in day.rules}
    assert (rules["default.bot_first"].hits, rules["default.bot_first"].transfers) == (1, 0)
    upset_buyer = rules["default.upset_buyer"]
    assert (upset_buyer.transfers, upset_buyer.accepted, upset_buyer.answer) == (1, 1, day.answer)
    assert (rules["handed_over"].transfers, rules["handed_over"].abandoned) == (1, 1)
    intents = {row.intent: (row.sessions, row.bot_only) for row in day.intents}
    assert intents == {"logistics": (1, 1), "refund": (1, 0), "other": (1, 0)}


def test_a_session_counts_in_the_spans_in_which_it_began() -> None:
    case = by_people()
    for age, days in ((HOUR, [1, 7, 30]), (2 * DAY, [7, 30]), (8 * DAY, [30]), (31 * DAY, [])):
        assert [span.days for span in report(case, now=NOW + age).spans] == days


def test_second_hops_are_counted() -> None:
    session = Session(mode="assist")
    session.take(line(), hand_over("aftersale", at=NOW + SECOND), hand_over("logistics", at=NOW + 2 * SECOND))
    [day, *_] = report(session.case).spans
    assert (day.hops, day.second_hops) == (2, 1)


made = st.lists(st.sampled_from([by_the_bot, by_people, abandoned]), max_size=12)


@with_any(made=made)
def test_the_report_adds_up_and_agrees_with_the_account_of_all_sessions_together(made: list[Any]) -> None:
    cases = [make() for make in made]
    whole = give_account(cases)
    found = report(*cases).spans
    assert bool(found) == bool(cases)
    for span in found:
        assert (span.sessions, span.bot_only, span.hops) == (whole.sessions, whole.bot_only, whole.hops)
        assert sum(row.sessions for row in span.intents) == span.sessions
        for row in span.rules:
            assert row.transfers == row.accepted + row.passed_on + row.abandoned + row.waiting
        told = [(one.rule, one.hits, one.accepted, one.abandoned) for one in whole.rules]
        assert [(row.rule, row.hits, row.accepted, row.abandoned) for row in span.rules] == told
