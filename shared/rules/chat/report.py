"""Is the routing effective? A pure fold over sessions, one after the other, in any order. The hourly scan calls it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import get_args

from shared.domain.chat import Intent
from shared.domain.routing_report import (
    Days,
    GroupRow,
    IntentRow,
    RoutingReport,
    RoutingSpan,
    RuleRow,
    ShadowRow,
    TransferRow,
    Transfers,
)
from shared.domain.session import Holder, SessionCase, Shadowed
from shared.rules.routing.account import RoutingAccount, Transfer, give_account
from shared.rules.routing.replay import is_by_rule
from shared.rules.scorecard import spread_of

SPANS: tuple[Days, ...] = get_args(Days)
_TALK = (Intent.GREETING, Intent.OTHER)
_RULES_MAX = 300
TRANSFERS_MAX = 200
_LISTED_FOR = timedelta(days=7)
_COUNTED = ("hits", "transfers", "accepted", "passed_on", "abandoned", "waiting", "second_hops")


class ReportInTheMaking:
    """One merchant's report, and the list of its transfers."""

    def __init__(self, merchant: str, now: datetime) -> None:
        self._merchant = merchant
        self._now = now
        self._spans: dict[Days, _Span] = {}
        self._found = 0
        self._transfers: list[Transfer] = []

    def add(self, case: SessionCase) -> None:
        """Count a session."""
        account, age = give_account([case]), self._now - case.opened_at
        for days in SPANS:
            if age < timedelta(days=days):
                self._spans.setdefault(days, _Span()).add(case, account)
        if age < _LISTED_FOR and case.advised is None:
            self._found += len(account.transfers)
            self._transfers += account.transfers
        if len(self._transfers) > 2 * TRANSFERS_MAX:
            self._transfers = self._latest()

    def report(self) -> RoutingReport:
        """Give what was counted."""
        spans = tuple(self._spans[days].close(days) for days in SPANS if days in self._spans)
        return RoutingReport(merchant=self._merchant, as_of=self._now, spans=spans)

    def transfers(self) -> Transfers:
        """List the latest transfers."""
        rows = tuple(
            TransferRow(
                session=one.session,
                routed=one.routed,
                ending=one.ending,
                answer_s=None if one.answered_after is None else int(one.answered_after.total_seconds()),
            )
            for one in self._latest()
        )
        return Transfers(merchant=self._merchant, as_of=self._now, found=self._found, transfers=rows)

    def _latest(self) -> list[Transfer]:
        return sorted(self._transfers, key=lambda one: (one.routed.at, one.session), reverse=True)[:TRANSFERS_MAX]


class _Span:
    """The sessions of one span in the making."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rules: dict[str, Counter[str]] = {}
        self.shadows: dict[str, list[Shadowed]] = {}
        self.intents: dict[str, Counter[str]] = {}
        self.answers: dict[str, list[int]] = {}
        self.groups: dict[str, _Group] = {}

    def add(self, case: SessionCase, account: RoutingAccount) -> None:
        """Count a session; where we only advised, nothing has become of it that a rule could be judged by."""
        if case.advised is not None:
            self.counts.update(advisory=1, advised_people=_is_advised_people(case))
            return
        self.counts.update(
            sessions=1,
            bot_only=account.bot_only,
            open=case.holder is not Holder.CLOSED,
            hops=account.hops,
            second_hops=account.second_hops,
            late_lines=case.late_lines,
            ratings=case.rating is not None,
            stars=case.rating or 0,
        )
        self.intents.setdefault(_subject(case), Counter()).update(sessions=1, bot_only=account.bot_only)
        for line in account.rules:
            counts = self.rules.setdefault(line.rule, Counter())
            counts.update({name: getattr(line, name) for name in _COUNTED})
        for transfer in account.transfers:
            if transfer.answered_after is not None:
                own = self.answers.setdefault(transfer.routed.rule, [])
                own.append(int(transfer.answered_after.total_seconds()))
        for one in case.shadowed:
            self.shadows.setdefault(one.rule, []).append(one)
        if case.group and case.people_since:
            self.groups.setdefault(case.group, _Group()).add(case, case.people_since)

    def close(self, days: Days) -> RoutingSpan:
        """Give the finished span; where there were more rules than are kept, the rarest are left out."""
        rules = [
            RuleRow(rule=rule, **counts, answer=spread_of(self.answers.get(rule, [])))
            for rule, counts in self.rules.items()
        ]
        intents = [IntentRow(intent=intent, **counts) for intent, counts in self.intents.items()]
        shadows = [_shadow_row(rule, found) for rule, found in self.shadows.items()]
        groups = [group.close(name) for name, group in self.groups.items()]
        return RoutingSpan(
            days=days,
            **self.counts,
            answer=spread_of([one for own in self.answers.values() for one in own]),
            rules=tuple(sorted(rules, key=lambda row: (-row.hits, row.rule))[:_RULES_MAX]),
            shadows=tuple(sorted(shadows, key=lambda row: (-row.sessions, row.rule))[:_RULES_MAX]),
            intents=tuple(sorted(intents, key=lambda row: (-row.sessions, row.intent))),
            groups=tuple(sorted(groups, key=lambda row: (-row.sessions, row.group))),
        )


class _Group:
    """The sessions of one group in the making."""

    def __init__(self) -> None:
        self.sessions = 0
        self.answers: list[int] = []
        self.solutions: list[int] = []

    def add(self, case: SessionCase, since: datetime) -> None:
        """Count a session."""
        self.sessions += 1
        if case.first_answered_at:
            self.answers.append(_seconds(since, case.first_answered_at))
            if case.holder is Holder.CLOSED and case.answered_at and case.unanswered_since is None:
                self.solutions.append(_seconds(since, case.answered_at))

    def close(self, group: str) -> GroupRow:
        """Give the finished row."""
        return GroupRow(
            group=group,
            sessions=self.sessions,
            answered=len(self.answers),
            solved=len(self.solutions),
            answer=spread_of(self.answers),
            solve=spread_of(self.solutions),
        )


def _seconds(since: datetime, until: datetime) -> int:
    """Count seconds; none where a person spoke before anybody was asked for."""
    return max(0, int((until - since).total_seconds()))


def _shadow_row(rule: str, found: Sequence[Shadowed]) -> ShadowRow:
    return ShadowRow(
        rule=rule,
        sessions=len(found),
        differs=sum(one.differs for one in found),
        instead_of=dict(Counter(one.instead_of for one in found).most_common()),
    )


def _is_advised_people(case: SessionCase) -> bool:
    """Whether a rule of ours wanted people for it, wherever the platform sent it."""
    return any(is_by_rule(routed) and not routed.bot for routed in case.routed)


def _subject(case: SessionCase) -> str:
    """What the buyer wanted first, beside greetings."""
    wanted = [heard.intent for heard in case.heard]
    return next((intent for intent in wanted if intent not in _TALK), wanted[0] if wanted else Intent.OTHER.value)
