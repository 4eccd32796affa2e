"""A number that travels with another courier: nothing is lost, nothing is watched twice, nobody goes in circles."""

from typing import Any

import pytest

from shared.domain.events import CarrierCorrected, CarrierDoubted, ParcelShipped, ReturnLegLinked
from shared.domain.order import UNKNOWN_CARRIER
from shared.domain.parcel import InterceptionPhase, Stage
from tests.unit.rules.build import DAY, HOUR, MINUTE, NOW, WAYBILL, courier, wanted
from tests.unit.rules.sources import commands, kinds, refused
from tests.unit.rules.watched import Parcel, inside, notices, of_type, on_its_way, shipped


def corrected(parcel: Parcel, right: str = "sto") -> list[Any]:
    """A source finds that the number travels with another courier."""
    return parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right=right))


def test_what_is_inside_moves_to_the_right_courier_s_parcel() -> None:
    parcel = shipped()
    handed = [*of_type(corrected(parcel), "parcel_shipped")]
    assert [(one.carrier, one.waybill, one.content) for one in handed] == [("sto", WAYBILL, inside())]
    assert (parcel.case.moved_to, parcel.due) == ("sto", None)
    assert corrected(parcel) == []


def test_the_tickets_of_a_number_that_moved_are_closed() -> None:
    parcel = shipped()
    parcel.wait(20 * HOUR)
    assert parcel.open == ["not_picked_up"]
    assert notices(corrected(parcel)) == ["已转其他快递：已发货未揽收"]
    assert kinds(parcel) == []


def test_what_an_order_tells_later_is_passed_on_once() -> None:
    parcel = shipped()
    corrected(parcel)
    more = ParcelShipped(**parcel.about, content=inside(line_ids=("L1", "L2")))
    [passed] = parcel.take(more)
    assert (passed.carrier, passed.content.line_ids) == ("sto", ("L1", "L2"))
    assert parcel.take(more) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_wish_to_stop_a_number_that_moved_is_refused_with_a_reason(when: str) -> None:
    parcel = shipped()
    parcel.scan(Stage.LABEL_CREATED)
    said = parcel.take(wanted(content=inside())) if when == "before" else []
    said = corrected(parcel)
    if when == "after":
        said = parcel.take(wanted(content=inside()))
    [told] = of_type(said, "parcel_progressed")
    assert (told.progress, told.reason) == ("refused", "carrier_corrected")
    assert [*of_type(parcel.run.said, "intercept_parcel")] == []


def test_a_promise_of_the_courier_outlives_the_correction() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.take(wanted(content=inside()))
    step = parcel.case.interception.step
    parcel.take(courier("accepted", step))
    corrected(parcel)
    assert parcel.case.interception.phase is InterceptionPhase.ACCEPTED


def test_two_sources_that_correct_each_other_leave_no_parcel_without_a_watcher() -> None:
    there, here = shipped(), Parcel(carrier="sto")
    [itself, told] = of_type(corrected(there), "carrier_corrected", "parcel_shipped")
    here.take(itself, told)
    assert here.case.moved_to is None
    [itself, told] = of_type(corrected(here, "zto"), "carrier_corrected", "parcel_shipped")
    said = there.take(itself, told)
    assert there.case.moved_to is None
    assert commands(said) == [("subscribe_tracking", "zto")]
    assert [*of_type(said, "parcel_shipped", "carrier_corrected")] == []
    assert there.due is not None


def test_a_number_whose_courier_nobody_knows_is_asked_about_and_then_a_person_is() -> None:
    parcel = shipped(carrier=UNKNOWN_CARRIER)
    assert commands(parcel.run.said) == [("subscribe_tracking", "kuaidi100")]
    refused(parcel, "carrier_not_found")
    assert notices(parcel.wait(MINUTE)) == ["无法识别快递公司"]
    assert notices(corrected(parcel, "yto")) == ["已恢复：无法识别快递公司"]


