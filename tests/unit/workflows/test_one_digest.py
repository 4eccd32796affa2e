"""A digest is flushed by one conditional write: whoever comes at the same time finds it gone."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest

from shared.domain.messages import parse_message
from shared.errors import Retryable
from shared.workflows.handle_event import handle_event
from tests.fakes import FakeCaseStore, FakeClock, FakeTable
from tests.unit.rules.build import MERCHANT, MINUTE, NOW, policy, tick
from tests.unit.rules.test_digest import KEY, raised

CROWD = 100


class Shared(FakeCaseStore):
    """A store that many use at once; each of its calls is one step, as in the table."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self._lock = Lock()

    def load(self, *asked: Any) -> Any:
        """Read."""
        with self._lock:
            return super().load(*asked)

    def save(self, *what: Any, **how: Any) -> None:
        """Write, if nobody has written meanwhile."""
        with self._lock:
            super().save(*what, **how)


class Group:
    """A staff group and a crowd of workers."""

    def __init__(self) -> None:
        self.table = FakeTable()
        self.table.policies[MERCHANT] = policy()
        self.store = Shared(self.table)
        self.clock = FakeClock(NOW)

    def at_once(self, events: list[Any]) -> None:
        """Take events at the same time; who has lost too many races comes again, as its message does."""

        def take(event: Any) -> None:
            while True:
                try:
                    handle_event(event, self.store, self.clock)
                except Retryable:
                    continue
                return

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(take, events))

    def posts(self) -> list[Any]:
        """Everything that a robot was told to say since the last look."""
        outboxes = [record.outbox for record in self.table.take_stream() if record.outbox]
        return [parse_message(letter["body"]) for outbox in outboxes for letter in json.loads(outbox)]


@pytest.mark.parametrize("notices", [1, 15, 20])
def test_a_hundred_ticks_at_once_flush_a_digest_once(notices: int) -> None:
    group = Group()
    group.at_once([raised(number) for number in range(notices)])
    assert group.posts() == []
    group.clock.advance(5 * MINUTE)
    group.at_once([tick(KEY)] * CROWD)
    [post] = group.posts()
    assert all(f"N{number}" in post.text for number in range(notices))


def test_a_hundred_notices_at_once_are_each_told_once() -> None:
    group = Group()
    group.at_once([raised(number) for number in range(CROWD)] * 2)
    told: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for _ in range(12):
        group.clock.advance(5 * MINUTE)
        group.at_once([tick(KEY)] * 10)
        for post in group.posts():
            numbers[post.command_id] += 1
            if numbers[post.command_id] == 1:  # said again with the same number: nobody answers here
                told.update(word for word in post.text.replace("*", " ").split() if word.startswith("N"))
    assert told == {f"N{number}": 1 for number in range(CROWD)}


def test_a_hundred_copies_of_a_critical_notice_at_once_are_told_at_once_and_once() -> None:
    group = Group()
    group.at_once([raised(1, urgent=True)] * CROWD)
    [post] = group.posts()
    assert post.title == "N1"
