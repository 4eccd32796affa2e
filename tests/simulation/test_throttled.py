"""A vendor that takes few calls, or none for hours, loses no work: nothing is a dead letter, and everything ends."""

from datetime import timedelta

import pytest

from shared.domain.lanes import Lane
from shared.domain.parcel import Stage
from shared.domain.refund import RefundPhase
from tests.simulation.outside import AMOUNT_FEN
from tests.simulation.vendor import order_read, refund_reported
from tests.simulation.world import World

HOUR = timedelta(hours=1)


class Patient(World):
    """Commands are put back for a day before they are dead letters, as `take_batch` does."""

    def _redeliver(self, lane: Lane, body: str, attempt: int, after: timedelta) -> None:
        self.later.append((self.clock.now() + after, lane, body, attempt + 1))


def begin(limits: str = "") -> World:
    """A refund whose parcel is on the road."""
    world = Patient(limits=limits)
    world.accept(order_read(world.clock.now(), world.outside._order({})))
    world.scan(Stage.PICKED_UP, world.clock.now())
    world.accept(refund_reported(world.clock.now(), "R1", world.outside.requests["R1"].told()))
    return world


def play(world: World, hours: float) -> None:
    """Let everything run, with the clock in steps of ten seconds."""
    end = world.clock.now() + hours * HOUR
    while world.clock.now() < end:
        world.publish()
        if not world.deliver():
            world.tick(timedelta(seconds=10))


@pytest.mark.parametrize("limits", ["6/min", "100/min 5/s", "100/h"])
def test_few_calls_are_enough_in_the_end(limits: str) -> None:
    world = begin(limits)
    play(world, 0.2)
    world.outside.interception = "stopped"
    world.settle()
    assert world.outside.paid == [(AMOUNT_FEN, 1)]
    assert list(world.outside.registered.values()) == [1]


@pytest.mark.parametrize("limits", ["", "1000/min"])
@pytest.mark.parametrize("hours", [0.1, 3])
def test_a_vendor_that_throttles_for_hours_loses_no_work(limits: str, hours: float) -> None:
    """Within minutes it is only late; after hours people have been asked: the platform's deadline does not wait."""
    world = begin(limits)
    world.outside.faults += ["throttled"] * 10_000
    play(world, hours)
    refund = world.refund()
    assert refund
    is_asked = refund.phase is RefundPhase.BY_HAND
    world.outside.interception = "stopped"
    world.settle()
    assert world.later == [entry for entry in world.later if entry[0] > world.clock.now()]
    assert world.outside.paid == ([] if is_asked else [(AMOUNT_FEN, 1)])
    assert all(count == 1 for count in world.outside.registered.values())
