"""Whatever is doubled, shuffled, lost or crashes: nobody is paid twice, no parcel is stopped twice, nothing is lost.

Hypothesis plays the world against the real decisions, store semantics and caller.
"""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain.events import RefundReported, ReturnReceived
from shared.domain.parcel import InterceptionPhase, Stage
from shared.domain.policy import RefundMoment
from shared.domain.refund import RefundPhase, RefundStatus
from tests.simulation.outside import AMOUNT_FEN, WAYBILL, Request
from tests.simulation.road import MERCHANT
from tests.simulation.schedules import schedules
from tests.simulation.vendor import order_read, refund_reported
from tests.simulation.world import World

_ENDED = (RefundPhase.CLOSED, RefundPhase.BY_HAND)
_FORWARD = (Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB, Stage.OUT_FOR_DELIVERY, Stage.DELIVERED)


class Refunds(RuleBasedStateMachine):
    """One order, one parcel, one or two refunds, every misfortune."""

    @initialize(
        shipped=st.booleans(),
        refunds=st.integers(1, 2),
        known=st.booleans(),
        moment=st.sampled_from(RefundMoment),
        budget=st.sampled_from([0, AMOUNT_FEN - 1, AMOUNT_FEN, 2 * AMOUNT_FEN]),
        limits=st.sampled_from(["", "6/min"]),
    )
    def begin(
        self, *, shipped: bool, refunds: int, known: bool, moment: RefundMoment, budget: int, limits: str
    ) -> None:
        self.world = World(
            shipped=shipped, refunds=refunds, refund_on=moment, budget_amount_max_fen=budget, limits=limits
        )
        self.scanned_at = self.world.clock.now()
        if known:
            self.world.accept(order_read(self.world.clock.now(), self.world.outside._order({})))

    # ---- the buyer, the platform, the courier, the warehouse -----------------------------------------------------

    def _tell(self, name: str, copies: int = 1) -> None:
        for _ in range(copies):
            truth = self.world.outside.requests[name].told()
            self.world.accept(refund_reported(self.world.clock.now(), name, truth))

    def _pick(self, which: int) -> str:
        return list(self.world.outside.requests)[which % len(self.world.outside.requests)]

    @rule(which=st.integers(0, 1), copies=st.integers(1, 3))
    def the_platform_tells_of_a_refund(self, which: int, copies: int) -> None:
        self._tell(self._pick(which), copies)

    @rule(
        which=st.integers(0, 1),
        status=st.sampled_from([RefundStatus.CLOSED, RefundStatus.REFUSED, RefundStatus.REFUNDED]),
    )
    def somebody_ends_it_elsewhere(self, which: int, status: RefundStatus) -> None:
        request = self.world.outside.requests[self._pick(which)]
        if request.status is RefundStatus.PENDING:
            request.status = status
            request.version += 1
            self._tell(self._pick(which))

    @rule(
        which=st.integers(0, 1),
        amount_fen=st.sampled_from([AMOUNT_FEN // 2, AMOUNT_FEN, AMOUNT_FEN * 2]),
        told=st.booleans(),
    )
    def the_buyer_changes_the_amount(self, which: int, amount_fen: int, *, told: bool) -> None:
        request = self.world.outside.requests[self._pick(which)]
        if request.status is RefundStatus.PENDING:
            request.amount_fen = amount_fen
            request.version += 1
            if told:
                self._tell(self._pick(which))

    @rule(stage=st.sampled_from(_FORWARD), late=st.booleans())
    def the_courier_scans(self, stage: Stage, *, late: bool) -> None:
        self.scanned_at += timedelta(minutes=1)
        at = self.scanned_at - timedelta(hours=2) if late else self.scanned_at
        self.world.scan(stage, at)

    @precondition(lambda self: self.world.outside.interception in ("none", "live"))
    @rule(verdict=st.sampled_from(["stopped", "refuses", "none"]))
    def the_courier_makes_up_its_mind(self, verdict: str) -> None:
        self.world.outside.interception = verdict

    @precondition(lambda self: self.world.outside.interception == "stopped")
    @rule(counted=st.booleans())
    def the_parcel_comes_back(self, *, counted: bool) -> None:
        self.scanned_at += timedelta(minutes=1)
        self.world.scan(Stage.RETURNING, self.scanned_at)
        if counted:
            at = self.world.clock.now()
            self.world.accept(ReturnReceived(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, at=at))

    # ---- the machine and its misfortunes -------------------------------------------------------------------------

    @rule(twice=st.booleans())
    def the_stream_is_forwarded(self, *, twice: bool) -> None:
        self.world.publish(twice=twice)

    @rule(choice=st.integers(0, 9), twice=st.booleans(), count=st.integers(1, 6))
    def messages_are_delivered(self, choice: int, count: int, *, twice: bool) -> None:
        for _ in range(count):
            self.world.publish()
            self.world.deliver(choice, twice=twice)

    @rule(seconds=st.sampled_from([1, 45, 150, 700, 4000, 30000]))
    def time_passes(self, seconds: int) -> None:
        self.world.tick(timedelta(seconds=seconds))

    @rule(write=st.integers(1, 4))
    def the_function_will_crash(self, write: int) -> None:
        self.world.crash_in = write

    @rule(fault=st.sampled_from(["lost", "unheard", "refused", "throttled", ""]))
    def the_network_will_fail(self, fault: str) -> None:
        self.world.outside.faults.append(fault)

    # ---- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def each_refund_is_paid_at_most_once_and_never_more_than_the_order(self) -> None:
        assert all(len(request.paid) <= 1 for request in self.world.outside.requests.values())
        assert sum(amount for amount, _ in self.world.outside.paid) <= AMOUNT_FEN * len(self.world.outside.requests)

    @invariant()
    def the_budget_holds(self) -> None:
        assert sum(amount for amount, _ in self.world.outside.paid) <= self.world.policy.budget_amount_max_fen

    @invariant()
    def no_request_reaches_the_courier_twice(self) -> None:
        assert all(count == 1 for count in self.world.outside.registered.values())

    @invariant()
    def nothing_is_repeated_before_asking(self) -> None:
        assert self.world.outside.blind_calls == 0

    @invariant()
    def every_deadline_has_a_pointer_before_it(self) -> None:
        assert self.world.unguarded() == []

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.settle()
        self.each_refund_is_paid_at_most_once_and_never_more_than_the_order()
        assert not world.dead, "a message ended in the dead-letter queue"
        assert not [entry for entry in world.later if entry[0] <= world.clock.now()], "a message was left"
        for name, request in world.outside.requests.items():
            self._check_end(name, request)
        for stored in world.table.cases.values():
            assert stored.due is None or stored.due > world.clock.now(), f"{stored.key} is overdue"
        parcel = world.parcel
        assert parcel is None or parcel.interception.phase is not InterceptionPhase.REQUESTED

    def _check_end(self, name: str, request: Request) -> None:
        refund = self.world.refund(name)
        told = [e for e in self.world.accepted if isinstance(e, RefundReported) and e.refund_id == name]
        if any(event.status in (RefundStatus.PENDING, RefundStatus.REFUNDED) for event in told):
            assert refund is not None
            assert refund.phase in _ENDED or refund.parcels, f"{name} is stuck in {refund.phase}"
        if request.paid:
            assert refund is not None
            assert refund.refunded_at is not None, f"{name} was paid and the case does not know"


Refunds.TestCase.settings = schedules(1000)
TestRefunds = Refunds.TestCase
