"""The parcel's clock: a courier that does not answer is asked again, doubted, told of, and not asked for ever."""

from typing import Any

from shared.domain.notices import TicketKind
from shared.domain.parcel import Progress
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import DAY, HOUR, MINUTE, NOW, PARCEL_KEY, Run, progressed_to, tick, tickets, types
from tests.unit.rules.parcels import accepted, answer, courier_due, failed, released, requested, ticking


def test_a_request_without_an_answer_is_repeated_with_the_same_number_and_then_doubted() -> None:
    run = requested()
    for _ in range(4):
        assert types(ticking(run)) == ["intercept_parcel"]
    assert len({m.command_id for m in run.said if m.type == "intercept_parcel"}) == 1
    said = ticking(run)
    assert [(m.progress, m.reason) for m in said] == [(Progress.SILENT, "no_answer")]


def test_an_unclear_request_is_doubted_and_its_outcome_asked_for() -> None:
    run = requested()
    assert progressed_to(run.take(failed(run, certain=False))) == ["silent"]
    assert types(ticking(run)) == ["query_interception"]
    assert progressed_to(run.take(answer(run, "reported", state="succeeded"))) == ["succeeded"]


def test_a_courier_that_was_promised_and_stays_silent_is_told_once() -> None:
    run = accepted()
    told = []
    while run.last.due and run.now < NOW + 12 * HOUR:
        told += progressed_to(ticking(run))
    assert told == ["silent"]


def test_a_courier_is_asked_often_at_first_rarely_once_silent_and_not_for_ever() -> None:
    run = accepted()
    asked = []
    while courier_due(run):
        asked += [run.now for message in ticking(run) if message.type == "query_interception"]
    early = [at for at in asked if at < NOW + 6 * HOUR]
    assert early[1] - early[0] == 10 * MINUTE
    assert asked[-1] - asked[-2] == HOUR
    assert asked[-1] <= NOW + 8 * DAY


def test_a_courier_that_never_answered_at_all_is_not_asked_for_ever_either() -> None:
    run = requested()
    while courier_due(run):
        ticking(run)
        assert run.now < NOW + 8 * DAY, "it asks for ever"


def test_taking_back_without_an_answer_ends_with_a_person() -> None:
    run = accepted()
    run.take(released())
    told: list[Any] = []
    for _ in range(5):
        told += ticking(run)
    assert types(told) == ["cancel_interception"] * 4
    assert tickets(told) == [TicketKind.STOPPED_THEN_WITHDRAWN]


def test_a_tick_before_its_time_does_nothing() -> None:
    run = accepted()
    before = run.case
    assert run.take(tick(PARCEL_KEY), after=MINUTE) == []
    assert run.case == before


def test_a_tick_of_a_parcel_that_nobody_knows_does_nothing() -> None:
    assert Run(decide_parcel).take(tick(PARCEL_KEY)) == []
