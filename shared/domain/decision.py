"""What deciding looks at and what it gives."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar

from shared.domain.messages import AnyEvent, Message
from shared.domain.notices import DigestCase
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.refund import RefundCase
from shared.domain.session import DeskCase, SessionCase

AnyCase = OrderCase | RefundCase | ParcelCase | DigestCase | SessionCase | DeskCase
CaseT = TypeVar("CaseT", OrderCase, RefundCase, ParcelCase, DigestCase, SessionCase, DeskCase)


class TrialDraw(NamedTuple):
    """The budget of a policy version on trial, from which the same refunds are taken; nothing is given back to it."""

    version: int
    amount_fen_max: int
    refunds_max: int


class BudgetDraw(NamedTuple):
    """Automatic refunds taken from (negative: given back to) a day's budget, with the caps that must hold."""

    day: date
    amount_fen: int
    refunds: int
    amount_fen_max: int
    refunds_max: int
    trial: TrialDraw | None = None


class Spent(NamedTuple):
    """What has been drawn from the budget of a day, or of a version on trial."""

    amount_fen: int = 0
    refunds: int = 0

    def is_nearly_all_of(self, draw: BudgetDraw) -> bool:
        """Whether four fifths of either cap are used up."""
        return self.amount_fen * 5 >= draw.amount_fen_max * 4 or self.refunds * 5 >= draw.refunds_max * 4


@dataclass(frozen=True, slots=True)
class Facts(Generic[CaseT]):
    """All that a decision may look at beside the policy and the clock.

    `budget_left` is false once the store has refused this decision's draw, `trial_left` where the day had enough and
    the version on trial had not. `orders` and `refunds` are those of a
    conversation's buyer, `desks` those of its merchant, where the rules ask who is there.
    """

    merchant: str
    event: AnyEvent | None
    case: CaseT | None
    order: OrderCase | None = None
    orders: tuple[OrderCase, ...] = ()
    refunds: tuple[RefundCase, ...] = ()
    desks: tuple[DeskCase, ...] = ()
    budget_left: bool = True
    trial_left: bool = True


@dataclass(frozen=True, slots=True)
class Decision(Generic[CaseT]):
    """The next state of a case, what to say to whom, and when to look again.

    An unchanged case with an empty outbox means that there was nothing to do. `order` is the order's next state, to
    be written together with the case: money that two refunds of one order could both take. `counts` names what
    operators count, once the decision is saved or found to change nothing.
    """

    case: CaseT | None
    outbox: tuple[Message, ...] = ()
    due: datetime | None = None
    draw: BudgetDraw | None = None
    order: OrderCase | None = None
    counts: tuple[str, ...] = ()


class Objection(NamedTuple):
    """A rule's "no", with what it saw and where it draws the line.

    `may_pass`: waiting can remove it (a first scan, another refund of the same parcel).
    """

    rule: str
    code: str
    facts: dict[str, str | int | None]
    threshold: str
    may_pass: bool = False
