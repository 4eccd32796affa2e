"""Cases, messages and policies of the size that shops have."""

from datetime import UTC, date, datetime, timedelta

from shared.domain.commands import InterceptParcel, Why
from shared.domain.decision import BudgetDraw
from shared.domain.events import InterceptionAccepted, ParcelProgressed
from shared.domain.keys import parcel_key, refund_key
from shared.domain.parcel import (
    Content,
    Interception,
    InterceptionPhase,
    ParcelCase,
    Progress,
    Scan,
    Stage,
    Wish,
)
from shared.domain.policy import Policy
from shared.domain.refund import ParcelState, RefundCase, RefundKind, RefundPhase

AT = datetime(2026, 11, 11, 8, 0, 0, 123000, tzinfo=UTC)
SHOP = "demo-shop"
REFUND = refund_key(SHOP, "taobao", "184467440737095516")
PARCEL = parcel_key(SHOP, "sf", "SF1234567890123")
POLICY = Policy(merchant=SHOP, version=1, budget_count_max=7)


def refund_case(step: int = 1) -> RefundCase:
    """A refund in the middle of its life."""
    return RefundCase(
        platform="taobao",
        refund_id="184467440737095516",
        order_id="2384619284619284",
        line_ids=("2384619284619285",),
        kind=RefundKind.REFUND_ONLY,
        amount_fen=12_900,
        version=1_762_848_000_123,
        deadline_at=AT + timedelta(hours=36),
        opened_at=AT,
        phase=RefundPhase.STOPPING_PARCELS,
        rule="agree_when_stopped",
        step=step,
        parcels=(ParcelState(carrier="sf", waybill="SF1234567890123", progress=Progress.ACCEPTED, at=AT),),
        reserved_fen=12_900,
        reserved_on=date(2026, 11, 11),
    )


def parcel_case(step: int = 1) -> ParcelCase:
    """A parcel whose interception the courier has accepted."""
    wish = Wish(
        refund="taobao:184467440737095516",
        platform="taobao",
        order_id="2384619284619284",
        line_ids=("2384619284619285",),
        amount_fen=12_900,
    )
    return ParcelCase(
        carrier="sf",
        waybill="SF1234567890123",
        contents=(Content(platform="taobao", order_id="2384619284619284", line_ids=("2384619284619285",)),),
        last_scan=Scan(stage=Stage.IN_TRANSIT, at=AT, code="30"),
        wishes=(wish,),
        interception=Interception(
            phase=InterceptionPhase.ACCEPTED, step=step, tries=1, wanted_at=AT, requested_at=AT, accepted_at=AT
        ),
    )


def command() -> InterceptParcel:
    """Something for a courier to do."""
    return InterceptParcel(
        merchant=SHOP,
        command_id=f"{PARCEL}#1",
        reply_to=str(PARCEL),
        why=Why(rule="stop_parcel", policy_version=1, facts={"stage": "in_transit"}),
        carrier="sf",
        waybill="SF1234567890123",
    )


def progress() -> ParcelProgressed:
    """Something for another case to know."""
    return ParcelProgressed(
        merchant=SHOP,
        platform="taobao",
        refund_id="184467440737095516",
        carrier="sf",
        waybill="SF1234567890123",
        progress=Progress.ACCEPTED,
        at=AT,
    )


def accepted(text: str = "") -> InterceptionAccepted:
    """A courier's answer."""
    return InterceptionAccepted(
        merchant=SHOP, carrier="sf", waybill="SF1234567890123", answers=f"{PARCEL}#1", text=text
    )


def draw(amount_fen: int, refunds: int = 1, amount_fen_max: int = 1000, refunds_max: int = 3) -> BudgetDraw:
    """A draw on one day's small budget."""
    return BudgetDraw(date(2026, 11, 11), amount_fen, refunds, amount_fen_max, refunds_max)
