"""A case's open tickets as rows: what is wrong, until when, what it costs, who was told, what to do."""

from typing import Any

import pytest

from shared.domain.board import BY_HAND
from shared.domain.keys import CaseKind, digest_key
from shared.domain.notices import TICKETS, DigestCase, TicketKind
from shared.domain.order import OrderStatus
from shared.domain.parcel import Progress, Stage
from shared.domain.policy import Robot
from shared.domain.refund import ParcelState, RefundPhase, RefundStatus
from shared.domain.tickets import ANOMALIES, Anomaly
from shared.domain.watching import Escalation, Watching
from shared.rules.open_tickets import open_tickets
from tests.unit.board import O_KEY, P_KEY, R_KEY, ticket
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    ORDER,
    PAID,
    WAYBILL,
    content,
    order,
    parcel,
    policy,
    refund,
)


def test_a_parcel_s_row_says_where_it_is_and_what_is_inside() -> None:
    told = ticket(exposure_fen=597, urged_at=NOW, urge_number="U1", answer="在途", answered_at=NOW, taken_by="小王")
    case = parcel(stage=Stage.IN_TRANSIT, contents=(content("O1"), content("O1", "L2"), content("O2")), tickets=(told,))
    [row] = open_tickets(P_KEY, case, policy(), NOW)
    assert (row.merchant, row.kind, row.case_id) == (MERCHANT, CaseKind.PARCEL, f"zto:{WAYBILL}")
    assert (row.stage, row.carrier, row.waybill, row.order_ids) == ("in_transit", "zto", WAYBILL, ("O1", "O2"))
    assert (row.anomaly, row.title, row.advice) == ("stalled", "在途停滞", ANOMALIES[Anomaly.STALLED].advice)
    assert (row.opened_at, row.breach_at, row.hours_left) == (NOW - HOUR, NOW + 6 * HOUR, 6.0)
    assert (row.exposure_fen, row.rule, row.group, row.level) == (597, "stalled_48h", "desk", 1)
    assert (row.urged_at, row.urge_number, row.answer, row.answered_at) == (NOW, "U1", "在途", NOW)
    assert row.taken_by == "小王"


@pytest.mark.parametrize(
    ("told", "fields", "review"),
    [
        (1, {}, 0),
        (1, {"raised": 1}, 3),
        (1, {"raised": 2}, 6),
        (2, {"raised": 2}, 23),
        (1, {"raised": 3}, 6),
        (2, {"raised": 3}, None),
        (1, {"taken_by": "li"}, 6),
        (2, {"taken_by": "li"}, None),
    ],
)
def test_a_row_says_when_the_next_group_hears_of_it(told: int, fields: dict[str, Any], review: int | None) -> None:
    [row] = open_tickets(P_KEY, parcel(tickets=(ticket(told=told, **fields),)), policy(), NOW)
    assert row.review_at == (None if review is None else NOW + review * HOUR)


@pytest.mark.parametrize(("hours", "review"), [(1, 1), (-1, None)])
def test_a_refund_that_a_person_decides_comes_up_at_the_platform_s_deadline(hours: int, review: int | None) -> None:
    case = refund(RefundPhase.BY_HAND, deadline_at=NOW + hours * HOUR)
    [row] = open_tickets(R_KEY, case, policy(), NOW)
    assert row.review_at == (None if review is None else NOW + review * HOUR)


def test_an_order_s_row_names_the_order() -> None:
    case = order(paid_at=NOW, tickets=(ticket(Anomaly.NOT_SHIPPED),))
    [row] = open_tickets(O_KEY, case, policy(), NOW)
    assert (row.kind, row.case_id, row.stage) == (CaseKind.ORDER, f"sim:{ORDER}", OrderStatus.PAID)
    assert (row.order_ids, row.carrier, row.title) == ((ORDER,), "", "付款后未发货")


def test_what_was_broken_has_negative_hours_left() -> None:
    case = parcel(tickets=(ticket(breach_at=NOW - 90 * MINUTE, told=2),))
    [row] = open_tickets(P_KEY, case, policy(), NOW)
    assert (row.hours_left, row.level) == (-1.5, 2)


def test_a_parcel_that_stands_still_says_from_when_on_a_platform_may_pay_unasked() -> None:
    case = parcel(tickets=(ticket(),), stalled_since=NOW - 36 * HOUR)
    [row] = open_tickets(P_KEY, case, policy(), NOW)
    assert (row.forced_refund_at, row.forced_refund_hours_left) == (NOW + 12 * HOUR, 12.0)
    [row] = open_tickets(P_KEY, parcel(tickets=(ticket(),)), policy(), NOW)
    assert (row.forced_refund_at, row.forced_refund_hours_left) == (None, None)


