"""What holds for every refund, whatever happens to it in whatever order."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.commands import AgreeRefund, Command, ReadRefund
from shared.domain.decision import Decision, Facts
from shared.domain.events import CommandFailed, OrderLearned, RefundAgreed, RefundReported
from shared.domain.messages import parse_message, write_message
from shared.domain.order import Shipment
from shared.domain.parcel import Progress
from shared.domain.policy import RefundMoment
from shared.domain.refund import RefundCase, RefundKind, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    ORDER,
    PAID,
    REFUND,
    REFUND_KEY,
    Run,
    order,
    order_stopped,
    progressed,
    reported,
    tick,
)

_ORDERS = (
    order("W1"),  # the first are drawn most
    order(),
    None,
    order(paid_fen=None),
    order("W1", "W2", lines=2),
    order("W1", lines=2),
    order("W1", paid_fen=PAID - 1),
)
_ON_ERP = ((), (Shipment(carrier="zto", waybill="W9"),))
_which = st.sampled_from(["now", "now", "now", "before", "never"])
_happenings = st.one_of(
    st.tuples(
        st.just("reported"),
        st.sampled_from(RefundStatus),
        st.integers(0, 4),
        st.sampled_from([None, 1, PAID, PAID, PAID, PAID + 1]),
        st.sampled_from([None, RefundKind.REFUND_ONLY, RefundKind.REFUND_ONLY, RefundKind.OTHER]),
        st.sampled_from([(), ("L1",), ("L1", "L2")]),
        _which,
    ),
    st.tuples(st.just("read"), st.integers(0, 1), st.sampled_from([PAID, PAID, PAID + 1])),
    st.tuples(st.just("learned")),
    st.tuples(
        st.just("stopped"),
        st.sampled_from(["cancelled", "held", "label_printed", "shipped", "not_synced"]),
        st.sampled_from(_ON_ERP),
        _which,
    ),
    st.tuples(st.just("parcel"), st.sampled_from(["W1", "W2", "W9"]), st.sampled_from(Progress)),
    st.tuples(
        st.just("moment"),
    ),
    st.tuples(st.just("agreed"), _which),
    st.tuples(st.just("failed"), st.booleans(), _which),
    st.tuples(st.just("tick"), st.sampled_from([MINUTE, 3 * MINUTE, HOUR, 30 * HOUR])),
    st.tuples(st.just("order"), st.sampled_from(_ORDERS)),
    st.tuples(st.just("budget"), st.booleans()),
)
_lives = st.lists(_happenings, max_size=14)
_policies = st.fixed_dictionaries(
    {"refund_on": st.sampled_from(RefundMoment), "unsynced_order": st.sampled_from(["ask", "refund"])}
)


class Life:
    """One refund living through happenings, every decision checked as it is made."""

    def __init__(self, known: Any, policy: dict[str, Any]) -> None:
        self.run = Run(decide_refund, **policy)
        self.run.order = known
        self.reads: set[str] = set()
        self.agreements: dict[str, AgreeRefund] = {}
        self.drawn_fen = 0
        self.take(reported())

    def happen(self, kind: str, *details: Any) -> None:
        """Turn a happening into an event for the case as it stands."""
        if kind == "order":
            [self.run.order] = details
        elif kind == "budget":
            [self.run.budget_left] = details
        elif kind == "tick":
            self.run.now += details[0]
            self.take(tick())
        elif kind == "moment":
            for state in self.case.parcels:
                self.take(progressed(Progress.RECEIVED, state.waybill, at=self.run.now))
        else:
            self.take(getattr(self, f"_{kind}")(*details))

    def take(self, event: Any) -> None:
        """Take one event and check the decision."""
        before: RefundCase | None = self.run.case
        facts = Facts(MERCHANT, event, before, self.run.order, self.run.budget_left)
        again = decide_refund(facts, self.run.policy, self.run.now)
        said = self.run.take(event)
        assert _bytes(again) == _bytes(self.run.last), "the same facts gave another decision"
        assert [parse_message(write_message(message)) for message in said] == said
        commands = [message for message in said if isinstance(message, Command)]
        assert len(commands) <= 1, "two commands at once"
        for command in commands:
            self._check_command(command, event, before)
        for message in said:
            why = getattr(message, "why", None)
            assert why is None or (why.rule and why.policy_version == 7)
        self._check_draw(event, commands)
        self._check_waiting()

    @property
    def case(self) -> RefundCase:
        """The case as it stands."""
        case = self.run.case
        assert isinstance(case, RefundCase)
        return case

    # ---- what must hold ------------------------------------------------------------------------------------------

    def _check_command(self, command: Command, event: Any, before: RefundCase | None) -> None:
        if command.command_id != f"{REFUND_KEY}#{self.case.step}":
            assert isinstance(command, ReadRefund)
            assert self.case.read_at == self.run.now
            assert command.command_id == f"{REFUND_KEY}#read-{self.run.now:%y%m%d}"
            return
        assert command.reply_to == REFUND_KEY
        if isinstance(command, ReadRefund):
            self.reads.add(command.command_id)
        if not isinstance(command, AgreeRefund):
            return
        known = self.agreements.setdefault(command.command_id, command)
        if known is not command:
            assert known.model_copy(update={"why": command.why}) == command, "a repetition that asks for more"
            return
        assert before is not None
        assert before.refunded_at is None, "paid a second time"
        assert isinstance(event, RefundReported)
        assert event.answers in self.reads
        assert event.answers == f"{REFUND_KEY}#{before.step}"
        assert (event.version, event.amount_fen) == (command.version, command.amount_fen)
        assert event.status is RefundStatus.PENDING
        assert self.case.kind is RefundKind.REFUND_ONLY
        assert self.run.order is not None
        assert self.run.order.paid_fen is not None
        assert command.amount_fen <= self.run.order.paid_fen
        moment = self.run.policy.refund_on.reached_by
        assert self.case.parcels or self.case.order_stopped or self.run.policy.unsynced_order == "refund"
        assert all(parcel.progress in moment for parcel in self.case.parcels), "a parcel had not come far enough"

    def _check_draw(self, event: Any, commands: list[Command]) -> None:
        draw = self.run.last.draw
        if draw is None:
            return
        self.drawn_fen += draw.amount_fen
        if draw.amount_fen > 0:
            assert isinstance(commands[0], AgreeRefund)
            assert draw.amount_fen == commands[0].amount_fen
        else:
            assert isinstance(event, CommandFailed)
            assert event.certain, "gave back what may have been paid"
        assert self.drawn_fen >= self.case.reserved_fen >= 0

    def _check_waiting(self) -> None:
        case = self.case
        if case.phase not in (RefundPhase.CLOSED, RefundPhase.BY_HAND):
            assert self.run.last.due is not None, f"{case.phase} waits for ever"
        if case.phase is RefundPhase.CLOSED:
            assert self.run.last.due is None
            assert case.outcome
        if case.phase is RefundPhase.BY_HAND and case.kind is RefundKind.REFUND_ONLY:
            assert case.tickets or case.rule == "refund_only", "a dead end that nobody was told of"
        assert len(set(case.tickets)) == len(case.tickets)

    # ---- events --------------------------------------------------------------------------------------------------

    def _answers(self, which: str, kind: str = "") -> str:
        """The number of the newest command (of a kind), of the one before it, or none."""
        asked = list(dict.fromkeys(m.command_id for m in self.run.said if isinstance(m, Command) and kind in m.type))
        place = {"now": 1, "before": 2}.get(which, 99)
        return asked[-place] if place <= len(asked) else ""

    def _reported(self, status: RefundStatus, version: int, *details: Any) -> Any:
        amount_fen, kind, line_ids, which = details
        fields = {"amount_fen": amount_fen, "kind": kind, "line_ids": line_ids, "answers": self._answers(which)}
        if fields["answers"] and amount_fen is None:
            fields["amount_fen"] = PAID  # an answer tells everything
        return reported(status, version, **fields)

    def _read(self, newer: int, amount_fen: int) -> Any:
        fields = {"answers": self._answers("now"), "amount_fen": amount_fen}
        return reported(self.case.status, self.case.version + newer, **fields)

    def _learned(self) -> Any:
        return OrderLearned(merchant=MERCHANT, platform="sim", refund_id=REFUND, order_id=ORDER)

    def _stopped(self, result: str, parcels: Any, which: str) -> Any:
        return order_stopped(result, self._answers(which, "stop_order"), shipments=parcels)

    def _parcel(self, waybill: str, progress: Progress) -> Any:
        return progressed(progress, waybill, at=self.run.now)

    def _agreed(self, which: str) -> Any:
        about = {"merchant": MERCHANT, "platform": "sim", "refund_id": REFUND}
        return RefundAgreed(**about, answers=self._answers(which, "agree_refund"), at=NOW)

    def _failed(self, certain: bool, which: str) -> Any:
        about = {"merchant": MERCHANT, "reply_to": REFUND_KEY, "answers": self._answers(which)}
        return CommandFailed(**about, command="x", code="S01", certain=certain)


def _bytes(decision: Decision[RefundCase]) -> Any:
    case = decision.case.model_dump_json() if decision.case else ""
    return case, [write_message(m) for m in decision.outbox], decision.due, decision.draw, decision.order


@settings(max_examples=400)
@given(st.sampled_from(_ORDERS[:2]) | st.sampled_from(_ORDERS), _policies, _lives)
def test_whatever_happens_to_a_refund(known: Any, policy: dict[str, Any], life: list[Any]) -> None:
    refund = Life(known, policy)
    for happening in life:
        refund.happen(*happening)


def test_the_happenings_reach_the_money() -> None:
    refund = Life(order("W1"), {})
    for happening in [("moment",), ("read", 0, PAID), ("agreed", "now")]:
        refund.happen(*happening)
    assert refund.agreements
    assert refund.case.refunded_at
