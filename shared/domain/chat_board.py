"""What the board says of conversations over HTTP: transfers with their reasons, and one session's decisions.

`docs/openapi.json` is made from these models. What buyers said is nowhere; only what was understood of it.
"""

from enum import StrEnum

from pydantic import Field

from shared.domain.record import Id, Instant, MerchantId, Record
from shared.domain.routing_report import Ending
from shared.domain.session import Holder


class Replayed(StrEnum):
    """What comes out when a decision is made again from the stored facts, by the rules of its policy version."""

    SAME = "same"
    DIFFERENT = "different"
    BY_HAND = "by_hand"  # no rule's decision
    NO_POLICY = "no_policy"  # that version is not there any more


class DecisionView(Record):
    """Why a session went where it did, and whether that can be made again. `differences` name what would be another."""

    rule: str
    policy_version: int
    at: Instant
    reason: str
    bot: bool = False
    group: str | None = None
    agent: str | None = None
    shadows: tuple[str, ...] = ()
    facts: dict[str, str | int | bool | tuple[str, ...]] = Field(default_factory=dict)
    replayed: Replayed
    differences: tuple[str, ...] = ()


class LineView(Record):
    """What was understood of one of the buyer's latest lines."""

    intent: str
    tone: str
    negative: bool = False


class SessionView(Record):
    """A conversation. `latest` is what the latest line was decided by, where nobody had to move for it.

    `advisory`: the channel's platform decides; `holder`, `group` and `agent` are our advice.
    """

    merchant: MerchantId
    session: str
    holder: Holder
    advisory: bool = False
    group: Id | None = None
    agent: Id | None = None
    token: int
    hops: int
    priority: int
    tags: tuple[str, ...] = ()
    opened_at: Instant
    people_since: Instant | None = None
    first_answered_at: Instant | None = None
    closed_at: Instant | None = None
    rating: int | None = None
    negative_lines: int = 0
    repeated: int = 0
    late_lines: int = 0
    lines: tuple[LineView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    latest: DecisionView | None = None


class TransferView(Record):
    """A session on its way to people: why, what became of it, and after how long a person answered."""

    session: str
    at: Instant
    rule: str
    policy_version: int
    reason: str
    group: str | None = None
    agent: str | None = None
    ending: Ending
    answer_s: int | None = None


class TransferList(Record):
    """The last week's transfers, the latest first. `found` counts all of them."""

    merchant: MerchantId
    as_of: Instant
    found: int
    transfers: tuple[TransferView, ...]
