"""What is done about a parcel's trouble: the courier urged once, its answer kept, people heard."""

from typing import Any

import pytest

from shared.domain.events import CourierAnswered, CourierUrged, TicketTaken
from shared.domain.parcel import InterceptionPhase, Stage
from shared.domain.policy import Robot
from shared.domain.tickets import Anomaly, Ticket
from shared.domain.watching import Watching
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, courier, wanted
from tests.unit.rules.watched import Parcel, inside, notices, of_type, on_its_way

URGING = Watching(urge_by={"zto": "zto"})
TELLING = Watching(buyer_platforms=("sim",))


def standing(watching: Watching = URGING, **policy: Any) -> Parcel:
    """A parcel that has stood still for 36 hours."""
    parcel = on_its_way(Stage.IN_TRANSIT, watching=watching, **policy)
    parcel.wait(36 * HOUR)
    return parcel


def answer(parcel: Parcel, text: str = "已催派件员", *, minutes: int = 0, number: str = "") -> list[Any]:
    """The courier's people answer."""
    at = parcel.run.now + minutes * MINUTE
    return parcel.take(CourierAnswered(**parcel.about, source="zto", text=text, at=at, number=number))


def take(parcel: Parcel, anomaly: Anomaly, **fields: Any) -> list[Any]:
    """A person deals with a ticket."""
    return parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=anomaly, by="li", **fields))


# ---- sudden trouble ----------------------------------------------------------------------------------------------

SUDDEN = {
    Stage.DELIVERY_FAILED: "派送不成功",
    Stage.REFUSED: "买家拒收",
    Stage.DAMAGED: "包裹破损",
    Stage.SUSPECTED_LOST: "疑似丢件",
    Stage.RETURNING: "包裹自行退回，未见退款申请",
}


@pytest.mark.parametrize("stage", SUDDEN)
def test_what_a_courier_says_is_wrong_is_told_once_it_has_stood_for_a_minute(stage: Stage) -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    assert notices(parcel.scan(stage, parcel.run.now + MINUTE)) == []
    assert notices(parcel.wait(MINUTE)) == [SUDDEN[stage]]
    assert notices(parcel.wait(30 * MINUTE)) == []


def test_trouble_that_the_next_scan_ends_is_never_told() -> None:
    parcel = on_its_way(Stage.OUT_FOR_DELIVERY)
    at = parcel.run.now
    parcel.scan(Stage.DELIVERY_FAILED, at + MINUTE)
    parcel.scan(Stage.DELIVERED, at + 2 * MINUTE)
    assert notices(parcel.wait(DAY)) == []


def test_a_second_failed_delivery_is_told_again() -> None:
    parcel = on_its_way(Stage.DELIVERY_FAILED)
    parcel.wait(MINUTE)
    take(parcel, Anomaly.DELIVERY_FAILED)
    parcel.wait(20 * HOUR)
    assert notices(parcel.scan(Stage.DELIVERY_FAILED)) == [], "it has not recovered"
    assert notices(parcel.wait(MINUTE)) == ["派送不成功"]
    assert parcel.ticket.taken_by == ""


@pytest.mark.parametrize("stage", [stage for stage in SUDDEN if stage is not Stage.RETURNING])
def test_trouble_of_a_parcel_that_could_not_be_stopped_is_told_like_any_other(stage: Stage) -> None:
    parcel = on_its_way(Stage.OUT_FOR_DELIVERY)
    parcel.take(wanted())
    assert parcel.case.interception.phase is InterceptionPhase.REFUSED
    parcel.scan(stage, parcel.run.now + MINUTE)
    assert notices(parcel.wait(MINUTE)) == [SUDDEN[stage]]


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        (Stage.DELIVERY_FAILED, []),
        (Stage.REFUSED, []),
        (Stage.DAMAGED, ["包裹破损"]),
        (Stage.SUSPECTED_LOST, ["疑似丢件"]),
    ],
)
def test_what_is_being_stopped_is_not_delivered_on_purpose_but_breaks_or_is_lost_like_any_other(
    stage: Stage, told: list[str]
) -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted())
    parcel.take(courier("accepted", parcel.case.interception.step))
    parcel.scan(stage, parcel.run.now + MINUTE)
    assert notices(parcel.wait(MINUTE)) == told


