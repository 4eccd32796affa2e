"""What buyers hear of a parcel's trouble: each moment that the policy names once, the truth, and nothing unasked."""

from datetime import datetime
from typing import Any

import pytest

from shared.domain.events import BuyerTold, CarrierCorrected, CommandFailed, ParcelShipped, TicketTaken
from shared.domain.hours import BusinessHours
from shared.domain.parcel import Stage
from shared.domain.tickets import ANOMALIES, Anomaly, BuyerMoment
from shared.domain.watching import Escalation, Limit, Span, Watching
from shared.rules.wording import BUYER_CLOSE, BUYER_DELIVERED, BUYER_HALF, BUYER_SETTLED
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, wanted
from tests.unit.rules.watched import Parcel, inside, of_type, on_its_way, sent_back, shipped

TELLING = Watching(buyer_platforms=("sim",))
ALL = TELLING.model_copy(update={"buyer_progress": tuple(BuyerMoment)})


def standing(watching: Watching = TELLING, **policy: Any) -> Parcel:
    """A parcel that has stood still for 36 hours."""
    parcel = on_its_way(Stage.IN_TRANSIT, watching=watching, **policy)
    parcel.wait(36 * HOUR)
    return parcel


def broken(watching: Watching = ALL, **policy: Any) -> Parcel:
    """A parcel that has stood still for 48 hours, and of which the buyer has just heard."""
    parcel = standing(watching, **policy)
    parcel.wait(12 * HOUR)
    return parcel


def take(parcel: Parcel, anomaly: Anomaly, **fields: Any) -> list[Any]:
    """A person deals with a ticket."""
    return parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=anomaly, by="li", **fields))


def moments(said: list[Any]) -> list[str]:
    """Which moments of which trouble buyers were told of."""
    return [f"{message.topic} {message.moment}" for message in of_type(said, "tell_buyer")]


def text(said: list[Any]) -> str:
    """The words of the one message to a buyer, without the parcel's name."""
    [message] = of_type(said, "tell_buyer")
    words, name = message.text.split("（")
    assert name == "中通 W1）"
    return str(words)


# ---- that it is there --------------------------------------------------------------------------------------------


def told(said: list[Any]) -> list[tuple[str, str]]:
    """Which orders' buyers were told of what."""
    return [(message.order_id, message.topic.value) for message in of_type(said, "tell_buyer")]


def test_a_buyer_is_told_of_a_broken_limit_once_per_topic() -> None:
    parcel = standing(TELLING)
    assert told(parcel.run.said) == []
    assert told(parcel.wait(12 * HOUR)) == [("O1", "stalled")]
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert told(parcel.wait(60 * HOUR)) == []
    assert told(parcel.wait(9 * DAY)) == [("O1", "suspected_lost")]


def test_a_buyer_reads_which_parcel_it_is() -> None:
    parcel = standing(TELLING)
    [message] = of_type(parcel.wait(12 * HOUR), "tell_buyer")
    assert message.text == f"{ANOMALIES[Anomaly.STALLED].buyer}（中通 W1）"


def test_a_buyer_whose_delivery_fails_twice_hears_of_it_once_and_of_its_end_once() -> None:
    parcel = on_its_way(Stage.DELIVERY_FAILED, watching=ALL)
    said = parcel.wait(HOUR) + parcel.scan(Stage.DELIVERY_FAILED) + parcel.wait(HOUR) + parcel.scan(Stage.DELIVERED)
    assert moments(said) == ["delivery_failed open", "delivery_failed close"]


def test_every_order_in_a_parcel_hears_of_it_but_those_that_want_to_be_left_in_peace() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=TELLING)
    more = [inside("O2"), inside("O3", buyer_quiet=True), inside("O4", platform="taobao")]
    parcel.take(*(ParcelShipped(**parcel.about, content=one) for one in more))
    assert told(parcel.wait(48 * HOUR)) == [("O1", "stalled"), ("O2", "stalled")]


def test_a_buyer_who_wants_no_messages_gets_no_other() -> None:
    parcel = standing(TELLING)
    [message] = of_type(parcel.wait(12 * HOUR), "tell_buyer")
    parcel.take(BuyerTold(**parcel.about, answers=message.command_id, accepted=False))
    assert parcel.case.contents[0].buyer_quiet
    assert told(parcel.wait(20 * DAY)) == []


