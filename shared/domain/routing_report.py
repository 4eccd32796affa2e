"""What became of a merchant's conversations: counts over its sessions of the last day, week and month.

Counts and not rates, so that they can be added up and checked; a rate is a count by the one named beside it.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.domain.record import Instant, MerchantId, Record
from shared.domain.scores import Spread
from shared.domain.session import Routed

Days = Literal[1, 7, 30]


class Ending(StrEnum):
    """What became of a decision."""

    BOT = "bot"
    ACCEPTED = "accepted"
    PASSED_ON = "passed_on"
    ABANDONED = "abandoned"
    WAITING = "waiting"


class RuleRow(Record):
    """What became of one rule's decisions: hits = to the bot + transfers, transfers = the four endings together.

    `accepted` were answered by a person, `passed_on` sent elsewhere before that, `abandoned` closed without an answer.
    `second_hops` are moves too many of the sessions that it was the first to send to people. `answer` is the time from
    the decision to the first answer by a person.
    """

    rule: str
    hits: int
    transfers: int = 0
    accepted: int = 0
    passed_on: int = 0
    abandoned: int = 0
    waiting: int = 0
    second_hops: int = 0
    answer: Spread | None = None


class ShadowRow(Record):
    """A shadow rule: in how many sessions it would have decided, in how many otherwise, and instead of which rules."""

    rule: str
    sessions: int
    differs: int = 0
    instead_of: dict[str, int] = Field(default_factory=dict)


class IntentRow(Record):
    """Sessions by what their buyers wanted first, and how many of them never needed a person."""

    intent: str
    sessions: int
    bot_only: int = 0


class GroupRow(Record):
    """Sessions that a group of people has, or had last.

    Both times begin when people were asked for: `answer` ends with the first answer by a person; `solve` with the last
    answer of a session that is over and owes its buyer nothing.
    """

    group: str
    sessions: int
    answered: int = 0
    solved: int = 0
    answer: Spread | None = None
    solve: Spread | None = None


class RoutingSpan(Record):
    """Sessions that began in the last `days`. `second_hops` and `late_lines` are defects; `stars` adds ratings up.

    `advisory` are sessions of channels whose platform decides by itself, `advised_people` those of them that we should
    have given to people; they are counted nowhere else.
    """

    days: Days
    sessions: int = 0
    advisory: int = 0
    advised_people: int = 0
    bot_only: int = 0
    open: int = 0
    hops: int = 0
    second_hops: int = 0
    late_lines: int = 0
    ratings: int = 0
    stars: int = 0
    answer: Spread | None = None
    rules: tuple[RuleRow, ...] = ()
    shadows: tuple[ShadowRow, ...] = ()
    intents: tuple[IntentRow, ...] = ()
    groups: tuple[GroupRow, ...] = ()


class RoutingReport(Record):
    """A merchant's conversations, the most frequent rules, intents and groups first."""

    merchant: MerchantId
    as_of: Instant
    spans: tuple[RoutingSpan, ...] = ()


class TransferRow(Record):
    """A session on its way to people: why, what became of it, and how long it took until a person answered."""

    session: str
    routed: Routed
    ending: Ending
    answer_s: int | None = None


class Transfers(Record):
    """A merchant's transfers of the last week, the latest first; `found` counts those that are left out too."""

    merchant: MerchantId
    as_of: Instant
    found: int = 0
    transfers: tuple[TransferRow, ...] = ()
