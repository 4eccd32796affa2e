"""Parcels on the road: their scans as planned, interceptions, the way back and the warehouse's door."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from infra.local.sandbox.pushes import push_received, push_scan
from infra.local.sandbox.records import (
    DoneScan,
    Due,
    ErpReceipt,
    Interception,
    InterceptStatus,
    Parcel,
    ParcelLine,
    ParcelPlan,
    Scan,
)
from infra.local.sandbox.world import Refused, World

SIGNED = {"SIGNED", "HANDOVERSCAN_SIGNED", "DEPARTURE_SIGNED"}
LIVE: set[InterceptStatus] = {"INTERCEPTING", "INTERCEPT_SUCCESS", "PACKAGE_DELIVERING"}
STAGES = {"GOT": "picked_up", "DISPATCH": "out_for_delivery", "INBOUND": "at_pickup_point", "PROBLEM": "problem"}
REFUSALS = {
    "E23101": "运单已签收，不允许拦截",
    "E23102": "无权限操作该运单",
    "E23112": "快件已入第三方代收点",
    "E23119": "快件未揽收，请揽收后再发起",
    "E23120": "快件已有派件扫描",
    "E23121": "该运单已存在有效拦截件",
    "E23123": "运单已退回",
    "E23137": "快件已到达派件网点",
    "E23160": "已在其他平台发起拦截",
}
PICKED_UP = {"GOT", "DEPARTURE", "ARRIVAL", "DISPATCH", "INBOUND"}


def carry(
    world: World, merchant: str, waybill: str, lines: list[ParcelLine], plan: ParcelPlan, subscribed: bool
) -> Parcel:
    """Take a parcel and plan its scans; a known number only gets the lines it lacks."""
    parcel = world.find_parcel(waybill)
    if parcel is not None:
        parcel.lines += [line for line in lines if line not in parcel.lines]
        return world.parcels.put(parcel)
    now = world.now()
    parcel = Parcel(key=waybill, merchant=merchant, lines=lines, shipped_at=now, plan=plan)
    if subscribed:
        parcel.subscribed.append(waybill)
    world.parcels.put(parcel)
    for number, scan in enumerate(plan.scans):
        world.schedule(_after(now, scan.after_min), "scan", waybill, number)
    return parcel


def _after(start: datetime, minutes: float) -> datetime:
    return start + timedelta(minutes=minutes)


def _require(world: World, waybill: str) -> Parcel:
    parcel = world.parcels.get(waybill)
    if parcel is None:
        raise Refused("E416", f"运单号不存在 {waybill}")
    return parcel


def happen(world: World, due: Due) -> None:
    """Let a planned event of a parcel come true."""
    parcel = _require(world, due.subject)
    if due.kind == "scan" and not parcel.diverted:
        _scan(world, parcel, parcel.plan.scans[due.number], due.at)
    elif due.kind == "back":
        _scan(world, parcel, parcel.plan.way_back.scans[due.number], due.at)
    elif due.kind == "verdict":
        _decide_interception(world, parcel, parcel.interceptions[due.number], due.at)
    elif due.kind == "received":
        _receive(world, parcel, due.at)


def _scan(world: World, parcel: Parcel, scan: Scan, at: datetime) -> None:
    waybill = parcel.return_waybill or parcel.key
    done = DoneScan(
        at=at,
        waybill=waybill,
        action=scan.action,
        facility=scan.facility,
        city=scan.city,
        desc=scan.desc,
        delivery_outlet=scan.delivery_outlet,
    )
    parcel.scans.append(done)
    if waybill in parcel.subscribed:
        push_scan(world, parcel, done, scan.problem_code, scan.return_type)
    if scan.action == "RETURN_SCAN":
        parcel.return_waybill = scan.new_waybill or parcel.return_waybill
        _move_live(parcel, "PACKAGE_DELIVERING")
        if parcel.back_since is None:
            _turn_back(world, parcel, at)
    elif scan.action == "RETURN_SIGNED":
        _move_live(parcel, "INTERCEPT_DISCONTINUE")
    elif scan.action in SIGNED and parcel.back_since is None and parcel.plan.interception.result != "silent":
        _move_live(parcel, "INTERCEPT_FAIL")
    world.parcels.put(parcel)


def _move_live(parcel: Parcel, status: InterceptStatus) -> None:
    for interception in parcel.interceptions:
        if interception.status in LIVE:
            interception.status = status


def _turn_back(world: World, parcel: Parcel, at: datetime) -> None:
    """Begin the way back; the warehouse's minutes count from here."""
    parcel.back_since = at
    if parcel.plan.warehouse_after_min is not None:
        world.schedule(_after(at, parcel.plan.warehouse_after_min), "received", parcel.key)


