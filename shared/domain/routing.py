"""Where a merchant's buyers are to be sent: groups, their rosters, rules and limits. Part of the policy."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.domain.conditions import AllOf, Condition
from shared.domain.hours import BusinessHours
from shared.domain.record import Fen, Id, Record

Positive = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=30))]


class Mode(StrEnum):
    """Who speaks first."""

    ASSIST = "assist"  # people answer, the bot only suggests
    BOT_FIRST = "bot_first"
    BOT_ONLY = "bot_only"


class ModeWindow(Record):
    """Another mode at certain hours, for certain channels (all, where empty)."""

    mode: Mode
    hours: BusinessHours
    channels: tuple[Id, ...] = ()


class Agent(Record):
    """A person at a desk, and how many buyers at a time."""

    agent: Id
    seats: Annotated[int, Field(ge=1, le=50)] = 5


class Shift(Record):
    """When some of a group's agents work."""

    agents: tuple[Id, ...]
    hours: BusinessHours


class Group(Record):
    """People who solve the same kind of problem. Without shifts all of them may work at any time."""

    title: str = ""
    agents: tuple[Agent, ...] = ()
    shifts: tuple[Shift, ...] = ()


class Action(Record):
    """Where a session goes: to the bot, to a group, or to one person of a group."""

    bot: bool = False
    group: Id | None = None
    agent: Id | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 5  # 0 is most urgent
    tags: tuple[Id, ...] = ()
    note: Annotated[str, Field(max_length=200)] = ""


class Rule(Record):
    """One rule; the first of a policy that fits decides. A `shadow` rule is only counted, never followed."""

    rule: Id
    when: Condition = Field(default_factory=lambda: AllOf(all=()))
    then: Action
    shadow: bool = False


class Routing(Record):
    """How a merchant's messages find their desk. Rules are asked in order; the defaults at the end always exist.

    `after_sales_days` begin with the payment, in the shop's zone. `hot_items` and `categories` name the shop's items.
    `silence_max`: an agent who does not answer for so long loses the session; `offline_grace`: so does one who is gone.
    """

    groups: dict[Id, Group] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    presale_group: Id | None = None
    aftersale_group: Id | None = None
    logistics_group: Id | None = None
    mode: Mode = Mode.BOT_FIRST
    modes: tuple[ModeWindow, ...] = ()
    after_sales_days: Annotated[int, Field(ge=1, le=365)] = 365
    hot_items: tuple[Id, ...] = ()
    high_price_fen: Fen = 100_000
    categories: dict[Id, Id] = Field(default_factory=dict)  # item → category
    repeated_max: Annotated[int, Field(ge=2, le=10)] = 3
    negative_max: Annotated[int, Field(ge=1, le=10)] = 2
    offline_grace: Positive = timedelta(seconds=60)
    silence_max: Positive = timedelta(minutes=3)
    first_answer_max: Positive = timedelta(hours=1)
    solve_max: Positive = timedelta(hours=24)
    roster_ahead: Positive = timedelta(hours=1)
    session_idle_max: Positive = timedelta(hours=2)
    push: bool = False  # tell the chat desktop of every change; without, it asks
