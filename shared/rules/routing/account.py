"""Does the routing do what it is set up for? A pure fold over sessions: what became of every rule's decisions.

A decision that sends a session to people has one ending: the session was answered by a person (accepted), sent on
before anybody answered (passed on), closed unanswered (abandoned), or it still waits. So for every rule

    hits = to the bot + transfers,    transfers = accepted + passed on + abandoned + waiting

Only decisions of the present conversation count: what a session that was opened anew says of the one before is over.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import zip_longest
from typing import NamedTuple

from shared.domain.routing_report import Ending
from shared.domain.session import Holder, Routed, SessionCase


class Transfer(NamedTuple):
    """One session on its way to people, and why: the decision with all that it looked at."""

    session: str
    routed: Routed
    ending: Ending
    answered_after: timedelta | None


class RuleLine(NamedTuple):
    """What became of one rule's decisions. `second_hops`: of the sessions that it was the first to send to people."""

    rule: str
    hits: int
    transfers: int
    accepted: int
    passed_on: int
    abandoned: int
    waiting: int
    second_hops: int
    answer_p50: timedelta | None  # from the decision to the first answer by a person
    answer_p90: timedelta | None

    @property
    def success(self) -> float | None:
        """The share of its transfers that a person answered, of those that have ended."""
        ended = self.transfers - self.waiting
        return self.accepted / ended if ended else None


class RoutingAccount(NamedTuple):
    """All sessions. `hops` are moves between people; `second_hops` are those that should not have been."""

    sessions: int
    bot_only: int  # no rule ever sent them to people
    hops: int
    second_hops: int
    answer_p50: timedelta | None
    answer_p90: timedelta | None
    rules: tuple[RuleLine, ...]
    transfers: tuple[Transfer, ...]


def give_account(sessions: Iterable[SessionCase]) -> RoutingAccount:
    """Fold sessions into an account; their order does not matter. Rules are sorted by hits, transfers by time."""
    count = bot_only = hops = 0
    second_hops = Counter[str]()
    endings: dict[str, Counter[Ending]] = {}
    transfers: dict[str, list[Transfer]] = {}
    for case in sessions:
        sent = ""
        for routed, following in _decisions(case):
            ending = _ending(case, routed, following)
            endings.setdefault(routed.rule, Counter())[ending] += 1
            if ending is not Ending.BOT:
                transfers.setdefault(routed.rule, []).append(_transfer(case, routed, following))
                sent = sent or routed.rule
        count, bot_only, hops = count + 1, bot_only + (not sent), hops + case.hops
        second_hops[sent] += max(0, case.hops - 1)
    lines = (_line(rule, found, transfers.get(rule, []), second_hops[rule]) for rule, found in endings.items())
    every = sorted((one for own in transfers.values() for one in own), key=lambda one: (one.routed.at, one.session))
    return RoutingAccount(
        sessions=count,
        bot_only=bot_only,
        hops=hops,
        second_hops=second_hops.total(),
        answer_p50=_percentile(every, 50),
        answer_p90=_percentile(every, 90),
        rules=tuple(sorted(lines, key=lambda line: (-line.hits, line.rule))),
        transfers=tuple(every),
    )


def _decisions(case: SessionCase) -> Iterator[tuple[Routed, Routed | None]]:
    """Give the decisions of this conversation, each with the one after it."""
    own = [routed for routed in case.routed if routed.at >= case.opened_at]
    return zip_longest(own, own[1:])


def _ending(case: SessionCase, routed: Routed, following: Routed | None) -> Ending:
    if routed.bot:
        return Ending.BOT
    if _first_answer_after(case, routed, following) is not None:
        return Ending.ACCEPTED
    if following is not None:
        return Ending.PASSED_ON
    if case.first_answered_at and case.answered_at and case.answered_at >= routed.at:
        return Ending.ACCEPTED  # people had answered before, and did again
    return Ending.ABANDONED if case.holder is Holder.CLOSED else Ending.WAITING


def _first_answer_after(case: SessionCase, routed: Routed, following: Routed | None) -> timedelta | None:
    """Say how long after this decision the first answer by a person came, if it came before the next decision."""
    first = case.first_answered_at
    if first is None or first < routed.at or (following is not None and first >= following.at):
        return None
    return first - routed.at


def _transfer(case: SessionCase, routed: Routed, following: Routed | None) -> Transfer:
    return Transfer(
        session=case.name,
        routed=routed,
        ending=_ending(case, routed, following),
        answered_after=_first_answer_after(case, routed, following),
    )


def _line(rule: str, endings: Counter[Ending], own: Sequence[Transfer], second_hops: int) -> RuleLine:
    return RuleLine(
        rule=rule,
        hits=endings.total(),
        transfers=len(own),
        accepted=endings[Ending.ACCEPTED],
        passed_on=endings[Ending.PASSED_ON],
        abandoned=endings[Ending.ABANDONED],
        waiting=endings[Ending.WAITING],
        second_hops=second_hops,
        answer_p50=_percentile(own, 50),
        answer_p90=_percentile(own, 90),
    )


def _percentile(transfers: Iterable[Transfer], percent: int) -> timedelta | None:
    """Give the time within which so many of the answers came: one that was measured, never one between two."""
    times = sorted(one.answered_after for one in transfers if one.answered_after is not None)
    return times[-(-len(times) * percent // 100) - 1] if times else None