def test_what_a_platform_does_not_pass_on_people_tell() -> None:
    parcel = standing()
    [message] = of_type(parcel.wait(12 * HOUR), "tell_buyer")
    about = {"merchant": MERCHANT, "reply_to": parcel.key, "answers": message.command_id}
    [note] = parcel.take(CommandFailed(**about, command=message.type, code="403", text="forbidden"))
    assert note.notice.title == "买家消息未送达，请人工联系买家"
    assert "订单 O1，代码 403，说明 forbidden" in note.notice.lines[-1]
    assert told(parcel.wait(DAY)) == []


def test_a_message_that_was_taken_changes_nothing() -> None:
    parcel = standing(TELLING)
    [message] = of_type(parcel.wait(12 * HOUR), "tell_buyer")
    before = parcel.case
    parcel.take(BuyerTold(**parcel.about, answers=message.command_id))
    assert parcel.case == before


def test_a_buyer_who_wants_the_money_back_is_not_told_that_the_parcel_is_late() -> None:
    parcel = on_its_way(Stage.OUT_FOR_DELIVERY, watching=TELLING)
    parcel.take(wanted(content=inside()))
    assert told(parcel.wait(20 * DAY)) == []


def test_a_buyer_is_not_told_of_a_parcel_that_travels_to_the_shop() -> None:
    parcel = sent_back(watching=TELLING)
    parcel.moves(Stage.PICKED_UP, Stage.DELIVERY_FAILED)
    assert told(parcel.wait(20 * DAY)) == []


def test_a_warning_alone_is_not_the_buyer_s_affair() -> None:
    assert told(standing(TELLING).run.said) == []


def test_without_a_text_for_it_no_buyer_is_told() -> None:
    parcel = shipped(watching=TELLING)
    assert told(parcel.wait(3 * DAY)) == []
    assert parcel.open[0] == "not_picked_up"


# ---- how far it has come -----------------------------------------------------------------------------------------


def test_a_buyer_hears_at_the_breach_at_half_of_the_time_and_at_the_end_and_never_twice() -> None:
    parcel = broken()
    assert moments(parcel.run.said) == ["stalled open"]
    assert moments(parcel.wait(12 * HOUR - MINUTE)) == []
    assert moments(parcel.wait(MINUTE)) == ["stalled half"]
    assert moments(parcel.wait(2 * DAY)) == []
    assert moments(parcel.scan(Stage.ARRIVED_AT_HUB)) == ["stalled close"]
    assert moments(parcel.wait(4 * DAY)) == []  # it stands still again
    assert moments(parcel.scan(Stage.ARRIVED_AT_HUB)) == []


def test_by_default_a_buyer_hears_of_the_breach_only() -> None:
    parcel = broken(TELLING)
    parcel.wait(2 * DAY)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert moments(parcel.run.said) == ["stalled open"]
    assert parcel.case.buyer_told == ("stalled",)


@pytest.mark.parametrize("only", BuyerMoment)
def test_each_moment_can_be_had_alone(only: BuyerMoment) -> None:
    parcel = broken(TELLING.model_copy(update={"buyer_progress": (only,)}))
    parcel.wait(DAY)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    parcel.wait(4 * DAY)
    assert moments(parcel.run.said) == [f"stalled {only}"]


def test_a_shop_can_tell_buyers_nothing() -> None:
    parcel = broken(TELLING.model_copy(update={"buyer_progress": ()}))
    parcel.wait(DAY)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert moments(parcel.run.said) == []
    assert parcel.case.buyer_told == ()


def test_half_of_the_time_is_counted_in_business_hours_and_names_its_end() -> None:
    week = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    hours = BusinessHours.model_validate({"week": week})
    parcel = broken(ALL.model_copy(update={"hours": hours}))  # since Friday 2026-11-13, 10:00 in the shop
    assert moments(parcel.wait(datetime.fromisoformat("2026-11-16T12:59:00+08:00"))) == []
    said = parcel.wait(datetime.fromisoformat("2026-11-16T13:00:00+08:00"))  # eight hours on Friday, four on Monday
    assert text(said) == BUYER_HALF[Anomaly.STALLED].format(limit="11-17 16:00")


def test_without_a_time_to_solve_it_there_is_no_half_of_it() -> None:
    parcel = broken(ALL.model_copy(update={"escalations": ()}))
    assert moments(parcel.wait(5 * DAY)) == []


