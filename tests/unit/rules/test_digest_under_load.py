"""A promotion's afternoon: ten thousand notices in ten minutes to one robot that allows twenty a minute."""

from collections import deque
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.events import NoticeRaised
from shared.domain.notices import Notice
from shared.rules.decide_digest import decide_digest
from tests.unit.rules.build import MINUTE, NOW, SECOND, Run, tick
from tests.unit.rules.test_digest import KEY, posted, raised

ITEM_BYTES_MAX = 200_000  # half of what DynamoDB takes


class Robot:
    """A robot that refuses the twenty-first message of a minute and everything for ten minutes after."""

    def __init__(self) -> None:
        self.heard: deque[datetime] = deque()
        self.muted_until = NOW
        self.refused = 0
        self.said: list[tuple[datetime, str]] = []

    def post(self, text: str, at: datetime) -> int:
        """Say something; give for how many seconds the robot is muted."""
        while self.heard and self.heard[0] <= at - MINUTE:
            self.heard.popleft()
        if at < self.muted_until or len(self.heard) >= 20:
            self.refused += 1
            self.muted_until = max(self.muted_until, at + 10 * MINUTE)
            return 600
        self.heard.append(at)
        self.said.append((at, text))
        return 0


class Afternoon:
    """A digest, its robot, and the seconds passing."""

    def __init__(self) -> None:
        self.run = Run(decide_digest)
        self.robot = Robot()
        self.bytes_max = 0

    def take(self, *events: object) -> None:
        """Take events; every post reaches the robot at once, and its answer comes back."""
        waiting = deque(events)
        while waiting:
            said = self.run.take(waiting.popleft())  # type: ignore[arg-type]
            for post in said:
                pause_s = self.robot.post(post.text, self.run.now)
                waiting.append(posted(int(post.command_id.rsplit("#", 1)[1]), throttled_for_s=pause_s))
        if self.run.case:
            self.bytes_max = max(self.bytes_max, len(self.run.case.model_dump_json().encode()))

    def second(self) -> None:
        """Let a second pass, and the deadline if it has come."""
        self.run.now += SECOND
        if self.run.last.due and self.run.last.due <= self.run.now:
            self.take(tick(KEY))


def test_ten_thousand_notices_in_ten_minutes_are_never_refused_and_tickets_go_first() -> None:
    afternoon = Afternoon()
    raised_at: dict[str, datetime] = {}
    number = 0
    for second in range(600):
        for _ in range(17):
            afternoon.take(raised(number))
            number += 1
        if second % 60 == 30:
            ticket = raised(100_000 + second, urgent=True)
            raised_at[ticket.notice.title] = afternoon.run.now
            afternoon.take(ticket)
        afternoon.second()
    for _ in range(600):
        afternoon.second()
    assert number >= 10_000
    assert afternoon.robot.refused == 0
    assert afternoon.run.case.pending == ()
    assert afternoon.bytes_max < ITEM_BYTES_MAX
    for title, at in raised_at.items():
        said_at = next(when for when, text in afternoon.robot.said if title in text)
        assert said_at - at <= MINUTE, f"{title} waited {said_at - at}"
    told = sum(text.count("- **") or 1 for _, text in afternoon.robot.said)
    assert told <= number + len(raised_at)


def test_a_flood_of_tickets_goes_out_as_fast_as_the_robot_allows() -> None:
    afternoon = Afternoon()
    for number in range(60):
        afternoon.take(raised(number, urgent=True))
    while afternoon.run.case.pending:
        afternoon.second()
    assert afternoon.robot.refused == 0
    assert afternoon.run.now <= NOW + 2 * MINUTE
    text = "\n".join(text for _, text in afternoon.robot.said)
    assert all(f"N{number}\n" in text or f"N{number}**" in text for number in range(60))


def _long(number: int) -> NoticeRaised:
    """A ticket as long as tickets are: who, parcels, limit, advice."""
    lines = ("退款单：douyin 7123456789012345678　订单：6912345678901234567　金额：1999.00 元",)
    lines += ("快递单号：zto 75312345678901、zto 75312345678902", "处理时限：2026-11-12 20:00", "请人工处理。" * 8)
    event = raised(number, urgent=True)
    return event.model_copy(update={"notice": Notice(title=f"拦截失败 {number}", lines=lines, urgent=True)})


@pytest.mark.parametrize("minutes", [30])
def test_a_robot_that_never_answers_does_not_fill_the_table(minutes: int) -> None:
    run = Run(decide_digest)
    biggest = 0
    for number in range(minutes * 60):
        run.take(_long(number), _long(100_000 + number), after=SECOND)
        if run.last.due and run.last.due <= run.now:
            run.take(tick(KEY))
        biggest = max(biggest, len(run.case.model_dump_json().encode()))
    assert biggest < ITEM_BYTES_MAX
    assert run.last.due


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4), st.booleans()), max_size=60))
def test_nothing_is_lost_without_a_count_and_no_minute_is_too_full(bursts: list[tuple[int, int, bool]]) -> None:
    afternoon = Afternoon()
    number = 0
    for pause_s, count, urgent in bursts:
        afternoon.take(*(raised(number + extra, urgent=urgent) for extra in range(count)))
        number += count
        for _ in range(pause_s):
            afternoon.second()
    while afternoon.run.last.due:
        afternoon.second()
    text = "\n".join(text for _, text in afternoon.robot.said)
    assert all(f"N{n}\n" in text or f"N{n}**" in text for n in range(number))
    assert afternoon.robot.refused == 0
