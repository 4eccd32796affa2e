"""Where a parcel is: the same scans in any order, doubled or late, give the same place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.commands import Command
from shared.domain.events import ParcelScanned, ParcelShipped
from shared.domain.messages import write_message
from shared.domain.parcel import InterceptionPhase, ParcelCase, Progress, Scan, Stage
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    WAYBILL,
    Run,
    content,
    courier,
    parcel,
    progressed_to,
    scanned,
    types,
    wanted,
)

_scans = st.builds(
    scanned,
    stage=st.sampled_from(Stage),
    at=st.integers(0, 4).map(lambda minutes: NOW + minutes * MINUTE),
    code=st.sampled_from(["a", "b"]),
)


def _taken(*events: object) -> ParcelCase:
    run = Run(decide_parcel)
    run.take(*events)  # type: ignore[arg-type]
    assert isinstance(run.case, ParcelCase)
    return run.case


@given(st.lists(_scans, min_size=1, max_size=6), st.data())
def test_the_same_scans_in_any_order_and_number_give_the_same_place(
    scans: list[ParcelScanned], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(scans + data.draw(st.lists(st.sampled_from(scans), max_size=4))))
    first, second = _taken(*scans), _taken(*again)
    assert first.stage is second.stage
    assert first.model_copy(update={"interception": second.interception}) == second


@given(st.lists(_scans, min_size=1, max_size=6), st.integers(0, 6))
def test_a_wanted_parcel_on_its_way_back_is_known_to_be_so_whenever_it_was_wanted(
    scans: list[ParcelScanned], place: int
) -> None:
    case = _taken(*scans[:place], wanted(), *scans[place:])
    if case.stage in (Stage.RETURNING, Stage.RETURNED):
        assert case.progress is Progress.TURNED_BACK


@given(st.lists(_scans | st.builds(wanted, st.sampled_from(["R1", "R2"])), min_size=1, max_size=6))
def test_deciding_twice_gives_the_same_bytes(events: list[ParcelScanned]) -> None:
    runs = [Run(decide_parcel), Run(decide_parcel)]
    for run in runs:
        run.take(*events)
    assert runs[0].case.model_dump_json() == runs[1].case.model_dump_json()
    assert [write_message(m) for m in runs[0].said] == [write_message(m) for m in runs[1].said]


def test_a_scan_that_was_known_says_nothing() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.WAITING, Stage.LABEL_CREATED))
    assert run.take(scanned(Stage.LABEL_CREATED), scanned(Stage.LABEL_CREATED, NOW - HOUR)) == []


def test_of_two_scans_of_one_instant_the_further_one_counts() -> None:
    both = scanned(Stage.OUT_FOR_DELIVERY), scanned(Stage.ARRIVED_AT_HUB)
    assert _taken(*both).stage is _taken(*both[::-1]).stage is Stage.OUT_FOR_DELIVERY


# ---- whose signature ---------------------------------------------------------------------------------------------


def test_a_signature_after_a_return_scan_is_the_sender_s() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.ACCEPTED, Stage.IN_TRANSIT))
    run.take(scanned(Stage.RETURNING, NOW + MINUTE), scanned(Stage.DELIVERED, NOW + HOUR))
    assert run.case.stage is Stage.RETURNED
    assert run.case.interception.phase is InterceptionPhase.SUCCEEDED
    assert progressed_to(run.said) == ["returning"]


def test_a_signature_that_overtakes_the_return_scan_is_the_sender_s_after_all() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.ACCEPTED, Stage.IN_TRANSIT))
    run.take(scanned(Stage.DELIVERED, NOW + HOUR))
    assert run.case.interception.phase is InterceptionPhase.FAILED
    run.take(scanned(Stage.RETURNING, NOW + MINUTE))
    assert run.case.stage is Stage.RETURNED
    assert progressed_to(run.said) == ["failed", "returning"]


@pytest.mark.parametrize("phase", [InterceptionPhase.ACCEPTED, InterceptionPhase.SUCCEEDED])
def test_a_signature_after_a_mere_promise_is_a_failure(phase: InterceptionPhase) -> None:
    run = Run(decide_parcel, parcel(phase, Stage.IN_TRANSIT))
    run.take(scanned(Stage.DELIVERED, NOW + HOUR))
    assert run.case.interception.phase is InterceptionPhase.FAILED
    assert progressed_to(run.said) == ["failed"]


def test_a_promise_that_comes_after_the_signature_is_a_failure_too() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.REQUESTED, Stage.IN_TRANSIT))
    run.take(scanned(Stage.DELIVERED, NOW + HOUR), courier("accepted", 1))
    assert run.case.interception.phase is InterceptionPhase.FAILED


def test_a_scan_on_the_way_to_the_buyer_does_not_end_an_accepted_interception() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.ACCEPTED, Stage.IN_TRANSIT))
    run.take(scanned(Stage.OUT_FOR_DELIVERY, NOW + HOUR), scanned(Stage.DELIVERY_FAILED, NOW + 2 * HOUR))
    assert run.case.interception.phase is InterceptionPhase.ACCEPTED


# ---- before anybody wants it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", Stage)
def test_a_parcel_that_nobody_wants_stopped_is_only_watched(stage: Stage) -> None:
    run = Run(decide_parcel)
    told = ParcelShipped(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, content=content())
    [subscribed] = [message for message in run.take(told, scanned(stage)) if isinstance(message, Command)]
    assert (subscribed.type, subscribed.source, subscribed.waybill) == ("subscribe_tracking", "zto", WAYBILL)
    assert (run.last.due is None) == (stage is Stage.DELIVERED)
    assert run.case.interception.phase is InterceptionPhase.NONE


@pytest.mark.parametrize("stage", Stage)
def test_a_refund_hears_at_once_where_the_parcel_stands(stage: Stage) -> None:
    run = Run(decide_parcel)
    run.take(scanned(stage))
    said = run.take(wanted())
    expected = {
        Stage.LABEL_CREATED: "waiting",
        Stage.RETURNING: "turned_back",
        Stage.RETURNED: "turned_back",
    }
    late = (
        Stage.OUT_FOR_DELIVERY,
        Stage.HELD_AT_PICKUP_POINT,
        Stage.DELIVERY_FAILED,
        Stage.REFUSED,
        Stage.DAMAGED,
        Stage.SUSPECTED_LOST,
        Stage.DELIVERED,
    )
    assert progressed_to(said) == [expected.get(stage, "refused" if stage in late else "requested")]
    assert ("intercept_parcel" in types(said)) == (progressed_to(said) == ["requested"])


def test_a_courier_s_local_time_is_kept_as_such() -> None:
    scan = Scan(stage=Stage.PICKED_UP, at=NOW, code="GOT", zone_assumed=True)
    assert _taken(scanned(Stage.PICKED_UP, scan=scan)).last_scan == scan
