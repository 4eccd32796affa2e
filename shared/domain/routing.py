"""Where a merchant's buyers are to be sent: groups, their rosters, rules and limits. Part of the policy.

What is refused here could not be carried out. Rules that can be, but never would, are refused when a routing is saved
(`rules.routing.load`): a stored policy has to stay readable.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import chain, islice
from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from shared.domain.conditions import AllOf, Condition, Problem, Unfit, size, unknown
from shared.domain.hours import BusinessHours
from shared.domain.record import Fen, Id, Record, Slug

RULES_MAX = 200
DEPTH_MAX = 8
TESTS_MAX = 64
GROUPS_MAX = 100
AGENTS_MAX = 500
SHIFTS_MAX = 50
ITEMS_MAX = 5000
CHANNELS_MAX = 50
WELCOMES_MAX = 50
QUESTIONS_MAX = 10
PROBLEMS_MAX = 10
"""How many problems are told at once."""

DEFAULT = "default."
"""How the names of the built-in rules begin."""

HANDED_OVER, RETURNED = "handed_over", "returned"
OWN_NAMES = (HANDED_OVER, RETURNED, "agent_gone", "agent_silent", "nobody_answers", "not_solved")
"""What else explains where a session is; no merchant's rule may be called so."""

Positive = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=30))]


class Mode(StrEnum):
    """Who speaks first."""

    ASSIST = "assist"  # people answer, the bot only suggests
    BOT_FIRST = "bot_first"
    BOT_ONLY = "bot_only"


class Steering(StrEnum):
    """Who decides where a channel's sessions go."""

    ACTIVE = "active"  # we do: seats are given, the desktop carries it out
    ADVISORY = "advisory"  # the platform's own rules do: we only say where we should send it


class ModeWindow(Record):
    """Another mode at certain hours, for certain channels (all, where empty)."""

    mode: Mode
    hours: BusinessHours
    channels: Annotated[tuple[Id, ...], Field(max_length=SHIFTS_MAX)] = ()


class Agent(Record):
    """A person at a desk, and how many buyers at a time."""

    agent: Id
    seats: Annotated[StrictInt, Field(ge=1, le=50)] = 5


class Shift(Record):
    """When some of a group's agents work."""

    agents: Annotated[tuple[Id, ...], Field(max_length=AGENTS_MAX, fail_fast=True)]
    hours: BusinessHours


class Group(Record):
    """People who solve the same kind of problem. Without shifts all of them may work at any time."""

    title: Annotated[str, Field(max_length=64)] = ""
    agents: Annotated[tuple[Agent, ...], Field(max_length=AGENTS_MAX, fail_fast=True)] = ()
    shifts: Annotated[tuple[Shift, ...], Field(max_length=SHIFTS_MAX, fail_fast=True)] = ()

    @model_validator(mode="after")
    def _is_staffed(self) -> Self:
        _refuse(_roster_problems(self))
        return self


class Action(Record):
    """Where a session goes: to the bot, to a group, or to one person of a group. Exactly one of the three is given."""

    bot: StrictBool = False
    group: Id | None = None
    agent: Id | None = None
    priority: Annotated[StrictInt, Field(ge=0, le=9)] = 5  # 0 is most urgent
    tags: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    note: Annotated[str, Field(max_length=200)] = ""

    @property
    def target(self) -> tuple[bool, str | None, str | None]:
        """Where it goes."""
        return self.bot, self.group, self.agent

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        if self.bot + (self.group is not None) + (self.agent is not None) != 1:
            told = " and ".join(name for name in ("bot", "group", "agent") if getattr(self, name)) or "nothing"
            _refuse([Problem("", f"{told} is given: write exactly one of bot (true), group and agent")])
        return self


class Rule(Record):
    """One rule; the first of a policy that fits decides. A `shadow` rule is only counted, never followed."""

    rule: Id
    when: Condition = Field(default_factory=lambda: AllOf(all=()))
    then: Action
    shadow: StrictBool = False

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        _refuse(_size_problems(f"rule {self.rule}", self.when))
        return self


class Welcome(Record):
    """What a session begins with: words for its buyer, and questions she may tap. The first that fits is shown."""

    welcome: Id
    when: Condition = Field(default_factory=lambda: AllOf(all=()))
    text: Annotated[str, Field(max_length=500, pattern=r"\S")]
    questions: Annotated[
        tuple[Annotated[str, Field(max_length=100, pattern=r"\S")], ...], Field(max_length=QUESTIONS_MAX)
    ] = ()

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        _refuse(_size_problems(f"welcome {self.welcome}", self.when))
        return self


