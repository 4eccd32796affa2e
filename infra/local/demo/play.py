"""Plays scenes in a local cloud that is up, and gives everything that a report or a test wants to know of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from infra.local.cloud import LocalCloud
from infra.local.demo.cast import Cast
from infra.local.demo.flow import Counted, Flow
from infra.local.demo.inside import Inside, parcels_of, refunds_of
from infra.local.demo.judge import Evidence, judge_all, judge_scene
from infra.local.demo.moment import next_afternoon
from infra.local.demo.outside import Outside
from infra.local.demo.scenes import Scene
from infra.local.demo.timeline import Happening, Timeline

Tell = Callable[[datetime, str, str], None]
"""Told of an instant, of whom (a scene's title or a place), and of what happened."""


class Played(NamedTuple):
    """What a performance left behind."""

    merchant: str
    scenes: Sequence[Scene]
    casts: Mapping[int, Cast]
    began_at: datetime
    ended_at: datetime
    steps: int
    evidence: Evidence
    counted: Counted
    accepted: int
    dead: Mapping[str, int]
    pushes: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]

    def problems_of(self, scene: Scene) -> list[str]:
        """What is wrong with a scene's end."""
        return judge_scene(scene, self.casts[scene.number], self.evidence)

    @property
    def problems(self) -> list[str]:
        """What is wrong with the whole."""
        return judge_all(self.evidence, self.counted, self.accepted, self.dead)

    @property
    def refund_ids(self) -> set[str]:
        """The refunds of these scenes."""
        return {self.casts[scene.number].refund(number) for scene in self.scenes for number in scene.refunds}


class Stage:
    """A local cloud with its outside world, ready to play."""

    def __init__(self, cloud: LocalCloud, outputs: Mapping[str, Any]) -> None:
        self.cloud = cloud
        self.merchant = str(outputs["MerchantId"])
        self.credentials: dict[str, Any] = json.loads(Path(outputs["MerchantSecretsFile"]).read_text())
        self.outside = Outside(str(outputs["SandboxUrl"]), str(outputs["WebhookBaseUrl"]))
        self.inside = Inside(cloud, outputs)
        self.flow = Flow(cloud, str(outputs["TableName"]))

    def play(
        self, scenes: Sequence[Scene], lasts: timedelta, tell: Tell, after_step: Callable[[], None] = lambda: None
    ) -> Played:
        """Play scenes together from the next afternoon on, and look at what they left behind."""
        clock = self.cloud.clock
        last_call, seen = self._last_call(), {push["key"] for push in self.outside.pushes()}
        began_at = next_afternoon(clock.now())
        clock.set(began_at - timedelta(minutes=1))
        run = int(began_at.timestamp())
        casts = {
            scene.number: Cast(
                self.outside, self.merchant, self.credentials, run, scene.number, clock.now, scene.platform
            )
            for scene in scenes
        }
        happenings = [
            Happening(
                began_at + timedelta(minutes=cue.minute),
                partial(self._perform, tell, scene, casts[scene.number], cue.step.told, cue.step.do),
            )
            for scene in scenes
            for cue in scene.cues
        ]
        timeline = Timeline(clock, self.outside, self.inside, self.flow)
        timeline.play(happenings, began_at + lasts, after_step)
        self.flow.settle()
        return self._look(scenes, casts, began_at, timeline.steps, last_call, seen)

    def _perform(self, tell: Tell, scene: Scene, cast: Cast, told: str, do: Callable[[Cast], object]) -> None:
        do(cast)
        tell(self.cloud.clock.now(), scene.title, told)

    def _last_call(self) -> str:
        calls = self.outside.calls()
        return str(calls[-1]["id"]) if calls else "0"

    def _look(
        self,
        scenes: Sequence[Scene],
        casts: Mapping[int, Cast],
        began_at: datetime,
        steps: int,
        last: str,
        old: set[str],
    ) -> Played:
        cases = self.inside.cases()
        evidence = Evidence(refunds_of(cases), parcels_of(cases), self.outside.truth(), self.outside.calls(last))
        pushes = [push for push in self.outside.pushes() if push["key"] not in old]
        accepted = sum(answer["accepted"] for push in pushes for answer in push["answers"])
        accepted += sum(status == 200 for cast in casts.values() for status in cast.answers)
        return Played(
            merchant=self.merchant,
            scenes=scenes,
            casts=casts,
            began_at=began_at,
            ended_at=self.cloud.clock.now(),
            steps=steps,
            evidence=evidence,
            counted=self.flow.count(),
            accepted=accepted,
            dead=self.inside.dead_letters(),
            pushes=pushes,
            messages=self.outside.messages(),
        )
