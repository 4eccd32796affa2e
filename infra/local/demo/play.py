"""Plays scenes in a local cloud that is up, and gives everything that a report or a test wants to know of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from infra.local.cloud import LocalCloud
from infra.local.demo.cast import Cast
from infra.local.demo.chat import read_chat
from infra.local.demo.chat_desk import ChatDesk
from infra.local.demo.chronicle import Chronicle
from infra.local.demo.desk import Desk
from infra.local.demo.evidence import Evidence
from infra.local.demo.flow import Counted, Flow
from infra.local.demo.inside import Inside, parcels_of, refunds_of
from infra.local.demo.judge import judge_all, judge_scene
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
        self.desk = Desk(str(outputs["WebhookBaseUrl"]), self.merchant, self.credentials["board"]["token"])
        self.chats = ChatDesk(
            str(outputs["WebhookBaseUrl"]), self.merchant, self.credentials["chat"]["secret"], cloud.clock.now
        )
        self.inside = Inside(cloud, outputs)
        chronicle = Chronicle(self.inside.items(), cloud.clock.now())
        self.flow = Flow(cloud, str(outputs["TableName"]), chronicle)

    def close(self) -> None:
        """Let the connections go."""
        self.outside.close()
        self.desk.close()
        self.chats.close()

    def play(
        self, scenes: Sequence[Scene], lasts: timedelta, tell: Tell, after_step: Callable[[], None] = lambda: None
    ) -> Played:
        """Play scenes together from the next afternoon on, and look at what they left behind."""
        clock = self.cloud.clock
        last_call, seen = self.outside.last_call(), {push["key"] for push in self.outside.pushes()}
        self.desk.taken = self.chats.told = 0
        began_at = next_afternoon(clock.now())
        clock.set(began_at - timedelta(minutes=1))
        run = int(began_at.timestamp())
        casts = {
            scene.number: Cast(
                self.outside,
                self.desk,
                self.chats,
                self.merchant,
                self.credentials,
                run,
                scene.number,
                clock.now,
                scene.platform,
                scene.carriers,
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

    def _look(
        self,
        scenes: Sequence[Scene],
        casts: Mapping[int, Cast],
        began_at: datetime,
        steps: int,
        last: str,
        old: set[str],
    ) -> Played:
        self.inside.wake("fold_scores")
        cases = self.inside.cases()
        pushes = [push for push in self.outside.pushes() if push["key"] not in old]
        messages = self.outside.messages()
        evidence = Evidence(
            refunds=refunds_of(cases),
            parcels=parcels_of(cases),
            truth=self.outside.truth(),
            calls=self.outside.calls(last),
            pushes=pushes,
            stories=self.flow.chronicle.stories,
            forced_refund_at=self.flow.chronicle.forced_refund_at,
            notices=read_chat(messages, self.merchant),
            cases=cases,
            board=self.desk.tickets(),
            routing=self.desk.routing(),
            began_at=began_at,
        )
        accepted = sum(answer["accepted"] for push in pushes for answer in push["answers"])
        accepted += sum(status == 200 for cast in casts.values() for status in cast.answers) + self.desk.taken
        accepted += self.chats.told
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
            messages=messages,
        )
