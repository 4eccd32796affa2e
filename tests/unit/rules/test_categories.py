"""The everyday problems of an after-sales desk: each has an owner, a limit and words; what no scan tells is filed."""

from typing import Any

import pytest

from shared.domain.events import CarrierCorrected, TicketTaken, TroubleFiled
from shared.domain.packs import pack_for
from shared.domain.parcel import Stage
from shared.domain.policy import Robot
from shared.domain.tickets import ANOMALIES, FILED, Anomaly, Category, Ticket
from shared.rules.ticketing import BROKEN, WARNED, group_of
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, policy
from tests.unit.rules.watched import Parcel, notices, of_type, on_its_way

GROUPS = ("desk", "operations", "warehouse", "specialist", "director")
ROBOTS = {group: Robot(channel="dingtalk", account=group) for group in GROUPS}
OWNERS = {
    Category.OVERDUE: "desk",
    Category.LOST: "desk",
    Category.LABEL: "operations",
    Category.CONTENT: "warehouse",
    Category.ADDRESS: "desk",
}


def file(parcel: Parcel, anomaly: Anomaly = Anomaly.MIS_SHIPPED, text: str = "少发一件", **fields: Any) -> list[Any]:
    """Somebody says what is wrong."""
    told = {"source": "aftersales", "at": parcel.run.now, **fields}
    return parcel.take(TroubleFiled(**parcel.about, anomaly=anomaly, text=text, **told))


def close(parcel: Parcel, anomaly: Anomaly = Anomaly.MIS_SHIPPED) -> list[Any]:
    """A person has seen to it."""
    return parcel.take(TicketTaken(merchant=MERCHANT, about=parcel.key, anomaly=anomaly, by="li", closed=True))


@pytest.mark.parametrize("category", Category)
def test_each_category_has_an_owner_a_limit_and_words(category: Category) -> None:
    mine = [anomaly for anomaly in Anomaly if ANOMALIES[anomaly].category is category]
    own, alone = policy(robots=ROBOTS), policy()
    limited = {limit.span.anomaly for limit in pack_for("douyin", None).limits}
    assert mine
    for anomaly in mine:
        assert ANOMALIES[anomaly].title
        assert ANOMALIES[anomaly].advice
        ticket = Ticket(anomaly=anomaly, rule="r", opened_at=NOW, breach_at=NOW)
        assert group_of(own, ticket, WARNED) == OWNERS[category]
        assert group_of(alone, ticket, WARNED) == alone.desk
        assert group_of(own, ticket, BROKEN + 3) == "director"
        assert anomaly in limited or own.watching.escalations[-1].after == DAY, "the time to solve it is its limit"


@pytest.mark.parametrize("anomaly", FILED)
@pytest.mark.parametrize("stage", [Stage.IN_TRANSIT, Stage.DELIVERED])
def test_what_is_filed_is_told_rises_and_stays_until_a_person_closes_it(anomaly: Anomaly, stage: Stage) -> None:
    parcel = on_its_way(stage, robots=ROBOTS)
    title = ANOMALIES[anomaly].title
    file(parcel, anomaly)
    [told] = of_type(parcel.wait(MINUTE), "notice_raised")
    assert (told.notice.title, told.notice.urgent, told.group) == (title, True, OWNERS[ANOMALIES[anomaly].category])
    assert "反馈：少发一件（售后）" in told.notice.lines
    assert notices(parcel.wait(24 * HOUR)) == [f"升级（{step}级）：{title}" for step in (1, 2, 3)]
    if stage is Stage.IN_TRANSIT:
        parcel.scan(Stage.DELIVERED)
    assert parcel.open == [anomaly]
    close(parcel, anomaly)
    assert parcel.open == []
    assert (parcel.case.unmatched, parcel.case.needs_people, notices(parcel.wait(9 * DAY))) == ((), False, [])


def test_the_same_words_twice_are_one_and_other_words_are_told_anew() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    at = parcel.run.now
    file(parcel, at=at)
    parcel.wait(MINUTE)
    file(parcel, at=at)
    assert notices(parcel.wait(MINUTE)) == []
    file(parcel, text="还少了配件")
    [told] = of_type(parcel.wait(MINUTE), "notice_raised")
    assert (told.notice.title, told.notice.lines[2]) == ("错发漏发", "反馈（共 2 条）：还少了配件（售后）")
    assert (parcel.ticket.count, parcel.ticket.answer) == (2, "还少了配件")


def test_to_close_one_kind_leaves_what_is_said_of_another() -> None:
    parcel = on_its_way(Stage.DELIVERED)
    for anomaly in FILED:
        file(parcel, anomaly)
    parcel.wait(MINUTE)
    close(parcel)
    assert parcel.open == [Anomaly.WRONG_ADDRESS]


def test_what_is_filed_under_a_number_that_travels_with_another_courier_goes_there() -> None:
    parcel = on_its_way()
    parcel.take(CarrierCorrected(**parcel.about, source="kuaidi100", right="yunda"))
    [passed] = of_type(file(parcel), "trouble_filed")
    assert (passed.carrier, passed.text) == ("yunda", "少发一件")
