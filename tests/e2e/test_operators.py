"""An alarm on its way: CloudWatch → topic → queue → function → the operators' robot, and its end too."""

import time
from collections.abc import Callable

import httpx
import pytest

from infra.local.demo.play import Stage
from infra.local.deployment import STACK, client
from infra.local.operators_robot import ROBOT

ALARMS = ("sweep-lag", "refunds-dead-letters", "vendor-zto-errors")


@pytest.fixture
def said(stage: Stage) -> Callable[[str], list[str]]:
    """What the operators' robot has said of an alarm, as the sandbox saw it."""
    base = str(stage.cloud.home.read_outputs()["SandboxUrl"])

    def texts(name: str) -> list[str]:
        messages = httpx.get(f"{base}/messages", trust_env=False).json()["messages"]
        return [
            f"{one['title']}\n{one['text']}" for one in messages if one["merchant"] == ROBOT and name in one["text"]
        ]

    return texts


def _wait_for(read: Callable[[], list[str]], count: int) -> list[str]:
    for _ in range(300):
        if len(read()) >= count:
            break
        time.sleep(0.1)
    return read()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_and_its_end_reach_the_operators_robot(
    stage: Stage, said: Callable[[str], list[str]], name: str
) -> None:
    cloudwatch = client("cloudwatch", stage.cloud.endpoint)
    alarm = f"{STACK}-{name}"
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="begin")
    before = len(said(alarm))
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="Threshold Crossed: 412 > 300")
    broken = _wait_for(lambda: said(alarm), before + 1)[before]
    for part in ("护航告警", "Threshold Crossed: 412 > 300", "docs/runbooks/"):
        assert part in broken
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="fine again")
    assert "已恢复 resolved" in _wait_for(lambda: said(alarm), before + 2)[before + 1]
