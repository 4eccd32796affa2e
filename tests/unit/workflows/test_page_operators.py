"""Alarms reach at least one robot, or come again; a robot that fails is told of by the others."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.page_operators.handler import handler
from shared import wiring
from shared.domain.wire import HttpReply
from shared.errors import Retryable
from shared.telemetry import Telemetry
from tests.fakes import FakeClock, FakeHttp
from tests.unit.rules.build import NOW
from tests.unit.rules.test_paging import notification

DINGTALK = {"access_token": "t0ken"}
SAID, MUTED, GONE = (HttpReply(200, json.dumps({"errcode": code}).encode()) for code in (0, 130101, 300005))
FAILED = {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
DONE: dict[str, Any] = {"batchItemFailures": []}


class Night:
    """Some robots, and what they answer."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.http = FakeHttp(lambda request: SAID)
        self.robots: Mapping[str, Mapping[str, str]] = {"dingtalk": DINGTALK}
        patch.setattr(wiring, "http", lambda: self.http)
        patch.setattr(wiring, "robots", lambda: self.robots)
        patch.setattr(wiring, "clock", lambda: FakeClock(NOW))
        patch.setattr(wiring, "telemetry", lambda: self.telemetry)
        self.telemetry = Telemetry("huhang-page_operators")

    def page(self, *bodies: str) -> Any:
        """Hand over a batch."""
        return handler({"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}, None)


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(monkeypatch)


def test_alarms_of_one_moment_are_one_message(night: Night) -> None:
    assert night.page(notification("a"), notification("b")) == DONE
    [request] = night.http.requests
    said = json.loads(request.body)["markdown"]
    assert said["title"] == "护航告警 严重 critical：a +1"
    assert "huhang-" not in said["text"]
    assert said["text"].count("时钟停了。") == 2


def test_every_robot_says_it(night: Night) -> None:
    night.robots = {"dingtalk": DINGTALK, "dingtalk_night": {"access_token": "other"}, "wecom": {"key": "k"}}
    assert night.page(notification()) == DONE
    assert len(night.http.requests) == 3


@pytest.mark.parametrize("answer", [MUTED, GONE, Retryable("ConnectError", timedelta(seconds=5)), HttpReply(502, b"")])
def test_what_no_robot_has_said_comes_again(night: Night, answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    night.http.script.append(answer)
    assert night.page(notification("a"), notification("b")) == FAILED
    assert '"MessagesFailed"' in capsys.readouterr().out
    assert "t0ken" not in capsys.readouterr().out


def test_what_one_robot_has_said_does_not_come_again_and_the_other_is_counted(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    night.robots = {"dingtalk": DINGTALK, "dingtalk_night": {"access_token": "other"}}
    night.http.script.append(GONE)
    assert night.page(notification()) == DONE
    assert '"MessagesFailed":[1.0]' in capsys.readouterr().out


def test_a_robot_on_a_channel_that_does_not_exist_is_counted(night: Night, capsys: pytest.CaptureFixture[str]) -> None:
    night.robots = {"icq": {"uin": "1"}}
    assert night.page(notification("a"), notification("b")) == FAILED
    assert "unknown_vendor" in capsys.readouterr().out


def test_nothing_to_tell_and_nobody_to_tell_it_end_quietly(night: Night) -> None:
    assert night.page(notification(state="OK", OldStateValue="INSUFFICIENT_DATA")) == DONE
    night.robots = {}
    assert night.page(notification()) == DONE
    assert night.http.requests == []
