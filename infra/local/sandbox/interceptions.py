"""Requests to stop a parcel: what ZTO accepts, refuses with its own code, and decides later."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from infra.local.sandbox.parcels import LIVE, SIGNED, turn_back
from infra.local.sandbox.records import Interception, Parcel
from infra.local.sandbox.world import Refused, World

REFUSALS = {
    "E416": "运单号不存在",
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
    """Ask ZTO to stop a parcel. The same request id gets the same answer.

    Raises:
        Refused: with ZTO's own code.
    """
    parcel = world.find_parcel(wish.waybill)
    if parcel is None or parcel.carrier != "zto":
        raise Refused("E416", REFUSALS["E416"])
    parcel.interception_requests += 1
    world.parcels.put(parcel)
    if parcel.merchant != wish.merchant:
        raise Refused("E23102", REFUSALS["E23102"])
    for interception in parcel.interceptions:
        if wish.request_id and interception.request_id == wish.request_id:
            return interception
    _refuse(parcel, wish.source)
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
        world.schedule(interception.at + timedelta(minutes=plan.after_min), "verdict", parcel.key, number)
    return interception


def _refuse(parcel: Parcel, source: str) -> None:
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


def decide_interception(world: World, parcel: Parcel, number: int, at: datetime) -> None:
    """Let an interception come out as planned; a stopped parcel begins its way back."""
    interception = parcel.interceptions[number]
    if interception.status != "INTERCEPTING":
        return
    if parcel.plan.interception.result == "fail":
        interception.status = "INTERCEPT_FAIL"
    else:
        interception.status = "INTERCEPT_SUCCESS"
        parcel.diverted = True
        turn_back(world, parcel, at)
        for place, scan in enumerate(parcel.plan.way_back.scans):
            world.schedule(at + timedelta(minutes=scan.after_min), "back", parcel.key, place)
    world.parcels.put(parcel)
