"""The whole table of an interception: what each event does in each phase."""

from typing import Any

import pytest

from shared.domain.events import CommandFailed, InterceptionReleased, ReturnReceived
from shared.domain.parcel import Interception, InterceptionPhase, Stage
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    PARCEL_KEY,
    WAYBILL,
    Run,
    courier,
    parcel,
    scanned,
    types,
    wanted,
)
from tests.unit.rules.parcels import courier_due

ABOUT = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
NONE, WAITING, REQUESTED, ACCEPTED, SUCCEEDED, REFUSED, FAILED, CANCELLING, CANCELLED = InterceptionPhase


def failed(step: int = 1, *, certain: bool = True) -> CommandFailed:
    """The end of a command to the courier."""
    answers = f"{PARCEL_KEY}#{step}"
    about = {"merchant": MERCHANT, "reply_to": PARCEL_KEY, "answers": answers}
    return CommandFailed(**about, command="intercept_parcel", code="S01", certain=certain)


EVENTS: dict[str, Any] = {
    "accepted": courier("accepted", 1),
    "refused": courier("refused", 1),
    "refused before the first scan": courier("refused", 1, code="E23119", retry_after_scan=True),
    "reported in progress": courier("reported", 1),
    "reported none": courier("reported", 1, state="none"),
    "reported succeeded": courier("reported", 1, state="succeeded"),
    "reported returning": courier("reported", 1, state="returning"),
    "reported failed": courier("reported", 1, state="failed"),
    "reported cancelled": courier("reported", 1, state="cancelled"),
    "cancelled": courier("cancelled", 1),
    "failed for certain": failed(),
    "failed, nobody knows how": failed(certain=False),
    "on its way": scanned(Stage.ARRIVED_AT_HUB, NOW + MINUTE),
    "delivered": scanned(Stage.DELIVERED, NOW + MINUTE),
    "on its way back": scanned(Stage.RETURNING, NOW + MINUTE),
    "counted in": ReturnReceived(**ABOUT, at=NOW + HOUR),
    "wanted again": wanted(),
    "released": InterceptionReleased(**ABOUT, refund="sim:R1"),
    "released by a stranger": InterceptionReleased(**ABOUT, refund="sim:R9"),
}
COMMANDS = ("intercept_parcel", "cancel_interception", "query_interception")
# (phase, event) -> phase after, and the command that is said; what is not listed changes neither
TABLE: dict[tuple[InterceptionPhase, str], tuple[InterceptionPhase, str]] = {
    (NONE, "wanted again"): (REQUESTED, "intercept_parcel"),
    (WAITING, "wanted again"): (REQUESTED, "intercept_parcel"),
    (WAITING, "on its way"): (REQUESTED, "intercept_parcel"),
    (WAITING, "delivered"): (REFUSED, ""),
    (WAITING, "released"): (NONE, ""),
    (REQUESTED, "accepted"): (ACCEPTED, ""),
    (REQUESTED, "refused"): (REFUSED, ""),
    (REQUESTED, "refused before the first scan"): (WAITING, ""),
    (REQUESTED, "failed for certain"): (REFUSED, ""),
    (REQUESTED, "failed, nobody knows how"): (ACCEPTED, ""),
    (ACCEPTED, "reported succeeded"): (SUCCEEDED, ""),
    (ACCEPTED, "reported returning"): (SUCCEEDED, ""),
    (ACCEPTED, "reported failed"): (FAILED, ""),
    (ACCEPTED, "reported cancelled"): (FAILED, ""),
    (ACCEPTED, "delivered"): (FAILED, ""),
    (ACCEPTED, "released"): (CANCELLING, "cancel_interception"),
    (SUCCEEDED, "delivered"): (FAILED, ""),
    (CANCELLING, "cancelled"): (REQUESTED, "intercept_parcel"),  # its refund wants it again by now
    (CANCELLING, "failed for certain"): (ACCEPTED, ""),
    (CANCELLING, "failed, nobody knows how"): (ACCEPTED, ""),
    (CANCELLED, "wanted again"): (REQUESTED, "intercept_parcel"),
    **{(phase, "on its way back"): (SUCCEEDED, "") for phase in (ACCEPTED, SUCCEEDED, FAILED)},
    **{(phase, "counted in"): (SUCCEEDED, "") for phase in InterceptionPhase},
}


def _in(phase: InterceptionPhase) -> Run:
    known = Interception(phase=phase, step=1, request_step=1, tries=1, asked_at=NOW, accepted_at=NOW, eligible_at=NOW)
    return Run(decide_parcel, parcel(stage=Stage.IN_TRANSIT, interception=known))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", InterceptionPhase)
def test_every_event_in_every_phase(phase: InterceptionPhase, event: str) -> None:
    run = _in(phase)
    said = run.take(EVENTS[event])
    after, command = TABLE.get((phase, event), (phase, ""))
    assert run.case.interception.phase is after
    assert [name for name in types(said) if name in COMMANDS] == ([command] if command else [])


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", InterceptionPhase)
def test_every_event_twice_is_as_once(phase: InterceptionPhase, event: str) -> None:
    run = _in(phase)
    run.take(EVENTS[event])
    after = run.case
    again = run.take(EVENTS[event])
    assert [name for name in types(again) if name in COMMANDS] == []
    assert run.case == after


@pytest.mark.parametrize("phase", InterceptionPhase)
@pytest.mark.parametrize("answer", ["accepted", "refused", "reported", "cancelled"])
@pytest.mark.parametrize("step", [0, 2])
def test_an_answer_to_another_command_changes_nothing(answer: str, phase: InterceptionPhase, step: int) -> None:
    run = _in(phase)
    before = run.case
    fields = {"state": "failed"} if answer == "reported" else {}
    assert run.take(courier(answer, step, **fields), failed(step)) == []
    assert run.case == before


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", InterceptionPhase)
def test_whatever_waits_for_the_courier_has_a_deadline(phase: InterceptionPhase, event: str) -> None:
    run = _in(phase)
    run.take(EVENTS[event])
    waits = run.case.interception.phase in (REQUESTED, ACCEPTED, CANCELLING)
    due = courier_due(run)
    assert (due is not None) == waits
    assert due is None or NOW < run.last.due <= due


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", InterceptionPhase)
def test_whatever_is_said_names_its_rule_and_policy(phase: InterceptionPhase, event: str) -> None:
    for message in _in(phase).take(EVENTS[event]):
        why = getattr(message, "why", None)
        assert why is None or (why.rule and why.policy_version == 7)
        assert message.merchant == MERCHANT
