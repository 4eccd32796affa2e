"""A local cloud that was stopped goes on where it was: cases, credentials, deadlines, and new events."""

import json
from datetime import timedelta
from pathlib import Path

from infra.local.demo.afternoon import SCENES
from infra.local.demo.play import Played, Stage
from tests.e2e.patience import at_rest


def test_everything_survives_down_and_up(played: Played, stage: Stage) -> None:
    secrets = Path(stage.cloud.home.read_outputs()["MerchantSecretsFile"])
    keys = json.loads(secrets.read_text())
    with at_rest(stage):
        cases, truth = stage.inside.cases(), stage.outside.truth()["totals"]
        stage.cloud.down()
        after = Stage(stage.cloud, stage.cloud.up())
        assert after.inside.cases() == cases
        assert after.outside.truth()["totals"] == truth
    assert json.loads(secrets.read_text()) == keys

    scenes = [scene for scene in SCENES if scene.name == "not_shipped"]
    again = after.play(scenes, timedelta(hours=1), tell=lambda at, who, what: None)
    assert again.problems_of(scenes[0]) == []
    assert again.problems == []
    after.close()
