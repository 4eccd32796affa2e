"""Who watches the watcher: whatever silences a source, it is revived, or a person hears of it."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.events import (
    ParcelShipped,
    TicketTaken,
)
from shared.domain.events import TrackingSubscribed as Subscribed
from shared.domain.parcel import Stage
from shared.domain.tickets import Anomaly
from shared.domain.watching import Pace, Watching
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, scanned, tick, wanted
from tests.unit.rules.sources import answers, commands, ended, kinds, refused, subscribed
from tests.unit.rules.watched import Parcel, inside, notices, of_type, on_its_way, shipped

# ---- from the beginning on ---------------------------------------------------------------------------------------


def test_a_shipped_parcel_is_subscribed_at_once_and_by_itself() -> None:
    parcel = shipped()
    assert commands(parcel.run.said) == [("subscribe_tracking", "zto")]
    assert subscribed(parcel) == []
    assert parcel.case.watch.step == 1  # the rule is not worth a write


@pytest.mark.parametrize(
    ("carrier", "source"), [("zto", "zto"), ("sf", "sf"), ("yto", "kuaidi100"), ("x", "kuaidi100")]
)
def test_every_courier_has_its_source(carrier: str, source: str) -> None:
    assert commands(shipped(carrier=carrier).run.said) == [("subscribe_tracking", source)]


@pytest.mark.parametrize("unknown", [{"region": ""}, {"paid_fen": None}, {"paid_at": None}])
def test_an_order_of_which_no_push_tells_enough_is_read_once_before_anybody_is_warned(unknown: dict[str, None]) -> None:
    told = ParcelShipped(**shipped().about, content=inside(**unknown))
    parcel = Parcel(told)
    assert notices(parcel.wait(18 * HOUR - MINUTE)) == []
    [asked] = of_type(parcel.run.said, "fetch_order")
    assert (asked.order_id, asked.reply_to) == ("O1", f"{MERCHANT}|order|{told.content.platform}:O1")
    parcel.wait(20 * DAY)
    assert len([*of_type(parcel.run.said, "fetch_order")]) == 1


def test_a_parcel_that_turns_out_to_go_far_away_has_the_time_of_a_remote_region() -> None:
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside(region="")))
    parcel.moves(Stage.PICKED_UP, Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR - MINUTE)
    assert [*of_type(parcel.run.said, "fetch_order")]
    parcel.take(ParcelShipped(**parcel.about, content=inside(region="新疆维吾尔自治区")))
    assert notices(parcel.wait(36 * HOUR)) == []
    assert notices(parcel.wait(HOUR)) == ["预警：在途停滞"]


def test_an_order_that_was_told_of_in_full_is_not_read() -> None:
    parcel = shipped()
    parcel.wait(20 * DAY)
    assert [*of_type(parcel.run.said, "fetch_order")] == []


_TRACKERS = {"zto": "source-z", "sf": "source-s", "yto": "source-y"}


@pytest.mark.parametrize("order", [*permutations(_TRACKERS)], ids="-".join)
@pytest.mark.parametrize("carrier", _TRACKERS)
def test_in_whatever_order_sources_are_configured_a_parcel_s_own_is_asked(order: tuple[str, ...], carrier: str) -> None:
    """Also about a number that looks like another courier's: the carrier that was named wins."""
    watching = Watching(trackers={one: _TRACKERS[one] for one in order}, tracker=_TRACKERS[order[0]])
    about = {"merchant": MERCHANT, "carrier": carrier, "waybill": "SF1385628716739"}
    parcel = Parcel(ParcelShipped(**about, content=inside()), carrier=carrier, watching=watching)
    parcel.wait(23 * HOUR)
    asked = [*of_type(parcel.run.said, "subscribe_tracking", "query_tracking")]
    assert {one.type for one in asked} == {"subscribe_tracking", "query_tracking"}
    assert {(one.source, one.carrier) for one in asked} == {(_TRACKERS[carrier], carrier)}


def test_a_parcel_that_nobody_of_ours_shipped_is_not_watched() -> None:
    parcel = Parcel(scanned(Stage.IN_TRANSIT))
    assert (parcel.run.said, parcel.due) == ([], None)


