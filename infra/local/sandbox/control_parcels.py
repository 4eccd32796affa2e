"""The control API of parcels and of the subscriptions to their numbers."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.routing import Route

from infra.local.sandbox.control_door import BadInput, read_body, routes_of
from infra.local.sandbox.parcels import make_scan
from infra.local.sandbox.plans import Scan, Strict
from infra.local.sandbox.records import Parcel, Tracker
from infra.local.sandbox.subscriptions import NO_RECORD, correct, end, give_up, push_history
from infra.local.sandbox.tracking_records import Subscription, Written
from infra.local.sandbox.truth import Asked, parcel_truth
from infra.local.sandbox.world import Refused, World


class ScanSpec(Scan):
    """A scan that happens now, or happened `ago_min` ago and is told of now, whatever the parcel's delay."""

    after_min: float = Field(default=0, ge=0, le=0)
    ago_min: float = Field(default=0, ge=0)


class StallSpec(Strict):
    stalled: bool = True


class RoadChange(Strict):
    """What is not named stays as it is."""

    phone_tail: str | None = Field(default=None, pattern=r"^(\d{4})?$")
    delay_min: float | None = Field(default=None, ge=0)
    recognisable: bool | None = None


class SubscriptionSpec(Strict):
    """What becomes of the subscriptions to a number. All but `dies` and `revives` is known of Kuaidi100 only.

    `dies`: pushes stop, nobody is told, queries still know the truth. `revives`: they flow again by themselves.
    """

    happens: Literal["dies", "revives", "aborted", "shut_down", "corrected", "repeated"]
    tracker: Tracker | None = None
    message: str = NO_RECORD


class WorkOrderSpec(Strict):
    """What a courier's people write under the latest work order; `closed`: and they have no more to say."""

    text: str = Field(min_length=1)
    closed: bool = False


class ParcelControl:
    """The routes below `/control/parcels`, bound to one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """List the routes."""
        return routes_of(
            self._world,
            [
                ("GET", "/parcels/{waybill}", self.get_parcel),
                ("POST", "/parcels/{waybill}", self.change),
                ("POST", "/parcels/{waybill}/scan", self.scan),
                ("POST", "/parcels/{waybill}/stall", self.stall),
                ("POST", "/parcels/{waybill}/subscription", self.subscription),
                ("POST", "/parcels/{waybill}/work_order", self.work_order),
            ],
        )

    def _parcel(self, request: Request) -> Parcel:
        parcel = self._world.find_parcel(request.path_params["waybill"])
        if parcel is None:
            raise BadInput(404, "unknown_parcel", f"no parcel {request.path_params['waybill']!r}")
        return parcel

    def _answer(self, parcel: Parcel) -> dict[str, Any]:
        self._world.parcels.put(parcel)
        return {"parcel": parcel_truth(parcel, Asked(self._world))}

    async def get_parcel(self, request: Request) -> dict[str, Any]:
        """Tell the truth about one parcel."""
        return self._answer(self._parcel(request))

    async def change(self, request: Request) -> dict[str, Any]:
        """Change how a parcel can be tracked from now on."""
        parcel, spec = self._parcel(request), await read_body(request, RoadChange)
        for name, value in spec.model_dump(exclude_none=True).items():
            setattr(parcel, name, value)
        return self._answer(parcel)

    async def scan(self, request: Request) -> dict[str, Any]:
        """Let a scan happen now, outside of the plan."""
        parcel, spec, now = self._parcel(request), await read_body(request, ScanSpec), self._world.now()
        told_at = now if spec.ago_min else None
        make_scan(self._world, parcel, spec, now - timedelta(minutes=spec.ago_min), told_at)
        return self._answer(parcel)

    async def stall(self, request: Request) -> dict[str, Any]:
        """Let nothing happen that was planned; what falls into that time never does."""
        parcel = self._parcel(request)
        parcel.stalled = (await read_body(request, StallSpec)).stalled
        return self._answer(parcel)

    async def subscription(self, request: Request) -> dict[str, Any]:
        """Decide what becomes of the subscriptions to a number; there need not be such a parcel."""
        waybill, spec = request.path_params["waybill"], await read_body(request, SubscriptionSpec)
        wanted = "dead" if spec.happens == "revives" else "alive"
        kuaidi100_only = spec.happens not in ("dies", "revives")
        mine = [
            one
            for one in self._world.subscriptions_to(waybill)
            if one.status == wanted
            and spec.tracker in (None, one.tracker)
            and (one.tracker == "kuaidi100" or not kuaidi100_only)
        ]
        if not mine:
            raise Refused("no_subscription", f"no subscription to {waybill!r} is {wanted}")
        for one in mine:
            self._let_happen(one, spec)
        listed = self._world.subscriptions_to(waybill)
        return {"subscriptions": [one.model_dump(mode="json", exclude={"salt"}) for one in listed]}

    async def work_order(self, request: Request) -> dict[str, Any]:
        """Let the courier's people answer the latest work order about a number."""
        waybill, spec = request.path_params["waybill"], await read_body(request, WorkOrderSpec)
        mine = [order for order in self._world.work_orders if order.waybill == waybill]
        if not mine:
            raise Refused("no_work_order", f"nobody has asked about {waybill!r}")
        order = max(mine, key=lambda one: one.at)
        order.written.append(Written(at=self._world.now(), text=spec.text))
        order.closed = spec.closed
        self._world.work_orders.put(order)
        return {"work_order": order.model_dump(mode="json", exclude={"param"})}

    def _let_happen(self, one: Subscription, spec: SubscriptionSpec) -> None:
        world, now = self._world, self._world.now()
        match spec.happens:
            case "dies":
                end(world, one, "dead", now)
            case "revives":
                one.status, one.ended_at = "alive", None
                world.subscriptions.put(one)
            case "aborted":
                give_up(world, one, spec.message, now)
            case "shut_down":
                end(world, one, "shut_down", now)
                push_history(world, one, now, "shutdown")
            case "corrected":
                correct(world, one, now)
            case "repeated":
                push_history(world, one, now, "updateall")
