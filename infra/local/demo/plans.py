"""What will become of the demo's parcels. Minutes count from shipping; those of the way back from its beginning."""

from typing import Any

Plan = dict[str, Any]

NEW_NUMBER = "?"  # the cast fills it in
VERDICT_MIN = 32  # after the request
DAY_MIN = 24 * 60


def scan(after_min: float, action: str, desc: str = "", **more: Any) -> Plan:
    """One scan."""
    return {"after_min": after_min, "action": action, "desc": desc, **more}


PICKED_UP = (scan(5, "GOT", "已揽收"), scan(10, "DEPARTURE", "已发往转运中心"))
DELIVERED = (scan(1200, "DISPATCH", "派件中"), scan(1320, "SIGNED", "已签收"))
"""Next morning, unless the parcel is stopped before."""


def back(warehouse_after_min: float | None = 780.0, new_number: str | None = None, signed: bool = True) -> Plan:
    """The way back: scanned half an hour later, signed for next morning, counted an hour after that."""
    scans = [scan(30, "RETURN_SCAN", "快件退回", new_waybill=new_number)]
    scans += [scan(720, "RETURN_SIGNED", "退回件已签收")] if signed else []
    return {"way_back": {"scans": scans}, "warehouse_after_min": warehouse_after_min}


def road(
    *scans: Plan,
    result: str = "succeed",
    after_min: float = VERDICT_MIN,
    delivered: tuple[Plan, ...] = DELIVERED,
    **more: Any,
) -> Plan:
    """A parcel that was picked up and will be delivered, and what the courier will say to an interception."""
    return {
        "scans": [*PICKED_UP, *scans, *delivered],
        "interception": {"result": result, "after_min": after_min},
        **(back() if result == "succeed" else {}),
        **more,
    }


STOPPED = road()
STOPPED_LATE = road(after_min=120)
RENUMBERED = road(**back(new_number=NEW_NUMBER))
FORGOTTEN = road(**back(warehouse_after_min=7 * DAY_MIN + 120.0, new_number=NEW_NUMBER, signed=False))
TOLD_BY_API = road(push_received=True)
AT_THE_DOOR = road(scan(20, "DISPATCH", "派件中"), delivered=(scan(240, "SIGNED", "已签收"),))
AT_THE_OUTLET = road(scan(15, "ARRIVAL", "到达派件网点", delivery_outlet=True))
NOT_STOPPED = road(delivered=(scan(300, "SIGNED", "已签收"),), result="fail")
SILENT = road(delivered=(scan(430, "SIGNED", "已签收"),), result="silent")
ARRIVED = road(scan(15, "DISPATCH", "派件中"), delivered=(scan(20, "SIGNED", "已签收"),))
PRINTED = {**road(), "scans": [scan(60, "GOT", "已揽收"), scan(65, "DEPARTURE", "已发往转运中心"), *DELIVERED]}
"""The label is printed at once, the courier takes the parcel an hour later."""


def way(*points: tuple[float, str], **more: Any) -> Plan:
    """A way in hours and stages: nothing but these scans will ever come."""
    return {"scans": [{"after_min": hours * 60, "stage": stage} for hours, stage in points], **more}
