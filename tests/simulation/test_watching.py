"""Whatever sources do (die, abort, refuse, tell late, doubled or wrongly): nothing is missed, nothing is said twice.

Hypothesis plays one parcel and its sources against the real decisions, store semantics, sweep and caller.
"""

import random
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain.events import (
    CarrierCorrected,
    CourierAnswered,
    ParcelTraced,
    ReturnReceived,
    TicketTaken,
    TrackingEnded,
    TroubleFiled,
)
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.tickets import FILED, Anomaly, Ticket
from shared.rules.parcel_filings import said_of, unmatched
from shared.rules.parcel_spans import deadlines, heeded, trouble
from shared.rules.parcel_watch import is_given_up
from shared.rules.ticketing import QUIET, overdue
from tests.simulation.outside import WAYBILL
from tests.simulation.road import MERCHANT, Source
from tests.simulation.schedules import schedules
from tests.simulation.vendor import order_read
from tests.simulation.world import WATCHING, World

HEARTBEAT_AND_CYCLE = 37  # hours since the last sign of life
_UNHEARD_AFTER = 3  # hours: then something happens of which nobody tells
_ROAD = (
    Stage.LABEL_CREATED,
    Stage.PICKED_UP,
    Stage.IN_TRANSIT,
    Stage.ARRIVED_AT_HUB,
    Stage.OUT_FOR_DELIVERY,
    Stage.HELD_AT_PICKUP_POINT,
    Stage.DELIVERY_FAILED,
    Stage.REFUSED,
    Stage.RETURNING,
    Stage.DELIVERED,
)
_SOURCES = ("zto", "yto", "kuaidi100")


