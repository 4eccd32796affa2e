"""How an outbox is written down: the stream's consumer forwards it without knowing what is inside."""

import json
from collections.abc import Sequence

from shared.domain.messages import Message, lane_of, write_message
from shared.domain.walls import keep_to


def write_outbox(merchant: str, messages: Sequence[Message]) -> str:
    """Write a JSON list of {"lane", "group", "body"}; an empty text when there is nothing to say.

    `group` is the merchant, for the queue's fairness; `body` the text that goes on the queue as it is.

    Raises:
        WrongMerchant: a message is another merchant's.
    """
    keep_to(merchant, (message.merchant for message in messages))
    if not messages:
        return ""
    letters = [
        {"lane": lane_of(message).value, "group": message.merchant, "body": write_message(message)}
        for message in messages
    ]
    return json.dumps(letters, ensure_ascii=False, separators=(",", ":"))
