"""What will become of a parcel, as a scene or a test plans it."""

from pydantic import BaseModel, ConfigDict, Field

from infra.local.sandbox.stages import Statement


class Strict(BaseModel):
    """A document from outside: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class Scan(Strict, Statement):
    """A scan that is planned: minutes after the parcel left, or after the way back began."""

    after_min: float = Field(default=0, ge=0)
    facility: str = "杭州示例网点"
    city: str = "杭州市"
    problem_code: str = ""
    return_type: str = ""
    delivery_outlet: bool = False  # an ARRIVAL here makes an interception too late (E23137)
    new_waybill: str | None = None  # RETURN_SCAN only: the way back goes on under this number
    delay_min: float | None = Field(default=None, ge=0)  # so much later than it happens it is told; None: the parcel's


class InterceptionPlan(Strict):
    result: str = Field(default="succeed", pattern=r"^(succeed|fail|silent|refuse:E\d{5})$")
    after_min: float = Field(default=60, ge=0)


class WayBack(Strict):
    scans: list[Scan] = [
        Scan(after_min=30, action="RETURN_SCAN", desc="快件退回"),
        Scan(after_min=1440, action="RETURN_SIGNED", desc="退回件已签收"),
    ]


class ParcelPlan(Strict):
    """What will become of a parcel; minutes count from shipping, those of the way back from its beginning.

    A buyer's return parcel reaches the warehouse's books `warehouse_after_min` after it was signed for.
    """

    scans: list[Scan] = []
    interception: InterceptionPlan = InterceptionPlan()
    way_back: WayBack = WayBack()
    warehouse_after_min: float | None = Field(default=None, ge=0)
    push_received: bool = False  # also push `return.received` through the self-built door