@pytest.mark.parametrize(("days", "is_watched"), [(0, True), (10, True), (10.1, False), (400, False)])
def test_what_was_shipped_long_ago_stays_silent(days: float, is_watched: bool) -> None:
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside()), at=NOW + days * DAY)
    assert bool(commands(parcel.run.said)) == is_watched
    assert notices(parcel.wait(400 * DAY)) == [] or is_watched
    assert is_watched or parcel.due is None


def test_an_old_parcel_without_a_time_of_shipping_is_as_old_as_its_payment() -> None:
    told = ParcelShipped(**shipped().about, content=inside(shipped_at=None))
    assert commands(Parcel(told, at=NOW + 20 * DAY).run.said) == []
    assert commands(Parcel(told, at=NOW + DAY).run.said) == [("subscribe_tracking", "zto")]


def test_an_old_parcel_that_was_scanned_just_now_is_none() -> None:
    told = ParcelShipped(**shipped().about, content=inside(shipped_at=None))
    assert commands(Parcel(scanned(Stage.IN_TRANSIT, NOW + 20 * DAY), told, at=NOW + 20 * DAY).run.said)


def test_an_old_parcel_that_a_refund_wants_stopped_is_watched() -> None:
    parcel = Parcel(wanted(content=inside()), at=NOW + 30 * DAY)
    assert commands(parcel.run.said) == [("subscribe_tracking", "zto"), ("query_tracking", "zto")]


# ---- silent stops ------------------------------------------------------------------------------------------------


def test_a_subscription_that_nobody_answered_is_repeated_before_anybody_is_warned() -> None:
    parcel = shipped()
    said = parcel.wait(18 * HOUR - MINUTE)
    assert commands(said) == [("query_tracking", "zto"), ("subscribe_tracking", "zto")]
    assert notices(said) == []


def test_a_refused_subscription_goes_to_the_general_source_then_to_a_person_and_is_tried_again() -> None:
    parcel = shipped()
    assert commands(refused(parcel)) == [("subscribe_tracking", "kuaidi100")]
    assert commands(refused(parcel)) == []
    assert commands(parcel.wait(2 * MINUTE)) == []
    assert kinds(parcel) == ["unwatched"]
    assert commands(parcel.wait(6 * HOUR)) == [("subscribe_tracking", "kuaidi100")]
    subscribed(parcel)
    assert kinds(parcel) == []


def test_a_general_source_that_takes_what_another_refused_is_all_right() -> None:
    parcel = shipped()
    refused(parcel)
    subscribed(parcel)
    assert (parcel.case.watch.source, parcel.case.watch.ended) == ("kuaidi100", "")
    assert commands(parcel.wait(17 * HOUR)) == []


@pytest.mark.parametrize("gave_up", [True, False])
def test_a_source_that_stops_is_subscribed_again_after_half_an_hour(*, gave_up: bool) -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    ended(parcel, gave_up=gave_up, reason="3天查询无记录")
    assert parcel.case.watch.ended == "3天查询无记录"
    assert commands(parcel.wait(30 * MINUTE)) == []
    assert commands(parcel.wait(MINUTE)) == [("subscribe_tracking", "zto")]
    subscribed(parcel)
    assert parcel.case.watch.ended == ""
    assert kinds(parcel) == []


def test_a_source_that_stops_and_does_not_answer_any_more_ends_with_a_person() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    ended(parcel)
    said = parcel.wait(25 * HOUR)
    assert [kind for kind, _ in commands(said)].count("subscribe_tracking") == 4
    assert kinds(parcel) == ["unwatched"]


def test_a_source_that_takes_a_parcel_for_arrived_is_not_subscribed_for_ever() -> None:
    parcel = on_its_way(Stage.OUT_FOR_DELIVERY)
    history = parcel.traced((Stage.OUT_FOR_DELIVERY, parcel.run.now))
    asked = 0
    for _ in range(10):
        parcel.take(history)
        ended(parcel, reason="shutdown")
        if commands(parcel.wait(HOUR)):
            subscribed(parcel)
            asked += 1
    assert asked == 4
    assert kinds(parcel) == ["unwatched"]


