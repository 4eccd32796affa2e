"""Is the routing effective? A pure fold over sessions, one after the other, in any order. The hourly scan calls it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import get_args

from shared.domain.chat import Intent
from shared.domain.routing_report import Days, IntentRow, RoutingReport, RoutingSpan, RuleRow
from shared.domain.session import Holder, SessionCase
from shared.rules.routing.account import RoutingAccount, give_account
from shared.rules.scorecard import spread_of

SPANS: tuple[Days, ...] = get_args(Days)
_TALK = (Intent.GREETING, Intent.OTHER)
_RULES_MAX = 300


class ReportInTheMaking:
    """One merchant's report."""

    def __init__(self, merchant: str, now: datetime) -> None:
        self._merchant = merchant
        self._now = now
        self._spans: dict[Days, _Span] = {}

    def add(self, case: SessionCase) -> None:
        """Count a session."""
        account, age = give_account([case]), self._now - case.opened_at
        for days in SPANS:
            if age < timedelta(days=days):
                self._spans.setdefault(days, _Span()).add(case, account)

    def report(self) -> RoutingReport:
        """Give what was counted."""
        spans = tuple(self._spans[days].close(days) for days in SPANS if days in self._spans)
        return RoutingReport(merchant=self._merchant, as_of=self._now, spans=spans)


class _Span:
    """The sessions of one span in the making."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rules: dict[str, Counter[str]] = {}
        self.intents: dict[str, Counter[str]] = {}
        self.answers: dict[str, list[int]] = {}

    def add(self, case: SessionCase, account: RoutingAccount) -> None:
        """Count a session."""
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
            self.rules.setdefault(line.rule, Counter()).update(
                hits=line.hits,
                transfers=line.transfers,
                accepted=line.accepted,
                passed_on=line.passed_on,
                abandoned=line.abandoned,
                waiting=line.waiting,
            )
        for transfer in account.transfers:
            if transfer.answered_after is not None:
                self.answers.setdefault(transfer.rule, []).append(int(transfer.answered_after.total_seconds()))

    def close(self, days: Days) -> RoutingSpan:
        """Give the finished span; where there were more rules than are kept, the rarest are left out."""
        rules = [
            RuleRow(rule=rule, **counts, answer=spread_of(self.answers.get(rule, [])))
            for rule, counts in self.rules.items()
        ]
        intents = [IntentRow(intent=intent, **counts) for intent, counts in self.intents.items()]
        return RoutingSpan(
            days=days,
            **self.counts,
            answer=spread_of([one for own in self.answers.values() for one in own]),
            rules=tuple(sorted(rules, key=lambda row: (-row.hits, row.rule))[:_RULES_MAX]),
            intents=tuple(sorted(intents, key=lambda row: (-row.sessions, row.intent))),
        )


def _subject(case: SessionCase) -> str:
    """What the buyer wanted first, beside greetings."""
    wanted = [heard.intent for heard in case.heard]
    return next((intent for intent in wanted if intent not in _TALK), wanted[0] if wanted else Intent.OTHER.value)
