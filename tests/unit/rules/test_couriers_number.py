"""A courier that numbers an interception wants its number back when it is cancelled."""

from shared.domain.commands import CancelInterception
from shared.domain.events import InterceptionReleased
from shared.domain.parcel import Stage
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import MERCHANT, WAYBILL, Run, courier, scanned, wanted

RELEASED = InterceptionReleased(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, refund="sim:R1")


def _cancellation(run: Run) -> CancelInterception:
    (command,) = (message for message in run.take(RELEASED) if isinstance(message, CancelInterception))
    return command


def _accepted(run: Run, number: str) -> None:
    run.take(wanted())
    run.take(courier("accepted", run.case.interception.step, number=number))


def test_a_cancellation_names_the_couriers_number() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT))
    _accepted(run, "7000017")
    assert _cancellation(run).of_number == "7000017"


def test_a_second_interception_is_not_cancelled_by_the_number_of_the_first() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT))
    _accepted(run, "7000017")
    run.take(RELEASED)
    run.take(courier("cancelled", run.case.interception.step))
    _accepted(run, "")
    assert _cancellation(run).of_number == ""
