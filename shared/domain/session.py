"""One buyer's conversation, and the desk where people sit."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from shared.domain.record import Id, Instant, Record, Slug

KEPT_FOR = timedelta(days=60)
"""How long a closed conversation is remembered: reports look back for a month."""


class Holder(StrEnum):
    """Who has a session at the moment."""

    BOT = "bot"
    WAITING = "waiting"  # in a group's line
    AGENT = "agent"
    CLOSED = "closed"


class Heard(Record):
    """What was understood of one line of the buyer's; its words are not kept.

    `line` is a digest of the message's id, `words` one of its normalised text, so that repetitions are noticed.
    """

    line: str
    words: str
    intent: str = "other"
    tone: str = "calm"
    negative: bool = False


class Routed(Record):
    """Why a session is where it is: the rule, the policy it came from and all that it looked at, to be replayed."""

    rule: Id
    policy_version: int
    at: Instant
    facts: dict[str, str | int | bool | tuple[str, ...]]
    bot: bool = False
    group: Id | None = None
    agent: Id | None = None
    shadows: tuple[Id, ...] = ()  # shadow rules that would have fitted


class Shadowed(Record):
    """A shadow rule that would have decided for the first time, and the rule that did; `differs`: it sent elsewhere."""

    rule: Id
    at: Instant
    instead_of: Id
    differs: bool = False


class SessionCase(Record):
    """A conversation. `token` grows with every change of its holder: what an earlier holder says is dropped.

    `hops` counts moves from one group or person to another; from the second on each is a defect. `unanswered_since` is
    the buyer's first line that nobody has answered, `bounced` how often a rule would have moved it and was not allowed,
    `repeated` how often the buyer has said the same (0: nothing twice). One that waits although nothing is unanswered
    is parked: its agent is gone, and the buyer's next line asks for another one.

    `routed` are the decisions that were followed, `seen` is what the latest line was decided by where that changed
    nothing: so every state tells of its line all that a rule looked at, and other rules can be tried on the archive.
    `people_since` is when people were first asked for; from then on the time to solve it runs.

    `advised`: where we should send it, on a channel whose platform decides by itself; `holder` stays the bot then,
    there is neither seat nor line, and `group` and `agent` belong to the advice.

    `previous_until`: a conversation with the same name ended then, and what is older belongs to it. `act` is the
    newest hand-over, return or closing that the desktop told of, `late` the newest lines that were dropped: so repeated
    and shuffled news change nothing.
    """

    channel: Slug
    session_id: Id
    holder: Holder = Holder.BOT
    advised: Holder | None = None
    group: Id | None = None
    agent: Id | None = None
    token: int = 0
    hops: int = 0
    priority: int = 5
    tags: tuple[Id, ...] = ()
    opened_at: Instant
    held_since: Instant
    waiting_since: Instant | None = None
    people_since: Instant | None = None
    last_line_at: Instant
    unanswered_since: Instant | None = None
    answered_at: Instant | None = None
    first_answered_at: Instant | None = None
    closed_at: Instant | None = None
    previous_until: Instant | None = None
    rating: int | None = None
    heard: tuple[Heard, ...] = ()
    repeated: int = 0
    negative_lines: int = 0
    routed: tuple[Routed, ...] = ()
    seen: Routed | None = None
    shadowed: tuple[Shadowed, ...] = ()
    late_lines: int = 0
    late: tuple[str, ...] = ()
    act: str = ""
    act_at: Instant | None = None
    bounced: int = 0
    told: int = 0  # how many superiors
    overdue: bool = False  # and that it is not solved
    asked: int = 0  # the desk again
    silences: int = 0  # agents in a row who did not answer

    @property
    def name(self) -> str:
        """The session's name inside its merchant."""
        return f"{self.channel}:{self.session_id}"

    @property
    def named_holder(self) -> Holder:
        """Who has it, or should have it by our advice."""
        return self.holder if self.advised is None or self.holder is Holder.CLOSED else self.advised

    @property
    def needs_people(self) -> bool:
        """Sessions have desks; the list of open tickets is not theirs."""
        return False

    @property
    def kept_until(self) -> datetime | None:
        """When what is left of a closed conversation may be forgotten; an open one is kept."""
        return self.closed_at + KEPT_FOR if self.holder is Holder.CLOSED and self.closed_at else None


class Presence(StrEnum):
    """Whether an agent can take somebody."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class Seat(Record):
    """A session that an agent has."""

    session: str  # channel:session
    token: int
    since: Instant
    checked_at: Instant | None = None  # when the session was last told that it has this seat


class AgentState(Record):
    """An agent as the desk knows them."""

    presence: Presence = Presence.OFFLINE
    since: Instant
    seats: tuple[Seat, ...] = ()


class Waiter(Record):
    """A session in a group's line."""

    session: str
    token: int
    since: Instant
    at: Instant  # when it came to this line
    priority: int = 5
    agent: Id | None = None  # would rather have this one
    not_agent: Id | None = None  # left it alone before


class DeskCase(Record):
    """A group's line and its agents' seats: the one place where seats are given, so that nobody has one too many."""

    group: Id
    agents: dict[Id, AgentState] = Field(default_factory=dict)
    waiting: tuple[Waiter, ...] = ()
    warned_for: Instant | None = None  # since or from when nobody covers the roster

    @property
    def needs_people(self) -> bool:
        """The list of open tickets is not for desks."""
        return False
