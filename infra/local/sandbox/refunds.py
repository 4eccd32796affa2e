"""Refunds: what buyers, the platform and the merchant's own hand do to them, and where money moves."""

from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import Field

from infra.local.sandbox.clock import epoch_s
from infra.local.sandbox.orders import RoadSpec, hand_over, require_int64
from infra.local.sandbox.parcels import carry
from infra.local.sandbox.plans import Strict
from infra.local.sandbox.pushes import push_refund
from infra.local.sandbox.records import OperateCall, ParcelLine, Platform, Refund, RefundKind, RefundStatus
from infra.local.sandbox.world import Refused, World

SECOND_MESSAGE_AFTER = timedelta(seconds=2)  # "refund succeeded" follows "refund agreed"


class RefundSpec(Strict):
    merchant: str
    platform: Platform
    refund_id: str = Field(min_length=1, max_length=64)
    order_id: str
    line_id: str
    kind: RefundKind
    amount_fen: int = Field(gt=0)
    deadline_h: float | None = Field(default=48, gt=0)
    push: bool = True
    copies: int = Field(default=1, ge=1, le=20)
    forced: bool = False  # the platform pays at once and tells afterwards


class ModifySpec(Strict):
    amount_fen: int | None = Field(default=None, gt=0)
    kind: RefundKind | None = None
    deadline_h: float | None = Field(default=None, gt=0)
    push: bool = True
    copies: int = Field(default=1, ge=1, le=20)


class PushSpec(Strict):
    push: bool = True
    copies: int = Field(default=1, ge=1, le=20)


class BuyerShipsSpec(PushSpec, RoadSpec):
    """The parcel that travels, and the number that the buyer `entered` of it (None: the right one)."""

    waybill: str = Field(default="", max_length=32)
    entered: str | None = None


def create_refund(world: World, spec: RefundSpec) -> Refund:
    """Let a buyer ask for money back."""
    order = world.orders.get(spec.order_id)
    if order is None or order.merchant != spec.merchant or order.platform != spec.platform:
        raise Refused("unknown_order", f"merchant {spec.merchant!r} has no {spec.platform} order {spec.order_id!r}")
    if all(line.line_id != spec.line_id for line in order.lines):
        raise Refused("unknown_line", f"order {spec.order_id!r} has no line {spec.line_id!r}")
    if world.refunds.get(spec.refund_id) is not None:
        raise Refused("exists", f"refund {spec.refund_id!r} exists")
    if spec.platform == "douyin":
        require_int64("refund_id", spec.refund_id)
    now = world.now()
    refund = Refund(
        key=spec.refund_id,
        merchant=spec.merchant,
        platform=spec.platform,
        order_id=spec.order_id,
        line_id=spec.line_id,
        kind=spec.kind,
        amount_fen=spec.amount_fen,
        update_s=epoch_s(now),
        applied_at=now,
    )
    world.refunds.put(refund)
    _set_deadline(world, refund, spec.deadline_h)
    if spec.push:
        push_refund(world, refund, "refund.created", now, spec.copies)
    if spec.forced:
        pay(world, refund, "platform_forced")
        if spec.push:
            push_refund(world, refund, "refund.refunded", now + SECOND_MESSAGE_AFTER)
    return refund


def _set_deadline(world: World, refund: Refund, hours: float | None) -> None:
    if hours is None:
        return
    refund.deadline_at = world.now() + timedelta(hours=hours)
    world.refunds.put(refund)
    world.schedule(refund.deadline_at, "deadline", refund.key)


def touch(world: World, refund: Refund) -> None:
    """Give the refund a new version; the platform's counts in seconds and never repeats."""
    refund.update_s = max(epoch_s(world.now()), refund.update_s + 1)
    refund.version += 1
    world.refunds.put(refund)


def pay(world: World, refund: Refund, by: str) -> None:
    """Move the money. Callers have checked the status; the truth counts every time this runs."""
    refund.status = "refunded"
    refund.effects += 1
    refund.refunded_fen += refund.amount_fen
    refund.refunded_by = by
    touch(world, refund)


