"""What sources of tracking are asked, and what they answer."""

from typing import Any

from shared.domain.events import CommandFailed, TrackingEnded, TrackingSubscribed
from tests.unit.rules.build import MERCHANT
from tests.unit.rules.watched import Parcel, of_type

WATCH = ("subscribe_tracking", "query_tracking")


def commands(said: list[Any]) -> list[tuple[str, str]]:
    """What sources were asked, and which."""
    return [(message.type, message.source) for message in of_type(said, *WATCH)]


def ended(parcel: Parcel, source: str = "zto", *, gave_up: bool = False, reason: str = "") -> list[Any]:
    """A source stops watching."""
    return parcel.take(TrackingEnded(**parcel.about, source=source, reason=reason, gave_up=gave_up))


def answers(parcel: Parcel) -> str:
    """The id of the last command to a source."""
    return str([*of_type(parcel.run.said, *WATCH)][-1].command_id)


def subscribed(parcel: Parcel) -> list[Any]:
    """The source takes the last subscription."""
    return parcel.take(TrackingSubscribed(**parcel.about, answers=answers(parcel)))


def refused(parcel: Parcel, code: str = "no_rights") -> list[Any]:
    """The source refuses the last command."""
    about = {"merchant": MERCHANT, "reply_to": parcel.key, "answers": answers(parcel)}
    return parcel.take(CommandFailed(**about, command="x", code=code))


def kinds(parcel: Parcel) -> list[str]:
    """The kinds of all tickets."""
    return [ticket.anomaly.value for ticket in parcel.case.tickets]
