"""What did it all bring? A pure fold over cases: how far interceptions came, and what became of the money.

The funnel counts parcels, per courier, and tells its steps apart: "the courier says so" is not "the warehouse has it".

    refunds ─▶ wanted ─▶ eligible ─▶ requested ─▶ accepted ─▶ succeeded ─▶ received

The demo, the tests and the daily report call it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.domain.parcel import ParcelCase
from shared.domain.refund import Outcome, RefundCase, RefundKind, RefundPhase

STEPS = ("wanted", "eligible", "requested", "accepted", "succeeded", "received")


class Rate(NamedTuple):
    """One step of a funnel. Rates are None where nothing came so far."""

    step: str
    parcels: int
    of_previous: float | None
    of_wanted: float | None


class Funnel(NamedTuple):
    """How far one courier's interceptions came. Every number but `refunds` counts parcels."""

    carrier: str
    refunds: int
    wanted: int = 0
    eligible: int = 0
    requested: int = 0
    accepted: int = 0
    succeeded: int = 0
    received: int = 0

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The steps with their conditional and unconditional rates."""
        counts = [getattr(self, step) for step in STEPS]
        return tuple(
            Rate(step, count, _share(count, before), _share(count, self.wanted))
            for step, count, before in zip(STEPS, counts, [self.wanted, *counts], strict=False)
        )


class Money(NamedTuple):
    """Where refunded money went, in fen: `refunded` is the sum of the other four."""

    refunded_fen: int = 0
    saved_fen: int = 0  # the goods never left, or are back
    lost_fen: int = 0  # the goods are gone
    waiting_fen: int = 0  # the goods are not accounted for yet
    unfollowed_fen: int = 0  # the buyer returns them, or nobody knew where they were


class Story(NamedTuple):
    """One refund in one line."""

    refund: str
    order_id: str
    kind: RefundKind
    amount_fen: int
    opened_at: datetime
    refunded_at: datetime | None
    closed_at: datetime | None
    phase: RefundPhase
    outcome: Outcome | None
    why: str
    parcels: tuple[str, ...]
    tickets: tuple[str, ...]

    @property
    def ending(self) -> str:
        """How it ended, or where it stands."""
        return self.outcome or self.phase


class Account(NamedTuple):
    """The whole account of some cases."""

    funnels: tuple[Funnel, ...]
    money: Money
    stories: tuple[Story, ...]


def give_account(refunds: Iterable[RefundCase], parcels: Iterable[ParcelCase]) -> Account:
    """Fold refund and parcel cases into an account; their order does not matter."""
    known = sorted(refunds, key=lambda case: (case.opened_at, case.name))
    return Account(_funnels(known, parcels), _money(known), tuple(_story(case) for case in known))


def _funnels(refunds: Sequence[RefundCase], parcels: Iterable[ParcelCase]) -> tuple[Funnel, ...]:
    askers: dict[str, set[str]] = {}
    for refund in refunds:
        for state in refund.parcels:
            askers.setdefault(state.carrier, set()).add(refund.name)
    reached: dict[str, list[int]] = {}
    for parcel in parcels:
        if parcel.interception.wanted_at is not None:
            reached.setdefault(parcel.carrier, []).append(furthest(parcel))
    return tuple(
        Funnel(
            carrier,
            len(askers.get(carrier, ())),
            *(sum(place >= step for place in reached.get(carrier, ())) for step in range(len(STEPS))),
        )
        for carrier in sorted({*askers, *reached})
    )


def furthest(parcel: ParcelCase) -> int:
    """The last step that was reached; an answer that was lost on the way is implied by a later one.

    Goods that came back although the courier never said so count as far as the courier's word goes.
    """
    mine = parcel.interception
    steps = (mine.eligible_at, mine.requested_at, mine.accepted_at, mine.succeeded_at)
    place = max((number for number, at in enumerate(steps, start=1) if at is not None), default=0)
    return place + 1 if mine.succeeded_at is not None and parcel.received_at is not None else place


def _money(refunds: Iterable[RefundCase]) -> Money:
    saved = lost = waiting = unfollowed = 0
    for case in refunds:
        if case.refunded_at is None:
            continue
        if case.phase is not RefundPhase.CLOSED:
            waiting += case.amount_fen
        elif case.outcome is Outcome.LOST:
            lost += case.amount_fen
        elif case.outcome is Outcome.RECOVERED or _never_left(case):
            saved += case.amount_fen
        else:
            unfollowed += case.amount_fen
    return Money(saved + lost + waiting + unfollowed, saved, lost, waiting, unfollowed)


def _never_left(case: RefundCase) -> bool:
    return case.kind is RefundKind.REFUND_ONLY and case.order_stopped and not case.parcels


def _story(case: RefundCase) -> Story:
    return Story(
        refund=case.name,
        order_id=case.order_id,
        kind=case.kind,
        amount_fen=case.amount_fen,
        opened_at=case.opened_at,
        refunded_at=case.refunded_at,
        closed_at=case.closed_at,
        phase=case.phase,
        outcome=case.outcome,
        why=" ".join(filter(None, (case.rule, case.reason))),
        parcels=tuple(
            f"{state.carrier} {state.waybill} {state.progress} {state.reason}".strip() for state in case.parcels
        ),
        tickets=case.tickets,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
