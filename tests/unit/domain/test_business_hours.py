"""Working time: what counts, what does not, and that counting it every minute gives the same."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.hours import HORIZON, BusinessHours, Opening, Weekday

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFICE = ["09:00-17:00"]
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
NATIONAL_DAY = {
    "zone": "Asia/Shanghai",
    "week": {"mon": ["09:00-12:00", "13:00-18:00"], "sat": ["20:00-02:00"]},
    "closed": ["2026-10-01"],
    "extra": {"2026-10-10": ["09:00-24:00"]},
}


def hours(*spans: str, on: tuple[str, ...] = WORKDAYS, **fields: Any) -> BusinessHours:
    """The same intervals on some days of the week."""
    return BusinessHours.model_validate({"week": {day: list(spans or OFFICE) for day in on}, **fields})


def local(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> datetime:
    """An instant as a clock on the wall shows it; 2026-11-13 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


# ---- examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shop", "begin", "working", "end"),
    [
        (hours(), "2026-11-13 16:30", HOUR, "2026-11-16 09:30"),
        (hours(), "2026-11-13 16:00", HOUR, "2026-11-13 17:00"),  # used up at closing: the closing
        (hours(), "2026-11-13 17:00", HOUR, "2026-11-16 10:00"),
        (hours(), "2026-11-14 12:00", HOUR, "2026-11-16 10:00"),
        (hours(), "2026-11-14 12:00", 0 * HOUR, "2026-11-14 12:00"),
        (hours(), "2026-11-14 12:00", -HOUR, "2026-11-14 12:00"),
        (hours(), "2026-11-09 09:00", 40 * HOUR, "2026-11-13 17:00"),
        (hours("20:00-02:00", on=("fri",)), "2026-11-13 23:00", 2 * HOUR, "2026-11-14 01:00"),
        (hours("20:00-02:00", on=("fri",)), "2026-11-14 01:30", HOUR, "2026-11-20 20:30"),
        (hours("09:00-12:00", "13:00-18:00"), "2026-11-13 11:30", HOUR, "2026-11-13 13:30"),
        (hours("13:00-18:00", "09:00-12:00"), "2026-11-13 11:30", 6 * HOUR, "2026-11-16 09:30"),
        (hours(closed=["2026-11-16"]), "2026-11-13 16:30", HOUR, "2026-11-17 09:30"),
        (hours("20:00-02:00", closed=["2026-11-14"]), "2026-11-13 23:00", 3 * HOUR, "2026-11-14 02:00"),
        (hours(extra={"2026-11-14": ["10:00-12:00"]}), "2026-11-13 16:30", HOUR, "2026-11-14 10:30"),
        (hours(extra={"2026-11-16": ["14:00-15:00"]}), "2026-11-13 16:30", HOUR, "2026-11-16 14:30"),
        (hours(extra={"2026-11-16": []}), "2026-11-13 16:30", HOUR, "2026-11-17 09:30"),
        (BusinessHours(closed=(date(2026, 11, 14),)), "2026-11-13 23:00", 2 * HOUR, "2026-11-15 01:00"),
    ],
)
def test_working_time_passes_while_the_shop_is_open(
    shop: BusinessHours, begin: str, working: timedelta, end: str
) -> None:
    assert shop.add(local(begin), working) == local(end)
    assert shop.between(local(begin), local(end)) == max(working, 0 * HOUR)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-13 08:59:59", False),
        ("2026-11-13 09:00", True),
        ("2026-11-13 16:59:59", True),
        ("2026-11-13 17:00", False),
        ("2026-11-14 12:00", False),
    ],
)
def test_a_shop_is_open_from_its_opening_until_just_before_its_closing(at: str, is_open: bool) -> None:
    assert hours().is_open(local(at)) is is_open


def test_a_special_day_that_overlaps_the_night_before_counts_once() -> None:
    shop = hours("20:00-04:00", on=("fri",), extra={"2026-11-14": ["01:00-02:00", "03:00-06:00"]})
    assert shop.between(local("2026-11-13 20:00"), local("2026-11-14 12:00")) == 10 * HOUR