def test_who_hears_of_trouble_late_does_not_hear_in_the_same_breath_how_far_it_has_come() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=ALL)
    parcel.run.now += 61 * HOUR  # nobody was awake
    assert moments(parcel.wait(DAY)) == ["stalled open"]


def test_a_limit_that_is_over_is_not_promised() -> None:
    parcel = broken()
    parcel.run.now += 25 * HOUR  # nobody was awake at half of the time
    assert moments(parcel.wait(DAY)) == []


def test_a_person_who_takes_the_ticket_leaves_the_buyer_informed() -> None:
    parcel = broken()
    take(parcel, Anomaly.STALLED)
    assert moments(parcel.wait(12 * HOUR)) == ["stalled half"]


def test_a_buyer_who_wants_no_messages_hears_of_no_progress() -> None:
    parcel = broken()
    [message] = of_type(parcel.run.said, "tell_buyer")
    parcel.take(BuyerTold(**parcel.about, answers=message.command_id, accepted=False))
    parcel.wait(DAY)
    assert moments(parcel.scan(Stage.DELIVERED)) == []
    assert moments(parcel.run.said) == ["stalled open"]


@pytest.mark.parametrize("step", [BuyerMoment.HALF, BuyerMoment.CLOSE])
def test_a_buyer_can_refuse_any_message(step: BuyerMoment) -> None:
    parcel = broken()
    parcel.wait(12 * HOUR)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    message = next(one for one in of_type(parcel.run.said, "tell_buyer") if one.moment is step)
    parcel.take(BuyerTold(**parcel.about, answers=message.command_id, accepted=False))
    assert parcel.case.contents[0].buyer_quiet


def test_a_buyer_who_wants_the_money_back_hears_of_no_progress() -> None:
    parcel = broken()
    parcel.take(wanted(content=inside()))
    parcel.wait(DAY)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert moments(parcel.run.said) == ["stalled open"]


# ---- that it is over ---------------------------------------------------------------------------------------------

ENDS = [
    ((Stage.IN_TRANSIT,), 50 * HOUR, Stage.OUT_FOR_DELIVERY, BUYER_CLOSE[Anomaly.STALLED]),
    ((Stage.IN_TRANSIT,), 50 * HOUR, Stage.DELIVERED, BUYER_DELIVERED),
    ((Stage.SUSPECTED_LOST,), HOUR, Stage.ARRIVED_AT_HUB, BUYER_CLOSE[Anomaly.SUSPECTED_LOST]),
    ((Stage.DELIVERY_FAILED,), HOUR, Stage.OUT_FOR_DELIVERY, BUYER_CLOSE[Anomaly.DELIVERY_FAILED]),
    ((Stage.HELD_AT_PICKUP_POINT,), 75 * HOUR, Stage.OUT_FOR_DELIVERY, BUYER_CLOSE[Anomaly.PICKUP_POINT_OVERDUE]),
    ((Stage.HELD_AT_PICKUP_POINT,), 75 * HOUR, Stage.DELIVERED, BUYER_DELIVERED),
]


@pytest.mark.parametrize(("way", "length", "end", "words"), ENDS)
def test_a_buyer_hears_how_it_ended(way: tuple[Stage, ...], length: Any, end: Stage, words: str) -> None:
    parcel = on_its_way(*way, watching=ALL)
    parcel.wait(length)
    assert text(parcel.scan(end)) == words


@pytest.mark.parametrize(
    ("way", "length", "end"),
    [
        ((Stage.IN_TRANSIT,), 50 * HOUR, Stage.RETURNING),
        ((Stage.IN_TRANSIT,), 50 * HOUR, Stage.REFUSED),
        ((Stage.IN_TRANSIT,), 50 * HOUR, Stage.DAMAGED),
        ((Stage.IN_TRANSIT,), 50 * HOUR, Stage.DELIVERY_FAILED),
        ((Stage.DELIVERY_FAILED,), HOUR, Stage.ARRIVED_AT_HUB),
        ((Stage.HELD_AT_PICKUP_POINT,), 75 * HOUR, Stage.RETURNING),
    ],
)
def test_trouble_that_ends_in_other_trouble_is_not_called_over(way: tuple[Stage, ...], length: Any, end: Stage) -> None:
    parcel = on_its_way(*way, watching=ALL)
    parcel.wait(length)
    said = parcel.scan(end) + parcel.wait(MINUTE)
    assert [one for one in moments(said) if one.endswith("close")] == []


