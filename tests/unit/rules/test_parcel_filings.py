"""What couriers' people say unasked is kept in sight; what a person has closed is not opened again by a copy."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import CarrierCorrected, CourierAnswered, ParcelTraced, TicketTaken, TroubleFiled
from shared.domain.parcel import Stage
from shared.domain.roles import Role
from shared.domain.tickets import FILED, Anomaly, words_of
from shared.domain.watching import Authority, Watching
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW
from tests.unit.rules.watched import Parcel, notices, of_type, on_its_way

TITLE = "快递反馈，无对应工单"
URGING = Watching(urge_by={"zto": "zto"})


def filed(parcel: Parcel, text: str = "客户要求改地址", *, minutes: int = 0, source: str = "zto") -> list[Any]:
    """Somebody files what the courier's people said."""
    at = parcel.run.now + minutes * MINUTE
    return parcel.take(CourierAnswered(**parcel.about, source=source, text=text, at=at))


def test_an_answer_that_no_ticket_waits_for_becomes_one_and_is_told_in_the_digest() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    assert filed(parcel) == []
    [told] = of_type(parcel.wait(MINUTE), "notice_raised")
    assert (told.notice.title, told.notice.urgent, told.group) == (TITLE, False, "desk")
    assert "反馈：客户要求改地址（中通）" in told.notice.lines
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
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    parcel.wait(36 * HOUR)
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
        assert (kept.at, kept.heard_at) == (parcel.run.now + 5 * MINUTE, parcel.run.now)


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


def test_an_answer_to_what_a_person_has_closed_is_kept_in_sight() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    parcel.wait(36 * HOUR)
    parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.STALLED, by="li", closed=True))
    filed(parcel, "包裹已破损")
    parcel.wait(MINUTE)
    assert (parcel.open, parcel.ticket.answer) == (["courier_answer"], "包裹已破损")


# ---- copies and late comers --------------------------------------------------------------------------------------


def trouble(parcel: Parcel, text: str = "少发一件", **fields: Any) -> TroubleFiled:
    """What somebody says is wrong, now."""
    told = {"anomaly": Anomaly.MIS_SHIPPED, "source": "aftersales", "text": text, "at": NOW}
    return TroubleFiled(**{**parcel.about, **told, **fields})


def closing(parcel: Parcel, anomaly: Anomaly = Anomaly.MIS_SHIPPED, **fields: Any) -> TicketTaken:
    """What a person who closes a ticket was shown, as the board tells it."""
    [ticket] = [one for one in parcel.case.tickets if one.anomaly is anomaly]
    said = tuple(one.words for one in parcel.case.unmatched if one.anomaly is anomaly)
    shown = {"since": ticket.since, "said": said, "at": parcel.run.now}
    about = {"merchant": MERCHANT, "about": parcel.key, "anomaly": anomaly}
    return TicketTaken(**{**about, **shown, "by": "li", "closed": True, **fields})


def test_a_copy_that_comes_after_the_closing_opens_nothing_again() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    told = trouble(parcel, at=parcel.run.now)
    parcel.take(told)
    parcel.wait(MINUTE)
    parcel.take(closing(parcel))
    parcel.wait(9 * DAY)
    before = parcel.case
    assert parcel.take(told) == []
    assert notices(parcel.wait(DAY)) == []
    assert (parcel.case, parcel.open) == (before, [])


@pytest.mark.parametrize("fields", [{"text": "还少了配件"}, {"source": "presales"}, {"at": NOW + DAY}])
def test_another_filing_after_the_closing_opens_a_ticket(fields: dict[str, Any]) -> None:
    parcel = on_its_way(Stage.DELIVERED)
    parcel.take(trouble(parcel))
    parcel.wait(MINUTE)
    parcel.take(closing(parcel))
    parcel.wait(2 * DAY)
    parcel.take(trouble(parcel, **fields))
    assert notices(parcel.wait(MINUTE)) == ["错发漏发"]
    assert parcel.open == ["mis_shipped"]


def test_what_the_person_who_closes_had_not_heard_of_stays() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    parcel.take(trouble(parcel))
    parcel.wait(MINUTE)
    done = closing(parcel)
    parcel.wait(MINUTE)
    parcel.take(trouble(parcel, text="还少了配件"), done)
    assert notices(parcel.wait(MINUTE)) == ["错发漏发"]
    assert (parcel.ticket.count, parcel.ticket.answer, parcel.ticket.taken_by) == (1, "还少了配件", "")
    assert parcel.take(done) == []
    assert (notices(parcel.wait(MINUTE)), parcel.open) == ([], ["mis_shipped"])


def test_the_words_that_are_told_anew_are_those_that_were_heard_last() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    parcel.take(trouble(parcel))
    parcel.wait(MINUTE)
    assert notices(parcel.take(trouble(parcel, text="昨天就少了配件", at=NOW - DAY))) == []
    [told] = of_type(parcel.wait(MINUTE), "notice_raised")
    assert [line for line in told.notice.lines if "昨天" in line]


