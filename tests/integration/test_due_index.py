"""The sweep finds every pointer, in order, also after a long outage."""

from datetime import timedelta

import pytest

from shared.adapters import dynamo_deadlines
from shared.adapters.table_layout import SHARDS, shard_of
from shared.domain.keys import parcel_key
from shared.errors import Retryable
from shared.ports import DuePointer, Waiting
from tests.fakes import due_index as fake_due_index
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import SHOP, parcel_case

HOUR = timedelta(hours=1)
KEYS = [key for key in (parcel_key(SHOP, "sf", f"SF{number}") for number in range(200)) if shard_of(key) == 1]


def arm(backend: Backend, *hours: float):
    for number, offset in enumerate(hours):
        backend.due_index.arm([DuePointer(KEYS[number], NOW + offset * HOUR)])


def held_back(clients, times: int) -> None:
    """Let the next answers of moto's table say that it took nothing, as a throttled one does."""
    asked: list[dict] = []
    left = list(range(times))

    def note(params, **_) -> None:
        asked.append(params["RequestItems"])

    def hold_back(parsed, **_) -> None:
        if left:
            left.pop()
            parsed["UnprocessedItems"] = asked[-1]

    clients.dynamodb.meta.events.register("provide-client-params.dynamodb.BatchWriteItem", note)
    clients.dynamodb.meta.events.register("after-call.dynamodb.BatchWriteItem", hold_back)


def reached(backend: Backend, since: float, until: float):
    pointers = backend.due_index.reached(1, NOW + since * HOUR, NOW + until * HOUR)
    return [(KEYS.index(pointer.key), (pointer.at - NOW) / HOUR) for pointer in pointers]


def test_pointers_come_in_time_order_across_hours(backend: Backend) -> None:
    arm(backend, 3, 1.25, 0, 30)
    assert reached(backend, 0, 48) == [(2, 0), (1, 1.25), (0, 3), (3, 30)]


def test_both_ends_belong_to_the_span(backend: Backend) -> None:
    arm(backend, 1, 2, 3)
    assert reached(backend, 1, 2) == [(0, 1), (1, 2)]
    assert reached(backend, 1.001, 1.999) == []


def test_a_span_that_ends_before_it_begins_is_empty(backend: Backend) -> None:
    arm(backend, 1)
    assert reached(backend, 1, 0.99) == []
    instant = NOW + HOUR + timedelta(microseconds=1)
    assert list(backend.due_index.reached(1, instant, instant)) == []


def test_arming_twice_gives_one_pointer(backend: Backend) -> None:
    arm(backend, 1)
    arm(backend, 1)
    assert reached(backend, 0, 2) == [(0, 1)]


def test_arming_takes_25_per_call_and_nothing_twice_from_one_process(dynamo: Backend) -> None:
    pointers = [DuePointer(key, NOW + HOUR) for key in KEYS[:30]]
    dynamo.due_index.arm([*pointers, *pointers])
    assert dynamo.calls == ["BatchWriteItem"] * 2
    dynamo.due_index.arm(pointers)
    assert dynamo.calls == ["BatchWriteItem"] * 2
    dynamo.due_index.arm([DuePointer(KEYS[0], NOW + 2 * HOUR)])
    assert dynamo.calls == ["BatchWriteItem"] * 3
    assert len(reached(dynamo, 0, 3)) == 31


def test_pointers_that_the_table_did_not_take_are_put_again(dynamo: Backend) -> None:
    held_back(dynamo.clients, 1)
    dynamo.due_index.arm([DuePointer(key, NOW + HOUR) for key in KEYS[:3]])
    assert len(reached(dynamo, 0, 2)) == 3
    held_back(dynamo.clients, 3)
    with pytest.raises(Retryable):
        dynamo.due_index.arm([DuePointer(KEYS[4], NOW + HOUR)])
    dynamo.due_index.arm([DuePointer(KEYS[4], NOW + HOUR)])
    assert len(reached(dynamo, 0, 2)) == 4


def test_other_shards_are_left_alone(backend: Backend) -> None:
    arm(backend, 1)
    spans = [backend.due_index.reached(shard, NOW, NOW + 2 * HOUR) for shard in range(backend.due_index.shards)]
    assert [len(span) for span in spans] == [0, 1, 0, 0]
    assert backend.due_index.shards == SHARDS


@pytest.mark.parametrize("size", [2, 3])
def test_pages_follow_each_other_and_never_cut_an_instant(backend: Backend, monkeypatch, size) -> None:
    monkeypatch.setattr(dynamo_deadlines, "DUE_PAGE_MAX", size)
    monkeypatch.setattr(fake_due_index, "DUE_PAGE_MAX", size)
    hours = (1, 2, 2, 2, 2, 2, 3, 4.5)
    arm(backend, *hours)
    since, seen = 0.0, []
    while page := reached(backend, since, 9):
        assert len(page) <= 6
        seen += page
        since = page[-1][1] + 1 / 3_600_000
    assert sorted(seen) == list(enumerate(hours))
    assert [hour for _, hour in seen] == list(hours)


def test_looking_gives_the_deadlines_of_cases_that_exist(backend: Backend) -> None:
    for key, due in ((KEYS[0], NOW + HOUR), (KEYS[1], None)):
        before = backend.cases.load(SHOP, [key]).cases[key]
        backend.cases.save(before, parcel_case(), outbox=(), due=due, draw=None, now=NOW)
    assert backend.due_index.look([*KEYS[:3], KEYS[0]]) == {
        KEYS[0]: Waiting(NOW + HOUR, NOW + HOUR),
        KEYS[1]: Waiting(),
    }
    assert backend.due_index.look([]) == {}


def test_looking_reads_a_hundred_at_a_time(dynamo: Backend) -> None:
    dynamo.due_index.look([parcel_key(SHOP, "sf", f"SF{number}") for number in range(201)])
    assert dynamo.calls == ["BatchGetItem"] * 3


def test_catching_up_costs_one_query_per_hour_and_starts_where_pointers_still_exist(dynamo: Backend) -> None:
    dynamo.due_index.reached(1, NOW - 5 * HOUR, NOW)
    assert len(dynamo.calls) == 6
    dynamo.calls.clear()
    dynamo.due_index.reached(1, NOW - timedelta(days=1000), NOW)
    assert len(dynamo.calls) == 14 * 24 + 1


def test_the_cursor_is_kept_per_shard_and_never_ahead_of_the_sweep(backend: Backend) -> None:
    assert backend.due_index.cursor(0) is None
    backend.due_index.advance(0, NOW + timedelta(microseconds=2999))
    assert backend.due_index.cursor(0) == NOW + timedelta(milliseconds=2)
    assert backend.due_index.cursor(1) is None