def test_what_ends_together_is_told_once_by_what_broke_last() -> None:
    parcel = broken()
    parcel.wait(9 * DAY)
    assert parcel.open == ["stalled", "suspected_lost"]
    said = parcel.scan(Stage.ARRIVED_AT_HUB)
    assert moments(said) == ["suspected_lost close"]
    assert moments(parcel.wait(20 * DAY)) == []


def test_a_standstill_that_is_old_when_we_hear_of_its_end_is_not_called_over() -> None:
    parcel = broken()
    moved_at = parcel.run.now + HOUR
    parcel.wait(50 * HOUR)
    assert moments(parcel.scan(Stage.ARRIVED_AT_HUB, moved_at)) == []


def test_a_warning_that_comes_to_nothing_is_not_the_buyer_s_affair() -> None:
    assert moments(standing(ALL).scan(Stage.ARRIVED_AT_HUB)) == []


def test_a_buyer_hears_that_a_person_has_seen_to_it_once() -> None:
    parcel = broken()
    assert text(take(parcel, Anomaly.STALLED, closed=True)) == BUYER_SETTLED
    assert moments(take(parcel, Anomaly.STALLED, closed=True)) == []
    assert moments(parcel.wait(2 * DAY)) == []
    assert moments(parcel.scan(Stage.ARRIVED_AT_HUB)) == []


def test_a_parcel_with_other_trouble_is_not_called_settled() -> None:
    parcel = broken()
    parcel.wait(9 * DAY)
    assert moments(take(parcel, Anomaly.STALLED, closed=True)) == []
    assert text(take(parcel, Anomaly.SUSPECTED_LOST, closed=True)) == BUYER_SETTLED


def test_another_policy_moves_no_parcel() -> None:
    parcel = broken()
    patient = Limit(rule="stalled_48h", span=Span.STAGNATION, breach=20 * DAY, lead=HOUR)
    watching = ALL.model_copy(update={"limits": (patient,)})
    parcel.run.policy = parcel.run.policy.model_copy(update={"watching": watching})
    assert moments(parcel.wait(12 * HOUR)) == []
    assert parcel.open == []


def test_a_number_that_is_another_courier_s_moves_no_parcel() -> None:
    parcel = broken()
    said = parcel.take(CarrierCorrected(**parcel.about, right="yto", source="kuaidi100"))
    assert parcel.case.tickets == ()
    assert moments(said) == []


def test_a_buyer_does_not_hear_again_of_a_parcel_that_is_another_courier_s() -> None:
    parcel = broken(TELLING)
    said = parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right="yto"))
    handed = of_type(said, "carrier_corrected", "parcel_shipped")
    there = Parcel(*handed, carrier="yto", at=parcel.run.now, watching=TELLING)
    there.scan(Stage.IN_TRANSIT, parcel.run.now - 50 * HOUR)
    assert told(there.wait(HOUR)) == []
    assert there.open == ["stalled"]
    there.take(CarrierCorrected(**there.about, source="kuaidi100", right="yto", told=("delivery_failed",)))
    assert there.case.buyer_told == ("delivery_failed", "stalled")


def test_a_parcel_that_is_given_up_is_not_found() -> None:
    parcel = broken()
    parcel.wait(70 * DAY)
    assert parcel.case.tickets == ()
    assert not any(one.endswith("close") for one in moments(parcel.run.said))


# ---- words -------------------------------------------------------------------------------------------------------


def test_there_are_words_for_every_moment_of_what_buyers_hear_of() -> None:
    heard_of = {anomaly for anomaly, words in ANOMALIES.items() if words.buyer}
    assert set(BUYER_HALF) == set(BUYER_CLOSE) == heard_of
    assert all("{limit}" in words for words in BUYER_HALF.values())


def test_a_parcel_that_nobody_can_be_told_of_wakes_nobody() -> None:
    watching = ALL.model_copy(update={"escalations": (Escalation(after=30 * HOUR, group="desk"),)})
    quiet, loud = broken(watching.model_copy(update={"buyer_platforms": ()})), broken(watching)
    assert quiet.due == quiet.ticket.opened_at + 30 * HOUR
    assert loud.due == loud.ticket.breach_at + 15 * HOUR
