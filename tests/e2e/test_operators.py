"""Alarms on their way: CloudWatch → topic → queue → function → the operators' robot, and their ends too."""

from datetime import timedelta

import httpx

from infra.local.demo.play import Stage
from infra.local.deployment import STACK, client
from infra.local.operators_robot import ROBOT
from shared.rules.paging import TOLD_MAX
from tests.e2e.patience import agreeing

MINUTE = timedelta(minutes=1)  # in which the robot takes twenty messages
FIGURES = "Threshold Crossed: 412 > 300"


class Robot:
    """What the operators' robot has said, as the sandbox saw it."""

    def __init__(self, sandbox: str) -> None:
        self._url = f"{sandbox}/messages"

    def told(self) -> dict[str, str]:
        """Give what it last said of each alarm, by the alarm's headline."""
        messages = httpx.get(self._url, trust_env=False).json()["messages"]
        ours = [one for one in messages if one["merchant"] == ROBOT]
        assert all(one["title"].startswith("护航告警") for one in ours)
        parts = [one["text"].split("**") for one in ours]
        return {head: text for one in parts for head, text in zip(one[1::2], one[2::2], strict=True)}

    def wait_for(self, names: list[str], begins: tuple[str, ...]) -> dict[str, str]:
        """Wait until it has told of all these alarms that they broke or have ended; give what it said."""

        def told() -> dict[str, str]:
            said = self.told().items()
            return {head.rpartition("：")[2]: text for head, text in said if head.startswith(begins)}

        heard, wanted = agreeing(lambda: told().keys() & set(names), lambda: set(names))
        assert heard == wanted
        return {name: told()[name] for name in names}


def test_every_alarm_and_its_end_reach_the_operators_robot(stage: Stage) -> None:
    cloudwatch = client("cloudwatch", stage.cloud.endpoint)
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{STACK}-")
    names = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    robot = Robot(str(stage.cloud.home.read_outputs()["SandboxUrl"]))
    assert len(names) > 100
    for first in range(0, len(names), TOLD_MAX):
        together = names[first : first + TOLD_MAX]
        stage.cloud.clock.advance(MINUTE)
        for state, begins in (("ALARM", ("严重", "注意")), ("OK", ("已恢复 resolved",))):
            for name in together:
                cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=FIGURES)
            told = robot.wait_for(together, begins)
            parts = (FIGURES, "docs/runbooks/") if state == "ALARM" else ("自 since",)
            assert [name for name, text in told.items() if not all(part in text for part in parts)] == []
