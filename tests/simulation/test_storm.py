"""Each event five and twenty times, in any order: the same state, and everything is done once."""

import pytest

from tests.simulation.outside import AMOUNT_FEN
from tests.simulation.storm import refund_storm, storm


@pytest.mark.parametrize("copies", [5, 20])
@pytest.mark.parametrize("seed", range(4))
def test_a_storm_of_duplicates_leaves_the_state_of_a_single_delivery_in_order(copies: int, seed: int) -> None:
    calm, after = storm(1, 0), storm(copies, seed)
    assert after.state == calm.state
    assert after.commands == calm.commands
    assert set(after.commands.values()) == {1}


@pytest.mark.parametrize("copies", [5, 20])
@pytest.mark.parametrize("seed", range(2))
def test_a_refund_in_a_storm_is_stopped_once_and_paid_once(copies: int, seed: int) -> None:
    world = refund_storm(copies, seed)
    assert world.outside.paid == [(AMOUNT_FEN, 1)]
    assert list(world.outside.registered.values()) == [1]
    assert (world.outside.blind_calls, world.dead) == (0, [])
