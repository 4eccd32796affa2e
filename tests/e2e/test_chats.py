"""Conversations over the signed door: where each line went stands in the cases, and the board tells it the same way."""

import json
from pathlib import Path

import httpx
import pytest

from infra.backtest.chats.__main__ import main as backtest
from infra.local.demo.afternoon import SCENES
from infra.local.demo.chat_desk import ChatDesk, DesktopRefused
from infra.local.demo.judge_chat import judge_chat
from infra.local.demo.play import Played, Stage
from infra.local.demo.scenes import ChatEnd, Scene, Sent
from infra.local.seed import demo_policy
from shared.domain.session import SessionCase
from tests.e2e.archive import archived, last_states, objects, stored
from tests.e2e.patience import wait_until

DEMO = "/v1/merchants/demo"
TALKS = [scene for scene in SCENES if scene.chat is not None]


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
    """Those of a week; all of the afternoon's are older in the end."""
    stage.chats.ask("e2e-transfer", "我要退款", {"id": "e2e", "tags": ["vip"]})
    stage.chats.tell("chat.closed", session_id="e2e-transfer", channel="web")
    stage.flow.settle()
    assert stage.cloud.tick("fold_scores")["merchants"] >= 1
    listed = board.get(f"{DEMO}/transfers", params={"limit": 200}).json()
    [transfer] = [one for one in listed["transfers"] if one["session"] == "web:e2e-transfer"]
    assert (transfer["rule"], transfer["ending"]) == ("vip-refund", "abandoned")
    assert "意图=退款" in transfer["reason"]
    assert listed["found"] == len(listed["transfers"])


def test_the_archive_holds_the_conversations_and_the_same_rules_give_the_same(
    played: Played, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wait_until(lambda: last_states(archived(stage)) == stored(stage))
    for name, data in objects(stage).items():
        (tmp_path / Path(name).name).write_bytes(data)
    policy = tmp_path / "policy.json"
    policy.write_text(demo_policy(stage.merchant).model_dump_json(exclude_defaults=True))
    assert backtest(["--policy", str(policy), str(tmp_path), "--json", "--quiet"]) == 0
    tried = json.loads(capsys.readouterr().out)["tried"]
    talks = {("session", f"web:{played.casts[scene.number].session()}") for scene in TALKS}
    others = {key for key in stored(stage) if key[0] == "session"} - talks
    assert tried["conversations"] == len(TALKS) + len(others) + 1, "one was opened anew in the morning"
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
