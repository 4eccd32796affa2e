"""What staff are told, from its queue: notices go into digests, posts go to the robots."""

from typing import Any

from shared import wiring
from shared.domain.commands import EndTrial
from shared.domain.events import Event
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.workflows.end_trial import end_trial
from shared.workflows.handle_event import handle_event
from shared.workflows.take_batch import Delivery, take_batch
from shared.workflows.take_call import take_call


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of messages; answer with those that must come again."""
    del context
    return take_batch(event["Records"], _take, wiring.deliveries(Lane.NOTIFICATIONS), wiring.telemetry())


def _take(delivery: Delivery) -> None:
    message = parse_message(delivery.body)
    if isinstance(message, Event):
        fate = handle_event(message, wiring.case_store(), wiring.clock())
        wiring.telemetry().fate(fate, message.merchant, message.type, str(message.case))
    elif isinstance(message, EndTrial):
        ended = end_trial(message, wiring.policy_store(), wiring.clock())
        wiring.telemetry().trial_ended(message.merchant, message.version, ended.version if ended else 0)
    else:
        take_call(delivery, wiring.caller(), wiring.telemetry())