def test_what_another_source_says_of_its_own_end_changes_nothing() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    assert ended(parcel, "kuaidi100") == []
    assert parcel.case.watch.ended == ""


def test_an_end_that_is_told_twice_is_one() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    ended(parcel)
    parcel.wait(20 * MINUTE)
    ended(parcel)
    assert commands(parcel.wait(11 * MINUTE)) == [("subscribe_tracking", "zto")]


def test_the_end_of_a_parcel_that_has_arrived_is_no_news() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    assert ended(parcel, gave_up=True) == []
    assert parcel.due is None


def test_a_number_of_which_a_source_finds_nothing_is_probably_wrong() -> None:
    parcel = shipped()
    ended(parcel, gave_up=True)
    assert notices(parcel.wait(MINUTE)) == ["单号查无记录"]
    parcel.wait(HOUR)
    ended(parcel, gave_up=True)
    assert notices(parcel.wait(HOUR)) == [], "it is the same trouble still"
    parcel.scan(Stage.PICKED_UP)
    assert kinds(parcel) == []


def test_silence_is_confirmed_before_anybody_is_warned() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    said = parcel.wait(36 * HOUR - 5 * MINUTE)
    assert commands(said) == [("query_tracking", "zto")]
    moved = parcel.traced((Stage.ARRIVED_AT_HUB, NOW + 12 * HOUR), answers=answers(parcel))
    assert commands(parcel.take(moved)) == [("subscribe_tracking", "zto")]  # it knew, and had not said so
    assert notices(parcel.wait(10 * MINUTE)) == []
    assert kinds(parcel) == []


def test_a_second_silence_is_confirmed_like_the_first() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR - 5 * MINUTE)
    parcel.scan(Stage.ARRIVED_AT_HUB, NOW + 12 * HOUR)
    assert commands(parcel.wait(NOW + 48 * HOUR - 5 * MINUTE)) == [("query_tracking", "zto")]


def test_a_source_that_answered_a_moment_ago_is_not_asked_again_before_the_warning() -> None:
    """A number that Kuaidi100 is asked for more than twice an hour may be locked."""
    parcel = on_its_way(Stage.IN_TRANSIT)
    heard_at = parcel.case.heard_at or NOW
    parcel.wait(36 * HOUR - 5 * MINUTE)
    parcel.take(parcel.traced((Stage.ARRIVED_AT_HUB, heard_at + 10 * MINUTE), answers=answers(parcel)))
    said = parcel.wait(20 * MINUTE)
    assert (commands(said), notices(said)) == ([], ["预警：在途停滞"])


def test_an_answer_that_brings_what_is_still_on_its_way_to_us_proves_no_death() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR - 5 * MINUTE)
    just_now = parcel.traced((Stage.ARRIVED_AT_HUB, parcel.run.now - 20 * MINUTE), answers=answers(parcel))
    assert commands(parcel.take(just_now)) == []


def test_a_source_that_is_known_to_be_late_is_not_taken_for_dead() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, paces={"zto": Pace(lag_s=2 * 3600)})
    parcel.wait(38 * HOUR - 5 * MINUTE)
    late = parcel.traced((Stage.ARRIVED_AT_HUB, parcel.run.now - 100 * MINUTE), answers=answers(parcel))
    assert commands(parcel.take(late)) == []


def test_what_had_happened_before_the_subscription_was_not_for_it_to_tell() -> None:
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside()), at=NOW + 5 * DAY)
    assert commands(parcel.run.said) == [("subscribe_tracking", "zto"), ("query_tracking", "zto")]
    known = parcel.traced((Stage.PICKED_UP, NOW + HOUR), (Stage.IN_TRANSIT, NOW + 4 * DAY), answers=answers(parcel))
    assert commands(parcel.take(known)) == []
    assert notices(parcel.wait(HOUR)) == []


