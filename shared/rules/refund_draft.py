"""The refund case while it is being decided: its state, and the ways it can speak."""

from datetime import datetime
from typing import assert_never

from shared.domain.commands import AgreeRefund, FetchOrder, ReadRefund, StopOrder
from shared.domain.decision import BudgetDraw, Decision, Objection
from shared.domain.events import InterceptionReleased, InterceptionWanted, NoticeRaised, OrderRefunded
from shared.domain.keys import refund_key
from shared.domain.messages import Message
from shared.domain.notices import TICKETS, Notice, TicketKind
from shared.domain.order import OrderCase, RefundShare
from shared.domain.parcel import Content, Progress, Wish
from shared.domain.policy import Policy
from shared.domain.refund import Outcome, ParcelState, RefundCase, RefundPhase, RefundStatus
from shared.domain.why import Why
from shared.rules.rereading import reread_id
from shared.rules.wording import forced_refund, left, moment, parcel_name, yuan

Fact = dict[str, str | int | None]

ASKING = (
    RefundPhase.READING,
    RefundPhase.AWAITING_ORDER,
    RefundPhase.STOPPING_ORDER,
    RefundPhase.REVIEWING,
    RefundPhase.AGREEING,
)
"""Phases in which exactly one command is out and its answer is awaited."""