def agree(world: World, refund: Refund, by: str, push: bool = True, copies: int = 1) -> None:
    """Agree: money moves, except that a return comes first for return-and-refund.

    Raises:
        Refused: `status`, nothing waits for the merchant.
    """
    first_step = refund.kind == "return_and_refund" and refund.status == "waiting"
    if refund.status not in ("waiting", "buyer_shipped"):
        raise Refused("status", "售后单当前状态不允许该操作")
    if first_step:
        refund.status = "returning"
        touch(world, refund)
        if push:
            push_refund(world, refund, "return.agreed", world.now(), copies)
        return
    pay(world, refund, by)
    if push:
        push_refund(world, refund, "refund.agreed", world.now(), copies)
        push_refund(world, refund, "refund.refunded", world.now() + SECOND_MESSAGE_AFTER, copies)


def modify(world: World, refund: Refund, spec: ModifySpec) -> None:
    """Let the buyer change what they ask for."""
    _require_open(refund)
    refund.amount_fen = spec.amount_fen or refund.amount_fen
    refund.kind = spec.kind or refund.kind
    if refund.status == "refused":
        refund.status = "waiting"
    touch(world, refund)
    _set_deadline(world, refund, spec.deadline_h)
    if spec.push:
        push_refund(world, refund, "refund.modified", world.now(), spec.copies)


def withdraw(world: World, refund: Refund, spec: PushSpec) -> None:
    """Let the buyer give up."""
    _require_open(refund)
    _become(world, refund, "closed", "refund.withdrawn", spec)


def refuse(world: World, refund: Refund, spec: PushSpec) -> None:
    """Let the merchant refuse by hand."""
    if refund.status not in ("waiting", "buyer_shipped"):
        raise Refused("status", "售后单当前状态不允许该操作")
    _become(world, refund, "refused", "refund.refused", spec)


def force(world: World, refund: Refund, spec: PushSpec) -> None:
    """Let the platform pay without asking."""
    _require_open(refund)
    pay(world, refund, "platform_forced")
    if spec.push:
        push_refund(world, refund, "refund.refunded", world.now(), spec.copies)


def buyer_ships(world: World, refund: Refund, spec: BuyerShipsSpec) -> None:
    """Let the buyer send the goods back and enter the number; a self-built shop waits for nobody's consent."""
    early = refund.platform == "selfbuilt" and refund.kind == "return_and_refund" and refund.status == "waiting"
    if refund.status != "returning" and not early:
        raise Refused("status", "not waiting for the buyer's parcel")
    if spec.waybill:
        lines = [ParcelLine(order_id=refund.order_id, line_id=refund.line_id)]
        handover = hand_over(refund.merchant, spec.waybill, lines, spec, own_label=False)
        carry(world, replace(handover, kind="buyer_return", refund_id=refund.key))
    refund.return_waybill = spec.waybill if spec.entered is None else spec.entered
    refund.return_carrier, refund.return_shipped_at = spec.told, world.now()
    _become(world, refund, "buyer_shipped", "return.shipped", spec)


def _require_open(refund: Refund) -> None:
    if refund.status in ("refunded", "closed"):
        raise Refused("status", f"refund {refund.key} is {refund.status}")


def _become(world: World, refund: Refund, status: RefundStatus, what: str, spec: PushSpec) -> None:
    refund.status = status
    touch(world, refund)
    if spec.push:
        push_refund(world, refund, what, world.now(), spec.copies)


def note_operate(world: World, refund: Refund, how: str, accepted: bool, note: str = "") -> None:
    """Remember that the merchant's system tried something."""
    refund.operate_calls.append(OperateCall(at=world.now(), how=how, accepted=accepted, note=note))
    world.refunds.put(refund)


def meet_deadline(world: World, refund_id: str, at: datetime) -> None:
    """Let the platform agree in the merchant's place when its deadline passes in silence."""
    refund = world.refunds.get(refund_id)
    if refund is not None and refund.status == "waiting" and refund.deadline_at == at:
        agree(world, refund, "platform_deadline")