class Routing(Record):
    """How a merchant's messages find their desk. Rules are asked in order; the defaults at the end always exist.

    `after_sales_days` begin with the payment, in the shop's zone. `hot_items` and `categories` name the shop's items.
    `silence_max`: an agent who does not answer for so long loses the session; `offline_grace`: so does one who is gone.
    `solve_max`: in business hours, from the moment at which people were asked for.
    """

    groups: Annotated[dict[Id, Group], Field(max_length=GROUPS_MAX)] = Field(default_factory=dict)
    rules: Annotated[tuple[Rule, ...], Field(max_length=RULES_MAX)] = ()
    presale_group: Id | None = None
    aftersale_group: Id | None = None
    logistics_group: Id | None = None
    welcomes: Annotated[tuple[Welcome, ...], Field(max_length=WELCOMES_MAX, fail_fast=True)] = ()
    channels: Annotated[dict[Slug, Steering], Field(max_length=CHANNELS_MAX)] = Field(default_factory=dict)
    mode: Mode = Mode.BOT_FIRST
    modes: Annotated[tuple[ModeWindow, ...], Field(max_length=SHIFTS_MAX, fail_fast=True)] = ()
    after_sales_days: Annotated[StrictInt, Field(ge=1, le=365)] = 365
    hot_items: Annotated[tuple[Id, ...], Field(max_length=ITEMS_MAX, fail_fast=True)] = ()
    high_price_fen: Fen = 100_000
    categories: Annotated[dict[Id, Id], Field(max_length=ITEMS_MAX)] = Field(default_factory=dict)  # item → category
    repeated_max: Annotated[StrictInt, Field(ge=2, le=10)] = 3
    negative_max: Annotated[StrictInt, Field(ge=1, le=10)] = 2
    offline_grace: Positive = timedelta(seconds=60)
    silence_max: Positive = timedelta(minutes=3)
    solve_max: Positive = timedelta(hours=24)
    roster_ahead: Positive = timedelta(hours=1)
    session_idle_max: Positive = timedelta(hours=2)
    push: StrictBool = False  # tell the chat desktop of every change; without, it asks

    @model_validator(mode="after")
    def _knows_its_people(self) -> Self:
        _refuse(chain(_agent_problems(self), _default_problems(self), _rule_problems(self), _welcome_problems(self)))
        return self

    def is_advisory(self, channel: str) -> bool:
        """Whether the platform decides where a channel's sessions go; on channels that are not named we do."""
        return self.channels.get(channel) is Steering.ADVISORY


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(islice(problems, PROBLEMS_MAX))
    if found:
        raise Unfit(found)


def _size_problems(name: str, when: Condition) -> Iterator[Problem]:
    depth, tests = size(when)
    if depth > DEPTH_MAX:
        yield Problem("when", f"{name} is nested {depth} deep, at most {DEPTH_MAX} are read")
    if tests > TESTS_MAX:
        yield Problem("when", f"{name} has {tests} tests, at most {TESTS_MAX} are read")


def _roster_problems(group: Group) -> Iterator[Problem]:
    agents = [one.agent for one in group.agents]
    if not agents:
        yield Problem("agents", "nobody is in this group, so nobody would ever take its sessions")
    for place in _repeated(agents):
        yield Problem(f"agents[{place}]", f"agent {agents[place]} is in this group already")
    known = frozenset(agents)
    for number, shift in enumerate(group.shifts):
        if not shift.agents:
            yield Problem(f"shifts[{number}].agents", "nobody works in this shift")
        for agent in shift.agents:
            if agent not in known:
                yield Problem(f"shifts[{number}].agents", unknown("agent of this group called", agent, agents))


def _agent_problems(routing: Routing) -> Iterator[Problem]:
    """Seats are given by group: somebody who sat in two would get twice as many buyers."""
    groups: dict[str, str] = {}
    for name, group in routing.groups.items():
        for place, one in enumerate(group.agents):
            first = groups.setdefault(one.agent, name)
            if first != name:
                yield Problem(f"groups.{name}.agents[{place}]", f"agent {one.agent} is in group {first} already")


def _default_problems(routing: Routing) -> Iterator[Problem]:
    for name in ("presale_group", "aftersale_group", "logistics_group"):
        group = getattr(routing, name)
        if group is not None and group not in routing.groups:
            yield Problem(name, unknown("group", group, tuple(routing.groups)))


def _rule_problems(routing: Routing) -> Iterator[Problem]:
    names = [rule.rule for rule in routing.rules]
    agents = {one.agent: None for group in routing.groups.values() for one in group.agents}
    for place in _repeated(names):
        message = f"rule {names[place]} is there already: name each differently, reports are by name"
        yield Problem(f"rules[{place}].rule", message)
    for place, rule in enumerate(routing.rules):
        name, then = rule.rule, rule.then
        if name in OWN_NAMES or name.startswith(DEFAULT):
            yield Problem(f"rules[{place}].rule", f"{name} is a name of the built-in rules: choose another")
        if then.group is not None and then.group not in routing.groups:
            known = unknown("group", then.group, tuple(routing.groups))
            yield Problem(f"rules[{place}].then.group", f"rule {name}: {known}")
        if then.agent is not None and then.agent not in agents:
            known = unknown("agent in any group called", then.agent, tuple(agents))
            yield Problem(f"rules[{place}].then.agent", f"rule {name}: {known}")


def _welcome_problems(routing: Routing) -> Iterator[Problem]:
    names = [one.welcome for one in routing.welcomes]
    for place in _repeated(names):
        yield Problem(f"welcomes[{place}].welcome", f"welcome {names[place]} is there already: name each differently")


def _repeated(names: list[str]) -> Iterator[int]:
    """Give the places at which a name stands again."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            yield place
        seen.add(name)