def test_what_a_refund_wants_stopped_may_come_back() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted(content=inside()))
    parcel.scan(Stage.RETURNING)
    parcel.wait(HOUR)
    assert parcel.open == []


# ---- the courier -------------------------------------------------------------------------------------------------


def test_a_courier_is_urged_once_for_each_ticket() -> None:
    parcel = standing()
    [urge] = of_type(parcel.run.said, "urge_courier")
    assert (urge.source, urge.anomaly, urge.text) == ("zto", "stalled", "在途停滞，请核实并尽快处理。")
    parcel.wait(4 * DAY)
    assert len([*of_type(parcel.run.said, "urge_courier")]) == 1
    parcel.scan(Stage.ARRIVED_AT_HUB)
    parcel.wait(40 * HOUR)
    first, second = of_type(parcel.run.said, "urge_courier")
    assert first.command_id != second.command_id


def test_without_somebody_to_ask_no_courier_is_urged() -> None:
    assert [*of_type(standing(Watching()).run.said, "urge_courier")] == []


@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.HELD_AT_PICKUP_POINT, Stage.RETURNED, Stage.DAMAGED])
def test_a_courier_is_not_urged_about_what_it_cannot_mend(stage: Stage) -> None:
    parcel = on_its_way(stage, watching=URGING)
    parcel.wait(50 * HOUR)
    urged = {urge.anomaly for urge in of_type(parcel.run.said, "urge_courier")}
    assert urged <= {"stalled"}


def test_a_courier_s_answer_lands_in_the_ticket_with_its_source_and_time() -> None:
    parcel = standing()
    assert answer(parcel) == []
    mine = parcel.ticket
    assert (mine.answer, mine.answered_by, mine.answered_at) == ("已催派件员", "zto", parcel.run.now)


def test_of_two_answers_the_later_one_counts_in_any_order() -> None:
    for told in (("一", 1), ("二", 2)), (("二", 2), ("一", 1)):
        parcel = standing()
        for text, minutes in told:
            answer(parcel, text, minutes=minutes)
        assert parcel.ticket.answer == "二"


def test_an_answer_with_a_number_lands_where_that_number_was_given() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    parcel.wait(9 * DAY)
    for number, urge in enumerate(of_type(list(parcel.run.said), "urge_courier"), start=7):
        parcel.take(CourierUrged(**parcel.about, answers=urge.command_id, number=str(number)))
    assert [ticket.urge_number for ticket in parcel.case.tickets] == ["7", "8"]
    answer(parcel, "已定责", number="8")
    assert [ticket.answer for ticket in parcel.case.tickets] == ["", "已定责"]
    answer(parcel, "都在查", minutes=1)  # without a number it is about all that was asked
    assert [ticket.answer for ticket in parcel.case.tickets] == ["都在查", "都在查"]


def test_an_answer_is_also_for_a_ticket_about_which_a_person_may_have_called() -> None:
    parcel = standing(Watching())
    answer(parcel, "今日派送")
    assert (parcel.ticket.anomaly, parcel.ticket.answer, parcel.ticket.urged_at) == ("stalled", "今日派送", None)


# ---- people ------------------------------------------------------------------------------------------------------


def test_a_ticket_that_somebody_closed_is_silent_until_the_parcel_moves_and_stops_anew() -> None:
    parcel = standing(TELLING)
    take(parcel, Anomaly.STALLED, closed=True)
    assert parcel.open == []
    assert not parcel.case.needs_people
    said = parcel.wait(5 * DAY)
    assert notices(said) == []
    assert [*of_type(said, "tell_buyer", "urge_courier")] == []
    assert notices(parcel.scan(Stage.ARRIVED_AT_HUB)) == []
    assert notices(parcel.wait(36 * HOUR)) == ["预警：在途停滞"]