def test_nothing_passes_backwards() -> None:
    for shop in (hours(), BusinessHours()):
        assert shop.between(local("2026-11-13 16:00"), local("2026-11-13 15:00")) == 0 * HOUR


# ---- clocks that change ------------------------------------------------------------------------------------------


def berlin(text: str, fold: int = 0) -> datetime:
    """In 2026 Berlin skips 02:00 to 03:00 on Sunday, March 29, and shows it twice on Sunday, October 25."""
    return local(text, "Europe/Berlin", fold)


@pytest.mark.parametrize(
    ("spans", "begin", "end", "working"),
    [
        (["00:00-24:00"], "2026-03-29 00:00", "2026-03-30 00:00", 23 * HOUR),
        (["00:00-24:00"], "2026-10-25 00:00", "2026-10-26 00:00", 25 * HOUR),
        (["09:00-17:00"], "2026-03-28 00:00", "2026-03-30 00:00", 16 * HOUR),
        (["22:00-06:00"], "2026-03-28 22:00", "2026-03-29 12:00", 7 * HOUR),
        (["22:00-06:00"], "2026-10-24 22:00", "2026-10-25 12:00", 9 * HOUR),
        (["02:30-05:00"], "2026-03-29 00:00", "2026-03-29 12:00", 2 * HOUR),  # opens when the clock jumps to 03:00
        (["01:00-02:30"], "2026-03-29 00:00", "2026-03-29 12:00", HOUR),  # closes when the clock jumps to 03:00
        (["02:10-02:50"], "2026-03-29 00:00", "2026-03-29 12:00", 0 * HOUR),
        (["02:10-03:10"], "2026-03-29 00:00", "2026-03-29 12:00", 10 * MINUTE),
        (["01:00-02:30", "02:30-04:00"], "2026-10-25 00:00", "2026-10-25 12:00", 4 * HOUR),
        (["01:00-02:30"], "2026-10-25 00:00", "2026-10-25 12:00", 90 * MINUTE),  # closes at the first 02:30
    ],
)
def test_a_night_of_another_length_counts_as_long_as_it_is(
    spans: list[str], begin: str, end: str, working: timedelta
) -> None:
    shop = hours(*spans, on=tuple(Weekday), zone="Europe/Berlin")
    assert shop.between(berlin(begin), berlin(end)) == working


def test_a_deadline_in_the_hour_shown_twice_is_in_the_right_one() -> None:
    shop = hours("22:00-06:00", on=("sat",), zone="Europe/Berlin")
    assert shop.add(berlin("2026-10-24 22:00"), timedelta(hours=4, minutes=30)) == berlin("2026-10-25 02:30")
    assert shop.add(berlin("2026-10-24 22:00"), timedelta(hours=5, minutes=30)) == berlin("2026-10-25 02:30", fold=1)


# ---- always open, and hardly ever --------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_shop_that_never_closes_counts_time_as_it_passes(start_min: int, working_s: int) -> None:
    begin, working = berlin("2026-01-01 00:00") + start_min * MINUTE, timedelta(seconds=working_s)
    halves = hours("00:00-12:00", "12:00-24:00", on=tuple(Weekday), zone="Europe/Berlin")
    for shop in (BusinessHours(), BusinessHours(zone="Europe/Berlin"), halves):
        assert shop.is_open(begin)
        assert shop.add(begin, working) == begin + working
        assert shop.between(begin, begin + working) == working


def test_only_a_shop_that_never_closes_is_always_open() -> None:
    assert BusinessHours().is_always_open
    assert hours("00:00-24:00", on=tuple(Weekday)).is_always_open
    assert not BusinessHours(closed=(date(2026, 10, 1),)).is_always_open
    assert not hours("00:00-24:00").is_always_open


