"""Small builders: a shop with three groups, its buyers' lines, and a session or desk that takes event after event."""

from datetime import datetime, timedelta
from typing import Any

from shared.domain.chat_events import (
    AgentSeen,
    LineAnswered,
    LineReceived,
    SeatFreed,
    SeatGiven,
    SeatLost,
    SeatWanted,
    SessionClosed,
    SessionHandedOver,
    SessionRated,
    Shopper,
)
from shared.domain.decision import Decision, Facts
from shared.domain.events import DeadlineReached, NoticeRaised
from shared.domain.hours import BusinessHours
from shared.domain.policy import Policy, Robot
from shared.domain.routing import Routing
from shared.domain.session import DeskCase, Presence, SessionCase
from shared.rules.chat.decide_desk import decide_desk
from shared.rules.chat.decide_session import decide_session

NOW = datetime.fromisoformat("2026-11-11T02:00:00+00:00")  # ten in the morning in the shop
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MERCHANT = "demo"
SESSION = {"merchant": MERCHANT, "channel": "web", "session_id": "S1"}
NAME = "web:S1"
KEY = f"{MERCHANT}|session|{NAME}"
VIP = {"rule": "vip", "when": {"field": "buyer_tags", "has": ["vip"]}, "then": {"agent": "anna", "priority": 2}}


def team(**seats: int) -> dict[str, Any]:
    """A group of agents and their numbers of seats."""
    return {"agents": [{"agent": agent, "seats": number} for agent, number in seats.items()]}


GROUPS: dict[str, Any] = {
    "presale": team(paul=2),
    "aftersale": team(anna=2, bert=2),
    "logistics": team(lena=2),
}


def routing(**fields: Any) -> Routing:
    """The shop's routing: the bot begins."""
    known = {"groups": GROUPS, "presale_group": "presale", "aftersale_group": "aftersale"}
    return Routing.model_validate({**known, "logistics_group": "logistics", **fields})


def policy(**fields: Any) -> Policy:
    """The shop's policy; fields of the routing by their names, others in `more`."""
    robots = {name: Robot(channel="dingtalk", account="dingtalk") for name in ("desk", "specialist", "director")}
    more = fields.pop("more", {})
    return Policy.model_validate(
        {"merchant": MERCHANT, "version": 7, "robots": robots, "routing": routing(**fields), **more}
    )


def hours(span: str, *days: str) -> dict[str, Any]:
    """Weekly hours in the shop's zone."""
    week = days or ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return BusinessHours.model_validate({"week": {day: [span] for day in week}}).model_dump(mode="json")


# ---- what the desktop tells ----------------------------------------------------------------------------------------

_COUNT = iter(range(10**9))


def line(words: str = "", *, at: datetime = NOW, tone: str = "calm", **fields: Any) -> LineReceived:
    """A buyer's line; every one says something else unless told otherwise."""
    number = next(_COUNT)
    shopper = Shopper(buyer="b-1", tags=tuple(fields.pop("tags", ())), tier=fields.pop("tier", ""))
    told = {
        "at": at,
        "line": f"line-{number}",
        "words": words or f"words-{number}",
        "intent": "other",
        "tone": tone,
        "negative": tone != "calm",
        "shopper": shopper,
    }
    return LineReceived.model_validate({**SESSION, **told, **fields})


def upset(*, at: datetime = NOW, **fields: Any) -> LineReceived:
    """A line that brings the session to people."""
    return line(at=at, tone="complaint", **fields)


def answer(agent: str | None = None, *, at: datetime = NOW, token: int | None = None, name: str = "") -> LineAnswered:
    """What the bot or a person says."""
    return LineAnswered(**SESSION, at=at, agent=agent, token=token, line=name or f"answer-{next(_COUNT)}")


def hand_over(
    group: str | None = None, agent: str | None = None, *, at: datetime = NOW, token: int | None = None
) -> SessionHandedOver:
    """Somebody gives the session away; without arguments to the bot."""
    return SessionHandedOver(**SESSION, at=at, group=group, agent=agent, token=token)


def closed(*, at: datetime = NOW) -> SessionClosed:
    """The desktop says that it is over."""
    return SessionClosed(**SESSION, at=at)


