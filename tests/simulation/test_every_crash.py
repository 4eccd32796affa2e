"""The function dies after each single write of a whole story, one after the other: the end is always the same."""

from datetime import timedelta

import pytest

from shared.domain.events import ReturnReceived
from shared.domain.parcel import Stage
from shared.domain.policy import RefundMoment
from shared.domain.refund import Outcome, RefundPhase
from tests.simulation.outside import AMOUNT_FEN, WAYBILL
from tests.simulation.road import MERCHANT
from tests.simulation.vendor import order_read, refund_reported
from tests.simulation.world import World

HOUR = timedelta(hours=1)


def _run(world: World, span: timedelta) -> None:
    """Let everything run that is ready or falls due within the span; crashes happen where they were ordered."""
    end = world.clock.now() + span
    for _ in range(500):
        world.publish()
        if world.deliver():
            continue
        dues = [stored.due for stored in world.table.cases.values() if stored.due]
        following = min([*dues, *(entry[0] for entry in world.later)], default=end)
        if following >= end:
            world.tick(end - world.clock.now())
            return
        world.tick(max(following - world.clock.now(), timedelta(0)) + timedelta(seconds=1))
    raise AssertionError("it never comes to rest")


def _watched(crash_in: int) -> World:
    """Play a parcel that falls silent, is urged and talked about, whose source dies, is replaced, and that arrives."""
    world = World(unasked=False)
    world.crash_in = crash_in
    world.accept(order_read(world.clock.now(), world.outside._order({})))
    _run(world, HOUR)
    for stage in (Stage.PICKED_UP, Stage.IN_TRANSIT):
        world.scan(stage, world.clock.now())
        _run(world, HOUR)
    _run(world, 55 * HOUR)
    world.roads.sources["zto"].subscribed.clear()
    world.scan(Stage.ARRIVED_AT_HUB, world.clock.now())
    _run(world, 38 * HOUR)
    world.scan(Stage.DELIVERED, world.clock.now())
    _run(world, HOUR)
    return world


def test_a_crash_after_any_single_write_of_a_watched_parcel_changes_nothing_in_the_end() -> None:
    calm = _watched(crash_in=0)
    assert calm.store.levels.total() > 6
    assert (len(calm.outside.urged), len(calm.outside.buyer_told)) == (2, 3)
    for crash_in in range(1, calm.table.writes + 1):
        world = _watched(crash_in)
        where = f"crash after write {crash_in} of {calm.table.writes}"
        assert world.parcel is not None, where
        assert (world.parcel.is_finished, world.parcel.tickets) == (True, ()), where
        for name in ("levels", "urged", "buyer_told"):
            assert getattr(world.store, name) == getattr(calm.store, name), where
        assert (world.outside.urged, world.outside.buyer_told) == (calm.outside.urged, calm.outside.buyer_told), where
        assert (world.unguarded(), world.dead) == ([], []), where


def _live(*, shipped: bool, refunds: int, moment: RefundMoment, crash_in: int) -> World:
    """Play the refunds of one order from the buyer's click to the end, with one crash on the way."""
    world = World(shipped=shipped, refunds=refunds, refund_on=moment)
    world.crash_in = crash_in
    now = world.clock.now()
    world.accept(order_read(now, world.outside._order({})))
    world.scan(Stage.IN_TRANSIT, now)
    for name, request in world.outside.requests.items():
        world.accept(refund_reported(now, name, request.told()))
    _run(world, HOUR / 2)
    if shipped:
        world.outside.interception = "stopped"
        _run(world, HOUR / 2)
        world.scan(Stage.RETURNING, world.clock.now())
        _run(world, HOUR / 2)
        world.accept(ReturnReceived(merchant=MERCHANT, carrier="zto", waybill=WAYBILL, at=world.clock.now()))
    _run(world, 2 * HOUR)
    return world


@pytest.mark.parametrize("moment", RefundMoment)
@pytest.mark.parametrize(("shipped", "refunds"), [(False, 1), (True, 1), (True, 2)])
def test_a_crash_after_any_single_write_changes_nothing_in_the_end(
    moment: RefundMoment, refunds: int, *, shipped: bool
) -> None:
    writes = _live(shipped=shipped, refunds=refunds, moment=moment, crash_in=0).table.writes
    assert writes > 10
    for crash_in in range(1, writes + 1):
        world = _live(shipped=shipped, refunds=refunds, moment=moment, crash_in=crash_in)
        where = f"crash after write {crash_in} of {writes}"
        for name, request in world.outside.requests.items():
            refund = world.refund(name)
            assert refund is not None, where
            assert request.paid == [(AMOUNT_FEN, 1)], where
            assert (refund.phase, refund.agreed_by_us) == (RefundPhase.CLOSED, True), where
            assert refund.outcome is (Outcome.RECOVERED if shipped else Outcome.REFUNDED), where
        assert sum(world.outside.registered.values()) == int(shipped), where
        assert world.outside.blind_calls == 0, where
        assert [drawn for drawn, _ in world.table.budgets.values()] == [refunds * AMOUNT_FEN], where
        assert world.dead == [], where
