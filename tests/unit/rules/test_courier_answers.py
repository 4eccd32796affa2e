"""Couriers are asked for their answer until they have no more to say; what nobody asked for is kept in sight."""

from typing import Any

import pytest

from shared.domain.events import (
    CarrierCorrected,
    CommandFailed,
    CourierAnswered,
    CourierUrged,
    TicketTaken,
    WorkOrderReported,
)
from shared.domain.parcel import Stage
from shared.domain.tickets import Anomaly, Reply
from shared.domain.watching import Watching
from shared.rules.courier_answers import waits_for
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE
from tests.unit.rules.watched import Parcel, notices, of_type, on_its_way

URGING = Watching(urge_by={"zto": "zto"})
TITLE = "快递反馈，无对应工单"


def urged(number: str = "GD7") -> Parcel:
    """A parcel that stands still, whose courier has taken our question a moment ago."""
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    parcel.wait(36 * HOUR)
    [urge] = of_type(parcel.run.said, "urge_courier")
    parcel.take(CourierUrged(**parcel.about, answers=urge.command_id, number=number))
    return parcel


def questions(said: list[Any]) -> list[Any]:
    """What the courier is asked about our work order."""
    return [*of_type(said, "query_work_order")]


def report(parcel: Parcel, *replies: Reply, done: bool = False) -> list[Any]:
    """The courier tells what has become of the question that is out."""
    last = questions(parcel.run.said)[-1]
    return parcel.take(
        WorkOrderReported(**parcel.about, answers=last.command_id, source="zto", replies=replies, done=done)
    )


def filed(parcel: Parcel, text: str = "客户要求改地址", *, minutes: int = 0, source: str = "zto") -> list[Any]:
    """Somebody files what the courier's people said."""
    at = parcel.run.now + minutes * MINUTE
    return parcel.take(CourierAnswered(**parcel.about, source=source, text=text, at=at))


# ---- asked for ---------------------------------------------------------------------------------------------------


def test_a_courier_is_asked_for_its_answer_a_quarter_of_an_hour_after_it_was_urged() -> None:
    parcel = urged()
    assert questions(parcel.wait(14 * MINUTE)) == []
    [question] = questions(parcel.wait(MINUTE))
    assert (question.source, question.number, question.waybill) == ("zto", "GD7", parcel.case.waybill)


def test_the_longer_it_takes_the_more_seldom_it_is_asked() -> None:
    parcel = urged()
    assert len(questions(parcel.wait(HOUR))) == 4
    assert len(questions(parcel.wait(23 * HOUR))) == 14
    assert len(questions(parcel.wait(24 * HOUR))) == 3


def test_an_answer_that_was_asked_for_lands_in_its_ticket_with_source_and_time() -> None:
    parcel = urged()
    parcel.wait(HOUR)
    said_at = parcel.run.now - 20 * MINUTE
    assert report(parcel, Reply(text="已派单", at=said_at - HOUR), Reply(text="今日派送", at=said_at)) == []
    mine = parcel.ticket
    assert (mine.answer, mine.answered_by, mine.answered_at) == ("今日派送", "zto", said_at)


def test_no_answer_yet_changes_nothing() -> None:
    parcel = urged()
    parcel.wait(HOUR)
    before = parcel.case
    assert report(parcel) == []
    assert parcel.case == before


def test_an_answer_without_a_readable_time_has_the_time_at_which_it_was_heard_first() -> None:
    parcel = urged()
    parcel.wait(HOUR)
    heard_at = parcel.run.now
    report(parcel, Reply(text="在查"), Reply(text="已找到"))
    parcel.wait(2 * HOUR)
    report(parcel, Reply(text="在查"), Reply(text="已找到"))
    assert (parcel.ticket.answer, parcel.ticket.answered_at) == ("已找到", heard_at)


def test_a_courier_that_has_no_more_to_say_is_not_asked_again() -> None:
    parcel = urged()
    parcel.wait(HOUR)
    report(parcel, Reply(text="已处理", at=parcel.run.now), done=True)
    assert questions(parcel.wait(3 * DAY)) == []
    assert parcel.ticket.answer == "已处理" or "suspected_lost" in parcel.open


def test_a_source_that_cannot_be_asked_is_not_asked_again() -> None:
    parcel = urged()
    [question] = questions(parcel.wait(15 * MINUTE))
    about = {"merchant": MERCHANT, "reply_to": parcel.key, "answers": question.command_id}
    parcel.take(CommandFailed(**about, command=question.type, code="not_supported"))
    assert questions(parcel.wait(3 * DAY)) == []


