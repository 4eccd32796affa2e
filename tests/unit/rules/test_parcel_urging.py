"""Couriers are asked for their answer until they have no more to say."""

from typing import Any

import pytest

from shared.domain.events import (
    CommandFailed,
    CourierUrged,
    TicketTaken,
    WorkOrderReported,
)
from shared.domain.parcel import Stage
from shared.domain.tickets import Anomaly, Reply
from shared.domain.watching import Watching
from shared.rules.parcel_urging import waits_for
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE
from tests.unit.rules.watched import Parcel, of_type, on_its_way

URGING = Watching(urge_by={"zto": "zto"})


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


def _not_urged(*, certain: bool) -> Parcel:
    """A parcel that stands still, whose courier was not reached, or perhaps was."""
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    [urge] = of_type(parcel.wait(36 * HOUR), "urge_courier")
    about = {"merchant": MERCHANT, "reply_to": parcel.key, "answers": urge.command_id}
    failure = CommandFailed(**about, command=urge.type, code="no_account", text="未授权", certain=certain)
    parcel.take(failure, failure)
    return parcel


def test_where_nobody_could_be_urged_the_desk_is_told_once_and_nothing_is_measured() -> None:
    parcel = _not_urged(certain=True)
    [note] = [said.notice for said in parcel.run.said if said.type == "notice_raised" and "催件" in said.notice.title]
    assert (note.title, note.urgent) == ("催件未成功，请人工催促", False)
    assert "no_account" in note.lines[-1]
    assert parcel.ticket.urged_at is None
    assert [*of_type(parcel.wait(2 * HOUR), "urge_courier")] == []
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert parcel.case.handled_s == 0


def test_a_courier_that_was_perhaps_urged_counts_as_urged() -> None:
    parcel = _not_urged(certain=False)
    assert parcel.ticket.urged_at == parcel.run.now
    parcel.wait(2 * HOUR)
    parcel.scan(Stage.ARRIVED_AT_HUB)
    assert parcel.case.handled_s == 2 * 3600


@pytest.mark.parametrize("end", ["no_number", "moves", "closed"])
def test_nobody_is_asked_about_what_is_over_or_never_had_a_number(end: str) -> None:
    parcel = urged(number="" if end == "no_number" else "GD7")
    if end == "moves":
        parcel.scan(Stage.ARRIVED_AT_HUB)
    elif end == "closed":
        parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.STALLED, by="li", closed=True))
    assert questions(parcel.wait(30 * HOUR)) == []


def test_an_answer_is_for_its_work_order_else_for_what_was_urged_else_for_what_could_be() -> None:
    parcel = urged()
    [stalled] = waits_for(parcel.case.tickets, "GD7")
    assert stalled.anomaly is Anomaly.STALLED
    assert waits_for(parcel.case.tickets, "GD8") == [stalled]
    assert waits_for(parcel.case.tickets) == [stalled]
    assert waits_for(()) == []
