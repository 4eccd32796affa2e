"""The parcel case while it is being decided: its state, and the ways it can speak."""

from datetime import datetime

from shared.domain.commands import CancelInterception, InterceptParcel, QueryInterception
from shared.domain.decision import Decision
from shared.domain.events import NoticeRaised, OrderTroubled, ParcelProgressed
from shared.domain.keys import parcel_key
from shared.domain.messages import Message
from shared.domain.notices import TICKETS, Notice, TicketKind
from shared.domain.order import Trouble
from shared.domain.parcel import InterceptionPhase, ParcelCase, Progress, Wish
from shared.domain.policy import Policy
from shared.domain.why import Why
from shared.rules.parcel_spans import packs_of
from shared.rules.wording import parcel_name

Fact = dict[str, str | int | None]

_ORDERS_MAX = 3
_COUNTED = {
    InterceptionPhase.SUCCEEDED: "interception_succeeded",
    InterceptionPhase.FAILED: "interception_failed",
}


class ParcelDraft:
    """A parcel case in the making, with what is to be said and done."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: ParcelCase) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.before = case
        self.case = case
        self.outbox: list[Message] = []
        self.ask_back: set[str] = set()  # refunds that asked and must hear where things stand
        self.counts: list[str] = []  # what operators count

    # ---- state ---------------------------------------------------------------------------------------------------

    def change(self, **fields: object) -> None:
        """Set fields of the case."""
        self.case = self.case.model_copy(update=fields)

    def update(self, **fields: object) -> None:
        """Set fields of its interception."""
        self.change(interception=self.case.interception.model_copy(update=fields))

    def enter(self, phase: InterceptionPhase, reason: str = "") -> None:
        """Move the interception to a phase."""
        self.update(phase=phase, reason=reason)

    def decision(self, due: datetime | None) -> Decision[ParcelCase]:
        """Close the draft: tell the refunds what changed for them."""
        changed = self._told(self.case) != self._told(self.before)
        for wish in self.case.wishes:
            if changed or wish.refund in self.ask_back:
                self._tell(wish, self.case.progress, self.case.interception.reason)
        if _matters(self.case) != _matters(self.before):
            self._tell_orders()
        return Decision(self.case, tuple(self.outbox), due, counts=(*self.counts, *_ended(self.before, self.case)))

    # ---- talking to refunds, couriers and people -----------------------------------------------------------------

    @property
    def key(self) -> str:
        """The case's key, to which answers return."""
        return str(parcel_key(self.merchant, self.case.carrier, self.case.waybill))

    def is_current(self, answers: str) -> bool:
        """Whether an answer belongs to the command that is out."""
        return answers == f"{self.key}#{self.case.interception.step}"

    def why(self, rule: str, facts: Fact) -> Why:
        """The explanation that every command and ticket carries."""
        return Why(rule=rule, policy_version=self.policy.version, facts=facts)

    def say(self, message: Message) -> None:
        """Put a message into the outbox."""
        self.outbox.append(message)

    def say_intercept(self) -> None:
        """Ask the courier to stop the parcel; the same step is the same request."""
        facts: Fact = {
            "stage": self.case.stage,
            "refunded_fen": sum(wish.amount_fen for wish in self.case.wishes),
            "refunds": ",".join(wish.refund for wish in self.case.wishes),
        }
        self.say(
            InterceptParcel(
                merchant=self.merchant,
                command_id=f"{self.key}#{self.case.interception.step}",
                reply_to=self.key,
                why=self.why("stop_parcel", facts),
                carrier=self.case.carrier,
                waybill=self.case.waybill,
            )
        )

    def say_query(self) -> None:
        """Ask the courier how the interception goes."""
        self.say(
            QueryInterception(
                merchant=self.merchant,
                command_id=f"{self.key}#{self.case.interception.step}",
                reply_to=self.key,
                why=self.why("query_interception", {"accepted_at": str(self.case.interception.accepted_at)}),
                carrier=self.case.carrier,
                waybill=self.case.waybill,
            )
        )

    def say_cancel(self) -> None:
        """Ask the courier to deliver after all."""
        self.say(
            CancelInterception(
                merchant=self.merchant,
                command_id=f"{self.key}#{self.case.interception.step}",
                reply_to=self.key,
                why=self.why("nobody_wants_it_stopped", {"wishes": len(self.case.wishes)}),
                carrier=self.case.carrier,
                waybill=self.case.waybill,
                of_command=f"{self.key}#{self.case.interception.request_step}",
                of_number=self.case.interception.number,
            )
        )

    def ticket(self, kind: TicketKind, facts: Fact) -> None:
        """Ask a person."""
        text, why = TICKETS[kind], self.why(kind, facts)
        lines = (self.name, text.advice, why.sentence)
        self.say(
            NoticeRaised(
                merchant=self.merchant,
                group=self.policy.desk,
                about=self.key,
                notice=Notice(title=text.title, lines=lines, urgent=True),
                why=why,
            )
        )

    def note(self, title: str, rule: str, facts: Fact) -> None:
        """Tell the desk with the next digest."""
        why = self.why(rule, facts)
        lines = (self.name, why.sentence)
        notice = Notice(title=title, lines=lines)
        self.say(NoticeRaised(merchant=self.merchant, group=self.policy.desk, about=self.key, notice=notice, why=why))

    def _tell_orders(self) -> None:
        """Let the orders inside know what is the matter: a buyer who writes is sent to the right desk by it."""
        parcel = f"{self.case.carrier}:{self.case.waybill}"
        trouble = Trouble(parcel=parcel, what=_matters(self.case), at=self.now)
        inside = (*self.before.contents, *self.case.contents)  # also those whose number is another parcel's by now
        for platform, order_id in sorted({(content.platform, content.order_id) for content in inside}):
            self.say(OrderTroubled(merchant=self.merchant, platform=platform, order_id=order_id, trouble=trouble))

    @property
    def name(self) -> str:
        """The parcel and its orders as people read them."""
        return name_of(self.case)

    @property
    def begins_anew(self) -> bool:
        """Whether another parcel has the number by now: of none of the orders that were inside."""
        before, now = self.before.contents, self.case.contents
        return bool(before) and not any(one.is_of_same_order(known) for known in before for one in now)

    def refuse(self, wish: Wish, reason: str) -> None:
        """Tell a refund that this parcel cannot be stopped for it, whatever becomes of the parcel."""
        self._tell(wish, Progress.REFUSED, reason)

    def _tell(self, wish: Wish, progress: Progress, reason: str) -> None:
        self.say(
            ParcelProgressed(
                merchant=self.merchant,
                platform=wish.platform,
                refund_id=wish.refund.split(":", 1)[1],
                carrier=self.case.carrier,
                waybill=self.case.waybill,
                progress=progress,
                reason=reason,
                at=self.now,
                forced_refund_at=self.forced_refund_at,
            )
        )

    @property
    def forced_refund_at(self) -> datetime | None:
        """From when on a platform may refund a parcel that stalls without asking the merchant."""
        return forced_refund_at(self.case, self.policy)

    def _told(self, case: ParcelCase) -> tuple[str, str, datetime | None]:
        return case.progress, case.interception.reason, forced_refund_at(case, self.policy)


def name_of(case: ParcelCase) -> str:
    """Give a parcel and its orders as people read them."""
    orders = "、".join(content.order_id for content in case.contents[:_ORDERS_MAX])
    name = f"快递单号：{parcel_name(case.carrier, case.waybill)}"
    return f"{name}　订单：{orders}" if orders else name


def forced_refund_at(case: ParcelCase, policy: Policy) -> datetime | None:
    """From when on a platform may refund a parcel without asking the merchant; None where it does not stall."""
    if case.stalled_since is None:
        return None
    wished = policy.watching.forced_refund_after
    return case.stalled_since + (wished or min(pack.forced_refund for pack in packs_of(case)))


def _ended(before: ParcelCase, after: ParcelCase) -> tuple[str, ...]:
    """Name how an interception has just ended, for those who watch how many succeed."""
    phase = after.interception.phase
    return (_COUNTED[phase],) if phase in _COUNTED and phase is not before.interception.phase else ()


def _matters(case: ParcelCase) -> tuple[str, ...]:
    return tuple(ticket.anomaly for ticket in case.tickets if not ticket.closed)
