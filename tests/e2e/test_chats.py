"""Conversations over the signed door: where each line went stands in the cases, and the board tells it the same way."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.backtest.chats.__main__ import main as backtest
from infra.local.demo.afternoon import SCENES
from infra.local.demo.chat_desk import ChatDesk, DesktopRefused
from infra.local.demo.judge_chat import judge_chat
from infra.local.demo.play import Played, Stage
from infra.local.demo.scenes import ChatEnd, Scene, Sent
from infra.local.ministack import CREDENTIALS
from infra.local.seed import demo_policy
from shared.adapters.s3_archive import S3Archive, bucket_url
from shared.adapters.signed_aws import SignedAws
from shared.domain.session import SessionCase

DEMO = "/v1/merchants/demo"
TALKS = [scene for scene in SCENES if scene.chat is not None]


@pytest.fixture
def board(stage: Stage) -> Iterator[httpx.Client]:
    """A client with the demo merchant's token."""
    base = str(stage.cloud.home.read_outputs()["WebhookBaseUrl"])
    headers = {"authorization": f"Bearer {stage.credentials['board']['token']}"}
    with httpx.Client(base_url=base, headers=headers, timeout=30.0, trust_env=False) as client:
        yield client


def test_another_way_than_the_expected_one_is_noticed(played: Played) -> None:
    scene = TALKS[0]
    wrong = scene._replace(chat=ChatEnd((Sent("bot", "default.bot_first"),), told=((9, "agent"),), late_lines=4))
    assert len(list(judge_chat(wrong, played.casts[scene.number], played.evidence))) == 3


@pytest.mark.parametrize("scene", TALKS, ids=lambda scene: scene.name)
def test_the_board_shows_the_session_with_its_decisions_made_again(
    played: Played, board: httpx.Client, scene: Scene
) -> None:
    session = played.casts[scene.number].session()
    shown = board.get(f"{DEMO}/sessions/web/{session}").json()
    assert shown["session"] == f"web:{session}"
    assert {one["replayed"] for one in shown["decisions"]} == {"same"}
    assert scene.chat is not None
    assert {one.rule for one in scene.chat.sent} >= {one["rule"] for one in shown["decisions"]}


def test_transfers_are_listed_with_their_reasons(played: Played, stage: Stage, board: httpx.Client) -> None:
    assert stage.cloud.tick("fold_scores")["merchants"] >= 1
    listed = board.get(f"{DEMO}/transfers", params={"limit": 200}).json()
    assert all(one["reason"] and one["ending"] for one in listed["transfers"])
    assert listed["found"] == len(listed["transfers"])


def test_the_archive_holds_the_conversations_and_the_same_rules_give_the_same(
    played: Played, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = CREDENTIALS | {"AWS_ENDPOINT_URL": stage.cloud.endpoint}
    aws = SignedAws(environment)
    bucket = S3Archive(aws, bucket_url(stage.cloud.home.read_outputs()["HistoryBucketName"], environment))
    for name in bucket.names(f"history/{stage.merchant}/"):
        (tmp_path / Path(name).name).write_bytes(bucket.get(name))
    aws.close()
    policy = tmp_path / "policy.json"
    policy.write_text(demo_policy(stage.merchant).model_dump_json(exclude_defaults=True))
    assert backtest(["--policy", str(policy), str(tmp_path), "--json", "--quiet"]) == 0
    tried = json.loads(capsys.readouterr().out)["tried"]
    assert tried["conversations"] == len(TALKS) + 1, "one was opened anew in the morning"
    assert (tried["changed"], tried["unreadable"]) == (0, 0)
    assert tried["hits"] == tried["was_hits"]
    assert tried["hits"]["default.upset_buyer"] == 4


def test_nobody_has_one_seat_too_many_and_every_seat_is_free_again(played: Played) -> None:
    sessions = [case for case in played.evidence.cases.values() if isinstance(case, SessionCase)]
    assert {case.holder for case in sessions} == {"closed"}
    assert max(case.hops for case in sessions) == 0


def test_a_desktop_that_does_not_sign_as_agreed_is_turned_away(played: Played, stage: Stage) -> None:
    base = str(stage.cloud.home.read_outputs()["WebhookBaseUrl"])
    stranger = ChatDesk(
        base, stage.merchant, "whsec_c29tZWJvZHktZWxzZS1zZWNyZXQtMDAwMDAwMDAwMDE=", stage.cloud.clock.now
    )
    with pytest.raises(DesktopRefused, match="401"):
        stranger.ask("S-x", "在吗", {"id": "b"})
    with pytest.raises(DesktopRefused, match="401"):
        stranger.tell("agent.presence", agent="anna", presence="online")
    nowhere = ChatDesk(base, "nobody", "whsec_c29tZWJvZHktZWxzZS1zZWNyZXQtMDAwMDAwMDAwMDE=", stage.cloud.clock.now)
    with pytest.raises(DesktopRefused, match="404"):
        nowhere.ask("S-x", "在吗", {"id": "b"})
    stranger.close()
    nowhere.close()