def test_what_a_role_must_refer_it_does_not_close_by_a_late_closing_either() -> None:
    refer = {Role.AFTERSALES: Authority(refer=(Anomaly.MIS_SHIPPED,))}
    parcel = on_its_way(Stage.DELIVERED, watching=Watching(authority=refer))
    parcel.take(trouble(parcel))
    parcel.wait(MINUTE)
    done = closing(parcel, role=Role.AFTERSALES)
    parcel.wait(MINUTE)
    parcel.take(trouble(parcel, text="还少了配件"))
    parcel.wait(MINUTE)
    parcel.take(done)
    assert (len(parcel.case.unmatched), parcel.case.settled) == (2, {})


def test_an_answer_that_went_into_its_ticket_is_known_when_it_comes_again_after_the_end() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT, watching=URGING)
    parcel.wait(36 * HOUR)
    told = CourierAnswered(**parcel.about, source="zto", text="今日派送", at=parcel.run.now)
    parcel.take(told)
    assert parcel.ticket.answer == "今日派送"
    parcel.scan(Stage.DELIVERED)
    assert parcel.take(told) == []
    assert (notices(parcel.wait(HOUR)), parcel.open) == ([], [])


def test_a_copy_does_not_follow_the_number_to_another_courier() -> None:
    parcel = on_its_way()
    parcel.take(trouble(parcel))
    parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right="yto"))
    assert [*of_type(parcel.take(trouble(parcel)), "trouble_filed")] == []


def test_a_late_closing_leaves_alone_what_began_after_it_was_said() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    parcel.wait(36 * HOUR)
    done = closing(parcel, Anomaly.STALLED)
    parcel.take(done)
    assert parcel.open == []
    parcel.scan(Stage.ARRIVED_AT_HUB)
    parcel.wait(36 * HOUR)
    assert parcel.open == ["stalled"]
    parcel.take(done)
    assert parcel.open == ["stalled"]


def test_what_is_remembered_of_what_was_seen_to_stays_small() -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    for number in range(30):
        parcel.take(trouble(parcel, text=f"第{number}次，少发一件", at=parcel.run.now))
        parcel.wait(2 * MINUTE)
        parcel.take(closing(parcel))
    assert len(parcel.case.settled) == 10
    assert len(parcel.case.model_dump_json(exclude_defaults=True).encode()) < 1024


_TEXTS = ("少发一件", "发错颜色", "门牌号不对")
_AT = st.integers(0, 9).map(lambda minutes: NOW + minutes * MINUTE)
_FILED = st.tuples(st.sampled_from(FILED), st.sampled_from(("aftersales", "presales")), st.sampled_from(_TEXTS))
_STAGES = st.sampled_from([Stage.ARRIVED_AT_HUB, Stage.DELIVERED, Stage.RETURNING])
_FILINGS = st.lists(st.tuples(_FILED, _AT), max_size=6)
_CLOSINGS = st.lists(st.tuples(st.sets(_FILED, min_size=1, max_size=3), _AT), max_size=4)


def _events(
    parcel: Parcel, filings: list[Any], closings: list[Any], scans: list[tuple[Stage, datetime]]
) -> list[TroubleFiled | TicketTaken | ParcelTraced]:
    about = {"merchant": MERCHANT, "about": parcel.key, "by": "li", "closed": True}
    told = [trouble(parcel, text, anomaly=anomaly, source=source, at=at) for (anomaly, source, text), at in filings]
    closed = [
        TicketTaken(**about, anomaly=anomaly, at=at, said=tuple(words_of(*one) for one in seen if one[0] is anomaly))
        for seen, at in closings
        for anomaly in sorted({one[0] for one in seen})
    ]
    return [*told, *closed, *(parcel.traced(scan) for scan in scans)]


@given(
    filings=_FILINGS,
    closings=_CLOSINGS,
    scans=st.lists(st.tuples(_STAGES, _AT), max_size=3),
    data=st.data(),
)
def test_filings_closings_and_scans_in_any_order_and_number_end_in_the_same_tickets(
    filings: list[Any], closings: list[Any], scans: list[tuple[Stage, datetime]], data: st.DataObject
) -> None:
    parcel = on_its_way(Stage.IN_TRANSIT)
    events = _events(parcel, filings, closings, scans)
    again = data.draw(st.lists(st.sampled_from(events), max_size=6)) if events else []
    for event in data.draw(st.permutations([*events, *again])):
        parcel.take(event)
        parcel.wait(data.draw(st.sampled_from([0, 1, 30])) * MINUTE)
    parcel.wait(2 * MINUTE)
    open_still = {
        what for what, at in filings if not any(what in seen and at <= closed_at for seen, closed_at in closings)
    }
    assert {(one.anomaly, one.source, one.text) for one in parcel.case.unmatched} == open_still
    assert {one for one in parcel.open if one in FILED} == {anomaly for anomaly, _, _ in open_still}
