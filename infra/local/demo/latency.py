"""How long from the door to the courier: the platform's message acknowledged, the interception requested."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from infra.local.demo.play import Played

ASKING = ("200", "206", "refund.created")  # the messages that tell of a refund first
REQUEST = "thirdcenter.createIntercept"


class Latency(NamedTuple):
    """The same distance on the machine's clock and on the simulated one."""

    real: timedelta
    simulated: timedelta


def latency_of(played: Played, refund_id: str, waybills: tuple[str, ...]) -> Latency | None:
    """Give the time from the first accepted message about a refund to the first request to stop one of its parcels."""
    told = [
        answer
        for push in played.pushes
        if push["about"] == refund_id and push["topic"] in ASKING
        for answer in push["answers"]
        if answer["accepted"]
    ]
    asked = [call for call in played.evidence.calls if call["api"] == REQUEST and _waybill(call) in waybills]
    if not told or not asked:
        return None
    first, call = told[0], asked[0]
    return Latency(_between(first, call, "real_at"), _between(first, call, "at"))


def _waybill(call: Any) -> str:
    body = call["request"]["body"]
    return str(body.get("billCode", "")) if isinstance(body, dict) else ""


def _between(first: Any, second: Any, name: str) -> timedelta:
    return datetime.fromisoformat(second[name]) - datetime.fromisoformat(first[name])
