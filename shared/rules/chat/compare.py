"""What would other rules have done with the conversations of last month? Runs rule sets over what was recorded.

Nothing is called and nothing is written: what a rule looked at is stored with every line. What people did is taken as
it happened: their hand-overs, and how soon they took their seats. Under the same rules the same comes out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.domain.conditions import ChatFacts, Period
from shared.domain.routing import Routing
from shared.domain.session import Holder, Routed
from shared.rules.chat.following import Place, is_followed, target_of
from shared.rules.chat.recorded import Conversation, Recorded
from shared.rules.routing.compile import Hit, Router
from shared.rules.routing.facts import mode_at
from shared.rules.routing.replay import from_document, is_by_rule

SAMPLES_MAX = 20


class Stop(NamedTuple):
    """Where a conversation went by a rule, and the decision by which it did."""

    rule: str
    bot: bool
    group: str | None
    agent: str | None


class Sample(NamedTuple):
    """A conversation that would have gone elsewhere: its stops as they were and as they would be, and the facts."""

    session: str
    was: tuple[Stop, ...]
    now: tuple[Stop, ...]
    first: Routed  # where they part
    facts: Mapping[str, object]


class Trial(NamedTuple):
    """What a rule set would have done with recorded conversations, beside what was done.

    A rule's hits are the decisions that were followed. `moved` conversations would have gone elsewhere; `changed` ones
    at least by another rule. `by_hand` are hand-overs by people; `unreadable` lines have facts of another version of
    the product, and are passed over.
    """

    conversations: int
    lines: int
    hits: Mapping[str, int]
    was_hits: Mapping[str, int]
    to_people: int
    was_to_people: int
    changed: int
    moved: int
    by_hand: int
    unreadable: int
    samples: tuple[Sample, ...]


def compare(routings: Mapping[str, Routing], recorded: Iterable[Conversation]) -> dict[str, Trial]:
    """Run rule sets over recorded conversations, read once."""
    trials = {name: _Trial(routing) for name, routing in routings.items()}
    for conversation in recorded:
        for trial in trials.values():
            trial.take(conversation)
    return {name: trial.result() for name, trial in trials.items()}


class _Trial:
    """A trial in the making."""

    def __init__(self, routing: Routing) -> None:
        self._routing = routing
        self._router = Router(routing)
        self._counts = Counter[str]()
        self._hits = Counter[str]()
        self._was_hits = Counter[str]()
        self._samples: list[Sample] = []

    def take(self, conversation: Conversation) -> None:
        """Play a conversation once more."""
        place, now, was = Place(), list[Stop](), list[Stop]()
        parted: Recorded | None = None
        for step in conversation.steps:
            routed = step.routed
            if not is_by_rule(routed):
                self._counts["by_hand"] += 1
                place = _by_hand(place, routed)
                continue
            self._counts["lines"] += 1
            facts = self._facts_of(routed)
            if facts is None:
                continue
            hit = self._router.decide(_under(self._routing, facts, routed.at))
            place = _as_then(place, step.before)
            followed = is_followed(place, hit.rule, hit.action, target_of(hit.action, self._routing))
            if followed:
                place = self._sent(place, hit)
                now.append(Stop(hit.rule, *hit.action.target))
            if step.followed:
                was.append(Stop(routed.rule, routed.bot, routed.group, routed.agent))
            if parted is None and now != was:
                parted = step
        self._count(conversation, was, now, parted)

    def _facts_of(self, routed: Routed) -> ChatFacts | None:
        try:
            return from_document(routed.facts)
        except ValueError:
            self._counts["unreadable"] += 1
            return None

    def _sent(self, place: Place, hit: Hit) -> Place:
        """Give the place after a decision; a person takes the seat at once, and who took it is known a line later."""
        target = target_of(hit.action, self._routing)
        if target is None:
            return place._replace(rule=hit.rule)
        return Place(Holder.AGENT, target, hit.action.agent, hit.action.priority, hit.rule)

    def _count(self, conversation: Conversation, was: list[Stop], now: list[Stop], parted: Recorded | None) -> None:
        self._hits.update(stop.rule for stop in now)
        self._was_hits.update(stop.rule for stop in was)
        is_moved = [stop[1:] for stop in was] != [stop[1:] for stop in now]
        self._counts.update(
            conversations=1,
            to_people=any(not stop.bot for stop in now),
            was_to_people=any(not stop.bot for stop in was),
            changed=was != now,
            moved=is_moved,
        )
        if is_moved and parted and len(self._samples) < SAMPLES_MAX:
            routed = parted.routed
            self._samples.append(Sample(conversation.session, tuple(was), tuple(now), routed, routed.facts))

    def result(self) -> Trial:
        """Close the trial; the rule with the most hits comes first."""
        counts = self._counts
        return Trial(
            conversations=counts["conversations"],
            lines=counts["lines"],
            hits=dict(self._hits.most_common()),
            was_hits=dict(self._was_hits.most_common()),
            to_people=counts["to_people"],
            was_to_people=counts["was_to_people"],
            changed=counts["changed"],
            moved=counts["moved"],
            by_hand=counts["by_hand"],
            unreadable=counts["unreadable"],
            samples=tuple(self._samples),
        )


def _under(routing: Routing, facts: ChatFacts, at: datetime) -> ChatFacts:
    """See the facts as a routing's own lists and hours make them; who was on duty is taken as it was."""
    period = facts.period
    if period != Period.NO_ORDER:
        period = Period.AFTER_SALE if facts.order_age_days <= routing.after_sales_days else Period.PRE_SALE
    return facts._replace(
        period=period,
        hot=facts.item in routing.hot_items,
        category=routing.categories.get(facts.item, ""),
        mode=mode_at(routing, facts.channel, at),
    )


def _by_hand(place: Place, routed: Routed) -> Place:
    """Take what people did as it happened."""
    if routed.bot:
        return Place(rule=place.rule)
    return place._replace(holder=Holder.AGENT, group=routed.group, agent=routed.agent, rule=routed.rule)


def _as_then(place: Place, then: Place) -> Place:
    """Where the session is with the people who really had it, they had it as they did: waiting, or with an agent."""
    if place.holder is Holder.BOT or place.group != then.group or then.holder not in (Holder.WAITING, Holder.AGENT):
        return place
    return place._replace(holder=then.holder, agent=then.agent)
