"""What became of a merchant's conversations: counts over its sessions of the last day, week and month.

Counts and not rates, so that they can be added up and checked; a rate is a count by the one named beside it.
"""

from typing import Literal

from shared.domain.record import Instant, MerchantId, Record
from shared.domain.scores import Spread

Days = Literal[1, 7, 30]


class RuleRow(Record):
    """What became of one rule's decisions: hits = to the bot + transfers, transfers = the four endings together.

    `accepted` were answered by a person, `passed_on` sent elsewhere before that, `abandoned` closed without an answer.
    `answer` is the time from the decision to the first answer by a person.
    """

    rule: str
    hits: int
    transfers: int = 0
    accepted: int = 0
    passed_on: int = 0
    abandoned: int = 0
    waiting: int = 0
    answer: Spread | None = None


class IntentRow(Record):
    """Sessions by what their buyers wanted first, and how many of them never needed a person."""

    intent: str
    sessions: int
    bot_only: int = 0


class RoutingSpan(Record):
    """Sessions that began in the last `days`. `second_hops` and `late_lines` are defects; `stars` adds ratings up."""

    days: Days
    sessions: int = 0
    bot_only: int = 0
    open: int = 0
    hops: int = 0
    second_hops: int = 0
    late_lines: int = 0
    ratings: int = 0
    stars: int = 0
    answer: Spread | None = None
    rules: tuple[RuleRow, ...] = ()
    intents: tuple[IntentRow, ...] = ()


class RoutingReport(Record):
    """A merchant's conversations, the most frequent rules and intents first."""

    merchant: MerchantId
    as_of: Instant
    spans: tuple[RoutingSpan, ...] = ()
