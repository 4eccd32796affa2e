"""Is a rule's decision followed? A session that people have stays where it is, unless something more urgent fires."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.domain.routing import Action, Group, Routing
from shared.domain.session import Holder, SessionCase


class Place(NamedTuple):
    """Where a session is: who has it, how urgent it is, and the rule that was followed last."""

    holder: Holder = Holder.BOT
    group: str | None = None
    agent: str | None = None
    priority: int = 5
    rule: str | None = None


def place_of(case: SessionCase) -> Place:
    """Give the place of a session."""
    return Place(
        case.named_holder, case.group, case.agent, case.priority, case.routed[-1].rule if case.routed else None
    )


def target_of(action: Action, routing: Routing) -> str | None:
    """Give the group to which an action sends; None is the bot."""
    return None if action.bot else group_for(routing, action.group, action.agent)


def is_followed(place: Place, rule: str, action: Action, target: str | None) -> bool:
    """Whether a session goes where a rule wants it; of the bot's, also whether another rule keeps it there.

    People lose a session only to what is strictly more urgent, and never to a bot: so rules never send it to and fro.
    """
    if place.holder is Holder.BOT:
        return target is not None or rule != place.rule
    if target is None or action.priority >= place.priority:
        return False
    is_there = target == place.group and place.holder is Holder.AGENT
    return not (is_there and action.agent in (None, place.agent))


def group_for(routing: Routing, group: str | None, agent: str | None = None) -> str | None:
    """Give the group, or the agent's, or whichever takes what belongs to none; None where there are no groups."""
    own = _group_with(routing.groups, agent) if agent else None
    wanted = (group, own, routing.aftersale_group, routing.presale_group, *routing.groups)
    return next((name for name in wanted if name in routing.groups), None)


def _group_with(groups: Mapping[str, Group], agent: str) -> str | None:
    return next((name for name, group in groups.items() if any(one.agent == agent for one in group.agents)), None)
