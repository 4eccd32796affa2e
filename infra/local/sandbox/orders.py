"""Orders: created by a buyer, packed by the ERP, shipped in parcels, and what the platform is told of it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from infra.local.sandbox.carriers import Carrier, NamedCarrier
from infra.local.sandbox.parcels import Handover, carry
from infra.local.sandbox.plans import ParcelPlan, Strict
from infra.local.sandbox.pushes import push_order
from infra.local.sandbox.records import (
    ErpOrder,
    ErpParcel,
    ErpStatus,
    Line,
    Order,
    ParcelLine,
    Platform,
    PlatformParcel,
)
from infra.local.sandbox.world import Refused, World

LINES_MAX = 200
INT64_MAX = 2**63 - 1


class ErpSpec(Strict):
    """`absent`: the ERP never heard of the order."""

    status: Literal["WaitConfirm", "Delivering", "Sent", "Question", "absent"] = "WaitConfirm"
    waybill: str | None = None


class OrderSpec(Strict):
    merchant: str
    platform: Platform
    order_id: str = Field(min_length=1, max_length=64)
    paid_fen: int = Field(ge=0)
    lines: list[Line] = Field(min_length=1, max_length=LINES_MAX)
    erp: ErpSpec = ErpSpec()
    province: str = "浙江省"
    buyer_notices: bool = True  # False: the buyer wants no messages
    push: bool = True


class RoadSpec(Strict):
    """How a parcel travels. `named`: what the shop says of its carrier, nothing or a wrong one; None: the truth."""

    carrier: Carrier = "zto"
    named: NamedCarrier | None = None
    plan: ParcelPlan = ParcelPlan()
    phone_tail: str = Field(default="", pattern=r"^(\d{4})?$")
    delay_min: float = Field(default=0, ge=0)
    recognisable: bool = True

    @property
    def told(self) -> NamedCarrier:
        """What the shop says of the carrier."""
        return self.carrier if self.named is None else self.named


class ParcelSpec(RoadSpec):
    waybill: str = Field(min_length=4, max_length=32)
    line_ids: list[str] = Field(min_length=1, max_length=LINES_MAX)
    subscribed: bool = True  # False: not the merchant's own ZTO label, so nothing is pushed before huhang subscribes


class ShipSpec(Strict):
    parcels: list[ParcelSpec] = Field(min_length=1, max_length=50)
    sync_platform: bool = True  # False: the ERP has shipped, the platform was never told
    partly: bool = False
    push: bool = True


def require_int64(name: str, text: str) -> None:
    """Refuse an id that Douyin could not have given."""
    if not (text.isascii() and text.isdigit() and int(text) <= INT64_MAX):
        raise Refused("invalid", f"{name}: Douyin ids are decimal int64, got {text!r}")


def create_order(world: World, spec: OrderSpec) -> Order:
    """Let a buyer pay an order."""
    if world.merchants.get(spec.merchant) is None:
        raise Refused("unknown_merchant", f"merchant {spec.merchant!r} is unknown; PUT /control/merchants/{{id}} first")
    if world.orders.get(spec.order_id) is not None:
        raise Refused("exists", f"order {spec.order_id!r} exists")
    if spec.platform == "douyin":
        require_int64("order_id", spec.order_id)
        for line in spec.lines:
            require_int64("line_id", line.line_id)
    now = world.now()
    order = Order(
        key=spec.order_id,
        merchant=spec.merchant,
        platform=spec.platform,
        paid_fen=spec.paid_fen,
        lines=spec.lines,
        status="paid",
        created_at=now,
        updated_at=now,
        province=spec.province,
        buyer_notices=spec.buyer_notices,
    )
    world.orders.put(order)
    if spec.erp.status != "absent":
        _take_into_erp(world, order, spec.erp.status, spec.erp.waybill, now)
    if spec.push:
        push_order(world, order, "order.paid", now)
    return order


def _take_into_erp(world: World, order: Order, status: ErpStatus, waybill: str | None, now: datetime) -> None:
    o_id = world.next_number("o_id", first=9_349_701)
    erp = ErpOrder(
        key=str(o_id), merchant=order.merchant, so_id=order.key, status=status, lines=order.lines, modified_at=now
    )
    if waybill is not None:
        line_ids = [line.line_id for line in order.lines]
        erp.parcels.append(ErpParcel(l_id=waybill, line_ids=line_ids, sent_at=now))
        lines = [ParcelLine(order_id=order.key, line_id=line_id) for line_id in line_ids]
        carry(world, Handover(order.merchant, waybill, lines, ParcelPlan()))
    world.erp_orders.put(erp)


def ship_order(world: World, order: Order, spec: ShipSpec) -> list[str]:
    """Hand parcels to the courier; gives the waybills. For a known waybill it adds lines and tells the platform."""
    now = world.now()
    if order.status == "cancelled":
        raise Refused("cancelled", f"order {order.key} is cancelled")
    owners = [(parcel, _owners_of(world, order, parcel.line_ids)) for parcel in spec.parcels]
    for parcel, lines in owners:
        carry(world, hand_over(order.merchant, parcel.waybill, lines, parcel, parcel.subscribed))
        for order_id in dict.fromkeys(line.order_id for line in lines):
            line_ids = [line.line_id for line in lines if line.order_id == order_id]
            sent = ErpParcel(l_id=parcel.waybill, line_ids=line_ids, sent_at=now, carrier=parcel.told)
            _tell_erp(world, order_id, sent, spec.partly)
            owner = world.orders.get(order_id)
            if spec.sync_platform and owner is not None:
                shipped = PlatformParcel(waybill=parcel.waybill, line_ids=line_ids, shipped_at=now, carrier=parcel.told)
                _tell_platform(world, owner, shipped, spec)
    return [parcel.waybill for parcel in spec.parcels]


def hand_over(merchant: str, waybill: str, lines: list[ParcelLine], road: RoadSpec, own_label: bool) -> Handover:
    """Put a parcel together for its courier."""
    return Handover(
        merchant=merchant,
        waybill=waybill,
        lines=lines,
        plan=road.plan,
        carrier=road.carrier,
        named=road.told,
        own_label=own_label,
        phone_tail=road.phone_tail,
        delay_min=road.delay_min,
        recognisable=road.recognisable,
    )


def _owners_of(world: World, order: Order, line_ids: list[str]) -> list[ParcelLine]:
    """Find whose lines these are: this order's first, then those of the shop's other orders (a merged parcel)."""
    candidates = [order] + [other for other in world.orders if other.merchant == order.merchant and other is not order]
    found = []
    for line_id in line_ids:
        owner = next((one for one in candidates if any(line.line_id == line_id for line in one.lines)), None)
        if owner is None:
            raise Refused("unknown_line", f"line {line_id!r} belongs to no order of this merchant")
        found.append(ParcelLine(order_id=owner.key, line_id=line_id))
    return found


def _tell_erp(world: World, order_id: str, sent: ErpParcel, partly: bool) -> None:
    for erp in world.erp_orders_of(order_id):
        if erp.status == "Cancelled" or any(parcel.l_id == sent.l_id for parcel in erp.parcels):
            continue
        erp.parcels.append(sent)
        erp.status = "Delivering" if partly else "Sent"
        erp.modified_at = sent.sent_at
        world.erp_orders.put(erp)


def _tell_platform(world: World, order: Order, parcel: PlatformParcel, spec: ShipSpec) -> None:
    if not any(known.waybill == parcel.waybill for known in order.parcels):
        order.parcels.append(parcel)
    order.status = "partly_shipped" if spec.partly else "shipped"
    order.updated_at = parcel.shipped_at
    world.orders.put(order)
    if spec.push:
        push_order(world, order, f"order.{order.status}", parcel.shipped_at, parcel)


def change_address(world: World, order: Order, push: bool = True) -> None:
    """Let the buyer change where the order goes."""
    order.updated_at = world.now()
    world.orders.put(order)
    if push:
        push_order(world, order, "order.address_changed", order.updated_at)


def end_order(world: World, order: Order, status: Literal["finished", "cancelled"], push: bool = True) -> None:
    """Let the buyer confirm the goods, or let the platform cancel the order."""
    order.status = status
    order.updated_at = world.now()
    world.orders.put(order)
    if push:
        push_order(world, order, f"order.{status}", order.updated_at)


def hold_in_erp(world: World, erp: ErpOrder, question_type: str, question_desc: str) -> None:
    """Mark an ERP order as a question, so that the warehouse leaves it.

    Raises:
        Refused: it has left or was cancelled.
    """
    if erp.status == "Sent":
        raise Refused("sent", "订单已发货")
    if erp.status == "Cancelled":
        raise Refused("cancelled", "订单已取消")
    erp.status = "Question"
    erp.question_type, erp.question_desc = question_type, question_desc
    erp.modified_at = world.now()
    world.erp_orders.put(erp)


def cancel_in_erp(world: World, erp: ErpOrder, remark: str) -> None:
    """Cancel an ERP order unless it was sent; the vendor's reply does not tell which."""
    if erp.status == "Sent":
        return
    erp.status = "Cancelled"
    erp.remark = remark
    erp.modified_at = world.now()
    world.erp_orders.put(erp)
