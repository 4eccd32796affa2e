"""Parcels on the road: their scans as planned or made to happen, the way back and the warehouse's door."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from infra.local.sandbox.carriers import Carrier, NamedCarrier
from infra.local.sandbox.plans import ParcelPlan, Scan
from infra.local.sandbox.pushes import push_received
from infra.local.sandbox.records import DoneScan, ErpReceipt, InterceptStatus, Parcel, ParcelLine
from infra.local.sandbox.subscriptions import report, subscribe_label
from infra.local.sandbox.world import World

SIGNED = {"SIGNED", "HANDOVERSCAN_SIGNED", "DEPARTURE_SIGNED"}
LIVE: set[InterceptStatus] = {"INTERCEPTING", "INTERCEPT_SUCCESS", "PACKAGE_DELIVERING"}
STAGES = {"GOT": "picked_up", "DISPATCH": "out_for_delivery", "INBOUND": "at_pickup_point", "PROBLEM": "problem"}


@dataclass(frozen=True)
class Handover:
    """A parcel as it is given to its courier. `own_label`: with the merchant's account, so ZTO pushes unasked."""

    merchant: str
    waybill: str
    lines: list[ParcelLine]
    plan: ParcelPlan
    carrier: Carrier = "zto"
    named: NamedCarrier = "zto"
    own_label: bool = True
    phone_tail: str = ""
    delay_min: float = 0
    recognisable: bool = True
    kind: Literal["forward", "buyer_return"] = "forward"
    refund_id: str = ""


def carry(world: World, handover: Handover) -> Parcel:
    """Take a parcel and plan its scans; a known number only gets the lines it lacks."""
    parcel = world.find_parcel(handover.waybill)
    if parcel is not None:
        parcel.lines += [line for line in handover.lines if line not in parcel.lines]
        return world.parcels.put(parcel)
    now = world.now()
    parcel = Parcel(
        key=handover.waybill,
        merchant=handover.merchant,
        carrier=handover.carrier,
        named=handover.named,
        kind=handover.kind,
        refund_id=handover.refund_id,
        lines=handover.lines,
        shipped_at=now,
        plan=handover.plan,
        phone_tail=handover.phone_tail,
        delay_min=handover.delay_min,
        recognisable=handover.recognisable,
    )
    world.parcels.put(parcel)
    if handover.own_label and handover.carrier == "zto":
        subscribe_label(world, parcel)
    for number, scan in enumerate(handover.plan.scans):
        world.schedule(_after(now, scan.after_min), "scan", parcel.key, number)
    return parcel


def _after(start: datetime, minutes: float) -> datetime:
    return start + timedelta(minutes=minutes)


def make_scan(world: World, parcel: Parcel, scan: Scan, at: datetime, told_at: datetime | None = None) -> None:
    """Let a scan happen at an instant. It is told after its delay, or at `told_at`."""
    known_at = told_at or _after(at, parcel.delay_min if scan.delay_min is None else scan.delay_min)
    done = DoneScan(
        at=at,
        known_at=known_at,
        waybill=parcel.return_waybill or parcel.key,
        action=scan.action,
        stage=scan.stage,
        facility=scan.facility,
        city=scan.city,
        desc=scan.desc,
        reason=scan.reason,
        problem_code=scan.problem_code,
        return_type=scan.return_type,
        delivery_outlet=scan.delivery_outlet,
    )
    parcel.scans.append(done)
    if told_at or known_at == at:
        report(world, parcel, done, known_at)
    else:
        world.schedule(known_at, "report", parcel.key, len(parcel.scans) - 1)
    _follow(world, parcel, scan, at)
    world.parcels.put(parcel)


def _follow(world: World, parcel: Parcel, scan: Scan, at: datetime) -> None:
    """Let a scan have its consequences."""
    if scan.action == "RETURN_SCAN":
        parcel.return_waybill = scan.new_waybill or parcel.return_waybill
        _move_live(parcel, "PACKAGE_DELIVERING")
        if parcel.back_since is None:
            turn_back(world, parcel, at)
    elif scan.action == "RETURN_SIGNED":
        _move_live(parcel, "INTERCEPT_DISCONTINUE")
    elif scan.action in SIGNED and parcel.back_since is None:
        if parcel.plan.interception.result != "silent":
            _move_live(parcel, "INTERCEPT_FAIL")
        if parcel.kind == "buyer_return":
            _expect_receipt(world, parcel, at)


def _move_live(parcel: Parcel, status: InterceptStatus) -> None:
    for interception in parcel.interceptions:
        if interception.status in LIVE:
            interception.status = status


def turn_back(world: World, parcel: Parcel, at: datetime) -> None:
    """Begin the way back; the warehouse's minutes count from here."""
    parcel.back_since = at
    _expect_receipt(world, parcel, at)


def _expect_receipt(world: World, parcel: Parcel, at: datetime) -> None:
    if parcel.plan.warehouse_after_min is not None:
        world.schedule(_after(at, parcel.plan.warehouse_after_min), "received", parcel.key)


def receive(world: World, parcel: Parcel, at: datetime) -> None:
    """Let the warehouse book the goods in: one receipt per order in the parcel."""
    parcel.received_at = at
    world.parcels.put(parcel)
    for order_id in dict.fromkeys(line.order_id for line in parcel.lines):
        order = world.orders.get(order_id)
        if order is None:
            continue
        inside = {line.line_id for line in parcel.lines if line.order_id == order_id}
        world.receipts.put(
            ErpReceipt(
                key=str(world.next_number("io_id", first=5_600_001)),
                merchant=parcel.merchant,
                so_id=order_id,
                l_id=parcel.return_waybill or parcel.key,
                io_at=at,
                lines=[line for line in order.lines if line.line_id in inside],
                carrier=parcel.carrier,
            )
        )
        if parcel.plan.push_received:
            push_received(world, parcel, order, at)


def stage_of(parcel: Parcel) -> str:
    """Name where the parcel is, for the page and the truth."""
    actions = [scan.action for scan in parcel.scans if scan.action]
    weightiest = [
        ("received", parcel.received_at is not None),
        ("returned", "RETURN_SIGNED" in actions),
        ("returning", "RETURN_SCAN" in actions),
        ("intercepted", parcel.diverted),
        ("signed", bool(SIGNED & set(actions))),
        ("waiting_for_pickup", not actions),
    ]
    return next((stage for stage, holds in weightiest if holds), "") or STAGES.get(actions[-1], "in_transit")
