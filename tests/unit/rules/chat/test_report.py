"""The report says of every rule what became of its decisions, and its counts add up."""

from datetime import timedelta
from typing import Any

from hypothesis import given as with_any
from hypothesis import strategies as st

from shared.domain.routing_report import RoutingReport
from shared.domain.session import SessionCase
from shared.rules.chat.report import TRANSFERS_MAX, ReportInTheMaking
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


def test_groups_tell_how_soon_they_answer_and_solve() -> None:
    solved = Session()
    solved.take(hand_over("aftersale", at=NOW), at=NOW)
    solved.take(given("anna", 1))
    solved.take(answer("anna", at=NOW + 20 * SECOND), at=NOW + 20 * SECOND)
    solved.take(line(at=NOW + MINUTE), answer("anna", at=NOW + 3 * MINUTE), at=NOW + 3 * MINUTE)
    solved.take(closed(at=NOW + HOUR), at=NOW + HOUR)
    owed = Session()
    owed.take(hand_over("aftersale"), given("bert", 1))
    owed.take(answer("bert", at=NOW + SECOND), at=NOW + SECOND)
    owed.take(line(at=NOW + MINUTE), closed(at=NOW + HOUR), at=NOW + HOUR)
    [day, *_] = report(solved.case, owed.case, by_people(), abandoned(), by_the_bot(), now=NOW + 2 * HOUR).spans
    aftersale, presale = day.groups
    assert (aftersale.group, aftersale.sessions, aftersale.answered, aftersale.solved) == ("aftersale", 3, 2, 1)
    assert aftersale.answer is not None
    assert aftersale.solve is not None
    assert (aftersale.answer.median_s, aftersale.answer.p90_s, aftersale.solve.median_s) == (1, 20, 180)
    assert (presale.group, presale.sessions, presale.answered, presale.solve) == ("presale", 1, 1, None)


BIG = {"rule": "big", "when": {"field": "intent", "is": "refund"}, "then": {"group": "aftersale"}, "shadow": True}


def test_a_shadow_rule_is_counted_once_a_session_and_where_it_could_have_acted() -> None:
    acted = Session(rules=[BIG])
    acted.take(line(), line(intent="refund", at=NOW + SECOND), line(intent="refund", at=NOW + 2 * SECOND))
    same = Session(rules=[BIG], mode="assist", presale_group="aftersale")
    same.take(line(intent="refund"))
    late = Session(rules=[BIG])
    late.take(upset(), line(intent="refund", at=NOW + SECOND))  # people have it by a more urgent rule
    [day, *_] = report(acted.case, same.case, late.case).spans
    [shadow] = day.shadows
    assert (shadow.rule, shadow.sessions, shadow.differs) == ("big", 2, 1)
    assert shadow.instead_of == {"default.bot_first": 1, "default.pre_sale": 1}


def test_the_latest_transfers_are_listed_and_all_are_counted() -> None:
    making = ReportInTheMaking(MERCHANT, NOW + HOUR)
    for number in range(3 * TRANSFERS_MAX):
        session = Session()
        session.take(upset(session_id=f"S{number}", at=NOW + number * SECOND), at=NOW + number * SECOND)
        making.add(session.case)
    making.add(by_the_bot())
    found = making.transfers()
    assert (found.found, len(found.transfers)) == (3 * TRANSFERS_MAX, TRANSFERS_MAX)
    latest = [NOW + number * SECOND for number in reversed(range(2 * TRANSFERS_MAX, 3 * TRANSFERS_MAX))]
    assert [row.routed.at for row in found.transfers] == latest
    assert {row.routed.rule for row in found.transfers} == {"default.upset_buyer"}
    old = ReportInTheMaking(MERCHANT, NOW + 8 * DAY)
    old.add(by_people())
    assert old.transfers().found == 0
