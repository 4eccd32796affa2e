"""Everything that travels on a queue, and how it is written down."""

import json
from typing import get_args

from shared.domain.chat_events import DeskEvent, SessionEvent
from shared.domain.commands import (
    LANES,
    AssignSession,
    CourierCommand,
    EndTrial,
    ErpCommand,
    PlatformCommand,
    PostMessage,
)
from shared.domain.events import (
    CommandFailed,
    DeadlineReached,
    Event,
    MessagePosted,
    NoticeRaised,
    OrderEvent,
    ParcelEvent,
    RefundEvent,
    TicketTaken,
)
from shared.domain.lanes import Lane

AnyEvent = (
    OrderEvent
    | RefundEvent
    | ParcelEvent
    | SessionEvent
    | DeskEvent
    | TicketTaken
    | CommandFailed
    | NoticeRaised
    | MessagePosted
    | DeadlineReached
)
AnyCommand = PlatformCommand | ErpCommand | CourierCommand | PostMessage | AssignSession | EndTrial
Message = AnyEvent | AnyCommand

_MODELS: dict[str, type[Message]] = {model.model_fields["type"].default: model for model in get_args(Message)}


def parse_message(text: str | bytes) -> Message:
    """Read a message that `write_message` wrote.

    Only the model of this type is built: a function meets a few, and all of them together delay its cold start.

    Raises:
        KeyError, pydantic.ValidationError: the text is no message; a bug, since only we write them.
    """
    return _MODELS[json.loads(text)["type"]].model_validate_json(text)


def write_message(message: Message) -> str:
    """Write a message as JSON, without what is only default."""
    return message.model_dump_json(exclude_defaults=True)[:-1] + f',"type":"{message.type}"}}'


def lane_of(message: Message) -> Lane:
    """The queue on which a message travels: an event to its case's, a command to its caller's."""
    return message.case.lane if isinstance(message, Event) else LANES[type(message)]
