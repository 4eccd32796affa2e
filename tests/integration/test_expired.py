"""DynamoDB deletes what has expired up to days late: nothing reads an expiry, and nothing waits for one."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared.adapters.table_layout import COMMAND_KEPT
from shared.ports import Claim, DuePointer, SlotState
from shared.workflows.take_batch import PUT_BACK_MAX
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import REFUND

ROOT = Path(__file__).parents[2]
QUEUES_KEEP = timedelta(days=14)  # the longest that SQS does, and as long as our queues do
LINES = [
    (path.name, line.strip())
    for folder in ("shared", "functions")
    for path in (ROOT / folder).rglob("*.py")
    for line in path.read_text("utf-8").splitlines()
    if "expires_at" in line
]
READS = re.compile(r"""\.get\(.expires_at|\[.expires_at.\](?! =)|expires_at\s*[<>]|(Condition|Filter)Expression""")


def test_an_expiry_is_only_written() -> None:
    """Every line that speaks of it sets it; no condition, filter or reader does."""
    assert len(LINES) > 5
    assert [line for line in LINES if READS.search(line[1])] == []


@pytest.mark.parametrize(
    "line", ['if item["expires_at"] < now:', 'item.get("expires_at")', '"FilterExpression": "expires_at > :now"']
)
def test_a_line_that_reads_one_would_be_found(line: str) -> None:
    assert READS.search(line)


def test_a_command_outlives_every_message_that_could_carry_it_out_again() -> None:
    """On the queue, put back for a day, in the dead letters, redriven and there once more."""
    assert QUEUES_KEEP + PUT_BACK_MAX < COMMAND_KEPT
    assert 2 * QUEUES_KEEP + PUT_BACK_MAX < COMMAND_KEPT


def test_a_command_that_has_expired_and_is_still_there_is_not_carried_out_again(backend: Backend) -> None:
    later = NOW + COMMAND_KEPT + timedelta(days=2)
    assert backend.ledger.claim("demo", "c", NOW, NOW + timedelta(minutes=1)) is Claim.FRESH
    assert backend.ledger.claim("demo", "c", later, later + timedelta(minutes=1)) is Claim.STALE


def test_a_pointer_that_has_expired_and_is_still_there_is_swept_like_any_other(backend: Backend) -> None:
    backend.due_index.arm([DuePointer(REFUND, NOW)])
    hour, shards = timedelta(hours=1), range(backend.due_index.shards)
    reached = [one for shard in shards for one in backend.due_index.reached(shard, NOW - hour, NOW + hour)]
    assert reached == [DuePointer(REFUND, NOW)]
    assert backend.due_index.look([REFUND]) == {}  # without its case it wakes nobody


def test_calls_of_a_slot_that_has_expired_do_not_count(backend: Backend) -> None:
    later = NOW + timedelta(days=3)
    backend.tokens.take("demo", "b", NOW, 4, 4)
    assert backend.tokens.take("demo", "b", later, 4, 4) == SlotState(later, 4, granted=True)
