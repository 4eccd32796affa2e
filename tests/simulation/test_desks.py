"""A hundred sessions, three agents, every misfortune: nobody starves or has one too many, no session has two owners.

A tenth of the schedules are played here: each is longer.
"""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain.session import Holder, Presence
from tests.simulation.schedules import schedules
from tests.simulation.shop import AGENTS, GROUPS, Shop

numbers = st.integers(0, 99)
few = st.integers(0, 4)
copies = st.sampled_from([1, 1, 1, 2, 3])
lateness = st.sampled_from([0, 0, 0, 1, 5, 40, 90])
agents = st.sampled_from(list(AGENTS))


class Desks(RuleBasedStateMachine):
    """Buyers write, bots and agents answer, hand over and vanish, messages are doubled, late and shuffled."""

    @initialize(shifts=st.booleans(), crowd=st.booleans(), there=st.sets(agents))
    def begin(self, *, shifts: bool, crowd: bool, there: set[str]) -> None:
        self.shop, self.crowd = Shop(shifts=shifts), crowd
        for agent in sorted(there):
            self.shop.go(agent, Presence.ONLINE)

    # ---- buyers, bots, agents ------------------------------------------------------------------------------------

    @precondition(lambda self: self.crowd)
    @rule(first=numbers, count=st.integers(1, 30))
    def many_buyers_are_upset_at_once(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            self.shop.write(number % 100, upset=True)

    @rule(number=few, upset=st.booleans(), copies=copies, late_s=lateness)
    def a_buyer_writes(self, number: int, copies: int, late_s: int, *, upset: bool) -> None:
        self.shop.write(number, upset=upset, copies=copies, late_s=late_s)

    @rule(number=few, upset=st.booleans(), times=st.integers(1, 2))
    def a_desktop_asks(self, number: int, times: int, *, upset: bool) -> None:
        self.shop.ask(number, upset=upset, times=times)

    @rule(number=few, agent=agents | st.none(), copies=copies, late_s=lateness)
    def somebody_answers(self, number: int, agent: str | None, copies: int, late_s: int) -> None:
        self.shop.answer(number, agent, copies, late_s)

    @rule()
    def those_who_are_there_answer(self) -> None:
        for case in self.shop.sessions():
            if case.holder is Holder.AGENT and case.agent and self.shop.presence[case.agent] is Presence.ONLINE:
                self.shop.answer(int(case.session_id), case.agent)

    @rule(number=few, to=st.sampled_from([*AGENTS, *GROUPS, "nobody", None]), copies=copies, late_s=lateness)
    def somebody_hands_over(self, number: int, to: str | None, copies: int, late_s: int) -> None:
        self.shop.hand_over(number, to, copies, late_s)

    @rule(number=few, copies=copies, late_s=lateness)
    def a_session_is_closed(self, number: int, copies: int, late_s: int) -> None:
        self.shop.close(number, copies, late_s)

    @rule(agent=agents, presence=st.sampled_from(Presence), copies=copies, late_s=lateness)
    def an_agent_comes_or_goes(self, agent: str, presence: Presence, copies: int, late_s: int) -> None:
        self.shop.go(agent, presence, copies, late_s)

    # ---- the machine and its misfortunes -------------------------------------------------------------------------

    @rule(twice=st.booleans())
    def the_stream_is_forwarded(self, *, twice: bool) -> None:
        self.shop.publish(twice=twice)

    @rule(choice=st.integers(0, 40), twice=st.booleans(), count=st.integers(1, 20))
    def messages_are_delivered(self, choice: int, count: int, *, twice: bool) -> None:
        for _ in range(count):
            self.shop.publish()
            self.shop.deliver(choice, twice=twice)

    @rule(seconds=st.sampled_from([10, 90, 600]), which=st.sampled_from(["seat_given", "seat_lost", "seat_", ""]))
    def messages_are_slow(self, seconds: int, which: str) -> None:
        self.shop.publish()
        self.shop.hold_up(which, timedelta(seconds=seconds))

    @rule()
    def all_messages_are_delivered(self) -> None:
        self.shop.drain()
        if not self.shop.seats_under_way():
            self._desks_and_sessions_agree()

    @rule(seconds=st.sampled_from([1, 45, 61, 181, 700, 4000, 9 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.shop.tick(timedelta(seconds=seconds))

    @rule(write=st.integers(1, 6))
    def the_function_will_crash(self, write: int) -> None:
        self.shop.crash_in = write

    # ---- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def no_agent_has_more_than_the_limit(self) -> None:
        for desk in self.shop.desks():
            for agent, state in desk.agents.items():
                assert len(state.seats) <= AGENTS[agent][1], agent

    @invariant()
    def no_session_has_two_owners(self) -> None:
        sessions = {case.name: case for case in self.shop.sessions()}
        for name, seats in self.shop.seats().items():
            case = sessions[name]
            valid = [(group, agent) for group, agent, token in seats if token == case.token]
            assert len(valid) <= 1, f"{name} sits at {valid}"
            assert all(token <= case.token for *_, token in seats), f"{name} sits with a token of the future"
            if case.holder is Holder.AGENT:
                assert valid in ([], [(case.group, case.agent)]), f"{name} is {case.agent}'s and sits at {valid}"

    @invariant()
    def every_deadline_has_a_pointer_before_it(self) -> None:
        assert self.shop.unguarded() == []

    def _desks_and_sessions_agree(self) -> None:
        """Nothing is under way between them: who has a seat knows it, and nobody who is free is needed."""
        shop, seats = self.shop, self.shop.seats()
        for case in shop.sessions():
            is_seated = case.holder is Holder.AGENT
            assert seats.get(case.name, []) == ([(case.group, case.agent, case.token)] if is_seated else []), case.name
        lines = {waiter.session: waiter for desk in shop.desks() for waiter in desk.waiting}
        owed = {case.name: case.token for case in shop.owed() if case.holder is Holder.WAITING}
        assert {name: waiter.token for name, waiter in lines.items() if name in owed} == owed
        for desk in shop.desks():
            if shop.free_at(desk):
                assert all(waiter.agent or waiter.not_agent for waiter in desk.waiting), (
                    "somebody is free, and not asked"
                )

    def teardown(self) -> None:
        if not hasattr(self, "shop"):
            return
        shop = self.shop
        shop.crash_in = 0
        shop.drain()
        for agent in AGENTS:
            shop.go(agent, Presence.ONLINE)
        shop.settle()
        self.no_agent_has_more_than_the_limit()
        self.no_session_has_two_owners()
        assert not shop.dead, "a message ended in the dead-letter queue"
        assert [case.name for case in shop.owed()] == [], "somebody starved"
        for desk in shop.desks():
            assert desk.waiting == (), "somebody is forgotten in a line"
        for name, seats in shop.seats().items():
            assert seats == [], f"{name} left a seat taken"


Desks.TestCase.settings = schedules(2000, share=10)
TestDesks = Desks.TestCase