def test_a_row_counts_what_one_ticket_stands_for() -> None:
    [row] = open_tickets(P_KEY, parcel(tickets=(ticket(count=2),)), policy(), NOW)
    assert row.count == 2


def test_closed_tickets_are_left_out_and_the_most_urgent_comes_first() -> None:
    tickets = (
        ticket(Anomaly.LATE, breach_at=NOW + HOUR),
        ticket(Anomaly.STALLED, breach_at=NOW + HOUR, exposure_fen=100),
        ticket(Anomaly.DAMAGED, breach_at=NOW - HOUR),
        ticket(Anomaly.UNWATCHED, closed=True),
    )
    rows = open_tickets(P_KEY, parcel(tickets=tickets), policy(), NOW)
    assert [row.anomaly for row in rows] == ["damaged", "stalled", "late"]


BY = "sim-robot"
ROBOTS = {name: Robot(channel="dingtalk", account=BY) for name in ("desk", "warehouse", "specialist")}
STEPS = (Escalation(after=HOUR, group="desk"), Escalation(after=4 * HOUR, group="specialist"))
WATCHING = Watching(owners={Anomaly.STALLED: "warehouse"}, escalations=STEPS)


@pytest.mark.parametrize(
    ("told", "raised", "group", "level"),
    [
        (0, 0, "warehouse", 1),
        (1, 0, "warehouse", 1),
        (2, 0, "warehouse", 2),
        (1, 1, "desk", 3),
        (2, 1, "desk", 3),
        (1, 2, "specialist", 4),
        (2, 7, "specialist", 9),
    ],
)
def test_the_group_is_the_highest_that_was_told(told: int, raised: int, group: str, level: int) -> None:
    case = parcel(tickets=(ticket(told=told, raised=raised),))
    [row] = open_tickets(P_KEY, case, policy(robots=ROBOTS, watching=WATCHING), NOW)
    assert (row.group, row.level) == (group, level)


def test_a_group_without_a_robot_is_the_desk() -> None:
    [row] = open_tickets(P_KEY, parcel(tickets=(ticket(),)), policy(watching=WATCHING), NOW)
    assert row.group == "desk"


def test_a_refund_that_a_person_decides_says_what_to_do_until_the_platform_s_deadline() -> None:
    parcels = (ParcelState(carrier="zto", waybill=WAYBILL, progress=Progress.REFUSED, at=NOW),)
    case = refund(RefundPhase.BY_HAND, rule=TicketKind.INTERCEPTION_FAILED, parcels=parcels, reason="E23137")
    [row] = open_tickets(R_KEY, case, policy(), NOW + 37 * HOUR)
    assert (row.anomaly, row.kind, row.stage) == (BY_HAND, CaseKind.REFUND, "by_hand")
    assert (row.title, row.advice) == TICKETS[TicketKind.INTERCEPTION_FAILED]
    assert (row.breach_at, row.hours_left, row.level) == (NOW + 36 * HOUR, -1.0, 2)
    assert (row.carrier, row.waybill, row.order_ids, row.exposure_fen) == ("zto", WAYBILL, (ORDER,), PAID)
    assert row.rule == "interception_failed E23137"
    assert [one.level for hours in (35, 36) for one in open_tickets(R_KEY, case, policy(), NOW + hours * HOUR)] == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("told", "title"),
    [(("loss", "above_paid"), TICKETS[TicketKind.ABOVE_PAID].title), ((), "退款需人工处理")],
)
def test_a_refund_that_a_rule_objected_to_is_named_by_its_last_ticket(told: tuple[str, ...], title: str) -> None:
    case = refund(RefundPhase.BY_HAND, rule="amount_within_paid", tickets=told)
    [row] = open_tickets(R_KEY, case, policy(), NOW)
    assert row.title == title


@pytest.mark.parametrize(("status", "hours"), [(RefundStatus.PENDING, 6.0), (RefundStatus.REFUNDED, None)])
def test_a_refund_carries_the_risk_of_its_stalled_parcel_until_the_money_is_gone(
    status: RefundStatus, hours: float | None
) -> None:
    stalls = {"progress": Progress.WAITING, "at": NOW, "forced_refund_at": NOW + 6 * HOUR}
    parcels = (ParcelState(carrier="zto", waybill=WAYBILL, **stalls),)
    [row] = open_tickets(R_KEY, refund(RefundPhase.BY_HAND, parcels=parcels, status=status), policy(), NOW)
    assert (row.forced_refund_at, row.forced_refund_hours_left) == (hours and NOW + 6 * HOUR, hours)


def test_what_needs_nobody_has_no_rows() -> None:
    healthy = [(P_KEY, parcel()), (O_KEY, order()), (R_KEY, refund(RefundPhase.REVIEWING))]
    for key, case in [*healthy, (digest_key(MERCHANT, "desk"), DigestCase(group="desk"))]:
        assert open_tickets(key, case, policy(), NOW) == []
