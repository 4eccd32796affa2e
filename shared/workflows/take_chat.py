"""A message of the chats' queue, which may hold what a buyer said: where it fails, the words do not stay.

A push that was not taken twice is understood at once and sent on without its words, so that they never lie among the
dead letters. What is understood then lacks the session's earlier lines, and nothing else.
"""

import json
from collections.abc import Callable
from types import ModuleType

from shared.domain.chat_events import LineSaid
from shared.domain.lanes import Lane
from shared.domain.messages import write_message
from shared.domain.wire import Push
from shared.ports import CaseStore, Clock, Queue
from shared.workflows.handle_event import Count, Fate
from shared.workflows.receive_push import read_raw_push, write_raw_push
from shared.workflows.take_message import FateRecord, UnknownPushes, take_message

WORDS_TRIES = 2


def take_chat(  # noqa: PLR0913 - what a consumer has
    body: str,
    attempt: int,
    *,
    store: CaseStore,
    clock: Clock,
    find_source: Callable[[str], ModuleType],
    unknown: UnknownPushes,
    queue: Queue,
    count: Count,
) -> list[FateRecord]:
    """Take all events of a message; repeating it changes nothing."""
    if attempt > WORDS_TRIES and (sent := _without_words(body, find_source, clock)):
        queue.send(Lane.CHATS, sent)
        return [FateRecord(Fate.IGNORED, sent[0][0], "words", reason="taken out, since their message had failed")]
    return take_message(body, store=store, clock=clock, find_source=find_source, unknown=unknown, count=count)


def _without_words(body: str, find_source: Callable[[str], ModuleType], clock: Clock) -> list[tuple[str, str]]:
    """Give the messages that take the place of one with words; none where there are no words in it."""
    message = json.loads(body)
    if message.get("type") != "raw_push":
        return []
    source, merchant, raw, headers = read_raw_push(message)
    vendor = find_source(source)
    left = vendor.redact(raw)
    if json.loads(left) == json.loads(raw):
        return []
    from shared.rules.chat.listening import understand_line

    lines = [item for item in vendor.parse_push(merchant, raw, headers) if isinstance(item, LineSaid)]
    rest = write_raw_push(source, merchant, Push(headers, {}, left), clock.now())
    return [(merchant, text) for text in (*(write_message(understand_line(line)) for line in lines), rest)]
