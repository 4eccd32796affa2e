"""The documents that Kuaidi100 gives out: a parcel's history as a query's answer and as a push's `param`.

`resultv2`: without it a line has time and text only; 1 adds the area and the base state's name; 4 adds advanced names
and codes. The state itself is advanced where the manual shows it so (501), else its base.
"""

from typing import Any

from infra.local.sandbox.clock import beijing_text
from infra.local.sandbox.people import rider_of
from infra.local.sandbox.records import DoneScan
from infra.local.sandbox.stages import STAGES, base_of

BASE_NAMES = {
    "0": "在途",
    "1": "揽收",
    "2": "疑难",
    "3": "签收",
    "4": "退签",
    "5": "派件",
    "6": "退回",
    "7": "转投",
    "14": "拒签",
}


def code_of(scan: DoneScan) -> str:
    """Give the advanced state of a scan."""
    return STAGES[scan.stage].code


def is_over(scans: list[DoneScan]) -> bool:
    """Tell whether the newest scan ends the way: signed by the receiver, or by the sender."""
    return bool(scans) and base_of(code_of(scans[0])) in ("3", "4")


def history_of(scans: list[DoneScan], company: str, waybill: str, resultv2: str) -> dict[str, Any]:
    """Write the whole history: a push's `lastResult`, or the answer to a query."""
    return {
        "message": "ok",
        "state": _state(scans, resultv2),
        "status": "200",
        "condition": "F00" if is_over(scans) else "00",
        "ischeck": str(int(is_over(scans))),
        "com": company,
        "nu": waybill,
        "data": [_line(scan, resultv2) for scan in scans],
    }


def _state(scans: list[DoneScan], resultv2: str) -> str:
    code = code_of(scans[0]) if scans else "0"
    return code if code == "501" and resultv2 == "4" else base_of(code)


def _rider(scan: DoneScan) -> str:
    """Say who is at the door, as couriers do."""
    rider = rider_of(scan.waybill)
    return f"，派件员：{rider.name}，电话：{rider.phone}" if scan.stage == "out_for_delivery" else ""


def _line(scan: DoneScan, resultv2: str) -> dict[str, str]:
    text, words = beijing_text(scan.at), STAGES[scan.stage]
    line = {"time": text, "ftime": text, "context": f"[{scan.city}]{scan.desc or words.text}{_rider(scan)}"}
    if resultv2 == "4":
        return line | {
            "status": words.name,
            "statusCode": words.code,
            "areaName": scan.city,
            "location": scan.city,
        }
    if resultv2:
        return line | {"status": BASE_NAMES[base_of(words.code)], "areaName": scan.city}
    return line
