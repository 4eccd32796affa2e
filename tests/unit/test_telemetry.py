"""What is written for operators: lines that say one thing, metrics in the form that CloudWatch reads."""

import json
from datetime import timedelta

import pytest

from shared.domain.vendor_call import Ending, VendorCall
from shared.telemetry import Telemetry


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]):
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def metrics(lines):
    """Metric lines as (dimensions, values)."""

    def read() -> list[tuple[dict[str, str], dict[str, list[float]]]]:
        found = []
        for line in lines():
            if "_aws" in line:
                [directive] = line["_aws"]["CloudWatchMetrics"]
                [names] = directive["Dimensions"]
                values = {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
                found.append(({name: line[name] for name in names}, values))
        return found

    return read


def test_a_fate_is_one_line_without_what_is_empty(lines) -> None:
    Telemetry().fate("handled", "demo-shop", "parcel_scanned", "parcel:zto:75000000000017")
    expected = {"level": "INFO", "message": "handled", "merchant": "demo-shop", "event": "parcel_scanned"}
    assert lines() == [expected | {"about": "parcel:zto:75000000000017"}]


def test_every_line_about_a_message_names_it_as_the_door_did(lines) -> None:
    telemetry = Telemetry()
    telemetry.taking("1a2b3c4d-0000-4000-8000-000000000000")
    telemetry.fate("handled", "demo-shop", "parcel_scanned")
    telemetry.outcome("agree_refund", "demo-shop|refund|douyin:1#3", "refund_agreed")
    telemetry.taking("99999999-0000-4000-8000-000000000000")
    telemetry.fate("repeated", "demo-shop", "parcel_scanned")
    assert [line["message_id"] for line in lines()] == ["1a2b3c4d", "1a2b3c4d", "99999999"]


def test_an_outcome_says_which_vendor_was_asked_and_how_long_that_took(lines) -> None:
    telemetry = Telemetry()
    telemetry.taking("1a2b3c4d-0000")
    telemetry.called(VendorCall("zto", Ending.ANSWERED, timedelta(milliseconds=812.6)))
    telemetry.outcome("intercept_parcel", "demo|parcel|zto:1#1", "interception_accepted")
    telemetry.taking("2a2b3c4d-0000")
    telemetry.outcome("intercept_parcel", "demo|parcel|zto:2#1", "told_again")
    first, second = lines()
    assert (first["vendor"], first["ms"]) == ("zto", 812)
    assert "vendor" not in second


def test_metrics_of_an_invocation_with_the_same_dimensions_are_one_line(lines) -> None:
    telemetry = Telemetry()
    telemetry.fate("unknown", "demo-shop", "douyin tag 999")
    telemetry.fate("unknown", "demo-shop", "douyin tag 998")
    telemetry.outcome("agree_refund", "demo-shop|refund|douyin:1#3", "command_failed")
    telemetry.flush()
    telemetry.flush()
    *_, metrics = written = lines()
    assert len(written) == 4
    assert isinstance(metrics.pop("_aws")["Timestamp"], int)
    assert metrics == {"service": "huhang", "EventsUnknown": [1.0, 1.0], "CommandsFailed": [1.0]}


def test_a_metric_is_described_where_it_is_written(lines) -> None:
    telemetry = Telemetry()
    telemetry.swept(woken=1, armed=0, lag=timedelta(seconds=90.5))
    telemetry.flush()
    _, metrics = lines()
    [directive] = metrics["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "huhang",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "SweepLag", "Unit": "Seconds"}],
    }
    assert (metrics["service"], metrics["SweepLag"]) == ("huhang", [90.5])


def test_each_vendor_has_its_own_errors_so_that_their_average_is_a_rate(metrics) -> None:
    telemetry = Telemetry()
    for vendor, ending in (("zto", Ending.ANSWERED), ("zto", Ending.ERROR), ("sf", Ending.THROTTLED)):
        telemetry.called(VendorCall(vendor, ending, timedelta(milliseconds=40)))
    telemetry.called(VendorCall("sf", Ending.REFUSED, timedelta(milliseconds=60)))
    telemetry.flush()
    assert metrics() == [
        (
            {"service": "huhang", "vendor": "zto"},
            {"VendorErrors": [0, 1], "VendorRefusals": [0, 0], "VendorThrottles": [0, 0], "VendorLatency": [40, 40]},
        ),
        (
            {"service": "huhang", "vendor": "sf"},
            {"VendorErrors": [0, 0], "VendorRefusals": [0, 1], "VendorThrottles": [1, 0], "VendorLatency": [40, 60]},
        ),
    ]


@pytest.mark.parametrize(
    ("outcome", "accepted"), [("interception_accepted", 1), ("interception_refused", 0), ("command_failed", 0)]
)
def test_a_couriers_answer_to_an_interception_is_counted(metrics, outcome: str, accepted: int) -> None:
    telemetry = Telemetry()
    telemetry.outcome("intercept_parcel", "demo|parcel|zto:1#1", outcome)
    telemetry.outcome("intercept_parcel", "demo|parcel|zto:1#1", "told_again")
    telemetry.outcome("query_interception", "demo|parcel|zto:1#1", "interception_reported")
    telemetry.flush()
    [(_, values)] = metrics()
    assert values["InterceptionsAccepted"] == [accepted]


def test_what_is_counted_can_be_joined_with_the_fate_that_says_whose_it_is(lines) -> None:
    telemetry = Telemetry()
    telemetry.taking("1a2b3c4d-0000")
    telemetry.counted("budget_near_end")
    telemetry.fate("handled", "demo-shop", "refund_reported")
    counted, fate = lines()
    assert (counted["event"], counted["message_id"]) == ("budget_near_end", fate["message_id"])
    assert fate["merchant"] == "demo-shop"


def test_sources_that_should_be_talking_are_counted_with_zero(metrics) -> None:
    telemetry = Telemetry()
    telemetry.awaited(("douyin", "zto"))
    telemetry.flush()
    expected = [({"service": "huhang", "source": source}, {"PushesAccepted": [0]}) for source in ("douyin", "zto")]
    assert sorted(metrics(), key=str) == sorted(expected, key=str)


def test_a_bug_is_logged_with_its_traceback_on_one_line_and_counted_for_its_function(lines) -> None:
    telemetry = Telemetry("huhang-track_parcel")
    try:
        raise ValueError("包裹")
    except ValueError:
        telemetry.failed("message-1")
    telemetry.flush()
    line, counted = lines()
    assert (line["level"], line["message_id"]) == ("ERROR", "message-1")
    assert line["exception"].endswith("ValueError: 包裹")
    assert (counted["function"], counted["MessagesFailed"]) == ("huhang-track_parcel", [1])


def test_nothing_counted_writes_nothing(lines) -> None:
    Telemetry().flush()
    assert lines() == []
