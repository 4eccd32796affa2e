"""What became of every rule's decisions: each transfer has one ending, and the sums are those of the log."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.routing_report import Ending
from shared.domain.session import Holder, Routed, SessionCase
from shared.rules.routing.account import give_account
from tests.unit.rules.build import MINUTE, NOW

Step = tuple[str, int, str | None]  # rule, minute, group (None: the bot)


def session(
    *steps: Step, name: str = "s1", answered: int | None = None, again: int | None = None, **fields: Any
) -> SessionCase:
    """A session that was decided about at some minutes, first answered by a person at one, and again at another."""
    routed = tuple(
        Routed(
            rule=rule,
            policy_version=7,
            at=NOW + minute * MINUTE,
            facts={"intent": "refund"},
            bot=group is None,
            group=group,
        )
        for rule, minute, group in steps
    )
    first = None if answered is None else NOW + answered * MINUTE
    return SessionCase(
        channel="web",
        session_id=name,
        opened_at=NOW,
        held_since=NOW,
        last_line_at=NOW,
        routed=routed,
        first_answered_at=first,
        answered_at=first if again is None else NOW + again * MINUTE,
        **{"holder": Holder.WAITING, **fields},
    )


@pytest.mark.parametrize(
    ("case", "endings"),
    [
        (session(("bot", 0, None)), ["bot"]),
        (session(("vip", 0, "one")), ["waiting"]),
        (session(("vip", 0, "one"), holder=Holder.CLOSED), ["abandoned"]),
        (session(("vip", 0, "one"), answered=2), ["accepted"]),
        (session(("vip", 0, "one"), answered=0), ["accepted"]),
        (session(("vip", 0, "one"), answered=2, holder=Holder.CLOSED), ["accepted"]),
        (session(("bot", 0, None), ("vip", 1, "one"), answered=2), ["bot", "accepted"]),
        (session(("vip", 0, "one"), ("upset", 3, "two")), ["passed_on", "waiting"]),
        (session(("vip", 0, "one"), ("upset", 3, "two"), answered=5), ["passed_on", "accepted"]),
        (session(("vip", 0, "one"), ("upset", 3, "two"), answered=1), ["accepted", "waiting"]),
        (session(("vip", 0, "one"), ("upset", 3, "two"), answered=1, again=4), ["accepted", "accepted"]),
        (
            session(("vip", 0, "one"), ("upset", 3, "two"), answered=1, holder=Holder.CLOSED),
            ["accepted", "abandoned"],
        ),
        (session(("vip", 0, "one"), ("handed_over", 3, "two"), answered=1, again=4), ["accepted", "accepted"]),
        (session(("vip", 0, "one"), ("bot", 3, None)), ["passed_on", "bot"]),
        (session(("vip", -9, "one"), ("bot", 0, None)), ["bot"]),  # opened anew: the rest is an older conversation
    ],
)
def test_a_decision_has_one_ending(case: SessionCase, endings: list[str]) -> None:
    account = give_account([case])
    counted = Counter[str]()
    for line in account.rules:
        counted["bot"] += line.hits - line.transfers
        for ending in ("accepted", "passed_on", "abandoned", "waiting"):
            counted[ending] += getattr(line, ending)
    assert +counted == Counter(endings)
    assert [transfer.ending for transfer in account.transfers] == [one for one in endings if one != "bot"]


def test_the_account_of_a_day() -> None:
    account = give_account(
        [
            session(("vip", 0, "one"), name="a", answered=1),
            session(("vip", 1, "one"), name="b", answered=11, rating=5),
            session(("vip", 2, "one"), name="c", holder=Holder.CLOSED),
            session(("bot", 0, None), name="d", holder=Holder.CLOSED),
            session(("bot", 0, None), ("upset", 5, "two"), ("moved", 6, "one"), name="e", answered=9, hops=3),
        ]
    )
    assert (account.sessions, account.bot_only, account.hops, account.second_hops) == (5, 1, 3, 2)
    assert [line.rule for line in account.rules] == ["vip", "bot", "moved", "upset"]
    vip = account.rules[0]
    assert (vip.hits, vip.transfers, vip.accepted, vip.abandoned, vip.waiting) == (3, 3, 2, 1, 0)
    assert (vip.answer_p50, vip.answer_p90) == (1 * MINUTE, 10 * MINUTE)
    assert vip.success == pytest.approx(2 / 3)
    assert account.rules[1].success is None
    assert (account.answer_p50, account.answer_p90) == (3 * MINUTE, 10 * MINUTE)
    assert [(one.session, one.routed.rule, one.ending) for one in account.transfers] == [
        ("web:a", "vip", Ending.ACCEPTED),
        ("web:b", "vip", Ending.ACCEPTED),
        ("web:c", "vip", Ending.ABANDONED),
        ("web:e", "upset", Ending.PASSED_ON),
        ("web:e", "moved", Ending.ACCEPTED),
    ]
    first = account.transfers[0]
    assert (first.routed.at, first.routed.group, first.answered_after) == (NOW, "one", MINUTE)
    assert {line.rule: line.second_hops for line in account.rules} == {"vip": 0, "bot": 0, "moved": 0, "upset": 2}


def test_without_sessions_there_is_nothing_to_tell() -> None:
    account = give_account([])
    assert account == (0, 0, 0, 0, None, None, (), ())


@pytest.mark.parametrize(
    ("minutes", "p50", "p90"), [([4], 4, 4), ([1, 9], 1, 9), (list(range(1, 11)), 5, 9), ([3] * 7, 3, 3)]
)
def test_percentiles_are_times_that_were_measured(minutes: list[int], p50: int, p90: int) -> None:
    account = give_account(
        session(("vip", 0, "one"), name=f"s{number}", answered=minute)
        for number, minute in enumerate(reversed(minutes))
    )
    assert (account.answer_p50, account.answer_p90) == (p50 * MINUTE, p90 * MINUTE)


_steps = st.lists(
    st.tuples(st.sampled_from(["vip", "upset", "bot", "handed_over"]), st.sampled_from(["one", "two"])), max_size=6
).map(lambda made: [(rule, 2 * number, None if rule == "bot" else group) for number, (rule, group) in enumerate(made)])
_cases = st.builds(
    lambda steps, answered, again, holder, hops: session(
        *steps, answered=answered, again=max(answered or 0, again), holder=holder, hops=hops
    ),
    _steps,
    st.one_of(st.none(), st.integers(0, 12)),
    st.integers(0, 14),
    st.sampled_from(Holder),
    st.integers(0, 3),
)


@given(st.lists(_cases, max_size=8), st.randoms(use_true_random=False))
def test_the_sums_are_those_of_the_log_in_whatever_order(cases: list[SessionCase], random: Any) -> None:
    account = give_account(cases)
    log = Counter(routed.rule for case in cases for routed in case.routed)
    assert {line.rule: line.hits for line in account.rules} == log
    for line in account.rules:
        assert line.transfers == line.accepted + line.passed_on + line.abandoned + line.waiting
        assert line.transfers == sum(one.routed.rule == line.rule for one in account.transfers)
        assert line.hits - line.transfers == (line.hits if line.rule == "bot" else 0)
        assert line.answer_p50 is None or timedelta(0) <= line.answer_p50 <= line.answer_p90
    assert account.second_hops == sum(max(0, case.hops - 1) for case in cases)
    assert sum(line.second_hops for line in account.rules) <= account.second_hops
    shuffled = list(cases)
    random.shuffle(shuffled)
    again = give_account(shuffled)
    assert again._replace(transfers=()) == account._replace(transfers=())
    assert sorted(again.transfers, key=repr) == sorted(account.transfers, key=repr)