@pytest.mark.parametrize("end", ["no_number", "moves", "closed"])
def test_nobody_is_asked_about_what_is_over_or_never_had_a_number(end: str) -> None:
    parcel = urged(number="" if end == "no_number" else "GD7")
    if end == "moves":
        parcel.scan(Stage.ARRIVED_AT_HUB)
    elif end == "closed":
        parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.STALLED, by="li", closed=True))
    assert questions(parcel.wait(30 * HOUR)) == []


# ---- not asked for -----------------------------------------------------------------------------------------------


def test_an_answer_that_no_ticket_waits_for_becomes_one_and_is_told_in_the_digest() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    assert filed(parcel) == []
    [told] = of_type(parcel.wait(MINUTE), "notice_raised")
    assert (told.notice.title, told.notice.urgent, told.group) == (TITLE, False, "desk")
    assert "反馈：客户要求改地址（zto）" in told.notice.lines
    assert (parcel.open, parcel.ticket.answer, parcel.ticket.answered_by) == (
        ["courier_answer"],
        "客户要求改地址",
        "zto",
    )


def test_an_answer_about_a_parcel_that_nobody_knows_is_kept_in_sight_too() -> None:
    parcel = Parcel()
    filed(parcel, "单号已作废")
    assert notices(parcel.wait(MINUTE)) == [TITLE]
    assert (parcel.open, parcel.case.needs_people) == (["courier_answer"], True)
    assert notices(parcel.wait(30 * DAY)) == [], "it escalates nowhere"
    assert parcel.open == ["courier_answer"]


@pytest.mark.parametrize("stage", [Stage.DELIVERED, Stage.ARRIVED_AT_HUB])
def test_an_answer_that_comes_when_all_is_well_again_is_kept_in_sight(stage: Stage) -> None:
    parcel = urged()
    parcel.scan(stage)
    filed(parcel, "已催派件员")
    parcel.wait(MINUTE)
    assert parcel.open == ["courier_answer"]


def test_the_same_words_told_again_are_one_answer_in_any_order() -> None:
    for minutes in (0, 5), (5, 0):
        parcel = on_its_way(Stage.IN_TRANSIT)
        for each in minutes:
            filed(parcel, minutes=each)
        [kept] = parcel.case.unmatched
        assert (kept.at, kept.heard_at) == (parcel.run.now, parcel.run.now)


def test_a_later_answer_is_told_anew_and_none_of_ten_is_lost() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    said = []
    for number in range(10):
        filed(parcel, f"第{number}条")
        said += notices(parcel.wait(2 * MINUTE))
    assert said.count(TITLE) == 10
    assert [one.text for one in parcel.case.unmatched] == [f"第{number}条" for number in range(10)]
    assert (parcel.ticket.count, parcel.ticket.answer) == (10, "第9条")


def test_of_more_than_ten_the_oldest_is_dropped_and_every_one_that_is_dropped_is_counted() -> None:
    parcel, counts = on_its_way(Stage.IN_TRANSIT), []
    for number in range(13):
        filed(parcel, f"第{number}条", minutes=number)
        counts.append(parcel.run.last.counts)
    filed(parcel, "第0条")  # older than all that are kept: it is the one that goes
    counts.append(parcel.run.last.counts)
    assert counts == [()] * 10 + [("answer_dropped",)] * 4
    assert [one.text for one in parcel.case.unmatched] == [f"第{number}条" for number in range(3, 13)]


def test_answers_that_nobody_has_seen_to_stay_when_the_number_is_another_parcel_s_by_now() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    filed(parcel)
    parcel.wait(DAY)
    kept = parcel.case.unmatched
    parcel.wait(60 * DAY)
    parcel.scan(Stage.PICKED_UP)
    assert (parcel.case.contents, parcel.case.unmatched, parcel.open) == ((), kept, ["courier_answer"])


def test_an_answer_that_a_person_has_seen_to_is_gone_from_the_list_without_a_word() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    filed(parcel)
    parcel.wait(MINUTE)
    done = TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.COURIER_ANSWER, by="li", closed=True)
    assert notices(parcel.take(done)) == []
    assert (parcel.case.unmatched, parcel.case.tickets) == ((), ())


def test_an_answer_about_a_number_that_travels_with_another_courier_goes_there() -> None:
    parcel = on_its_way()
    parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right="yto"))
    [passed] = filed(parcel)
    assert (passed.type, passed.carrier, passed.text) == ("courier_answered", "yto", "客户要求改地址")
    assert parcel.case.unmatched == ()


def test_an_answer_is_for_its_work_order_else_for_what_was_urged_else_for_what_could_be() -> None:
    parcel = urged()
    [stalled] = waits_for(parcel.case.tickets, "GD7")
    assert stalled.anomaly is Anomaly.STALLED
    assert waits_for(parcel.case.tickets, "GD8") == [stalled]
    assert waits_for(parcel.case.tickets) == [stalled]
    assert waits_for(()) == []
