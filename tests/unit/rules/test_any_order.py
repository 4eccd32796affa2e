"""THE promise of the watch: whatever the order, number and delay of the same news, the parcel and its tickets agree."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.domain.events import ParcelScanned, ParcelShipped, ParcelTraced, ReturnLegLinked, ReturnShipped
from shared.domain.parcel import Content, ParcelCase, Scan, Stage
from shared.domain.tickets import ANOMALIES
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, WAYBILL, Run, content, tick, wanted
from tests.unit.rules.parcels import answer
from tests.unit.rules.watched import Parcel, facts, notices

_carriers = st.sampled_from(["zto", "ems"])  # ems takes scans back
_stages = st.sampled_from(Stage)
_scans = st.builds(
    Scan,
    stage=_stages,
    at=st.integers(0, 14 * 24).map(lambda hours: NOW + hours * HOUR),
    code=st.sampled_from(["a", "b"]),
    zone_assumed=st.booleans(),
)
_histories = st.lists(_scans, min_size=1, max_size=5)


def _about(carrier: str) -> dict[str, str]:
    return {"merchant": MERCHANT, "carrier": carrier, "waybill": WAYBILL}


def _content(order_id: str = "O1", *, shipped_at: datetime = NOW) -> Content:
    more = {"paid_fen": 9900, "paid_at": shipped_at - 5 * HOUR, "shipped_at": shipped_at, "region": "浙江省"}
    return content(order_id).model_copy(update=more)


def _shipped(carrier: str, inside: Content | None = None) -> ParcelShipped:
    return ParcelShipped(**_about(carrier), content=inside or _content())


def _sent_back(carrier: str) -> ReturnShipped:
    return ReturnShipped(**_about(carrier), refund="sim:R1", content=content(), at=NOW)


def _scanned(carrier: str, scan: Scan) -> ParcelScanned:
    return ParcelScanned(**_about(carrier), scan=scan)


def _begun(carrier: str, *, is_return: bool) -> Any:
    return _sent_back(carrier) if is_return else _shipped(carrier)


class Witness(Parcel):
    """A parcel that remembers what was told of each of its tickets."""

    def __init__(self, carrier: str = "zto") -> None:
        self.told: Counter[str] = Counter()
        super().__init__(carrier=carrier)

    def take(self, *events: Any) -> list[Any]:
        """Take one event, and see that nobody hears a level twice."""
        said = super().take(*events)
        for title in notices(said):
            self.told[title] += 1
        assert all(count == 1 for count in self.told.values()), self.told
        still = {ANOMALIES[ticket.anomaly].title for ticket in self.case.tickets}
        for title in [title for title in self.told if title.split("：")[-1] not in still]:
            del self.told[title]
        return said


# ---- the same arrivals, in another order -------------------------------------------------------------------------


def _in_slots(events: Sequence[Any], at: datetime, carrier: str) -> ParcelCase:
    run = Run(decide_parcel, at=at)
    for event in events:
        run.take(event, after=MINUTE)
    assert isinstance(run.case, ParcelCase)
    return run.case


@settings(max_examples=120)
@given(_histories, _carriers, st.booleans(), st.integers(0, 14 * 24), st.data())
def test_the_same_news_in_any_order_give_the_same_parcel(
    scans: list[Scan], carrier: str, is_return: bool, hours: int, data: st.DataObject
) -> None:
    events = [_begun(carrier, is_return=is_return), *(_scanned(carrier, scan) for scan in scans)]
    events += data.draw(st.lists(st.sampled_from(events), max_size=3))
    shuffled = data.draw(st.permutations(events))
    at = NOW + hours * HOUR
    assert facts(_in_slots(events, at, carrier)) == facts(_in_slots(shuffled, at, carrier))


def _leg(case: ParcelCase) -> int:
    """How far a parcel has come. A sender's signature is one like a buyer's: couriers scan on after it."""
    return min(case.stage.leg, Stage.DELIVERED.leg)


@settings(max_examples=200)
@given(_histories, st.booleans(), st.data())
def test_in_any_order_of_the_same_news_the_parcel_never_goes_back(
    scans: list[Scan], is_return: bool, data: st.DataObject
) -> None:
    """Not in between either, but where a courier takes scans back."""
    run = Run(decide_parcel, at=NOW + 15 * DAY)
    run.take(_begun("zto", is_return=is_return))
    for scan in data.draw(st.permutations(scans + data.draw(st.lists(st.sampled_from(scans), max_size=3)))):
        reached = _leg(run.case)
        run.take(_scanned("zto", scan))
        assert _leg(run.case) >= reached


@settings(max_examples=100)
@given(_histories, _carriers, st.booleans(), st.data())
def test_telling_the_whole_history_is_as_good_as_telling_every_scan(
    scans: list[Scan], carrier: str, is_return: bool, data: st.DataObject
) -> None:
    begun = _begun(carrier, is_return=is_return)
    known = data.draw(st.permutations(scans))
    whole = [ParcelTraced(**_about(carrier), source="s", scans=tuple(known[: n + 1])) for n in range(len(known))]
    one_by_one = [_scanned(carrier, scan) for scan in scans]
    at = NOW + 20 * DAY
    assert facts(_in_slots([begun, *one_by_one], at, carrier)) == facts(_in_slots([begun, *whole], at, carrier))
    assert facts(_in_slots([begun, *one_by_one], at, carrier)) == facts(_in_slots([begun, whole[-1]], at, carrier))


@settings(max_examples=100)
@given(_histories, _histories, st.integers(0, 20 * 24), st.data())
def test_tickets_that_were_open_survive_the_same_news_in_any_order(
    before: list[Scan], after: list[Scan], hours: int, data: st.DataObject
) -> None:
    """Of a courier that takes scans back, a signature may be heard in between: then what it ended opens anew."""
    cases = []
    later = [_scanned("zto", scan) for scan in after]
    for events in (later, data.draw(st.permutations(later + later[:1]))[: len(later) + 1]):
        world = Witness()
        world.take(_shipped("zto"))
        for scan in before:
            world.take(_scanned("zto", scan))
        world.wait(NOW + hours * HOUR)
        for event in events:
            world.take(event)
        cases.append(facts(world.case))
    assert cases[0] == cases[1]


@settings(max_examples=100)
@given(_histories, st.integers(0, 5), st.booleans(), st.data())
def test_a_refund_s_wish_changes_nothing_about_where_the_parcel_is(
    scans: list[Scan], place: int, is_promised: bool, data: st.DataObject
) -> None:
    cases = []
    for told in (scans, data.draw(st.permutations(scans))):
        run = Run(decide_parcel, at=NOW + 15 * DAY)
        run.take(_shipped("zto"), *(_scanned("zto", scan) for scan in told[:place]))
        run.take(wanted(content=_content()))
        if is_promised:
            run.take(answer(run, "accepted"))
        run.take(*(_scanned("zto", scan) for scan in told[place:]))
        cases.append(run.case)
    one, other = (facts(case) for case in cases)
    assert one.model_copy(update={"interception": other.interception}) == other
    if place >= len(scans):
        assert one.interception == other.interception


@settings(max_examples=100)
@given(_histories, st.data())
def test_a_parcel_hears_the_same_of_its_way_back_in_any_order(scans: list[Scan], data: st.DataObject) -> None:
    """Under a number of its own, the way back is scanned like the way of any parcel."""
    scans = [scan for scan in scans if scan.stage not in (Stage.RETURNING, Stage.RETURNED)]
    originals = []
    for told in (scans, data.draw(st.permutations(scans)), [scans]):
        leg, original = Run(decide_parcel, at=NOW + 15 * DAY), Run(decide_parcel, at=NOW + 15 * DAY)
        leg.take(ReturnLegLinked(**_about("zto") | {"waybill": "W1R"}, original=WAYBILL))
        for news in told:
            many = tuple(news) if isinstance(news, list) else (news,)
            leg.take(ParcelTraced(**_about("zto") | {"waybill": "W1R"}, source="s", scans=many))
        original.take(_shipped("zto"), *(said for said in leg.said if said.type == "return_leg_scanned"))
        originals.append(facts(original.case))
    assert originals[0] == originals[1] == originals[2]


# ---- a number that is handed out again ---------------------------------------------------------------------------

_LATER = NOW + 60 * DAY
_early_scans = st.builds(
    Scan, stage=_stages, at=st.integers(0, 8 * 24).map(lambda h: NOW + h * HOUR), code=st.just("a")
)
_late_scans = st.builds(
    Scan, stage=_stages, at=st.integers(0, 8 * 24).map(lambda h: _LATER + h * HOUR), code=st.just("a")
)


@settings(max_examples=120)
@given(st.lists(_early_scans, max_size=3), st.lists(_late_scans, max_size=3), _carriers, st.data())
def test_a_number_s_second_use_is_told_from_its_first_in_any_order(
    first: list[Scan], second: list[Scan], carrier: str, data: st.DataObject
) -> None:
    orders = [_shipped(carrier), _shipped(carrier, _content("O2", shipped_at=_LATER))]
    events: list[Any] = [*orders, *(_scanned(carrier, scan) for scan in first + second)]
    alone = [orders[1], *(_scanned(carrier, scan) for scan in second)]
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=2))))
    at = _LATER + 10 * DAY
    assert facts(_in_slots(shuffled, at, carrier)) == facts(_in_slots(alone, at, carrier))


@settings(max_examples=120)
@given(st.lists(_early_scans, max_size=3), st.lists(_late_scans, max_size=3), st.data())
def test_scans_long_after_a_signature_are_another_parcel_s_in_any_order(
    first: list[Scan], second: list[Scan], data: st.DataObject
) -> None:
    assume(not any(scan.stage in (Stage.RETURNING, Stage.RETURNED) for scan in first))
    signed = Scan(stage=Stage.DELIVERED, at=NOW + 9 * DAY, code="signed")
    events = [_shipped("zto"), *(_scanned("zto", scan) for scan in [*first, signed, *second])]
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=2))))
    at = _LATER + 10 * DAY
    case = _in_slots(shuffled, at, "zto")
    assert facts(case) == facts(_in_slots(events, at, "zto"))
    assert bool(case.contents) == (not second)


# ---- any delay, and the clock ticking ----------------------------------------------------------------------------

_delays = st.sampled_from([0, 1, 20, 50, 100, 300]).map(lambda hours: hours * HOUR)
_late_histories = st.lists(st.tuples(_scans, _delays, st.booleans()), min_size=1, max_size=4)
_THE_END = NOW + 30 * DAY


def _lived(arrivals: list[tuple[datetime, Any]], begun: Any, carrier: str) -> Witness:
    world = Witness(carrier)
    world.take(begun)
    for at, event in sorted(arrivals, key=lambda arrival: arrival[0]):
        world.wait(at)
        world.take(event)
    world.wait(_THE_END)
    return world


@settings(max_examples=120)
@given(_late_histories, _carriers, st.booleans())
def test_whenever_it_was_heard_the_same_happened_and_the_same_is_open(
    history: list[tuple[Scan, timedelta, bool]], carrier: str, is_return: bool
) -> None:
    """A source that tells nothing for weeks is given up at another time than one that is late: it tells once more."""
    begun = _begun(carrier, is_return=is_return)
    in_time = [(scan.at, _scanned(carrier, scan)) for scan, _, _ in history]
    late = [(min(scan.at + delay, _THE_END), _scanned(carrier, scan)) for scan, delay, _ in history]
    late += [(_THE_END, _scanned(carrier, scan)) for scan, _, again in history if again]
    one, other = _lived(in_time, begun, carrier), _lived(late, begun, carrier)
    for world in (one, other):
        world.take(_scanned(carrier, history[0][0]))
        world.run.now += MINUTE
        world.take(tick(world.key))
    assert facts(one.case) == facts(other.case)
