"""When does a shop work, and how long is that? Rules count a merchant's patience in working time with it.

An interval belongs to the day on which it begins, also where it crosses midnight. It begins and ends when the local
clock first shows that time or a later one: inside of it, an hour shown twice passes twice, and a skipped one never.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from shared.domain.record import Record

HORIZON = timedelta(days=400)
"""How far anything looks ahead, however seldom the shop opens."""

SPANS_MAX = 10
SPECIAL_DAYS_MAX = 400
_DAY_MINUTES = 24 * 60
_SPAN = "^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Opening(NamedTuple):
    """A half-open interval in minutes after the midnight at which its day begins; over midnight it ends after 1440."""

    begin_minute: int
    end_minute: int

    def __str__(self) -> str:
        end = self.end_minute - _DAY_MINUTES if self.end_minute > _DAY_MINUTES else self.end_minute
        return f"{self.begin_minute // 60:02}:{self.begin_minute % 60:02}-{end // 60:02}:{end % 60:02}"


def _span(value: object) -> Opening:
    if isinstance(value, Opening):
        return value
    if not isinstance(value, str) or not re.fullmatch(_SPAN, value):
        raise ValueError(f'{value!r:.40} is no interval: write two times such as "09:00-18:00"')
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in value.split("-"))
    if begin == end:
        raise ValueError(f'{value} is empty: write "00:00-24:00" for a whole day')
    return Opening(begin, end if end > begin else end + _DAY_MINUTES)


def _in_order(spans: tuple[Opening, ...]) -> tuple[Opening, ...]:
    ordered = tuple(sorted(spans))
    for one, other in pairwise(ordered):
        if one.end_minute > other.begin_minute:
            raise ValueError(f"{one} and {other} overlap")
    return ordered


def known_zone(name: str) -> str:
    """Give the name of a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r:.40} is no IANA time zone such as Asia/Shanghai") from None
    return name


_Written = Annotated[
    Opening,
    PlainValidator(_span),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": _SPAN}),
]
Spans = Annotated[tuple[_Written, ...], Field(max_length=SPANS_MAX), AfterValidator(_in_order)]

_WEEKDAYS = tuple(Weekday)
_WHOLE_DAY: tuple[Opening, ...] = (Opening(0, _DAY_MINUTES),)


class BusinessHours(Record):
    """The weekly hours of a shop, always open unless told otherwise; a weekday that is not listed is closed.

    `closed` are holidays; `extra` replaces a day's hours, such as those of a make-up weekend.
    """

    zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Shanghai"
    week: dict[Weekday, Spans] = Field(default_factory=lambda: dict.fromkeys(_WEEKDAYS, _WHOLE_DAY))
    closed: Annotated[tuple[date, ...], Field(max_length=SPECIAL_DAYS_MAX)] = ()
    extra: Annotated[dict[date, Spans], Field(max_length=SPECIAL_DAYS_MAX)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if not any(self.week.values()) and not any(self.extra.values()):
            raise ValueError("the shop never opens: neither week nor extra has an interval")
        for holiday in self.closed:
            if holiday in self.extra:
                raise ValueError(f"{holiday} is both closed and extra")
        for day, morrow in zip(_WEEKDAYS, _WEEKDAYS[1:] + _WEEKDAYS[:1], strict=True):
            late, early = self.week.get(day, ())[-1:], self.week.get(morrow, ())[:1]
            if late and early and late[0].end_minute - _DAY_MINUTES > early[0].begin_minute:
                raise ValueError(f"{late[0]} of {day} and {early[0]} of {morrow} overlap")
        return self

    @property
    def is_always_open(self) -> bool:
        """Whether working time is simply time."""
        return not self.closed and not self.extra and all(self.week.get(day) == _WHOLE_DAY for day in _WEEKDAYS)

    def spans(self, day: date) -> tuple[Opening, ...]:
        """Give the intervals that begin on a local day."""
        if day in self.extra:
            return self.extra[day]
        return () if day in self.closed else self.week.get(_WEEKDAYS[day.weekday()], ())

    def is_open(self, at: datetime) -> bool:
        """Say whether the shop works at this instant; at the instant of closing it does not."""
        at = at.astimezone(UTC)
        return self.is_always_open or any(self._windows(at, at + timedelta.resolution))

    def hour_of(self, at: datetime) -> int:
        """Give the hour of the day that a clock in the shop shows, 0 to 23."""
        return at.astimezone(ZoneInfo(self.zone)).hour

    def add(self, at: datetime, working: timedelta) -> datetime:
        """Give the UTC instant at which this much working time has passed, at the latest 400 days after `at`.

        Time used up exactly at closing gives the closing; no time to use up gives `at`.
        """
        at = at.astimezone(UTC)
        left = min(max(working, timedelta(0)), HORIZON)
        if self.is_always_open or not left:
            return at + left
        for opens, closes in self._windows(at, at + HORIZON):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        return at + HORIZON

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """Give the working time from one instant to a later one, counted for at most 400 days; else zero."""
        begin, end = begin.astimezone(UTC), end.astimezone(UTC)
        end = min(max(begin, end), begin + HORIZON)
        if self.is_always_open:
            return end - begin
        return sum((closes - opens for opens, closes in self._windows(begin, end)), timedelta(0))

    def _windows(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when the shop is open between two UTC instants: in order, disjoint, never empty."""
        zone = ZoneInfo(self.zone)
        day = begin.astimezone(zone).date() - timedelta(days=1)  # its last interval may cross midnight
        last = end.astimezone(zone).date() + timedelta(days=1)  # shown already where clocks go back over midnight
        while day <= last:
            for span in self.spans(day):
                opens = max(begin, _first_shown(day, span.begin_minute, zone))
                closes = min(end, _first_shown(day, span.end_minute, zone))
                if opens < closes:
                    yield opens, closes
                    begin = closes  # a special day may overlap the night before
            day += timedelta(days=1)


def _first_shown(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Give the UTC instant at which the local clock first shows this minute of a day, or a later one."""
    wall = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    at = wall.astimezone(UTC)
    if at.astimezone(zone) == wall:
        return at
    early = wall.replace(fold=1).astimezone(UTC)  # the clock skips this minute, some time between `early` and `at`
    seconds = range(int((at - early).total_seconds()))
    skip = bisect_left(seconds, True, key=lambda s: (early + timedelta(seconds=s)).astimezone(zone) >= wall)
    return early + timedelta(seconds=skip)
