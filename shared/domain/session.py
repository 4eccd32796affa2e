"""One buyer's conversation, the desk where people sit, and what is known of a buyer before a word is said."""

from enum import StrEnum

from pydantic import Field

from shared.domain.record import Fen, Id, Instant, Record


class Holder(StrEnum):
    """Who has a session at the moment."""

    BOT = "bot"
    WAITING = "waiting"  # in a group's line
    AGENT = "agent"
    CLOSED = "closed"


class Heard(Record):
    """What was understood of one line of the buyer's; its words are not kept, `mark` tells repetitions."""

    intent: str
    tone: str
    mark: str


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


class SessionCase(Record):
    """A conversation. `token` grows with every change of its holder: what an earlier holder says is dropped.

    `hops` counts hand-overs between people; from the second on each is a defect. `unanswered_since` is the buyer's
    first line that nobody has answered.
    """

    channel: Id
    session_id: Id
    buyer: str = ""  # platform:buyer
    holder: Holder = Holder.BOT
    group: Id | None = None
    agent: Id | None = None
    token: int = 0
    hops: int = 0
    priority: int = 5
    tags: tuple[Id, ...] = ()
    opened_at: Instant
    held_since: Instant
    waiting_since: Instant | None = None
    last_line_at: Instant
    unanswered_since: Instant | None = None
    first_answered_at: Instant | None = None
    closed_at: Instant | None = None
    rating: int | None = None
    heard: tuple[Heard, ...] = ()
    routed: tuple[Routed, ...] = ()
    late_lines: int = 0
    told: int = 0


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
    priority: int = 5
    agent: Id | None = None  # waits for this one


class DeskCase(Record):
    """A group's line and its agents' seats: the one place where seats are given, so that nobody has one too many."""

    group: Id
    agents: dict[Id, AgentState] = Field(default_factory=dict)
    waiting: tuple[Waiter, ...] = ()
    warned_for: Instant | None = None  # an hour of the roster that nobody covers


class BuyerOrder(Record):
    """One order of a buyer, as far as routing looks at it."""

    order_id: Id
    status: str = "unknown"
    paid_at: Instant | None = None
    paid_fen: Fen | None = None
    open_cases: tuple[str, ...] = ()
    waybills: tuple[str, ...] = ()  # carrier:waybill of the parcels that have a ticket


class BuyerCase(Record):
    """A buyer's latest orders and what is the matter with them."""

    platform: Id
    buyer: Id
    orders: tuple[BuyerOrder, ...] = ()
