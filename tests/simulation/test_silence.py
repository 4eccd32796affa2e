"""Each way in which a source can fall silent, at each stage of a parcel's way: it is noticed within a heartbeat."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.domain.events import TrackingEnded
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.tickets import Anomaly
from tests.simulation.outside import WAYBILL
from tests.simulation.road import MERCHANT
from tests.simulation.vendor import order_read
from tests.simulation.world import REDELIVERY, World

CYCLE_HOURS = 1
NUMBER = ("zto", WAYBILL)
WAY = (Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.OUT_FOR_DELIVERY, Stage.HELD_AT_PICKUP_POINT)
_DELIVERIES_MAX = 8


def dies(world: World) -> None:
    for source in world.roads.sources.values():
        source.subscribed.clear()


def refuses_from_now_on(world: World) -> None:
    dies(world)
    for source in world.roads.sources.values():
        source.refuses = True


def aborts(world: World, *, gave_up: bool = True) -> None:
    dies(world)
    about = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
    world.accept(TrackingEnded(**about, source="zto", reason="3天查询无记录", gave_up=gave_up))


def shuts_down(world: World) -> None:
    aborts(world, gave_up=False)


def aborts_and_refuses(world: World) -> None:
    aborts(world)
    refuses_from_now_on(world)


def is_noticed(world: World) -> bool:
    """Whether a source listens again, or people were told that the parcel needs looking after."""
    case = world.parcel
    assert isinstance(case, ParcelCase)
    listening = any(NUMBER in source.subscribed for source in world.roads.sources.values())
    return listening or any(ticket.told and ticket.anomaly is not Anomaly.LATE for ticket in case.tickets)


@pytest.mark.parametrize("begins", range(len(WAY) + 1))
@pytest.mark.parametrize("falls_silent", [dies, refuses_from_now_on, aborts, shuts_down, aborts_and_refuses])
def test_a_source_that_falls_silent_is_noticed_within_a_heartbeat(
    falls_silent: Callable[[World], None], begins: int
) -> None:
    world = World(unasked=False)
    world.accept(order_read(world.clock.now(), world.outside._order({})))
    world.settle(2)
    for stage in WAY[:begins]:
        world.scan(stage, world.clock.now())
        world.settle(2)
    assert NUMBER in world.roads.sources["zto"].subscribed
    falls_silent(world)
    world.tick(timedelta(hours=1))
    world.scan(WAY[begins] if begins < len(WAY) else Stage.OUT_FOR_DELIVERY, world.clock.now())
    world.settle(int(world.policy.watching.heartbeat / timedelta(hours=1)) + CYCLE_HOURS)
    assert is_noticed(world)
    assert not world.dead


def test_a_subscription_that_never_reached_anybody_is_made_again() -> None:
    world = World(unasked=False)
    world.accept(order_read(world.clock.now(), world.outside._order({})))
    world.outside.faults += ["refused"] * _DELIVERIES_MAX
    while not world.dead:
        world.publish()
        if not world.deliver():
            world.tick(REDELIVERY)
    assert not world.roads.sources["zto"].subscribed
    world.settle(int(world.policy.watching.heartbeat / timedelta(hours=1)) + CYCLE_HOURS)
    assert NUMBER in world.roads.sources["zto"].subscribed
