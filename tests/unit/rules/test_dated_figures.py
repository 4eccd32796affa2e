"""A platform's figures are dated: an order keeps those of the day on which it was paid, whatever comes later."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import ValidationError

from shared.domain import packs as shipped_packs
from shared.domain.board import Band
from shared.domain.keys import parcel_key
from shared.domain.packs import Bands, Pack, packs
from shared.domain.parcel import Content, ParcelCase, Scan, Stage
from shared.domain.watching import Watching
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_view import parcel_view
from shared.rules.scorecard import Scorecard
from tests.unit.rules.build import DAY, HOUR, MERCHANT, NOW, WAYBILL, policy, wanted
from tests.unit.rules.watched import inside, of_type, on_its_way

NEW = NOW - 10 * DAY
OLD_PACK = packs()[0]
NEW_PACK = OLD_PACK.model_copy(
    update={
        "name": "stricter",
        "since": NEW,
        "pickup": 12 * HOUR,
        "bands": Bands(five=30 * HOUR, four=40 * HOUR),
        "forced_refund": 20 * HOUR,
    }
)


@pytest.fixture(autouse=True)
def two_packs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two packs, the stricter one for orders paid since its day."""
    monkeypatch.setattr(shipped_packs, "packs", lambda: (OLD_PACK, NEW_PACK))
    shipped_packs._newest_first.cache_clear()
    yield
    shipped_packs._newest_first.cache_clear()


def delivered(paid_before: timedelta, *, picked_up: timedelta, took: timedelta) -> ParcelCase:
    """A parcel of an order that was paid so long before the new pack's day and shipped an hour after."""
    paid_at = NEW - paid_before
    content = Content(
        platform="sim", order_id="O1", line_ids=("L1",), paid_at=paid_at, shipped_at=paid_at + HOUR, region="浙江省"
    )
    return ParcelCase(
        carrier="zto",
        waybill=WAYBILL,
        contents=(content,),
        last_scan=Scan(stage=Stage.DELIVERED, at=paid_at + took, code="x"),
        heard_at=paid_at + took,
        picked_up_at=paid_at + HOUR + picked_up,
    )


# paid so long before the new pack's day -> picked up in time, within five points, within four
PAID: dict[timedelta, tuple[int, int, int, Band]] = {
    timedelta(seconds=1): (1, 1, 1, Band.FIVE),
    timedelta(0): (0, 0, 1, Band.FOUR),
}


@pytest.mark.parametrize("paid_before", PAID)
def test_the_scorecard_and_the_board_judge_an_order_by_the_pack_of_its_day(paid_before: timedelta) -> None:
    pickups, five, four, band = PAID[paid_before]
    case = delivered(paid_before, picked_up=20 * HOUR, took=35 * HOUR)
    card = Scorecard(MERCHANT, NOW)
    card.add(case)
    row = card.scores().row(30, "zto")
    assert row
    assert (row.pickups_due, row.arrivals_due) == (1, 1)
    assert (row.pickups_in_24h, row.arrivals_in_52h, row.arrivals_in_59h) == (pickups, five, four)
    [arrival] = parcel_view(parcel_key(MERCHANT, "zto", WAYBILL), case, policy(), None, NOW).arrivals
    assert arrival.expected_band is band
    assert arrival.hours_left_for_5 == (17 if band is Band.FIVE else -5)
    assert arrival.hours_left_for_4 == (24 if band is Band.FIVE else 5)


def test_what_has_not_arrived_is_due_by_the_four_points_of_its_day() -> None:
    def due(paid_before: timedelta) -> int:
        case = delivered(paid_before, picked_up=HOUR, took=30 * HOUR)
        scan = Scan(stage=Stage.IN_TRANSIT, at=NEW + 30 * HOUR, code="x")
        card = Scorecard(MERCHANT, NEW + 50 * HOUR)
        card.add(case.model_copy(update={"last_scan": scan}))
        row = card.scores().row(7, "zto")
        return row.arrivals_due if row else -1

    assert (due(timedelta(seconds=1)), due(timedelta(0))) == (0, 1)


@pytest.mark.parametrize(
    ("watching", "hours"),
    [(Watching(), 20), (Watching(forced_refund_after=72 * HOUR), 72)],
    ids=["by the pack", "as the merchant says"],
)
def test_a_platform_may_refund_by_itself_when_the_pack_or_the_merchant_says(watching: Watching, hours: int) -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=watching)
    stands_since = parcel.run.now
    parcel.wait(40 * HOUR)
    [told] = of_type(parcel.take(wanted()), "parcel_progressed")
    assert told.forced_refund_at == stands_since + hours * HOUR


def test_of_two_orders_in_a_parcel_the_one_that_may_be_refunded_first_counts() -> None:
    def hours(*paid: timedelta) -> float | None:
        contents = tuple(inside(f"O{number}", paid_at=NEW + at) for number, at in enumerate(paid))
        case = ParcelCase(carrier="zto", waybill=WAYBILL, contents=contents, stalled_since=NOW)
        at = ParcelDraft(MERCHANT, policy(), NOW, case).forced_refund_at
        return at and (at - NOW) / HOUR

    assert (hours(-DAY), hours(DAY), hours(-DAY, DAY), hours()) == (48, 20, 20, 20)


def test_the_first_band_ends_before_the_second() -> None:
    with pytest.raises(ValidationError, match="five points"):
        Bands(five=59 * HOUR, four=59 * HOUR)
    with pytest.raises(ValidationError, match="bands"):
        Pack.model_validate(OLD_PACK.model_dump(exclude={"bands"}))
