"""What a merchant leaves behind is forgotten when it is due, and nothing of anybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.merchant import REMAINS_KEPT, Membership, Standing
from shared.ports import Place
from shared.workflows.forget_merchants import forget_merchants
from tests.fakes import FakeClock, FakeMerchants, FakeTable
from tests.fakes.remains import FakeRemains

LEFT_AT = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT_UNTIL = LEFT_AT + 3 * 366 * DAY
CASES = [Place("gone|order|douyin:1", "-"), Place("gone|scores", "-"), Place("gone|open", "gone|order|douyin:1")]
EXPLAINING = [Place("gone|policy", "00000001"), Place("gone|policy", "-"), Place("gone|standing", "00000001")]
OTHERS = [
    Place("gone-2|order|douyin:1", "-"),
    Place("here|order|gone|1", "-"),
    Place("merchants", "gone"),
    Place("shops", "gone|1"),
    Place("gone", "x"),
    Place("due|0|2026110100", "2026-11-01T00:00:00.000Z|gone|order|1"),
]


def _merchants(**fields: object) -> FakeMerchants:
    merchants = FakeMerchants(FakeTable())
    told = {"standing": Standing.LEFT, "since": LEFT_AT, "kept_until": KEPT_UNTIL, **fields}
    merchants.put(Membership.model_validate({"merchant": "gone", **told}))
    for other in ("here", "gone-2"):
        merchants.put(Membership(merchant=other, since=LEFT_AT))
    return merchants


def _forget(merchants: FakeMerchants, remains: FakeRemains, at: datetime) -> int:
    return forget_merchants(merchants, remains, FakeClock(at))


@pytest.mark.parametrize(("early", "left"), [(DAY, [*CASES, *EXPLAINING]), (timedelta(0), EXPLAINING)])
def test_cases_are_kept_for_ninety_days_and_what_explains_them_longer(early: timedelta, left: list[Place]) -> None:
    merchants, remains = _merchants(), FakeRemains([*CASES, *EXPLAINING, *OTHERS])
    erased = _forget(merchants, remains, LEFT_AT + REMAINS_KEPT - early)
    assert remains.places == [*left, *OTHERS]
    assert erased == len(CASES) + len(EXPLAINING) - len(left)
    assert merchants.membership("gone")


def test_in_the_end_the_merchant_itself_is_forgotten() -> None:
    merchants, remains = _merchants(), FakeRemains([*CASES, *EXPLAINING, *OTHERS])
    assert _forget(merchants, remains, KEPT_UNTIL - DAY) == len(CASES)
    assert _forget(merchants, remains, KEPT_UNTIL) == len(EXPLAINING)
    assert remains.places == OTHERS
    assert [one.merchant for one in merchants.memberships()] == ["gone-2", "here"]
    assert _forget(merchants, remains, KEPT_UNTIL + DAY) == 0


def test_without_a_date_a_merchant_is_never_forgotten_altogether() -> None:
    merchants, remains = _merchants(kept_until=None), FakeRemains([*CASES, *EXPLAINING])
    _forget(merchants, remains, KEPT_UNTIL + 1000 * DAY)
    assert remains.places == EXPLAINING
    assert merchants.membership("gone")


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.PAUSED])
def test_nothing_of_a_merchant_that_is_there_is_touched(standing: Standing) -> None:
    remains = FakeRemains([*CASES, *EXPLAINING])
    assert _forget(_merchants(standing=standing), remains, KEPT_UNTIL + DAY) == 0
    assert remains.places == [*CASES, *EXPLAINING]


def test_where_nobody_has_left_the_table_is_not_read() -> None:
    class Unread(FakeRemains):
        def pages(self) -> None:  # type: ignore[override]
            raise AssertionError("it was read")

    assert _forget(_merchants(standing=Standing.ACTIVE), Unread([]), KEPT_UNTIL) == 0


def test_who_comes_back_while_the_table_is_read_loses_nothing_more() -> None:
    merchants = _merchants()
    many = [Place(f"gone|order|douyin:{number}", "-") for number in range(25)]

    def come_back() -> None:
        member = merchants.membership("gone")
        assert member
        if member.has_left:
            fields = {"version": member.version + 1, "standing": Standing.ACTIVE}
            merchants.put(member.model_copy(update=fields))

    remains = FakeRemains([*many, *EXPLAINING], come_back)
    assert _forget(merchants, remains, KEPT_UNTIL) == 10
    assert remains.places == [*many[10:], *EXPLAINING]
    assert merchants.membership("gone")


_NAMES = st.sampled_from(["gone", "gone-2", "here", "go", "gone|x"])
_PLACES = st.builds(
    Place,
    st.builds(
        lambda name, kind: f"{name}|{kind}", _NAMES, st.sampled_from(["order|1", "policy", "standing", "scores"])
    ),
    st.sampled_from(["-", "00000001", "gone|order|1"]),
)


@given(st.lists(_PLACES, unique=True, max_size=40), st.integers(0, 1200))
def test_only_what_lies_under_the_merchants_own_name_is_ever_deleted(places: list[Place], days: int) -> None:
    remains = FakeRemains(places)
    _forget(_merchants(), remains, LEFT_AT + days * DAY)
    for place in set(places) - set(remains.places):
        assert place.pk.startswith("gone|")
        assert days >= 90
    for place in remains.places:
        is_explaining = place.pk in ("gone|policy", "gone|standing")
        assert not place.pk.startswith("gone|") or days < 90 or (is_explaining and days < 3 * 366)
