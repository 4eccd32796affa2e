"""`python -m infra.backtest.chats`: recorded conversations under other rules, and what it says of bad inputs."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from infra.backtest.chats.__main__ import main
from shared.domain.session import SessionCase
from tests.unit.rules.chat.build import MERCHANT, NOW, SECOND, answer, hand_over, line, policy
from tests.unit.rules.chat.test_compare import BIG, Recording

WANTED = {"rule": "owed", "when": {"field": "tone", "is": "impatient"}, "then": {"group": "logistics"}, "shadow": True}


def talk(**fields: Any) -> list[SessionCase]:
    """A greeting, the money back, and the bot's answer."""
    recording = Recording(**fields)
    recording.take(line(intent="greeting"), line(intent="refund", at=NOW + SECOND), answer(), at=NOW + SECOND)
    return recording.states


def archive(folder: Path, *sessions: list[SessionCase], merchant: str = MERCHANT, broken: int | None = None) -> Path:
    """Write the states of sessions as the archive does; one of them so that nobody can read it."""
    lines = [
        {
            "merchant": merchant,
            "kind": "session",
            "id": f"web:S{number}",
            "v": version,
            "at": f"2026-11-11T02:00:{version:02d}.000Z",
            "case": _body(state, number) | ({"priority": "soon"} if number == broken else {}),
        }
        for number, states in enumerate(sessions)
        for version, state in enumerate(states, start=1)
    ]
    folder.mkdir(exist_ok=True)
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
    (folder / f"{merchant}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def _body(state: SessionCase, number: int) -> dict[str, Any]:
    named = state.model_copy(update={"session_id": f"S{number}"})
    body: dict[str, Any] = json.loads(named.model_dump_json(exclude_defaults=True))
    return body


def saved(folder: Path, name: str = "new", **fields: Any) -> str:
    """Write a policy."""
    path = folder / f"{name}.json"
    path.write_text(policy(**fields).model_dump_json(exclude_defaults=True))
    return str(path)


def prints(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run, expect success, and give what was printed."""
    assert main([*map(str, arguments), "--quiet"]) == 0
    return capsys.readouterr().out


def test_it_tells_per_rule_what_was_and_what_would_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history = archive(tmp_path / "history", talk(), talk())
    text = prints(capsys, "--policy", saved(tmp_path, rules=[BIG]), history)
    assert "会话 conversations 2，买家的话 lines 4，人工转交 by hand 0" in text
    assert "sent to people by rules: 0 → 2" in text
    rows = {row.split()[0]: row.split()[1:4] for row in text.splitlines() if row.startswith(("big", "default."))}
    assert rows == {"big": ["0", "2", "+2"], "default.bot_first": ["2", "2", "+0"]}
    assert "11-11 10:00  web:S0" in text
    assert "将会 now: default.bot_first → bot ⇒ big → aftersale" in text
    assert "intent=refund" in text


def test_the_rules_of_then_change_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history = archive(tmp_path / "history", talk(rules=[BIG]), talk(rules=[BIG]))
    document = json.loads(prints(capsys, "--policy", saved(tmp_path, rules=[BIG]), history, "--json"))
    tried = document["tried"]
    assert (tried["moved"], tried["changed"], tried["samples"], document["against"]) == (0, 0, [], None)
    assert tried["hits"] == tried["was_hits"] == {"default.bot_first": 2, "big": 2}


def test_two_policies_can_be_compared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history = archive(tmp_path / "history", talk())
    new, old = saved(tmp_path, rules=[BIG]), saved(tmp_path, "old", mode="assist")
    text = prints(capsys, "--policy", new, "--against", old, history)
    assert "规则：另一版命中 → 将命中" in text
    assert "sent to people by rules: 1 → 1" in text


def test_a_policy_document_is_tried_on_the_merchants_history_that_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = tmp_path / "document.json"
    document.write_text("{}")
    history = archive(tmp_path / "history", talk())
    text = prints(capsys, "--policy", document, "--against", document, "--merchant", MERCHANT, history)
    assert text.startswith(f"{MERCHANT}：试行第 1 版策略")
    assert "会话 conversations 1" in text


def test_samples_are_as_many_as_wanted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history, new = archive(tmp_path / "history", talk(), talk(), talk()), saved(tmp_path, rules=[BIG])
    assert "示例 samples（2 / 3）" in prints(capsys, "--policy", new, history, "--sample", "2")
    assert "示例" not in prints(capsys, "--policy", new, history, "--sample", "0")


def test_what_cannot_be_read_is_counted_and_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history = archive(tmp_path / "history", talk(), talk(), broken=1)
    archive(history, talk(), merchant="another")
    text = prints(capsys, "--policy", saved(tmp_path), history)
    assert "会话 conversations 1" in text
    assert "a state of a case that this version cannot read" in text
    assert "another merchant's" in text


def test_a_hand_over_is_no_rules_doing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recording = Recording()
    recording.take(line(), hand_over("logistics", at=NOW + SECOND), at=NOW + SECOND)
    text = prints(capsys, "--policy", saved(tmp_path), archive(tmp_path / "history", recording.states))
    assert "人工转交 by hand 1" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--policy", "new.json", "nowhere"], "no such file, or no *.jsonl.gz in it"),
        (["--policy", "gone.json", "history"], "gone.json: No such file"),
        (["--policy", "other.json", "history"], "no conversation of the policy's merchant"),
        (["--policy", "new.json", "history", "--sample", "21"], "invalid choice"),
        (["history"], "--policy"),
    ],
)
def test_a_wrong_input_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path)
    archive(tmp_path / "history", talk())
    (tmp_path / "other.json").write_text(policy().model_copy(update={"merchant": "other"}).model_dump_json())
    try:
        code = main([*arguments, "--quiet"])
    except SystemExit as end:
        code = int(str(end.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert told in err
