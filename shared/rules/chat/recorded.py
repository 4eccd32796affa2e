"""What states of a session tell, one after the other: every line with all that a rule looked at, and who had it then.

A session that was closed and opened again is a new conversation.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.domain.routing import RETURNED
from shared.domain.session import Holder, Routed, SessionCase
from shared.rules.chat.following import Place, place_of


class Recorded(NamedTuple):
    """A line, a hand-over or a return to the bot; `followed`: it decided where the session went from `before`."""

    routed: Routed
    followed: bool
    before: Place


class Conversation(NamedTuple):
    """All that is known of one conversation."""

    session: str
    steps: tuple[Recorded, ...]


def conversations(states: Iterable[SessionCase]) -> Iterator[Conversation]:
    """Give the conversations that the states of one session tell of, in order."""
    steps: list[Recorded] = []
    before: SessionCase | None = None
    for after in states:
        if before is not None and after.previous_until != before.previous_until:
            yield from _conversation(before, steps)
            before, steps = None, []
        steps += _steps(before, after)
        before = after
    if before is not None:
        yield from _conversation(before, steps)


def _conversation(case: SessionCase, steps: list[Recorded]) -> Iterator[Conversation]:
    if steps:
        yield Conversation(case.name, tuple(steps))


def _steps(before: SessionCase | None, after: SessionCase) -> Iterator[Recorded]:
    """Give what is new in a state."""
    place = place_of(before) if before else Place()
    known = before.routed if before else ()
    for routed in after.routed:
        if routed not in known:
            yield Recorded(routed, followed=True, before=place)
    if after.seen is not None and (before is None or after.seen != before.seen):
        yield Recorded(after.seen, followed=False, before=place)
    if after.named_holder is Holder.BOT and place.holder in (Holder.WAITING, Holder.AGENT):
        at, version = after.held_since, after.routed[-1].policy_version if after.routed else 0
        yield Recorded(Routed(rule=RETURNED, policy_version=version, at=at, facts={}, bot=True), True, place)
