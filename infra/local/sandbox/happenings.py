"""What was planned comes true: scans, reports, verdicts, receipts, news of subscriptions, deadlines."""

from infra.local.sandbox.interceptions import decide_interception
from infra.local.sandbox.parcels import make_scan, receive
from infra.local.sandbox.records import Due, Parcel
from infra.local.sandbox.refunds import meet_deadline
from infra.local.sandbox.subscriptions import look_again, report, tell_news
from infra.local.sandbox.world import Refused, World


def happen(world: World, due: Due) -> None:
    """Let one planned thing come true; pushes are the delivery's."""
    match due.kind:
        case "deadline":
            meet_deadline(world, due.subject, due.at)
        case "news":
            tell_news(world, due.subject, due.at)
        case "watch":
            look_again(world, due.subject, due.at)
        case _:
            _happen_to(world, _require(world, due.subject), due)


def _require(world: World, waybill: str) -> Parcel:
    parcel = world.parcels.get(waybill)
    if parcel is None:
        raise Refused("E416", f"运单号不存在 {waybill}")
    return parcel


def _happen_to(world: World, parcel: Parcel, due: Due) -> None:
    if due.kind == "report":
        report(world, parcel, parcel.scans[due.number], due.at)
    elif due.kind == "verdict":
        decide_interception(world, parcel, due.number, due.at)
    elif parcel.stalled:
        return  # what was planned for this time never happens
    elif due.kind == "scan" and not parcel.diverted:
        make_scan(world, parcel, parcel.plan.scans[due.number], due.at)
    elif due.kind == "back":
        make_scan(world, parcel, parcel.plan.way_back.scans[due.number], due.at)
    elif due.kind == "received":
        receive(world, parcel, due.at)