@dataclass(frozen=True)
class InterceptWish:
    """A request to stop a parcel, through the courier's own API or through the platform."""

    merchant: str
    waybill: str
    request_id: str = ""
    third_biz_no: str = ""
    destination_type: str = "2"
    source: Literal["zto", "douyin"] = "zto"


def request_interception(world: World, wish: InterceptWish) -> Interception:
    """Ask the courier to stop a parcel. The same request id gets the same answer.

    Raises:
        Refused: with ZTO's own code.
    """
    parcel = world.find_parcel(wish.waybill)
    if parcel is None:
        raise Refused("E416", "运单号不存在")
    parcel.interception_requests += 1
    world.parcels.put(parcel)
    if parcel.merchant != wish.merchant:
        raise Refused("E23102", REFUSALS["E23102"])
    for interception in parcel.interceptions:
        if wish.request_id and interception.request_id == wish.request_id:
            return interception
    _refuse_interception(parcel, wish.source)
    interception = Interception(
        at=world.now(),
        request_id=wish.request_id,
        third_biz_no=wish.third_biz_no,
        centre_biz_no=f"LJ{world.next_number('intercept', first=26_000_001)}",
        destination_type=wish.destination_type,
        source=wish.source,
    )
    parcel.interceptions.append(interception)
    plan = parcel.plan.interception
    if plan.result in ("succeed", "fail"):
        number = len(parcel.interceptions) - 1
        world.schedule(_after(interception.at, plan.after_min), "verdict", parcel.key, number)
    return interception


def _refuse_interception(parcel: Parcel, source: str) -> None:
    result = parcel.plan.interception.result
    actions = {scan.action for scan in parcel.scans}
    live = [one for one in parcel.interceptions if one.status in LIVE]
    reasons = [
        (result.removeprefix("refuse:"), result.startswith("refuse:")),
        ("E23160", bool(live) and live[-1].source != source),
        ("E23121", bool(live)),
        ("E23101", bool(actions & SIGNED)),
        ("E23123", bool(actions & {"RETURN_SCAN", "RETURN_SIGNED"})),
        ("E23112", "INBOUND" in actions),
        ("E23120", "DISPATCH" in actions),
        ("E23137", any(scan.delivery_outlet for scan in parcel.scans)),
        ("E23119", not actions & PICKED_UP),
    ]
    for code, holds in reasons:
        if holds:
            raise Refused(code, REFUSALS.get(code, "业务规则不允许拦截"))


def cancel_interception(world: World, waybill: str, third_biz_no: str) -> None:
    """Withdraw an interception that is still being tried.

    Raises:
        Refused: there is none (E23131), or it is decided already (E23130).
    """
    parcel = world.find_parcel(waybill)
    mine = [one for one in parcel.interceptions if one.third_biz_no == third_biz_no] if parcel else []
    if parcel is None or not mine:
        raise Refused("E23131", "拦截单不存在")
    if mine[-1].status != "INTERCEPTING":
        raise Refused("E23130", "当前状态不是拦截中，不能取消")
    mine[-1].status = "INTERCEPT_CANCEL"
    world.parcels.put(parcel)


def _decide_interception(world: World, parcel: Parcel, interception: Interception, at: datetime) -> None:
    if interception.status != "INTERCEPTING":
        return
    if parcel.plan.interception.result == "fail":
        interception.status = "INTERCEPT_FAIL"
    else:
        interception.status = "INTERCEPT_SUCCESS"
        parcel.diverted = True
        _turn_back(world, parcel, at)
        for number, scan in enumerate(parcel.plan.way_back.scans):
            world.schedule(_after(at, scan.after_min), "back", parcel.key, number)
    world.parcels.put(parcel)


def _receive(world: World, parcel: Parcel, at: datetime) -> None:
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
            )
        )
        if parcel.plan.push_received:
            push_received(world, parcel, order, at)


def stage_of(parcel: Parcel) -> str:
    """Name where the parcel is, for the page and the truth."""
    actions = [scan.action for scan in parcel.scans]
    weightiest = [
        ("received", parcel.received_at is not None),
        ("returned", "RETURN_SIGNED" in actions),
        ("returning", "RETURN_SCAN" in actions),
        ("intercepted", parcel.diverted),
        ("signed", bool(SIGNED & set(actions))),
        ("waiting_for_pickup", not actions),
    ]
    return next((stage for stage, holds in weightiest if holds), "") or STAGES.get(actions[-1], "in_transit")
