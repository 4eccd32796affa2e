"""Parcels in the middle of an interception, and what can happen to them."""

from datetime import datetime
from typing import Any

from shared.domain.events import CommandFailed, InterceptionReleased, ParcelShipped
from shared.domain.parcel import Stage
from shared.rules.decide_parcel import decide_parcel
from shared.rules.parcel_clock import next_due
from shared.rules.parcel_draft import ParcelDraft
from tests.unit.rules.build import MERCHANT, PARCEL_KEY, WAYBILL, Run, content, courier, scanned, tick, wanted

ABOUT = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}


def shipped(order_id: str, *lines: str) -> ParcelShipped:
    """An order says what is inside."""
    return ParcelShipped(**ABOUT, content=content(order_id, *lines))


def released(refund_id: str = "R1") -> InterceptionReleased:
    """A refund takes its wish back."""
    return InterceptionReleased(**ABOUT, refund=f"sim:{refund_id}")


def failed(run: Run, *, certain: bool) -> CommandFailed:
    """The end of the command that is out."""
    answers = f"{PARCEL_KEY}#{run.case.interception.step}"
    about = {"merchant": MERCHANT, "reply_to": PARCEL_KEY, "answers": answers}
    return CommandFailed(**about, command="x", code="S01", certain=certain)


def answer(run: Run, kind: str, **fields: Any) -> Any:
    """The courier's answer to the command that is out."""
    return courier(kind, run.case.interception.step, **fields)


def requested() -> Run:
    """A parcel on the road whose courier is being asked."""
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT), wanted())
    return run


def accepted() -> Run:
    """A parcel whose courier has promised to try."""
    run = requested()
    run.take(answer(run, "accepted"))
    return run


def courier_due(run: Run) -> datetime | None:
    """When the courier is asked about the interception again, whatever else the parcel waits for."""
    return next_due(ParcelDraft(MERCHANT, run.policy, run.now, run.case)) if run.case else None


def ticking(run: Run) -> list[Any]:
    """Let the case's next deadline come."""
    assert run.last.due
    return run.take(tick(PARCEL_KEY), after=max(run.last.due, run.now) - run.now)