def test_instants_of_any_zone_give_utc() -> None:
    begin = datetime(2026, 10, 25, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    for shop in (BusinessHours(), hours("00:00-23:59", on=tuple(Weekday), zone="Europe/Berlin")):
        end = shop.add(begin, 3 * HOUR)
        assert (end.tzinfo, end) == (UTC, berlin("2026-10-25 03:00"))
        assert shop.between(begin, end.astimezone(ZoneInfo("Europe/Berlin"))) == 3 * HOUR


def test_a_shop_that_does_not_open_any_more_is_waited_for_400_days() -> None:
    shop = BusinessHours(week={}, extra={date(2026, 11, 1): (Opening(540, 1020),)})
    begin = local("2026-11-13 12:00")
    assert shop.add(begin, HOUR) == begin + HORIZON
    assert shop.between(begin, begin + 9 * HORIZON) == 0 * HOUR
    assert not shop.is_open(begin)


def test_nothing_is_counted_further_than_400_days() -> None:
    begin = local("2026-11-13 12:00")
    for shop in (BusinessHours(), hours()):
        assert shop.add(begin, 5 * HORIZON) == begin + HORIZON
        assert shop.between(begin, begin + 5 * HORIZON) == shop.between(begin, begin + HORIZON)


# ---- the document ------------------------------------------------------------------------------------------------


def test_the_document_reads_as_it_was_written() -> None:
    shop = BusinessHours.model_validate_json(json.dumps(NATIONAL_DAY))
    assert json.loads(shop.model_dump_json()) == NATIONAL_DAY
    assert BusinessHours.model_validate(shop.model_dump()) == shop
    assert BusinessHours().model_dump_json(exclude_defaults=True) == "{}"


def test_intervals_are_put_in_order_and_midnight_is_written_as_24() -> None:
    shop = hours("22:00-00:00", "09:00-12:00", on=("mon",))
    assert shop.model_dump(mode="json")["week"] == {"mon": ["09:00-12:00", "22:00-24:00"]}


def test_the_schema_knows_what_an_interval_looks_like() -> None:
    spans = BusinessHours.model_json_schema()["properties"]["week"]["additionalProperties"]
    assert (spans["maxItems"], spans["items"]["type"]) == (10, "string")
    assert re.search(spans["items"]["pattern"], "20:00-02:00")
    assert not re.search(spans["items"]["pattern"], "8-20")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "09:00-12:00 and 11:00-13:00 overlap"),
        ({"week": {"mon": ["20:00-02:00", "23:00-23:30"]}}, "20:00-02:00 and 23:00-23:30 overlap"),
        ({"week": {"mon": ["20:00-02:00"], "tue": [*OFFICE, "01:00-03:00"]}}, "20:00-02:00 of mon and 01:00-03:00 of"),
        ({"week": {"sun": ["20:00-02:00"], "mon": ["00:00-24:00"]}}, "20:00-02:00 of sun and 00:00-24:00 of mon"),
        ({"extra": {"2026-10-10": ["09:00-12:00", "09:00-12:00"]}}, "09:00-12:00 and 09:00-12:00 overlap"),
        ({"week": {}}, "the shop never opens"),
        ({"week": {"mon": []}, "extra": {"2026-10-10": []}}, "the shop never opens"),
        ({"week": {"mon": ["9-17"]}}, "'9-17' is no interval"),
        ({"week": {"mon": ["09:00-24:01"]}}, "'09:00-24:01' is no interval"),
        ({"week": {"mon": ["24:00-02:00"]}}, "'24:00-02:00' is no interval"),
        ({"week": {"mon": ["09:60-10:00"]}}, "'09:60-10:00' is no interval"),
        ({"week": {"mon": ["09:00-18:00\n"]}}, "is no interval"),
        ({"week": {"mon": ["09:00–18:00"]}}, "is no interval"),
        ({"week": {"mon": [["09:00", "18:00"]]}}, "is no interval"),
        ({"week": {"mon": ["09:00-09:00"]}}, "09:00-09:00 is empty"),
        ({"week": {"mon": [f"{hour:02}:00-{hour:02}:30" for hour in range(11)]}}, "at most 10 items"),
        ({"week": {"monday": OFFICE}}, "Input should be 'mon', 'tue'"),
        ({"zone": "Mars/Phobos"}, "'Mars/Phobos' is no IANA time zone"),
        ({"zone": "../etc/passwd"}, "is no IANA time zone"),
        ({"zone": "Asia"}, "'Asia' is no IANA time zone"),
        ({"zone": ""}, "'' is no IANA time zone"),
        ({"closed": ["2026-13-01"]}, "valid date"),
        ({"closed": ["2026-10-10"], "extra": {"2026-10-10": OFFICE}}, "2026-10-10 is both closed and extra"),
        ({"open": True}, "Extra inputs are not permitted"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused_with_a_sentence(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        BusinessHours.model_validate(document)
    assert sentence in str(refusal.value)


# ---- counted minute by minute ------------------------------------------------------------------------------------

CHANGES = {
    "Asia/Shanghai": "2026-10-01",
    "Europe/Berlin": "2026-03-29",
    "America/New_York": "2026-11-01",
    "America/St_Johns": "2010-11-07",  # from 00:01 back to 23:01 of the day before
    "Africa/Cairo": "2026-04-24",  # skips midnight
    "Pacific/Apia": "2011-12-30",  # skips the whole day
}


@st.composite
def days(draw: st.DrawFn) -> list[str]:
    """A day's intervals, the last perhaps over midnight; no night is so long that it meets the next day's first."""
    cuts = draw(st.lists(st.integers(180, 1439), max_size=6, unique=True).map(sorted))
    spans = [Opening(*pair) for pair in pairwise(cuts)][::2]
    if len(cuts) % 2:
        spans.append(Opening(cuts[-1], 1440 + draw(st.integers(1, 180))))
    return [str(span) for span in spans]


@st.composite
def shops(draw: st.DrawFn) -> tuple[BusinessHours, datetime]:
    """A shop, and an instant near a change of its clocks."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = local(CHANGES[zone], zone)
    week = draw(st.dictionaries(st.sampled_from(Weekday), days()))
    near = st.integers(-3, 3).map(lambda n: (date.fromisoformat(CHANGES[zone]) + n * DAY).isoformat())
    extra = draw(st.dictionaries(near, st.one_of(days(), st.just(["00:00-24:00"])), max_size=2))
    assume(any(week.values()) or any(extra.values()))
    closed = [day for day in draw(st.lists(near, max_size=2)) if day not in extra]
    shop = BusinessHours.model_validate({"zone": zone, "week": week, "closed": closed, "extra": extra})
    return shop, change + draw(st.integers(-2000, 1000)) * MINUTE


def open_minutes(shop: BusinessHours, begin: datetime, count: int) -> list[bool]:
    """Whether the shop is open in each minute, told from the latest time that its clock has shown so far."""
    zone, latest, told = ZoneInfo(shop.zone), datetime.min, []  # noqa: DTZ901
    for minute in range(-2 * 1440, count):
        latest = max(latest, (begin + minute * MINUTE).astimezone(zone).replace(tzinfo=None))
        since_midnight = latest.hour * 60 + latest.minute
        today = any(one <= since_midnight < end for one, end in shop.spans(latest.date()))
        told.append(today or any(since_midnight + 1440 < end for _, end in shop.spans(latest.date() - DAY)))
    return told[2 * 1440 :]


@settings(max_examples=60)
@given(shops(), st.integers(0, 3000))
def test_counting_every_minute_gives_the_same(shop_and_begin: tuple[BusinessHours, datetime], count: int) -> None:
    shop, begin = shop_and_begin
    told = open_minutes(shop, begin, count + 1)
    assert shop.between(begin, begin + count * MINUTE) == sum(told[:count]) * MINUTE
    assert shop.is_open(begin) is told[0]
    assert shop.is_open(begin + count * MINUTE) is told[count]
    worked = [minute for minute, is_open in enumerate(told[:count], start=1) if is_open]
    for number in {1, len(worked) // 2, len(worked)} & set(range(1, len(worked) + 1)):
        assert shop.add(begin, number * MINUTE) == begin + worked[number - 1] * MINUTE


@settings(max_examples=100)
@given(shops(), st.integers(1, 10**6))
def test_adding_and_counting_are_inverse(shop_and_begin: tuple[BusinessHours, datetime], working_s: int) -> None:
    shop, begin = shop_and_begin
    working = timedelta(seconds=working_s)
    end = shop.add(begin, working)
    counted = shop.between(begin, end)
    assert counted == working or (counted < working and end == begin + HORIZON)
    if counted == working:
        assert shop.between(begin, end - timedelta.resolution) < working
        assert shop.between(begin, begin + HORIZON) >= working
