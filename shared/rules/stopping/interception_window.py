"""May this parcel still be stopped where it is? After the first scan, before delivery begins."""

from shared.domain.decision import Objection
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.policy import Policy

_TOO_EARLY = (Stage.LABEL_CREATED,)
_OPEN = (
    Stage.UNKNOWN,  # we know nothing: the courier knows, and refuses where it is too late
    Stage.PICKED_UP,
    Stage.IN_TRANSIT,
    Stage.ARRIVED_AT_HUB,
    Stage.EXCEPTION,
    Stage.RETURNING,
)


def interception_window(parcel: ParcelCase, policy: Policy) -> Objection | None:
    """Object before the first scan (may pass) and from dispatch on (final)."""
    del policy
    stage = parcel.stage
    if stage in _OPEN:
        return None
    return Objection(
        rule="interception_window",
        code="not_picked_up" if stage in _TOO_EARLY else f"too_late_{stage}",
        facts={"stage": stage, "last_scan": parcel.last_scan.code if parcel.last_scan else None},
        threshold="首次扫描之后、派件之前",
        may_pass=stage in _TOO_EARLY,
    )