def test_a_standstill_that_is_old_when_we_hear_of_it_is_another_ticket_too() -> None:
    parcel = standing()
    take(parcel, Anomaly.STALLED, closed=True)
    moved_at = parcel.run.now + HOUR
    parcel.wait(50 * HOUR)
    parcel.scan(Stage.ARRIVED_AT_HUB, moved_at)  # the push came two days late, and it stands still again
    assert notices(parcel.wait(MINUTE)) == [
        f"{how}在途停滞" for how in ("预警：", "升级（1级）：", "升级（2级）：", "")
    ]
    assert (parcel.ticket.since, parcel.ticket.closed) == (moved_at, False)


def test_a_ticket_that_somebody_has_taken_is_not_told_higher_up() -> None:
    parcel = standing(robots={name: Robot(channel="dingtalk", account="a") for name in ("desk", "director")})
    take(parcel, Anomaly.STALLED, text="已联系")
    assert notices(parcel.wait(5 * DAY)) == ["在途停滞"]
    stalled = next(ticket for ticket in parcel.case.tickets if ticket.anomaly is Anomaly.STALLED)
    assert (stalled.told, stalled.answer) == (2, "已联系")


def test_a_person_s_word_about_a_ticket_that_is_over_changes_nothing() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    before = parcel.case
    assert take(parcel, Anomaly.STALLED, closed=True) == []
    assert parcel.case == before


@pytest.mark.parametrize(("watching", "hours"), [(URGING, 7), (Watching(), 0)], ids=["urged", "left alone"])
def test_how_long_a_courier_took_is_measured_from_the_moment_at_which_it_was_urged(
    watching: Watching, hours: int
) -> None:
    parcel = standing(watching)
    parcel.wait(7 * HOUR)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert parcel.case.handled_s == hours * 3600
    assert parcel.case.handled_part == (3 if hours else 0)  # urged at ten in the evening


def test_a_courier_that_was_urged_and_fails_again_has_reacted() -> None:
    parcel = on_its_way(Stage.DELIVERY_FAILED, watching=URGING)
    parcel.wait(MINUTE)
    parcel.wait(5 * HOUR)
    parcel.scan(Stage.DELIVERY_FAILED)
    assert parcel.case.handled_s == 5 * 3600


def test_how_long_a_buyer_takes_to_fetch_a_parcel_is_no_measure_of_the_courier() -> None:
    parcel = on_its_way(Stage.HELD_AT_PICKUP_POINT, watching=URGING)
    parcel.wait(60 * HOUR)
    assert parcel.open == ["pickup_point_overdue"]
    parcel.scan(Stage.DELIVERED)
    assert parcel.case.handled_s == 0


# ---- the table ---------------------------------------------------------------------------------------------------


def test_a_plain_parcel_at_rest_is_small() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB)
    assert len(parcel.case.model_dump_json(exclude_defaults=True).encode()) < 640


def test_a_parcel_in_all_its_trouble_fits_too() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    parcel.wait(20 * DAY)
    assert len(parcel.open) == 2
    assert len(parcel.case.model_dump_json(exclude_defaults=True).encode()) < 2048


def test_an_old_ticket_without_its_beginning_goes_on() -> None:
    parcel = standing()
    ticket = parcel.ticket
    old = Ticket(anomaly=ticket.anomaly, rule=ticket.rule, opened_at=ticket.opened_at, breach_at=ticket.breach_at)
    parcel.run.case = parcel.case.model_copy(update={"tickets": (old.model_copy(update={"told": 1}),)})
    assert notices(parcel.wait(MINUTE)) == []
    parcel.wait(12 * HOUR)
    assert parcel.ticket.since == NOW + 2 * HOUR