def test_nobody_is_sent_to_an_unknown_courier() -> None:
    parcel = shipped()
    assert corrected(parcel, UNKNOWN_CARRIER) == []
    assert parcel.case.moved_to is None


def test_the_way_back_of_a_courier_s_own_parcel_stays_with_it() -> None:
    parcel = Parcel(ReturnLegLinked(**shipped().about, original="W0"))
    [note] = corrected(parcel)
    assert (note.type, note.notice.urgent) == ("notice_raised", False)
    assert parcel.case.moved_to is None


# ---- doubts ------------------------------------------------------------------------------------------------------


def questions(said: list[Any]) -> list[Any]:
    """What the source was asked about the number."""
    return [*of_type(said, "query_tracking")]


def doubted(parcel: Parcel, likely: str = "sto") -> list[Any]:
    """The source answers the question that is out: nothing is known, and the number looks like another courier's."""
    answers = questions(parcel.run.said)[-1].command_id
    return parcel.take(CarrierDoubted(**parcel.about, source="kuaidi100", likely=likely, answers=answers))


def silent() -> Parcel:
    """A parcel of which nobody has heard when its warning is near."""
    parcel = shipped(carrier="yunda")
    [question] = questions(parcel.wait(17 * HOUR + 25 * MINUTE))
    assert question.as_carrier is None
    return parcel


def test_a_number_that_looks_like_another_courier_s_is_asked_for_there_before_anybody_is_warned() -> None:
    parcel = silent()
    assert doubted(parcel) == []
    [question] = questions(parcel.wait(34 * MINUTE))
    assert (question.carrier, question.as_carrier, notices(parcel.run.said)) == ("yunda", "sto", [])
    corrected(parcel)
    assert (parcel.case.moved_to, notices(parcel.wait(10 * HOUR))) == ("sto", [])


def test_a_number_that_was_asked_for_a_moment_ago_is_not_asked_for_again_by_its_right_courier_s_parcel() -> None:
    parcel = silent()
    doubted(parcel)
    parcel.wait(34 * MINUTE)
    [handed] = of_type(corrected(parcel), "parcel_shipped")
    right = Parcel(handed, carrier="sto", at=parcel.run.now)
    assert commands(right.run.said) == [("subscribe_tracking", "kuaidi100")]
    assert commands(right.wait(31 * MINUTE)) == []
    late = shipped(carrier="yunda")
    late.wait(72 * HOUR)
    [handed] = of_type(corrected(late), "parcel_shipped")
    assert handed.looked_at is None


def test_a_doubt_that_proves_nothing_is_not_raised_again() -> None:
    parcel = silent()
    doubted(parcel)
    parcel.wait(34 * MINUTE)
    assert notices(parcel.take(parcel.traced(answers=questions(parcel.run.said)[-1].command_id))) == []
    assert notices(parcel.wait(HOUR)) == ["预警：已发货未揽收"]
    doubted(parcel)
    later = questions(parcel.wait(40 * HOUR))
    assert later
    assert {question.as_carrier for question in later} == {None}


@pytest.mark.parametrize("likely", ["yunda", "sto"])
def test_only_the_silent_are_doubted_and_only_as_another_s(likely: str) -> None:
    parcel = silent()
    if likely != "yunda":
        parcel.scan(Stage.PICKED_UP)
    doubted(parcel, likely)
    assert {question.as_carrier for question in questions(parcel.wait(40 * HOUR))} <= {None}


def test_a_history_from_before_the_parcel_was_shipped_is_somebody_else_s() -> None:
    parcel = shipped()
    event = CarrierCorrected(**parcel.about, source="kuaidi100", right="sto")
    [said] = of_type(parcel.take(event.model_copy(update={"first_at": NOW - 3 * DAY})), "notice_raised")
    assert (said.notice.title, parcel.case.moved_to) == ("单号在其他快递另有包裹，请核对快递公司", None)
    parcel.take(event.model_copy(update={"first_at": NOW - DAY}))
    assert parcel.case.moved_to == "sto"