def test_a_late_answer_to_an_earlier_subscription_proves_nothing_about_this_one() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    first = answers(parcel)
    ended(parcel)
    assert parcel.take(Subscribed(**parcel.about, answers=first + "0")) == []
    assert parcel.case.watch.ended
    parcel.wait(31 * MINUTE)
    parcel.take(Subscribed(**parcel.about, answers=first))
    assert parcel.case.watch.ended
    subscribed(parcel)
    assert not parcel.case.watch.ended


def test_an_answer_without_news_proves_nothing() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR - 5 * MINUTE)
    assert commands(parcel.take(parcel.traced(answers=answers(parcel)))) == []
    assert notices(parcel.wait(5 * MINUTE)) == ["预警：在途停滞"]


def test_a_refused_question_is_as_bad_as_a_refused_subscription() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR - 5 * MINUTE)
    assert commands(refused(parcel)) == [("subscribe_tracking", "kuaidi100")]
    subscribed(parcel)
    assert commands(parcel.wait(36 * HOUR))[0] == ("query_tracking", "kuaidi100")
    refused(parcel)
    assert commands(parcel.wait(6 * HOUR)) == [("subscribe_tracking", "kuaidi100")]


def test_a_question_that_fails_while_a_subscription_waits_to_be_renewed_keeps_nobody_waiting() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, carrier="yto")
    parcel.wait(36 * HOUR - 25 * MINUTE)
    ended(parcel, "kuaidi100")
    parcel.wait(20 * MINUTE)
    assert commands(refused(parcel)) == []
    assert commands(parcel.wait(11 * MINUTE)) == [("subscribe_tracking", "kuaidi100")]


def test_one_question_that_fails_is_nobody_s_affair_yet() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, carrier="yto")
    parcel.wait(36 * HOUR - 5 * MINUTE)
    refused(parcel)
    parcel.wait(HOUR)
    assert kinds(parcel) == ["stalled"]


def test_an_answer_that_brings_the_signature_renews_nothing() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR - 5 * MINUTE)
    signed = parcel.traced((Stage.DELIVERED, NOW + 12 * HOUR), answers=answers(parcel))
    assert commands(parcel.take(signed)) == []
    assert parcel.due is None


def test_a_source_that_dies_again_and_again_ends_with_a_person_and_is_still_asked() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    for _ in range(6):
        parcel.wait(36 * HOUR)
        parcel.take(parcel.traced((Stage.IN_TRANSIT, parcel.run.now - 3 * HOUR), answers=answers(parcel)))
    assert parcel.case.watch.tries == 4
    parcel.wait(MINUTE)
    assert "unwatched" in kinds(parcel)
    assert "query_tracking" in [kind for kind, _ in commands(parcel.wait(37 * HOUR))]


def test_a_scan_that_comes_unasked_shows_that_somebody_watches() -> None:
    parcel = shipped()
    refused(parcel)
    refused(parcel)
    parcel.wait(MINUTE)
    assert kinds(parcel) == ["unwatched"]
    assert notices(parcel.scan(Stage.PICKED_UP)) == ["已恢复：物流订阅失效"]
    assert kinds(parcel) == []
    assert parcel.case.watch.tries == 0


def test_what_a_person_has_seen_to_is_tried_again_at_once() -> None:
    parcel = shipped(watching=Watching(subscriptions_max=1))
    refused(parcel)
    parcel.wait(MINUTE)
    assert kinds(parcel) == ["unwatched"]
    assert parcel.case.watch.retry_at is None
    done = TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.UNWATCHED, by="li", closed=True)
    assert commands(parcel.take(done)) == [("subscribe_tracking", "zto")]
    subscribed(parcel)
    parcel.wait(2 * MINUTE)
    assert kinds(parcel) == []


def test_who_has_seen_to_a_number_twice_has_it_tried_once() -> None:
    parcel = shipped()
    ended(parcel, gave_up=True)
    parcel.wait(MINUTE)
    done = TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.WRONG_NUMBER, by="li", closed=True)
    assert commands(parcel.take(done, done)) == [("subscribe_tracking", "zto")]


