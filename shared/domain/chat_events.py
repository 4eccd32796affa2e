"""What happens in conversations and at desks. Words of buyers never travel: only what was understood of them.

`at` is the chat desktop's clock where the desktop tells of something, and ours where a desk does.
"""

from typing import Annotated, Literal

from pydantic import Field

from shared.domain.events import Event
from shared.domain.keys import CaseKey, desk_key, session_key
from shared.domain.record import Id, Instant, MerchantId, Name, Record, Slug
from shared.domain.session import Presence

NAMED_MAX = 5
"""How many orders and how many refunds of a buyer are looked at."""

TAGS_MAX = 20


class _SessionEvent(Event):
    channel: Slug
    session_id: Id

    @property
    def case(self) -> CaseKey:
        return session_key(self.merchant, self.channel, self.session_id)


class _DeskEvent(Event):
    group: Id

    @property
    def case(self) -> CaseKey:
        return desk_key(self.merchant, self.group)


class Shopper(Record):
    """What the chat desktop knows of a buyer. `buyer` is the platform's id, or a digest where that is no plain text."""

    platform: Id = "chat"
    buyer: Id
    tier: Annotated[str, Field(max_length=40)] = ""
    tags: Annotated[tuple[Name, ...], Field(max_length=TAGS_MAX)] = ()


class AgentNoticed(Record):
    """An agent came, went or left for a moment; the policy knows at which desk."""

    merchant: MerchantId
    agent: Id
    presence: Presence
    at: Instant


class _Line(_SessionEvent):
    """A buyer's line. `order_ids` and `refund_ids` are the buyer's latest on the platform, as far as is known there."""

    at: Instant
    shopper: Shopper
    order_ids: Annotated[tuple[Id, ...], Field(max_length=NAMED_MAX)] = ()
    refund_ids: Annotated[tuple[Id, ...], Field(max_length=NAMED_MAX)] = ()
    item: Id | None = None
    live_room: Id | None = None


class LineSaid(_Line):
    """A buyer said this. It never travels: it is understood where it is read, and its words go no further."""

    type: Literal["line_said"] = "line_said"
    message_id: str
    text: str


class LineReceived(_Line):
    """A buyer said something. `line` and `words` are digests; `intent` and `tone` are what was understood.

    `negative`: it blames somebody, or clearly presses.
    """

    type: Literal["line_received"] = "line_received"
    line: str
    words: str
    intent: str
    tone: str
    negative: bool = False


class LineAnswered(_SessionEvent):
    """The bot (no `agent`) or a person answered. `token`: the holder it believes to be; absent from simple desktops.

    `line` is a digest of the message's id.
    """

    type: Literal["line_answered"] = "line_answered"
    at: Instant
    line: str
    agent: Id | None = None
    token: int | None = None


class SessionHandedOver(_SessionEvent):
    """Whoever has the session gives it to a group or person; neither means back to the bot. `token` as of an answer."""

    type: Literal["session_handed_over"] = "session_handed_over"
    at: Instant
    token: int | None = None
    group: Id | None = None
    agent: Id | None = None
    reason: Annotated[str, Field(max_length=100)] = ""


class SessionClosed(_SessionEvent):
    """The conversation is over."""

    type: Literal["session_closed"] = "session_closed"
    at: Instant


class SessionRated(_SessionEvent):
    """The buyer judged the conversation, 1 to 5."""

    type: Literal["session_rated"] = "session_rated"
    at: Instant
    stars: Annotated[int, Field(ge=1, le=5)]


class SeatGiven(_SessionEvent):
    """A desk gives the session to a person."""

    type: Literal["seat_given"] = "seat_given"
    group: Id
    agent: Id
    token: int
    at: Instant


class SeatLost(_SessionEvent):
    """A desk takes the session from a person who is gone, or (no `agent`) out of a line that exists no more."""

    type: Literal["seat_lost"] = "seat_lost"
    group: Id
    agent: Id | None = None
    token: int
    at: Instant


class SessionTold(_SessionEvent):
    """The chat desktop knows who has the session."""

    type: Literal["session_told"] = "session_told"
    answers: str


class SeatWanted(_DeskEvent):
    """A session asks for a person of the group, perhaps a certain one, and not the one who left it alone.

    `since` is the age of the buyer's wish, `at` when it came to this line. Repeated, it is answered again.
    """

    type: Literal["seat_wanted"] = "seat_wanted"
    session: str  # channel:session
    token: int
    since: Instant
    at: Instant
    priority: int = 5
    agent: Id | None = None
    not_agent: Id | None = None


class SeatFreed(_DeskEvent):
    """A session does not need its seat or its place in the line any more."""

    type: Literal["seat_freed"] = "seat_freed"
    session: str
    token: int


class AgentSeen(_DeskEvent):
    """An agent came, went or left the desk for a moment."""

    type: Literal["agent_seen"] = "agent_seen"
    agent: Id
    presence: Presence
    at: Instant


SessionEvent = (
    LineReceived | LineAnswered | SessionHandedOver | SessionClosed | SessionRated | SessionTold | SeatGiven | SeatLost
)
DeskEvent = SeatWanted | SeatFreed | AgentSeen
