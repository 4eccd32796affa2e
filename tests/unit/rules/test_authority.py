"""Within its authority a role settles a ticket; beyond it the ticket waits, one group is told once, all is noted."""

from datetime import datetime
from typing import Any

import pytest

from shared.domain.events import CourierAnswered, NoticeRaised, TicketTaken
from shared.domain.order import OrderCase
from shared.domain.parcel import Stage
from shared.domain.policy import Policy, Robot
from shared.domain.roles import Role
from shared.domain.tickets import Anomaly, Approval, Ticket, Verdict
from shared.domain.watching import Authority, Watching
from shared.rules.authority import beyond, taken
from shared.rules.decide_order import decide_order
from tests.unit.board import P_KEY, ticket
from tests.unit.rules.build import HOUR, MERCHANT, MINUTE, NOW, Run, order, policy
from tests.unit.rules.watched import on_its_way

LIMITS = {
    Role.AFTERSALES: Authority(close_fen_max=5_000, answer_fen_max=20_000, refer=(Anomaly.DAMAGED,)),
    Role.SPECIALIST: Authority(close_fen_max=50_000),
}
ROBOTS = {name: Robot(channel="dingtalk", account=name) for name in ("desk", "specialist", "director")}
SHOP = policy(watching=Watching(authority=LIMITS), robots=ROBOTS)
DEAR = ticket(exposure_fen=12_000, told=2)