def test_what_a_person_could_not_help_is_another_ticket() -> None:
    parcel = shipped(watching=Watching(subscriptions_max=1))
    refused(parcel)
    parcel.wait(MINUTE)
    parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.UNWATCHED, by="li", closed=True))
    refused(parcel)
    parcel.wait(2 * MINUTE)
    [ticket] = parcel.case.tickets
    assert (ticket.closed, ticket.taken_by) == (False, "")


def test_how_late_a_source_tells_is_measured_by_what_it_pushes_of_a_parcel_that_it_knew() -> None:
    parcel = Parcel(ParcelShipped(**shipped().about, content=inside()), at=NOW + DAY)
    parcel.scan(Stage.PICKED_UP, NOW + HOUR)  # it had happened before anybody was to tell
    assert parcel.case.lag_s == 0
    parcel.wait(5 * HOUR)
    parcel.scan(Stage.IN_TRANSIT, parcel.run.now - 2 * HOUR)
    assert parcel.case.lag_s == 7_200
    parcel.wait(36 * HOUR)
    parcel.take(parcel.traced((Stage.ARRIVED_AT_HUB, parcel.run.now - 9 * HOUR), answers=answers(parcel)))
    assert parcel.case.lag_s == 7_200  # that was an answer


# ---- the heartbeat -----------------------------------------------------------------------------------------------

_misfortunes = st.sampled_from(["ended", "gave up", "refused", "subscribed", "scan", "answered", "nothing"])


@settings(max_examples=150)
@given(
    st.lists(st.tuples(_misfortunes, st.sampled_from([MINUTE, HOUR, 20 * HOUR, 40 * HOUR])), max_size=10),
    st.sampled_from([Stage.UNKNOWN, Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.HELD_AT_PICKUP_POINT, Stage.RETURNING]),
)
def test_an_unfinished_watched_parcel_always_has_a_due_and_is_asked_about_within_36_hours_of_silence(
    life: list[tuple[str, timedelta]], stage: Stage
) -> None:
    parcel = shipped()
    for what, pause in life:
        match what:
            case "ended" | "gave up":
                ended(parcel, gave_up=what == "gave up")
            case "refused":
                refused(parcel)
            case "subscribed":
                subscribed(parcel)
            case "scan":
                parcel.scan(stage)
            case "answered":
                parcel.take(parcel.traced((stage, parcel.run.now - 5 * HOUR), answers=answers(parcel)))
        assert parcel.due is not None
        parcel.wait(pause)
        watch = parcel.case.watch
        last = max(at for at in (parcel.case.heard_at, watch.asked_at, watch.queried_at) if at)
        assert last > parcel.run.now - 36 * HOUR - MINUTE, "silent, and nobody was asked"
    assert commands(parcel.wait(36 * HOUR + MINUTE)), "silent, and nobody was asked"
    watch = parcel.case.watch
    revived = not watch.ended or watch.retry_at
    assert revived or "unwatched" in kinds(parcel) or "wrong_number" in kinds(parcel), "stopped, and nobody cares"


def test_a_parcel_of_which_nothing_is_heard_for_60_days_is_given_up() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(NOW + 25 * DAY)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    parcel.wait(NOW + 84 * DAY)
    assert parcel.due is not None
    assert parcel.open == ["stalled", "suspected_lost"]
    titles = {said.notice.title for said in of_type(parcel.wait(DAY), "notice_raised")}
    assert titles == {"已停止跟踪：在途停滞", "已停止跟踪：疑似丢件"}
    assert (parcel.due, parcel.open) == (None, [])
    parcel.scan(Stage.IN_TRANSIT)  # and taken up again with the first sign of life
    assert parcel.due is not None


def test_what_waits_at_our_own_door_is_not_asked_about() -> None:
    parcel = on_its_way(Stage.RETURNED)
    assert ended(parcel, gave_up=True) == []
    assert parcel.case.watch.ended == ""
    assert commands(parcel.wait(30 * DAY)) == []
    assert parcel.due is not None


def test_a_clock_that_comes_too_often_asks_nobody_twice() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR)
    assert [parcel.take(tick(parcel.key)) for _ in range(5)] == [[]] * 5
