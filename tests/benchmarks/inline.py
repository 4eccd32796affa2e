"""How long does a chat desktop wait? Real questions over the signed door of a local cloud, beside a bare answer.

`python -m tests.benchmarks.inline [--questions 300]`. Wall time on a shared machine is noise, so each question is
followed by one without a signature, which the same function refuses without any call of AWS, and ratios are told.
Report only.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import httpx

from infra.local.cloud import running_cloud
from infra.local.demo.chat_desk import ChatDesk
from infra.local.demo.moment import next_afternoon
from infra.local.demo.play import Stage

CALM, UPSET = "请问这款鞋子有没有42码的，黑色还有货吗", "都三天了还没到，你们是骗子吗，我要投诉"
BUYER = {"id": "buyer-1", "platform": "douyin", "tags": ["老客户"]}
PATIENCE_S = 20.0


class Timed(NamedTuple):
    """Pairs of a question and a bare call, in seconds."""

    questions: list[float]
    bare: list[float]

    def line(self, what: str) -> str:
        """Tell the middle and the slowest percent, and both as ratios to the bare function's."""
        ours, floor = sorted(self.questions), sorted(self.bare)
        pairs = [one / other for one, other in zip(self.questions, self.bare, strict=True)]
        p50, p99 = _rank(ours, 50), _rank(ours, 99)
        return (
            f"{what:<44}{p50 * 1e3:>8.0f} ms{p99 * 1e3:>8.0f} ms{statistics.median(pairs):>8.2f} x"
            f"{p99 / _rank(floor, 99):>8.2f} x{_rank(floor, 50) * 1e3:>8.0f} ms"
        )


def _rank(ranked: list[float], percent: int) -> float:
    return ranked[-(-percent * len(ranked) // 100) - 1]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.inline", description=__doc__)
    parser.add_argument("--questions", type=int, default=300, metavar="N", help="of each kind (default 300)")
    questions = parser.parse_args().questions
    with tempfile.TemporaryDirectory() as folder, running_cloud(Path(folder) / "home") as cloud:
        stage = Stage(cloud, cloud.home.read_outputs())
        base = str(cloud.home.read_outputs()["WebhookBaseUrl"])
        with httpx.Client(base_url=base, timeout=30.0, trust_env=False) as client:
            sys.stdout.writelines(f"{line}\n" for line in _report(stage, client, questions))
        stage.close()
    return 0


def _report(stage: Stage, client: httpx.Client, questions: int) -> Iterator[str]:
    chats = stage.chats
    stage.cloud.clock.set(next_afternoon(stage.cloud.clock.now()))  # at night there is only the bot
    for agent in ("anna", "bert", "lena"):
        chats.tell("agent.presence", agent=agent, presence="online")
    stage.flow.settle()
    ours = _once(lambda: chats.ask("S-cold", CALM, BUYER))
    bare = _once(lambda: _bare(client))
    yield f"{questions} questions of each kind; the first of all, with its cold start: {ours:.2f} s, bare {bare:.2f} s"
    yield f"{'question':<44}{'p50':>11}{'p99':>11}{'p50':>10}{'p99':>10}{'bare p50':>11}"
    for what, ask in _kinds(chats):
        ask(-1)
        yield _timed(ask, client, questions).line(what)
        stage.flow.settle()
    yield f"from an agent's coming to the desktop's knowing that it has the session: {_seated(stage):.2f} s"


def _kinds(chats: ChatDesk) -> Iterator[tuple[str, Callable[[int], object]]]:
    """Give the kinds of questions: the calls that each makes stand in `tests/integration/test_chat_story.py`."""

    yield "a first line, for the bot (1 read, 1 message)", lambda number: chats.ask(f"S-bot-{number}", CALM, BUYER)
    yield "a line that people have (1 read, 1 message)", lambda number: chats.ask("S-held", UPSET, BUYER)
    yield "a line for people (3 seats, then a line)", lambda number: chats.ask(f"S-seat-{number}", UPSET, BUYER)


def _timed(ask: Callable[[int], object], client: httpx.Client, questions: int) -> Timed:
    timed = Timed([], [])
    for number in range(questions):
        timed.questions.append(_once(lambda number=number: ask(number)))  # type: ignore[misc]
        timed.bare.append(_once(lambda: _bare(client)))
    return timed


def _once(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _bare(client: httpx.Client) -> None:
    """Be refused: gateway, emulator and interpreter, and nothing else."""
    reply = client.post("/v1/chat/demo/route", content=b"{}")
    assert reply.status_code == 401, reply.text


def _seated(stage: Stage) -> float:
    """Let somebody wait at an empty desk, let an agent come, and give the seconds until the desktop was told."""
    stage.chats.ask("S-wait", UPSET, BUYER)
    stage.flow.settle()
    began = time.time()
    stage.chats.tell("agent.presence", agent="xiaomei", presence="online")
    while time.time() < began + PATIENCE_S:
        for call in stage.outside.calls():
            data = call["request"]["body"].get("data", {}) if call["vendor"] == "chat" else {}
            if (data.get("session_id"), data.get("holder")) == ("S-wait", "agent"):
                return datetime.fromisoformat(call["real_at"]).timestamp() - began
        time.sleep(0.05)
    raise TimeoutError("nobody was told")


if __name__ == "__main__":
    sys.exit(main())