class Parcels(RuleBasedStateMachine):
    """One order, its parcel under whatever courier, every misfortune of its sources."""

    @initialize(right=st.sampled_from(["zto", "zto", "yto"]), unasked=st.booleans(), own=st.booleans())
    def begin(self, right: str, *, unasked: bool, own: bool) -> None:
        watching = WATCHING if own else WATCHING.model_copy(update={"trackers": {}})
        self.world = World(right=right, unasked=unasked, watching=watching)
        self._report()

    def _report(self) -> None:
        self.world.accept(order_read(self.world.clock.now(), self.world.outside._order({})))

    def _about(self, carrier: str = "zto") -> dict[str, str]:
        return {"merchant": MERCHANT, "carrier": carrier, "waybill": WAYBILL}

    def _watched(self) -> list[ParcelCase]:
        """Parcels of ours on their way: somebody has to listen for them."""
        cases = (stored.case for stored in self.world.table.cases.values())
        return [case for case in cases if isinstance(case, ParcelCase) and case.watch.step and not case.is_finished]

    # ---- the courier, the sources, people ------------------------------------------------------------------------

    @rule(
        stage=st.sampled_from(_ROAD),
        minutes_late=st.sampled_from([0, 0, 90, 2000]),
        copies=st.integers(1, 2),
    )
    def the_parcel_moves(self, stage: Stage, minutes_late: int, copies: int) -> None:
        self.world.scan(stage, self.world.clock.now(), timedelta(minutes=minutes_late), copies)

    @rule(name=st.sampled_from(_SOURCES))
    def a_source_dies_silently(self, name: str) -> None:
        self.world.roads.unasked = False
        self.world.roads.sources[name].subscribed.clear()

    @rule(name=st.sampled_from(_SOURCES), gave_up=st.booleans())
    def a_source_stops_and_says_so(self, name: str, *, gave_up: bool) -> None:
        for carrier, _ in sorted(self._source(name).subscribed):
            reason = "3天查询无记录" if gave_up else "shutdown"
            self.world.accept(TrackingEnded(**self._about(carrier), source=name, reason=reason, gave_up=gave_up))
        self._source(name).subscribed.clear()

    @rule(name=st.sampled_from(_SOURCES), refuses=st.booleans())
    def a_source_takes_subscriptions_or_does_not(self, name: str, *, refuses: bool) -> None:
        self._source(name).refuses = refuses

    @precondition(lambda self: self.world.road.scans)
    @rule(seed=st.integers(0, 99))
    def a_source_tells_everything_again_in_any_order(self, seed: int) -> None:
        scans = list(self.world.road.scans)
        random.Random(seed).shuffle(scans)
        about = self._about(self.world.road.right)
        self.world.accept(ParcelTraced(**about, source="kuaidi100", scans=tuple(scans)))

    @precondition(lambda self: self.world.road.right != "zto")
    @rule()
    def a_source_finds_the_right_courier(self) -> None:
        self.world.accept(CarrierCorrected(**self._about(), source="kuaidi100", right=self.world.road.right))

    @rule()
    def the_platform_tells_of_the_order_again(self) -> None:
        self._report()

    @rule(place=st.integers(0, 3), closed=st.booleans())
    def a_person_takes_a_ticket(self, place: int, *, closed: bool) -> None:
        tickets = [(case, ticket) for case in self._watched() for ticket in case.tickets]
        if tickets:
            case, ticket = tickets[place % len(tickets)]
            about = f"{MERCHANT}|parcel|{case.carrier}:{case.waybill}"
            shown = {"since": ticket.since, "said": said_of(case, ticket.anomaly), "at": self.world.clock.now()}
            told = {"about": about, "anomaly": ticket.anomaly, "by": "li", "closed": closed, **shown}
            self.world.accept(TicketTaken(merchant=MERCHANT, **told))

    @rule(anomaly=st.sampled_from(FILED), text=st.sampled_from(["少发一件", "发错颜色"]))
    def people_file_what_is_wrong(self, anomaly: Anomaly, text: str) -> None:
        at = self.world.clock.now()
        self.world.accept(
            TroubleFiled(**self._about(self.world.road.right), anomaly=anomaly, source="merchant", text=text, at=at)
        )

    @rule()
    def the_courier_answers(self) -> None:
        at = self.world.clock.now()
        self.world.accept(CourierAnswered(**self._about(self.world.road.right), source="zto", text="已催", at=at))

    @precondition(lambda self: any(scan.stage is Stage.RETURNING for scan in self.world.road.scans))
    @rule()
    def the_warehouse_counts_it_in(self) -> None:
        self.world.accept(ReturnReceived(**self._about(self.world.road.right), at=self.world.clock.now()))

    def _source(self, name: str) -> Source:
        return self.world.roads.sources[name]

    # ---- the machine and its misfortunes -------------------------------------------------------------------------

    @rule(twice=st.booleans())
    def the_stream_is_forwarded(self, *, twice: bool) -> None:
        self.world.publish(twice=twice)

    @rule(choice=st.integers(0, 9), twice=st.booleans(), count=st.integers(1, 6))
    def messages_are_delivered(self, choice: int, count: int, *, twice: bool) -> None:
        for _ in range(count):
            self.world.publish()
            self.world.deliver(choice, twice=twice)

    @rule(choice=st.integers(0, 99))
    def an_old_message_comes_again(self, choice: int) -> None:
        self.world.accept(self.world.accepted[choice % len(self.world.accepted)])

    @rule(minutes=st.sampled_from([1, 40, 300, 800, 1500, 2300]))
    def time_passes(self, minutes: int) -> None:
        self.world.tick(timedelta(minutes=minutes))

    @rule()
    def wakes_come_early(self) -> None:
        self.world.hasten()

    @rule(write=st.integers(1, 5))
    def the_function_will_crash(self, write: int) -> None:
        self.world.crash_in = write

    @rule(fault=st.sampled_from(["lost", "unheard", "refused", ""]))
    def the_network_will_fail(self, fault: str) -> None:
        self.world.outside.faults.append(fault)

    # ---- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def every_deadline_will_be_noticed(self) -> None:
        assert self.world.unguarded() == []

    @invariant()
    def no_watched_parcel_waits_for_nothing(self) -> None:
        for stored in self.world.table.cases.values():
            assert stored.due is not None or stored.case not in self._watched(), stored.key

    @invariant()
    def nothing_is_said_twice(self) -> None:
        witness = self.world.store
        for counted in (witness.levels, witness.urged, witness.buyer_told):
            assert all(count <= 1 for count in counted.values()), counted

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert all(count == 1 for count in self.world.outside.urged.values())
        assert all(count == 1 for count in self.world.outside.buyer_told.values())
        assert self.world.outside.blind_calls == 0

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.settle(HEARTBEAT_AND_CYCLE)
        assert not world.dead, "a message ended in the dead-letter queue"
        for key, stored in world.table.cases.items():
            assert stored.due is None or stored.due > world.clock.now(), f"{key} is overdue"
        self._check_tickets()
        self._check_that_silence_is_noticed()
        self.nothing_is_said_twice()
        self.nothing_is_done_twice()

    def _check_tickets(self) -> None:
        """Whatever is the matter has a ticket, and every level that was reached is told."""
        now = self.world.clock.now()
        for case in self._watched():
            wrong = {found.anomaly for found in unmatched(case)}
            if not is_given_up(case, self.world.policy.watching, now):
                clocks = heeded(case, deadlines(case, self.world.policy))
                wrong |= {found.anomaly for found in (*overdue(clocks, now), *trouble(case))}
            assert wrong == {ticket.anomaly for ticket in case.tickets}
            for ticket in case.tickets:
                assert ticket.told >= 1 + (ticket.breach_at <= now), ticket
                assert ticket.raised >= self._risen(ticket, now), ticket

    def _risen(self, ticket: Ticket, now: datetime) -> int:
        if ticket.anomaly in QUIET or ticket.taken_by:
            return 0
        return sum(ticket.opened_at + step.after <= now for step in self.world.policy.watching.escalations)

    def _check_that_silence_is_noticed(self) -> None:
        """All is well for a while, then every source dies: scans that nobody tells of bring a new watcher or a ticket.

        Sources may be asked so soon after a scan that its push could still be on its way: then the next scan counts.
        """
        world = self.world
        back = any(case.return_scan_at for case in self._watched())
        self._listen(on=True)
        world.scan(Stage.RETURNING if back else Stage.IN_TRANSIT, world.clock.now())
        world.settle(1)
        self._listen(on=False)
        for _ in range(2):
            world.tick(timedelta(hours=_UNHEARD_AFTER))
            world.scan(Stage.RETURNING if back else Stage.IN_TRANSIT, world.clock.now())
            world.settle(HEARTBEAT_AND_CYCLE - _UNHEARD_AFTER)
            for case in self._watched():
                assert case.heard_at == world.road.heard_at or _is_noticed(case), "a scan was never learned"
            if all(_is_noticed(case) or self._has_watcher(case) for case in self._watched()):
                return
        raise AssertionError("a parcel has no watcher, and nobody was told")

    def _listen(self, *, on: bool) -> None:
        self.world.roads.unasked = on
        for source in self.world.roads.sources.values():
            source.subscribed.clear()

    def _has_watcher(self, case: ParcelCase) -> bool:
        number = (case.carrier, case.waybill)
        return any(number in source.subscribed for source in self.world.roads.sources.values())


def _is_noticed(case: ParcelCase) -> bool:
    """Whether people look at the parcel's way, and not only at how long it takes in all."""
    return any(ticket.anomaly is not Anomaly.LATE for ticket in case.tickets)


Parcels.TestCase.settings = schedules(800)
TestParcels = Parcels.TestCase
