"""Once an hour: every merchant's scorecard and report on its chats, and how late its couriers report and react."""

from typing import Any

from shared import wiring
from shared.workflows.fold_scores import fold_scores


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Read every parcel and session once and store what it all adds up to."""
    del event, context
    folded = fold_scores(wiring.scores(), wiring.routing_reports(), wiring.clock())
    wiring.telemetry().folded(folded.merchants, funnel_falls=folded.funnel_falls)
    wiring.telemetry().flush()
    return {"merchants": folded.merchants}
