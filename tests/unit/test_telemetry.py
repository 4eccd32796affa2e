"""What is written for operators: lines that say one thing, metrics in the form that CloudWatch reads."""

import json
from datetime import timedelta

import pytest

from shared.telemetry import Telemetry


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]):
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_fate_is_one_line_without_what_is_empty(lines) -> None:
    Telemetry().fate("handled", "demo-shop", "parcel_scanned", "parcel:zto:75000000000017")
    expected = {
        "level": "INFO",
        "message": "handled",
        "service": "huhang",
        "merchant": "demo-shop",
        "event": "parcel_scanned",
    }
    assert lines() == [expected | {"about": "parcel:zto:75000000000017"}]


def test_metrics_of_an_invocation_are_one_line_in_cloudwatch_s_format(lines) -> None:
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


def test_a_bug_is_logged_with_its_traceback_on_one_line(lines) -> None:
    telemetry = Telemetry()
    try:
        raise ValueError("包裹")
    except ValueError:
        telemetry.failed("message-1")
    telemetry.flush()
    line, _ = lines()
    assert (line["level"], line["message_id"]) == ("ERROR", "message-1")
    assert line["exception"].endswith("ValueError: 包裹")


def test_nothing_counted_writes_nothing(lines) -> None:
    Telemetry().flush()
    assert lines() == []
