"""Many sessions and three agents on the real store over moto: nobody starves, has one too many, or is owned twice.

`tests/simulation/test_desks.py` plays thousands of schedules, with crashes, on the fakes, and fakes and store pass the
same tests. Here a schedule takes minutes, so it is played where `HUHANG_SCHEDULES` is set: one for each thousand.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from shared import wiring
from shared.adapters.dynamo_cases import read_case
from shared.domain.keys import CaseKey, CaseKind, desk_key
from shared.domain.session import DeskCase, Holder, SessionCase
from tests.benchmarks.chats import CALM, UPSET, Desk
from tests.benchmarks.givens import MERCHANT
from tests.benchmarks.running import running

SCHEDULES = int(os.environ.get("HUHANG_SCHEDULES", "0"))
SEEDS = range(max(1, SCHEDULES // 1000))
AGENTS = ("agent0", "agent1", "agent2")
SEATS = 5
SESSIONS, STEPS = 100, 120
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running() as loop:
        yield Desk(loop, loop._cloud)


class Shift:
    """What happens at the desks, and what must hold whenever nothing is under way."""

    def __init__(self, desk: Desk, random: Random) -> None:
        self.desk = desk
        self.random = random

    def step(self) -> None:
        """Let something happen."""
        at_random = self.random
        session = f"S-{at_random.randrange(SESSIONS)}"
        kind = at_random.choice(["write", "write", "write", "presence", "answer", "close", "hand_over", "wait"])
        if kind == "write":
            self.desk.ask(at_random.choice([CALM, UPSET, UPSET]), session=session)
            self.desk.loop.settle()
        elif kind == "presence":
            self.come(at_random.choice(AGENTS), at_random.choice(["online", "online", "away", "offline"]))
        elif kind == "answer":
            self.answer_all(close=False)
        elif kind == "close":
            self.tell("chat.closed", session)
        elif kind == "hand_over":
            self.tell("chat.handover", session, group="presale")
        else:
            self.desk.wait(at_random.choice([1, 2, 4]) * MINUTE)

    def tell(self, kind: str, session: str, **data: str) -> None:
        """Tell something about a session."""
        self.desk.tell(kind, session_id=session, channel="web", **data)

    def come(self, agent: str, presence: str = "online") -> None:
        """Let an agent come or go."""
        self.desk.tell("agent.presence", agent=agent, presence=presence)

    def answer_all(self, *, close: bool) -> None:
        """Let every agent answer, or end, what she has."""
        for case in self.sessions():
            if case.holder is not Holder.AGENT or not case.agent:
                continue
            if close:
                self.tell("chat.closed", case.session_id)
            else:
                message = f"r-{self.desk.loop.clock.now().timestamp()}"
                self.tell("chat.reply", case.session_id, agent=case.agent, message_id=message)

    def sessions(self) -> list[SessionCase]:
        """All conversations, as they are stored."""
        pages = self.desk.loop._tables.get_paginator("scan").paginate(TableName=wiring.settings().require_table())
        items = [item for page in pages for item in page["Items"] if f"|{CaseKind.SESSION}|" in item["pk"]["S"]]
        cases = [read_case(CaseKey.parse(item["pk"]["S"]), item).case for item in items if "body" in item]
        return [case for case in cases if isinstance(case, SessionCase)]

    def seats(self) -> dict[str, list[str]]:
        """Who sits where, as the desk says."""
        key = desk_key(MERCHANT, "presale")
        case = wiring.case_store().load(MERCHANT, [key]).cases[key].case
        agents = case.agents if isinstance(case, DeskCase) else {}
        return {agent: [seat.session for seat in state.seats] for agent, state in agents.items()}

    def check(self) -> None:
        """No agent has one too many, and desks and sessions agree about who has whom."""
        seats = self.seats()
        owners = defaultdict(list)
        for agent, own in seats.items():
            assert len(own) <= SEATS, agent
            for session in own:
                owners[session].append(agent)
        held = {case.name: [case.agent] for case in self.sessions() if case.holder is Holder.AGENT}
        assert dict(owners) == held


@pytest.mark.skipif(not SCHEDULES, reason="minutes long; set HUHANG_SCHEDULES")
@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_starves_no_agent_has_one_too_many_and_no_session_has_two_owners(desk: Desk, seed: int) -> None:
    shift = Shift(desk, Random(seed))
    for agent in AGENTS:
        shift.come(agent)
    for number in range(SESSIONS):
        desk.ask(UPSET, session=f"S-{number}")
    desk.loop.settle()
    shift.check()
    for number in range(STEPS):
        shift.step()
        if number % 5 == 0:
            shift.check()
    for agent in AGENTS:
        shift.come(agent)
    for _ in range(SESSIONS // SEATS):
        shift.answer_all(close=True)
        desk.wait(MINUTE)
        shift.check()
        if not any(case.unanswered_since for case in shift.sessions() if case.holder is Holder.WAITING):
            break
    left = [case.name for case in shift.sessions() if case.holder is Holder.WAITING and case.unanswered_since]
    assert left == [], "somebody starved"
