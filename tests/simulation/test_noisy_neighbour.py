"""One shop's burst of 10,000 events does not raise another's time to decision: the real count at ten doors, two queues.

As on AWS, in virtual time: each door takes every tenth push, each queue has the consumers of the parcels' lane, which
take ten messages at a time, first come first served, one after the other. The burst comes three times as fast as all
of them can work; SQS's own fairness is left out.
"""

import heapq
import random
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from infra.catalog import FUNCTIONS
from shared import wiring
from shared.domain.crowd import Crowd
from shared.domain.lanes import Lane

NOW = datetime(2026, 11, 11, tzinfo=UTC)
LANE = next(spec for spec in FUNCTIONS if spec.consumes is Lane.PARCELS)
DOORS = 10
EVENT_S = 0.06
BURST, BURST_PER_S = 10_000, 1_000
QUIET_PER_S, QUIET = 5, 300


class Push(NamedTuple):
    """A push, and when it came."""

    at: float
    merchant: str


def pushes(*, burst: int) -> list[Push]:
    """A minute of a quiet shop; a burst of a busy one, from the fifth second on."""
    chance = random.Random(11)
    quiet = [Push(number / QUIET_PER_S + chance.random() / QUIET_PER_S, "quiet") for number in range(QUIET)]
    busy = [Push(5 + number / BURST_PER_S, "busy") for number in range(burst)]
    return sorted(quiet + busy)


def sort_out(came: Sequence[Push], crowds: Sequence[Crowd]) -> tuple[list[Push], list[Push]]:
    """Let the doors put each push on one of the two queues."""
    queues: tuple[list[Push], list[Push]] = ([], [])
    for number, push in enumerate(came):
        is_crowd = crowds[number % DOORS].is_one(push.merchant, NOW + timedelta(seconds=push.at))
        queues[is_crowd].append(push)
    return queues


def decide(queue: Sequence[Push]) -> dict[str, list[float]]:
    """Let the consumers of a queue work; give the seconds from push to decision, by merchant."""
    waiting, took = deque(queue), dict[str, list[float]]()
    free_at = [0.0] * LANE.concurrency_max
    while waiting:
        now = max(heapq.heappop(free_at), waiting[0].at)
        for _ in range(LANE.batch_max):
            if not waiting or waiting[0].at > now:
                break
            push = waiting.popleft()
            now += EVENT_S
            took.setdefault(push.merchant, []).append(now - push.at)
        heapq.heappush(free_at, now)
    return took


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value below which that share lies."""
    return sorted(values)[int(share * len(values))]


@pytest.fixture(scope="module")
def alone() -> list[float]:
    return decide(pushes(burst=0))["quiet"]


@pytest.mark.parametrize("burst", [BURST, 10 * BURST])
def test_a_burst_raises_nobody_elses_time_to_decision_by_more_than_twice(alone: list[float], burst: int) -> None:
    crowds = [Crowd(most=wiring.CROWD_MIN) for _ in range(DOORS)]
    lane, aside = sort_out(pushes(burst=burst), crowds)
    beside = decide(lane)["quiet"]
    assert len(beside) == QUIET, "no scan of the quiet shop was sent aside"
    assert quantile(beside, 0.5) <= 1.1 * quantile(alone, 0.5)
    assert quantile(beside, 0.95) <= 2 * quantile(alone, 0.95)
    assert len(lane) + len(aside) == QUIET + burst


def test_the_busy_shop_itself_is_not_slowed_down_by_it() -> None:
    crowds = [Crowd(most=wiring.CROWD_MIN) for _ in range(DOORS)]
    together = decide(pushes(burst=BURST))["busy"]
    lane, aside = sort_out(pushes(burst=BURST), crowds)
    apart = decide(lane)["busy"] + decide(aside)["busy"]
    assert quantile(apart, 0.95) <= 1.05 * quantile(together, 0.95)


def test_on_one_queue_the_quiet_shop_would_wait_behind_all_of_it(alone: list[float]) -> None:
    assert quantile(decide(pushes(burst=BURST))["quiet"], 0.95) > 100 * quantile(alone, 0.95)