class Office:
    """A ticket, and what people were told of its approval."""

    def __init__(self, begin: Ticket = DEAR, shop: Policy = SHOP) -> None:
        self.ticket = begin
        self.shop = shop
        self.now = NOW
        self.told: list[Approval] = []

    def say(self, role: Role | None, *, by: str = "小王", at: datetime | None = None, **fields: Any) -> None:
        """A person says something, a minute after what was said before."""
        self.now += MINUTE
        about = {"merchant": MERCHANT, "about": str(P_KEY), "anomaly": self.ticket.anomaly}
        event = TicketTaken(**about, by=by, role=role, at=at or self.now, **fields)
        (self.ticket,), step = taken((self.ticket,), event, self.shop, self.now)
        self.told += [step] if step else []

    @property
    def groups(self) -> list[str]:
        """Who was told."""
        return [step.group for step in self.told]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What the ticket remembers."""
        return [(step.what.value, step.by) for step in self.ticket.approvals]


# ---- within ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, *Role])
def test_without_limits_every_role_closes_by_itself(role: Role | None) -> None:
    office = Office(shop=policy())
    office.say(role, closed=True, text="done")
    assert (office.ticket.closed, office.ticket.answer, office.ticket.approvals, office.told) == (True, "done", (), [])


@pytest.mark.parametrize(
    ("role", "anomaly", "exposure_fen", "how", "may"),
    [
        (Role.AFTERSALES, Anomaly.STALLED, 5_000, "close", True),
        (Role.AFTERSALES, Anomaly.STALLED, 5_001, "close", False),
        (Role.AFTERSALES, Anomaly.STALLED, 20_000, "answer", True),
        (Role.AFTERSALES, Anomaly.STALLED, 20_001, "answer", False),
        (Role.AFTERSALES, Anomaly.STALLED, 5_001, "both", False),
        (Role.AFTERSALES, Anomaly.STALLED, 10**9, "take", True),
        (Role.AFTERSALES, Anomaly.DAMAGED, 0, "close", False),
        (Role.AFTERSALES, Anomaly.DAMAGED, 0, "take", True),
        (Role.SPECIALIST, Anomaly.DAMAGED, 50_000, "close", True),
        (Role.SPECIALIST, Anomaly.STALLED, 50_001, "close", False),
        (Role.SPECIALIST, Anomaly.STALLED, 10**9, "answer", True),
        (Role.DIRECTOR, Anomaly.STALLED, 10**9, "both", True),
        (None, Anomaly.DAMAGED, 10**9, "both", True),
    ],
)
def test_a_role_s_authority_is_what_the_policy_says(
    role: Role | None, anomaly: Anomaly, exposure_fen: int, how: str, *, may: bool
) -> None:
    mine = ticket(anomaly, exposure_fen=exposure_fen)
    why = beyond(SHOP, role, mine, closes=how in ("close", "both"), answers=how in ("answer", "both"))
    assert (why == "") == may


# ---- beyond ------------------------------------------------------------------------------------------------------


def test_what_is_beyond_stays_open_and_says_who_asked_when_for_what_and_why() -> None:
    office = Office()
    office.say(Role.AFTERSALES, text="买家同意再等", closed=True)
    assert (office.ticket.closed, office.ticket.taken_by, office.ticket.answer) == (False, "", "")
    [step] = office.ticket.asked
    assert (step.what, step.by, step.at, step.closes) == (Verdict.ASKED, "小王（售后）", NOW + MINUTE, True)
    assert (step.text, step.why) == ("买家同意再等", "预计损失 120.00 元，超过售后的权限 50.00 元")
    assert office.groups == ["specialist"]


def test_the_same_request_again_changes_nothing_and_tells_nobody() -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    before = office.ticket
    office.say(Role.AFTERSALES, closed=True)
    assert (office.ticket, office.groups) == (before, ["specialist"])


def test_another_request_of_the_same_role_is_noted_and_tells_nobody_again() -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    office.say(Role.AFTERSALES, closed=True, by="小李", text="急")
    assert office.steps == [("asked", "小王（售后）"), ("asked", "小李（售后）")]
    assert office.groups == ["specialist"]


def test_an_approval_does_what_was_asked_for_in_the_name_of_who_asked() -> None:
    office = Office()
    office.say(Role.AFTERSALES, text="买家同意再等", closed=True)
    office.say(Role.SPECIALIST, by="李总", approve=True, text="同意")
    mine = office.ticket
    assert (mine.closed, mine.taken_by, mine.answer, mine.answered_by) == (
        True,
        "小王（售后）",
        "买家同意再等",
        "小王（售后）",
    )
    assert office.steps == [("asked", "小王（售后）"), ("approved", "李总（专员）")]
    assert (office.groups, mine.asked) == (["specialist", "desk"], ())


def test_a_refusal_leaves_the_ticket_as_it_was_and_one_may_ask_again() -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    office.say(None, by="老板", approve=False, text="先联系网点")
    assert office.ticket.model_copy(update={"approvals": ()}) == DEAR
    assert (office.ticket.asked, office.told[-1].text, office.told[-1].group) == ((), "先联系网点", "desk")
    office.say(Role.AFTERSALES, closed=True)
    assert [what for what, _ in office.steps] == ["asked", "refused", "asked"]
    assert office.groups == ["specialist", "desk", "specialist"]


@pytest.mark.parametrize("approve", [True, False])
def test_a_decision_that_comes_twice_or_with_nothing_to_decide_changes_nothing(*, approve: bool) -> None:
    office = Office()
    office.say(Role.DIRECTOR, approve=approve)
    assert (office.ticket, office.told) == (DEAR, [])
    office.say(Role.AFTERSALES, closed=True)
    office.say(Role.DIRECTOR, approve=approve)
    before = office.ticket
    office.say(Role.DIRECTOR, approve=approve)
    assert office.ticket == before
    assert len(office.told) == 2


@pytest.mark.parametrize("approve", [True, False])
def test_a_copy_of_a_request_that_comes_after_the_decision_is_no_second_request(*, approve: bool) -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    asked_at = office.now
    office.say(Role.DIRECTOR, approve=approve)
    before = office.ticket
    office.say(Role.AFTERSALES, closed=True, at=asked_at)
    assert office.ticket == before


def test_a_copy_of_a_refusal_does_not_refuse_what_was_asked_later() -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    office.say(Role.DIRECTOR, approve=False)
    refused_at = office.now
    office.say(Role.AFTERSALES, closed=True)
    office.say(Role.DIRECTOR, approve=False, at=refused_at)
    assert office.ticket.asked


def test_who_may_not_approve_either_passes_it_on_to_the_group_above() -> None:
    office = Office(ticket(exposure_fen=90_000, told=2))
    office.say(Role.AFTERSALES, text="赔一半", closed=True)
    office.say(Role.SPECIALIST, by="李", approve=True)
    assert (office.ticket.closed, office.groups) == (False, ["specialist", "director"])
    assert (office.ticket.asked[-1].text, office.ticket.asked[-1].closes) == ("赔一半", True)
    office.say(Role.SPECIALIST, by="李", approve=False)
    assert len(office.ticket.asked) == 2
    office.say(Role.DIRECTOR, by="总", approve=True)
    assert (office.ticket.closed, office.ticket.answer) == (True, "赔一半")


def test_who_may_close_it_approves_by_closing() -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    office.say(Role.DIRECTOR, by="总", closed=True, text="已赔付")
    assert (office.ticket.closed, office.ticket.taken_by, office.ticket.answer) == (True, "总（总监）", "已赔付")
    assert office.steps[-1] == ("approved", "总（总监）")


def test_taking_it_decides_nothing() -> None:
    office = Office()
    office.say(Role.AFTERSALES, closed=True)
    office.say(Role.DIRECTOR, by="总")
    assert (office.ticket.taken_by, len(office.ticket.asked)) == ("总（总监）", 1)


def test_a_closed_ticket_is_not_opened_by_who_may_not_close_it() -> None:
    closed = DEAR.model_copy(update={"closed": True})
    office = Office(closed)
    office.say(Role.AFTERSALES, closed=True)
    assert office.ticket == closed


def test_an_answer_on_a_closed_ticket_that_waits_for_approval_stands_in_the_list() -> None:
    office = Office(ticket(exposure_fen=30_000, closed=True))
    office.say(Role.AFTERSALES, text="赔 100 元")
    assert (office.ticket.closed, office.ticket.answer, len(office.ticket.asked)) == (False, "", 1)


@pytest.mark.parametrize(
    ("raised", "robots", "group"),
    [
        (0, ("desk", "specialist", "director"), "specialist"),
        (1, ("desk", "specialist", "director"), "specialist"),
        (2, ("desk", "specialist", "director"), "director"),
        (3, ("desk", "specialist", "director"), "director"),
        (0, ("desk", "director"), "director"),
        (0, ("desk",), "desk"),
        (0, (), "desk"),
    ],
)
def test_the_next_group_is_the_first_that_has_not_heard_of_the_ticket(
    raised: int, robots: tuple[str, ...], group: str
) -> None:
    shop = policy(watching=Watching(authority=LIMITS), robots={name: ROBOTS[name] for name in robots})
    office = Office(ticket(exposure_fen=90_000, raised=raised), shop)
    office.say(Role.AFTERSALES, closed=True)
    assert office.groups == [group]


def test_the_last_ten_steps_are_kept() -> None:
    office = Office()
    for number in range(8):
        office.say(Role.AFTERSALES, closed=True, text=str(number))
        office.say(Role.DIRECTOR, approve=False)
    assert len(office.ticket.approvals) == 10
    assert [step.text for step in office.ticket.approvals][::2] == ["3", "4", "5", "6", "7"]


# ---- parcels and orders ------------------------------------------------------------------------------------------


def _said(told: list[Any]) -> list[NoticeRaised]:
    return [one for one in told if isinstance(one, NoticeRaised) and one.why.rule == "authority"]


def test_a_parcel_s_request_is_told_at_once_and_the_ticket_still_rises() -> None:
    refer = {Role.AFTERSALES: Authority(refer=(Anomaly.STALLED,))}
    parcel = on_its_way(Stage.IN_TRANSIT, watching=Watching(authority=refer), robots=ROBOTS)
    parcel.wait(38 * HOUR)  # the desk has heard of it twice
    event = TicketTaken(
        merchant=MERCHANT, about=parcel.key, anomaly=Anomaly.STALLED, by="小王", role=Role.AFTERSALES, closed=True
    )
    [told] = _said(parcel.take(event))
    assert (told.group, told.notice.urgent, told.notice.title) == ("specialist", True, "待审批：在途停滞")
    assert told.notice.lines[1] == "小王（售后） 申请关闭工单：「在途停滞」须由售后上报"
    assert _said(parcel.take(event)) == []
    heard = [one.group for one in parcel.wait(30 * HOUR) if one.type == "notice_raised"]
    assert heard == ["specialist", "desk", "director"]  # to the desk: that the limit has broken
    [done] = _said(parcel.take(event.model_copy(update={"closed": False, "role": Role.DIRECTOR, "approve": True})))
    assert (done.notice.title, done.notice.urgent) == ("审批通过：在途停滞", False)
    assert "stalled" not in parcel.open


def test_an_answer_that_nobody_waits_for_is_kept_until_its_closing_is_approved() -> None:
    refer = {Role.AFTERSALES: Authority(refer=(Anomaly.COURIER_ANSWER,))}
    parcel = on_its_way(watching=Watching(authority=refer), robots=ROBOTS)
    parcel.take(CourierAnswered(**parcel.about, source="zto", text="已退回", at=parcel.run.now))
    parcel.wait(MINUTE)
    about = {"merchant": MERCHANT, "about": parcel.key, "anomaly": Anomaly.COURIER_ANSWER}
    parcel.take(TicketTaken(**about, by="小王", role=Role.AFTERSALES, closed=True))
    assert (len(parcel.case.unmatched), parcel.open) == (1, ["courier_answer"])
    parcel.wait(MINUTE)
    parcel.take(TicketTaken(**about, by="总", role=Role.DIRECTOR, approve=True))
    assert (parcel.case.unmatched, parcel.open) == ((), [])


def test_an_order_s_ticket_waits_for_approval_too() -> None:
    run = Run(decide_order, watching=Watching(authority=LIMITS), robots=ROBOTS)
    mine = ticket(Anomaly.NOT_SHIPPED, exposure_fen=12_000, told=2, opened_at=NOW, breach_at=NOW)
    run.case = order(paid_at=NOW - 60 * HOUR, tickets=(mine,))
    about = {"merchant": MERCHANT, "about": f"{MERCHANT}|order|sim:O1", "anomaly": Anomaly.NOT_SHIPPED}
    run.take(TicketTaken(**about, by="小王", role=Role.AFTERSALES, closed=True))
    assert isinstance(run.case, OrderCase)
    assert [ticket.closed for ticket in run.case.tickets] == [False]
    [told] = _said(run.said)
    assert (told.group, told.about, told.notice.lines[0]) == ("specialist", about["about"], "订单：sim O1")
