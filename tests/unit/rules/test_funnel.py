"""A funnel that falls is told from one that was always like that, and from chance."""

from datetime import timedelta

import pytest

from shared.domain.parcel import InterceptionPhase, ParcelCase
from shared.rules.funnel import Funnel
from tests.unit.rules.build import DAY, HOUR, NOW
from tests.unit.rules.parcels import accepted

ACCEPTED, SUCCEEDED = InterceptionPhase.ACCEPTED, InterceptionPhase.SUCCEEDED
REFUSED, FAILED = InterceptionPhase.REFUSED, InterceptionPhase.FAILED


def parcel(phase: InterceptionPhase, ago: timedelta) -> ParcelCase:
    """A parcel whose interception came so far, so long ago."""
    case, at = accepted().case, NOW - ago
    promised = at if phase.was_promised else None
    done = {"requested_at": at, "accepted_at": promised, "succeeded_at": at if phase is SUCCEEDED else None}
    mine = case.interception.model_copy(update={"phase": phase, **done})
    return case.model_copy(update={"interception": mine, "heard_at": at})


def falls(*counted: tuple[int, InterceptionPhase, timedelta]) -> bool:
    """Count so many parcels of each kind."""
    funnel = Funnel(NOW)
    for number, phase, ago in counted:
        for _ in range(number):
            funnel.add(parcel(phase, ago))
    return funnel.falls


@pytest.mark.parametrize(("good", "bad"), [(ACCEPTED, REFUSED), (SUCCEEDED, FAILED)])
@pytest.mark.parametrize(("now", "fell"), [((60, 40), True), ((19, 1), False), ((75, 25), False)])
def test_a_step_that_falls_from_95_to_60_of_a_hundred_within_hours_is_a_fall(
    good: InterceptionPhase, bad: InterceptionPhase, now: tuple[int, int], fell: bool
) -> None:
    before, today = 10 * DAY, 2 * HOUR
    assert falls((950, good, before), (50, bad, before), (now[0], good, today), (now[1], bad, today)) is fell


def test_a_small_deployment_is_judged_by_its_last_twenty_however_long_they_took() -> None:
    before = (38, ACCEPTED, 20 * DAY), (2, REFUSED, 20 * DAY)
    assert falls(*before, (12, ACCEPTED, 2 * DAY), (8, REFUSED, DAY))
    assert not falls(*before, (18, ACCEPTED, 2 * DAY), (2, REFUSED, HOUR))


def test_what_was_always_like_that_is_no_fall() -> None:
    assert not falls((60, ACCEPTED, 9 * DAY), (40, REFUSED, 9 * DAY), (30, ACCEPTED, HOUR), (20, REFUSED, HOUR))


def test_without_a_month_to_compare_with_or_with_a_few_tries_nothing_falls() -> None:
    assert not falls((20, REFUSED, HOUR))
    assert not falls((19, ACCEPTED, 9 * DAY), (20, REFUSED, HOUR))
    assert not falls((500, ACCEPTED, 40 * DAY), (20, REFUSED, HOUR))
    assert not falls((20, ACCEPTED, 9 * DAY), (3, REFUSED, HOUR))


def test_what_is_not_decided_yet_and_what_was_never_asked_do_not_count() -> None:
    before = (40, ACCEPTED, 9 * DAY)
    assert falls(before, (20, REFUSED, HOUR))
    assert not falls(before, (20, InterceptionPhase.WAITING, HOUR))
    funnel = Funnel(NOW)
    for _ in range(40):
        funnel.add(parcel(ACCEPTED, 9 * DAY))
        case = parcel(REFUSED, HOUR)
        unasked = case.interception.model_copy(update={"requested_at": None, "asked_at": None})
        funnel.add(case.model_copy(update={"interception": unasked}))
    assert not funnel.falls
