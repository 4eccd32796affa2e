"""A merchant's standing is known within half a minute, and costs one read in that time."""

from datetime import timedelta

from shared.domain.merchant import Membership, Standing
from shared.workflows.standings import KNOWN_FOR, MERCHANTS_MAX, Standings
from tests.fakes import FakeClock, FakeMerchants, FakeTable
from tests.unit.workflows.vendor import MERCHANT, NOW


class Counting(FakeMerchants):
    """Counts what it is asked."""

    asked = 0

    def membership(self, merchant: str) -> Membership | None:
        """Give a merchant's membership."""
        self.asked += 1
        return super().membership(merchant)


def test_a_change_is_noticed_after_half_a_minute_and_asked_for_once() -> None:
    merchants, clock = Counting(FakeTable()), FakeClock(NOW)
    standings = Standings(merchants, clock)
    merchants.put(Membership(merchant=MERCHANT, since=NOW))
    assert {standings.standing(MERCHANT) for _ in range(5)} == {Standing.ACTIVE}
    merchants.put(Membership(merchant=MERCHANT, version=2, since=NOW, standing=Standing.PAUSED))
    clock.advance(KNOWN_FOR - timedelta(milliseconds=1))
    assert standings.standing(MERCHANT) is Standing.ACTIVE
    assert merchants.asked == 1
    clock.advance(timedelta(milliseconds=1))
    assert standings.standing(MERCHANT) is Standing.PAUSED


def test_a_clock_that_was_set_back_does_not_keep_an_old_answer() -> None:
    merchants, clock = Counting(FakeTable()), FakeClock(NOW)
    standings = Standings(merchants, clock)
    standings.standing(MERCHANT)
    clock.advance(-timedelta(days=1))
    standings.standing(MERCHANT)
    assert merchants.asked == 2


def test_nothing_is_done_for_who_has_never_joined() -> None:
    assert Standings(FakeMerchants(FakeTable()), FakeClock(NOW)).standing("nobody") is Standing.LEFT


def test_merchants_without_end_do_not_fill_the_memory() -> None:
    standings = Standings(FakeMerchants(FakeTable()), FakeClock(NOW))
    for number in range(MERCHANTS_MAX + 10):
        standings.standing(f"m{number}")
    assert len(standings._known) <= MERCHANTS_MAX
