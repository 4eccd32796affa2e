"""What buyers do about parcels that stand still, with huhang and with people who look into a list once a day.

Both arms have the same parcels and the same buyers, and count the same two things:

    a complaint    a buyer asks because nothing has been heard of the parcel for longer than they bear
    a refund       what was asked about has not arrived when the buyer's patience with that is at its end, too

By hand, somebody lists each morning at ten what was silent for three days, and calls the courier; and calls whenever a
buyer asks. With huhang the courier is urged, and people call, when a ticket opens; half of the buyers who are told of
the trouble before they ask do not ask any more, though their patience runs out as before.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.parcel import Scan, Stage
from tests.simulation.fleet.fleet import STAFF_CALLS_AFTER, Travel
from tests.simulation.fleet.journeys import BEIJING, Journey

SILENT_FOR = timedelta(hours=72)
LISTED_AT = 10  # o'clock in Beijing


class Outcome(NamedTuple):
    """How one parcel ended for its buyer."""

    complained: bool
    refunded: bool


def outcome_of(journey: Journey, scans: Sequence[Scan], told_at: datetime | None) -> Outcome:
    """Say what the buyer does about a parcel that was scanned like this. `told_at`: when the shop spoke first."""
    asked_at = asks_at(journey, scans)
    if asked_at is None:
        return Outcome(complained=False, refunded=False)
    arrived_at = scans[-1].at if scans and scans[-1].stage is Stage.DELIVERED else None
    is_calmed = journey.calm and told_at is not None and told_at < asked_at
    wants_money_at = asked_at + journey.refund_patience
    return Outcome(complained=not is_calmed, refunded=arrived_at is None or arrived_at > wants_money_at)


def asks_at(journey: Journey, scans: Sequence[Scan]) -> datetime | None:
    """When the buyer has seen nothing new for too long; a parcel that waits to be fetched worries nobody."""
    seen = [(journey.shipped_at, None), *((scan.at, scan.stage) for scan in scans)]
    for (at, stage), (following, _) in zip(seen, [*seen[1:], (None, None)], strict=True):
        if stage in (Stage.HELD_AT_PICKUP_POINT, Stage.DELIVERED):
            continue
        if following is None or following - at > journey.patience:
            return at + journey.patience
    return None


def by_hand(journey: Journey) -> list[Scan]:
    """Give the scans of a parcel that only people look after."""
    travel = Travel(journey)
    since = journey.shipped_at
    while travel.next_at is not None or travel.is_stuck:
        if travel.is_stuck and not travel.helped:
            waits = travel.scans and travel.scans[-1].stage is Stage.HELD_AT_PICKUP_POINT
            calls = [_listed_at(since)] if waits else [_listed_at(since), since + journey.patience + STAFF_CALLS_AFTER]
            called_at = min(calls)
            if travel.next_at is None or called_at < travel.next_at:
                travel.help(called_at)
            if travel.next_at is None:
                break
        if travel.next_at is None:
            break
        since = travel.next_at
        step = journey.steps[len(travel.scans)]
        travel.scans.append(Scan(stage=step.stage, at=since, code=step.stage.value))
        travel.look_ahead(since)
    return travel.scans


def _listed_at(since: datetime) -> datetime:
    """Give the first morning at which the parcel is on the list of silent ones."""
    local = (since + SILENT_FOR).astimezone(BEIJING)
    at = local.replace(hour=LISTED_AT, minute=0, second=0, microsecond=0)
    return at if at >= local else at + timedelta(days=1)
