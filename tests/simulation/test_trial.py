"""A policy on trial in the whole loop, with a crash after each write: never above its budget, taken back once."""

from datetime import timedelta

from shared.domain.parcel import Stage
from shared.domain.policy import Trial
from shared.domain.refund import RefundPhase
from tests.fakes import FakePolicyStore
from tests.simulation.outside import AMOUNT_FEN
from tests.simulation.road import MERCHANT
from tests.simulation.test_every_crash import HOUR, _run
from tests.simulation.vendor import order_read, refund_reported
from tests.simulation.world import World


def _tried(crash_in: int) -> World:
    """Play two refunds of which the trial lets one pass."""
    world = World(refunds=2)
    world.table.policies.clear()
    policies, now = FakePolicyStore(world.table), world.clock.now()
    policies.put_policy(world.policy)
    trial = Trial(until=now + timedelta(days=9), amount_max_fen=3 * AMOUNT_FEN, count_max=1)
    policies.put_policy(world.policy.model_copy(update={"version": 2, "trial": trial}))
    before = world.table.writes
    world.crash_in = crash_in
    world.accept(order_read(now, world.outside._order({})))
    world.scan(Stage.IN_TRANSIT, now)
    for name, request in world.outside.requests.items():
        world.accept(refund_reported(now, name, request.told()))
    _run(world, HOUR / 2)
    world.outside.interception = "stopped"
    _run(world, HOUR)
    world.table.writes -= before
    return world


def test_a_crash_after_any_single_write_pays_no_more_and_takes_the_policy_back_once() -> None:
    writes = _tried(crash_in=0).table.writes
    for crash_in in range(writes + 1):
        world = _tried(crash_in)
        where = f"crash after write {crash_in} of {writes}"
        assert world.outside.paid == [(AMOUNT_FEN, 1)], where
        assert [one.version for one in FakePolicyStore(world.table).history(MERCHANT)] == [1, 2, 3], where
        assert world.table.policies[MERCHANT] == world.policy.model_copy(update={"version": 3}), where
        phases = {refund.phase for name in ("R1", "R2") if (refund := world.refund(name))}
        assert RefundPhase.BY_HAND in phases, where
        assert world.dead == [], where
