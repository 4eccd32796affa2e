"""What holds for every parcel, whatever its refunds, its courier and its scans do in whatever order."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.commands import CancelInterception, Command, CourierCommand, InterceptParcel, TrackingCommand
from shared.domain.events import CommandFailed, InterceptionReleased, ParcelShipped, ReturnReceived
from shared.domain.notices import TicketKind
from shared.domain.parcel import InterceptionPhase, ParcelCase, Stage
from shared.rules.decide_parcel import decide_parcel
from shared.rules.parcel_interception import RULES
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    PARCEL_KEY,
    WAYBILL,
    Run,
    content,
    courier,
    scanned,
    tick,
    tickets,
    wanted,
)
from tests.unit.rules.parcels import courier_due

ABOUT = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
_ASKING = (InterceptionPhase.REQUESTED, InterceptionPhase.ACCEPTED, InterceptionPhase.CANCELLING)
_refunds = st.sampled_from([("R1", "O1", "L1"), ("R2", "O2", "M1"), ("R3", "O1", "L2")])
_happenings = st.one_of(
    st.tuples(st.just("wanted"), _refunds),
    st.tuples(st.just("wanted"), _refunds),
    st.tuples(st.just("released"), st.sampled_from(["R1", "R2", "R3"])),
    st.tuples(st.just("shipped"), st.sampled_from([("O1", "L1"), ("O1", "L2"), ("O2", "M1")])),
    st.tuples(st.just("scan"), st.sampled_from(Stage), st.integers(-3, 3)),
    st.tuples(st.just("answer"), st.sampled_from(["accepted", "refused", "cancelled"]), st.booleans()),
    st.tuples(st.just("answer"), st.just("accepted"), st.just(True)),
    st.tuples(st.just("report"), st.sampled_from(["none", "in_progress", "succeeded", "failed", "finished"])),
    st.tuples(st.just("failed"), st.booleans()),
    st.tuples(st.just("received")),
    st.tuples(st.just("tick"), st.sampled_from([MINUTE, 3 * MINUTE, HOUR, 7 * HOUR])),
)


class Life:
    """One parcel living through happenings, every decision checked as it is made."""

    def __init__(self) -> None:
        self.run = Run(decide_parcel)
        self.known: dict[str, Command] = {}
        self.scans = 0

    def happen(self, kind: str, *details: Any) -> None:
        """Turn a happening into an event for the case as it stands."""
        pause = details[0] if kind == "tick" else timedelta(seconds=1)
        self.take(getattr(self, f"_{kind}")(*details), pause)

    def take(self, event: Any, pause: timedelta) -> None:
        """Take one event and check the decision."""
        said = self.run.take(event, after=pause)
        commands = [
            message
            for message in said
            if isinstance(message, CourierCommand) and not isinstance(message, TrackingCommand)
        ]
        assert len(commands) <= 1, "two commands at once"
        for command in commands:
            first = self.known.setdefault(command.command_id, command)
            assert first.model_copy(update={"why": command.why}) == command, "one number for two things"
            assert command.command_id == f"{PARCEL_KEY}#{self.case.interception.step}"
            if isinstance(command, InterceptParcel) and first is command:
                assert self.case.wishes, "stopped what nobody wants stopped"
                assert not [rule for rule in RULES if rule(self.case, self.run.policy)], "stopped against a rule"
            if isinstance(command, CancelInterception):
                assert isinstance(self.known.get(command.of_command), InterceptParcel)
        if self.run.case is None:
            return
        if self.case.interception.phase in (InterceptionPhase.REQUESTED, InterceptionPhase.CANCELLING):
            assert courier_due(self.run) is not None, "it waits for ever"
        if self.case.interception.phase not in _ASKING:
            assert courier_due(self.run) is None

    def rest(self) -> None:
        """Let nothing happen but time: it must come to rest, and leave nobody uninformed."""
        for _ in range(400):
            if courier_due(self.run) is None:
                break
            assert self.run.last.due
            self.take(tick(PARCEL_KEY), max(self.run.last.due - self.run.now, timedelta(0)))
        assert courier_due(self.run) is None, "it never comes to rest"
        if self.run.case and not self.case.wishes and self.case.interception.phase is InterceptionPhase.ACCEPTED:
            assert TicketKind.STOPPED_THEN_WITHDRAWN in tickets(self.run.said), "held back, and nobody was told"

    @property
    def case(self) -> ParcelCase:
        """The case as it stands."""
        case = self.run.case
        assert isinstance(case, ParcelCase)
        return case

    def _step(self) -> int:
        return self.case.interception.step if self.run.case else 0

    def _wanted(self, refund: tuple[str, str, str]) -> Any:
        return wanted(*refund)

    def _released(self, refund_id: str) -> Any:
        return InterceptionReleased(**ABOUT, refund=f"sim:{refund_id}")

    def _shipped(self, inside: tuple[str, ...]) -> Any:
        return ParcelShipped(**ABOUT, content=content(*inside))

    def _scan(self, stage: Stage, minutes: int) -> Any:
        self.scans += 5
        return scanned(stage, NOW + (self.scans + minutes) * MINUTE)

    def _answer(self, kind: str, now: bool) -> Any:
        return courier(kind, self._step() if now else self._step() - 1)

    def _report(self, state: str) -> Any:
        return courier("reported", self._step(), state=state)

    def _failed(self, certain: bool) -> Any:
        about = {"merchant": MERCHANT, "reply_to": PARCEL_KEY, "answers": f"{PARCEL_KEY}#{self._step()}"}
        return CommandFailed(**about, command="x", code="S01", certain=certain)

    def _received(self) -> Any:
        return ReturnReceived(**ABOUT, at=self.run.now)

    def _tick(self, pause: timedelta) -> Any:
        return tick(PARCEL_KEY)


@settings(max_examples=250)
@given(st.lists(_happenings, max_size=12))
def test_whatever_happens_to_a_parcel(life: list[Any]) -> None:
    parcel = Life()
    for happening in life:
        parcel.happen(*happening)
    parcel.rest()