def rated(stars: int, *, at: datetime = NOW) -> SessionRated:
    """The buyer judges."""
    return SessionRated(**SESSION, at=at, stars=stars)


# ---- what desks and sessions tell each other -------------------------------------------------------------------------


def given(agent: str, token: int, group: str = "aftersale", *, at: datetime = NOW) -> SeatGiven:
    """A desk gives a seat."""
    return SeatGiven(**SESSION, group=group, agent=agent, token=token, at=at)


def lost(agent: str | None, token: int, group: str = "aftersale", *, at: datetime = NOW) -> SeatLost:
    """A desk takes a seat."""
    return SeatLost(**SESSION, group=group, agent=agent, token=token, at=at)


def wanted(session: str = NAME, token: int = 1, *, at: datetime = NOW, **fields: Any) -> SeatWanted:
    """A session asks the after-sales desk."""
    told = {"merchant": MERCHANT, "group": "aftersale", "session": session, "token": token, "since": at, "at": at}
    return SeatWanted.model_validate({**told, **fields})


def freed(session: str = NAME, token: int = 1) -> SeatFreed:
    """A session needs no seat any more."""
    return SeatFreed(merchant=MERCHANT, group="aftersale", session=session, token=token)


def seen(agent: str, presence: str = "online", *, at: datetime = NOW) -> AgentSeen:
    """An agent of the after-sales desk comes or goes."""
    return AgentSeen(merchant=MERCHANT, group="aftersale", agent=agent, presence=Presence(presence), at=at)


# ---- deciding --------------------------------------------------------------------------------------------------------


class Deciding:
    """A case and everything it has said, event after event."""

    def __init__(self, decide: Any, key: str, shop: Policy | None = None) -> None:
        self._decide = decide
        self._key = key
        self.policy = shop or policy()
        self.now = NOW
        self.case: Any = None
        self.last: Decision[Any] = Decision(None)
        self.counts: list[str] = []
        self.facts: dict[str, Any] = {}

    def take(self, *events: Any, at: datetime | None = None) -> list[Any]:
        """Take events at an instant; give what they made the case say."""
        self.now = max(self.now, at or self.now)
        said: list[Any] = []
        for event in events:
            self.last = self._decide(Facts(MERCHANT, event, self.case, **self.facts), self.policy, self.now)
            self.case = self.last.case
            self.counts += self.last.counts
            said += self.last.outbox
        return said

    def wait(self, span: timedelta) -> list[Any]:
        """Let time pass, with a look at the clock whenever the case wants one and at the end."""
        end, said = self.now + span, []
        for _ in range(500):
            if self.last.due is None or self.last.due > end:
                break
            said += self.take(self.tick, at=self.last.due)
        return said + self.take(self.tick, at=end)

    @property
    def tick(self) -> DeadlineReached:
        """The clock."""
        return DeadlineReached(merchant=MERCHANT, about=self._key)


class Session(Deciding):
    """A session."""

    case: SessionCase

    def __init__(self, **fields: Any) -> None:
        super().__init__(decide_session, KEY, policy(**fields))

    @property
    def place(self) -> tuple[str, str | None, str | None]:
        """Who has it."""
        return self.case.holder.value, self.case.group, self.case.agent

    def with_people(self, agent: str = "anna", *, at: datetime = NOW) -> "Session":
        """Bring it to a person of the after-sales group."""
        self.take(hand_over("aftersale", at=at), at=at)
        self.take(given(agent, self.case.token, at=at))
        return self


class Desk(Deciding):
    """The after-sales desk."""

    case: DeskCase

    def __init__(self, **fields: Any) -> None:
        super().__init__(decide_desk, f"{MERCHANT}|desk|aftersale", policy(**fields))

    @property
    def seats(self) -> dict[str, list[str]]:
        """Who has which sessions."""
        return {
            agent: [seat.session for seat in state.seats] for agent, state in self.case.agents.items() if state.seats
        }

    @property
    def line(self) -> list[str]:
        """Who waits, in order."""
        return [waiter.session for waiter in self.case.waiting]


def types(said: list[Any]) -> list[str]:
    """What was said, by type."""
    return [message.type for message in said]


def notices(said: list[Any]) -> list[tuple[str, str]]:
    """Who was told what, by title."""
    return [(message.group, message.notice.title) for message in said if isinstance(message, NoticeRaised)]
