"""What the door counts and when it says so, and how silence becomes a number."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import StaleTimestamp
from shared.workflows.await_pushes import await_pushes
from shared.workflows.count_pushes import EVERY, PushCounter

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # eleven in the morning in China


def test_the_first_push_is_told_at_once_and_the_next_ones_together() -> None:
    counter = PushCounter()
    told = [counter.accepted("zto", NOW + n * EVERY / 3) for n in range(7)]
    assert [fields.get("PushesAccepted") for fields in told] == [1, None, None, 3, None, None, 3]


def test_each_source_is_counted_by_itself() -> None:
    counter = PushCounter()
    told = [counter.accepted(source, NOW) for source in ("zto", "douyin", "zto")]
    assert [fields.get("source") for fields in told] == ["zto", "douyin", None]


def test_a_refusal_is_told_at_once_by_its_kind() -> None:
    fields = PushCounter().refused(StaleTimestamp("timestamp"), NOW)
    assert (fields["reason"], fields["PushesRefused"]) == ("StaleTimestamp", 1)


def test_a_metric_of_the_door_is_dated_in_milliseconds_and_described() -> None:
    about = PushCounter().accepted("zto", NOW)["_aws"]
    assert about["Timestamp"] == int(NOW.timestamp()) * 1000
    [directive] = about["CloudWatchMetrics"]
    assert directive["Namespace"] == "huhang"
    assert directive["Dimensions"] == [["service", "source"]]
    assert directive["Metrics"] == [{"Name": "PushesAccepted", "Unit": "Count"}]


@pytest.mark.parametrize(("hours", "awaited"), [(-2.01, False), (-2, True), (0, True), (10.99, True), (11, False)])
def test_silence_is_counted_from_nine_to_ten_at_night_in_china(hours: float, awaited: bool) -> None:
    heard: list[str] = []
    await_pushes(("douyin", "zto"), NOW + timedelta(hours=hours), heard.extend)
    assert heard == (["douyin", "zto"] if awaited else [])


def test_without_sources_that_always_talk_nothing_is_counted() -> None:
    await_pushes((), NOW, lambda sources: pytest.fail("nobody is awaited"))
