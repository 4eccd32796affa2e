"""Where a message goes that none of the merchant's rules fits: the order of these rules is a business decision.

only the bot works → a parcel is in trouble → the buyer is upset or repeats herself → much money is in it
→ the bot begins → after-sales → pre-sales → any group → the bot, where there is no group at all
"""

from collections.abc import Callable
from typing import NamedTuple

from shared.domain.chat import Tone
from shared.domain.conditions import REFUND_CASE, ChatFacts, Period
from shared.domain.routing import DEFAULT, Action, Mode, Routing

UPSET, VALUABLE, TROUBLED = 1, 2, 3
"""Priorities; what a rule sets itself is 5 where it says nothing."""


class Default(NamedTuple):
    """A built-in rule: when it fits, and where it sends."""

    rule: str
    fits: Callable[[ChatFacts], bool]
    action: Callable[[ChatFacts], Action]


def defaults(routing: Routing) -> tuple[Default, ...]:
    """Give the built-in rules of a merchant, in their order; the last one always fits."""
    tones = (Tone.COMPLAINT, Tone.ABUSIVE)
    anybody = bool(routing.groups)
    presale, aftersale = routing.presale_group, routing.aftersale_group

    def is_upset(facts: ChatFacts) -> bool:
        return facts.tone in tones or facts.negative_lines >= routing.negative_max

    def repeats(facts: ChatFacts) -> bool:
        return facts.repeated >= routing.repeated_max

    def to_people(priority: int) -> Callable[[ChatFacts], Action]:
        return lambda facts: Action(group=_group_for(facts, routing), priority=priority)

    def to_logistics(facts: ChatFacts) -> Action:
        group = routing.logistics_group or aftersale or _first(routing)
        priority = UPSET if is_upset(facts) or repeats(facts) else TROUBLED
        return Action(group=group, priority=priority, tags=tuple(sorted(map(str, facts.open_cases - {REFUND_CASE}))))

    table: tuple[tuple[str, Callable[[ChatFacts], bool], Callable[[ChatFacts], Action]], ...] = (
        ("bot_only", lambda facts: facts.mode == Mode.BOT_ONLY, _to_bot),
        ("open_parcel", lambda facts: anybody and not facts.open_cases <= {REFUND_CASE}, to_logistics),
        ("upset_buyer", lambda facts: anybody and is_upset(facts), to_people(UPSET)),
        ("repeated_question", lambda facts: anybody and repeats(facts), to_people(UPSET)),
        ("hot_item", lambda facts: anybody and facts.hot, to_people(VALUABLE)),
        ("high_price", lambda facts: anybody and 0 < facts.price_fen >= routing.high_price_fen, to_people(VALUABLE)),
        ("bot_first", lambda facts: facts.mode == Mode.BOT_FIRST, _to_bot),
        ("after_sale", lambda facts: bool(aftersale) and facts.period == Period.AFTER_SALE, _to(aftersale)),
        ("pre_sale", lambda _: bool(presale), _to(presale)),
        ("first_group", lambda _: anybody, lambda _: Action(group=_first(routing))),
        ("no_group", lambda _: True, _to_bot),
    )
    return tuple(Default(DEFAULT + name, fits, action) for name, fits, action in table)


def _to_bot(facts: ChatFacts) -> Action:
    return Action(bot=True)


def _to(group: str | None) -> Callable[[ChatFacts], Action]:
    return lambda _: Action(group=group)


def _group_for(facts: ChatFacts, routing: Routing) -> str:
    """Give the group of a buyer's period, and some group where that has none."""
    own = routing.aftersale_group if facts.period == Period.AFTER_SALE else None
    return own or routing.presale_group or _first(routing)


def _first(routing: Routing) -> str:
    return next(iter(routing.groups))