class RefundDraft:
    """A refund case in the making, with what is to be said and done."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: RefundCase, order: OrderCase | None) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.case = case
        self.order = order
        self.outbox: list[Message] = []
        self.draw: BudgetDraw | None = None
        self.order_after: OrderCase | None = None

    # ---- state ---------------------------------------------------------------------------------------------------

    def change(self, **fields: object) -> None:
        """Set fields of the case."""
        self.case = self.case.model_copy(update=fields)

    def enter(self, phase: RefundPhase, rule: str, reason: str = "") -> None:
        """Move to a phase, remembering why."""
        self.change(phase=phase, rule=rule, reason=reason)

    def close(self, outcome: Outcome, rule: str) -> None:
        """End the case."""
        self.enter(RefundPhase.CLOSED, rule)
        self.change(outcome=outcome, closed_at=self.now)

    def reopen(self) -> None:
        """Begin again: the buyer asked once more under the same number."""
        self.change(outcome=None, closed_at=None, parcels=(), reviews=0, order_stopped=False)
        self.change(escalations=0, tickets=())  # what was told was about the request before

    def decision(self, due: datetime | None) -> Decision[RefundCase]:
        """Close the draft."""
        return Decision(self.case, tuple(self.outbox), due, self.draw, self.order_after)

    # ---- asking vendors ------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The case's key, to which answers return."""
        return str(refund_key(self.merchant, self.case.platform, self.case.refund_id))

    @property
    def command_id(self) -> str:
        """The id of the command that is out."""
        return f"{self.key}#{self.case.step}"

    def ask(self, phase: RefundPhase, rule: str, facts: Fact) -> None:
        """Enter an asking phase and send its command."""
        self.enter(phase, rule)
        self.change(step=self.case.step + 1, tries=1, asked_at=self.now)
        self.say_command(rule, facts)

    def say_command(self, rule: str, facts: Fact) -> None:
        """Send the command of the current phase; the same step gives the same command."""
        self.outbox.append(self._command(self.why(rule, facts)))

    def _command(self, why: Why) -> FetchOrder | StopOrder | ReadRefund | AgreeRefund:
        case = self.case
        match case.phase:
            case RefundPhase.AWAITING_ORDER:
                return FetchOrder(
                    merchant=self.merchant,
                    command_id=self.command_id,
                    reply_to=self.key,
                    why=why,
                    platform=case.platform,
                    order_id=case.order_id,
                )
            case RefundPhase.STOPPING_ORDER:
                return StopOrder(
                    merchant=self.merchant,
                    command_id=self.command_id,
                    reply_to=self.key,
                    why=why,
                    erp=self.policy.erp,
                    platform=case.platform,
                    refund_id=case.refund_id,
                    order_id=case.order_id,
                    whole=self.is_whole_order,
                )
            case RefundPhase.READING | RefundPhase.REVIEWING:
                return self._reading(self.command_id, why)
            case RefundPhase.AGREEING:
                return AgreeRefund(
                    merchant=self.merchant,
                    command_id=self.command_id,
                    reply_to=self.key,
                    why=why,
                    platform=case.platform,
                    refund_id=case.refund_id,
                    order_id=case.order_id,
                    amount_fen=case.amount_fen,
                    version=case.version,
                )
            case RefundPhase.STOPPING_PARCELS | RefundPhase.FOLLOWING | RefundPhase.BY_HAND | RefundPhase.CLOSED:
                raise ValueError(f"no command belongs to {case.phase}")
            case _:
                assert_never(case.phase)

    def _reading(self, command_id: str, why: Why) -> ReadRefund:
        return ReadRefund(
            merchant=self.merchant,
            command_id=command_id,
            reply_to=self.key,
            why=why,
            platform=self.case.platform,
            refund_id=self.case.refund_id,
            order_id=self.case.order_id,
        )

    def read_again(self) -> None:
        """Read the request beside whatever else is going on."""
        self.change(read_at=self.now)
        facts: Fact = {"deadline": str(self.case.deadline_at)}
        self.outbox.append(self._reading(reread_id(self.key, self.now), self.why("daily_reading", facts)))

    def is_reread(self, answers: str) -> bool:
        """Whether this answers the latest such reading."""
        return self.case.read_at is not None and answers == reread_id(self.key, self.case.read_at)

    # ---- talking to parcels --------------------------------------------------------------------------------------

    @property
    def lines(self) -> frozenset[str]:
        """The lines that are refunded; all of the order's where the platform did not say."""
        return frozenset(self.case.line_ids) or (self.order.line_ids if self.order else frozenset())

    @property
    def is_whole_order(self) -> bool:
        """Whether nothing of the order is left to ship."""
        return self.order is not None and self.lines >= self.order.line_ids

    def want(self, carrier: str, waybill: str, content: Content) -> None:
        """Ask a parcel to be stopped; asking again is harmless and brings an answer."""
        state = ParcelState(carrier=carrier, waybill=waybill, at=self.now)
        if all((known.carrier, known.waybill) != (carrier, waybill) for known in self.case.parcels):
            self.change(parcels=(*self.case.parcels, state))
        wish = Wish(
            refund=self.case.name,
            platform=self.case.platform,
            order_id=self.case.order_id,
            line_ids=tuple(sorted(self.lines)),
            amount_fen=self.case.amount_fen,
        )
        self.outbox.append(
            InterceptionWanted(merchant=self.merchant, carrier=carrier, waybill=waybill, content=content, wish=wish)
        )

    def release_parcels(self) -> None:
        """Tell every parcel that this refund does not want it stopped any more."""
        kept: list[ParcelState] = []
        for parcel in self.case.parcels:
            if not parcel.progress.is_hopeless and parcel.progress is not Progress.RECEIVED:
                self.outbox.append(
                    InterceptionReleased(
                        merchant=self.merchant, carrier=parcel.carrier, waybill=parcel.waybill, refund=self.case.name
                    )
                )
                kept.append(parcel.model_copy(update={"progress": Progress.RELEASED, "reason": "", "at": self.now}))
            else:
                kept.append(parcel)
        self.change(parcels=tuple(kept))

    # ---- talking to the order ------------------------------------------------------------------------------------

    def say_share(self, amount_fen: int) -> None:
        """Let the order know what this refund has of its payment."""
        self.outbox.append(
            OrderRefunded(
                merchant=self.merchant,
                platform=self.case.platform,
                order_id=self.case.order_id,
                share=RefundShare(refund=self.case.name, amount_fen=amount_fen, step=self.case.step),
            )
        )

    # ---- talking to people ---------------------------------------------------------------------------------------

    def why(self, rule: str, facts: Fact, threshold: str = "") -> Why:
        """The explanation that every command and ticket carries."""
        return Why(rule=rule, policy_version=self.policy.version, facts=facts, threshold=threshold)

    def ticket(self, kind: TicketKind, facts: Fact, threshold: str = "", evidence: tuple[str, ...] = ()) -> None:
        """Ask a person, once per kind and case."""
        if kind in self.case.tickets:
            return
        self.change(tickets=(*self.case.tickets, kind))
        text, why = TICKETS[kind], self.why(kind, facts, threshold)
        lines = (*self._who(), *evidence, text.advice, why.sentence)
        self._notify(Notice(title=text.title, lines=lines, urgent=True), why)

    def note(self, title: str, rule: str, facts: Fact) -> None:
        """Mention something in the next digest."""
        line = f"{self.case.platform} {self.case.refund_id} {yuan(self.case.amount_fen)}"
        self._notify(Notice(title=title, lines=(line,)), self.why(rule, facts))

    def ask_person(self, kind: TicketKind, facts: Fact, threshold: str = "") -> None:
        """Stop deciding: open a ticket and leave the case to a person."""
        self.ticket(kind, facts, threshold)
        self.enter(RefundPhase.BY_HAND, kind, str(facts.get("reason") or ""))

    def ask_person_about(self, objection: Objection) -> None:
        """Leave the case to a person because of a rule's "no"."""
        self.ticket(TicketKind(objection.code), objection.facts, objection.threshold)
        self.enter(RefundPhase.BY_HAND, objection.rule, objection.code)

    def _who(self) -> tuple[str, ...]:
        case = self.case
        lines = [f"退款单：{case.platform} {case.refund_id}　订单：{case.order_id}　金额：{yuan(case.amount_fen)}"]
        if case.parcels:
            lines.append(
                "快递单号：" + "、".join(parcel_name(parcel.carrier, parcel.waybill) for parcel in case.parcels)
            )
        if case.status in (RefundStatus.PENDING, RefundStatus.IN_PROGRESS):
            limit = moment(case.deadline_at, self.policy.zone)
            lines.append(f"处理时限：{limit}（{left(case.deadline_at, self.now)}）")
        if case.forced_refund_at:
            lines.append(forced_refund(case.forced_refund_at, self.now, self.policy.zone))
        return tuple(lines)

    def _notify(self, notice: Notice, why: Why) -> None:
        self.outbox.append(
            NoticeRaised(merchant=self.merchant, group=self.policy.desk, about=self.key, notice=notice, why=why)
        )
