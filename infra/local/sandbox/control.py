"""The control API: the demo, the tests and the seed make things happen in the outside world.

Input is validated field by field; errors are `{"error", "message", "details"}` with 400, 404 for an unknown id in
the path and 409 for what the world's state does not allow.
"""

from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.routing import Route

from infra.local.sandbox.accounts import Credentials
from infra.local.sandbox.control_door import BadInput, Line, read_body, routes_of
from infra.local.sandbox.control_parcels import ParcelControl
from infra.local.sandbox.delivery import Delivery
from infra.local.sandbox.gate import DEFAULT_DELAY_S
from infra.local.sandbox.orders import OrderSpec, ShipSpec, change_address, create_order, end_order, ship_order
from infra.local.sandbox.plans import Strict
from infra.local.sandbox.records import Fault, Merchant, Order, Refund, VendorName
from infra.local.sandbox.refunds import (
    BuyerShipsSpec,
    ModifySpec,
    PushSpec,
    RefundSpec,
    agree,
    buyer_ships,
    create_refund,
    force,
    modify,
    refuse,
    withdraw,
)
from infra.local.sandbox.truth import truth_of
from infra.local.sandbox.world import World


class TellSpec(Strict):
    push: bool = True


class FaultSpec(Strict):
    vendor: VendorName
    api: str = "*"
    kind: str = Field(pattern=r"^(timeout|timeout_after_effect|http_500|rate_limited|refuse:.+)$")
    times: int = Field(default=1, ge=1, le=10_000)
    delay_s: float = Field(default=DEFAULT_DELAY_S, ge=0, le=300)
    merchant: str | None = None


class Control:
    """The routes below `/control`, bound to one world."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    def routes(self) -> list[Route]:
        """List the routes."""
        table: list[Line] = [
            ("PUT", "/merchants/{id}", self.put_merchant),
            ("POST", "/orders", self.post_order),
            ("POST", "/orders/{id}/ship", self.ship),
            ("POST", "/orders/{id}/address", self.address),
            ("POST", "/orders/{id}/finish", self.finish),
            ("POST", "/orders/{id}/cancel", self.cancel),
            ("POST", "/refunds", self.post_refund),
            ("POST", "/refunds/{id}/{action}", self.act_on_refund),
            ("POST", "/faults", self.post_fault),
            ("GET", "/faults", self.get_faults),
            ("DELETE", "/faults", self.delete_faults),
            ("POST", "/tick", self.tick),
            ("GET", "/truth", self.truth),
            ("DELETE", "/world", self.reset),
        ]
        return [*routes_of(self._world, table), *ParcelControl(self._world).routes()]

    def _order(self, request: Request) -> Order:
        order = self._world.orders.get(request.path_params["id"])
        if order is None:
            raise BadInput(404, "unknown_order", f"no order {request.path_params['id']!r}")
        return order

    def _refund(self, request: Request) -> Refund:
        refund = self._world.refunds.get(request.path_params["id"])
        if refund is None:
            raise BadInput(404, "unknown_refund", f"no refund {request.path_params['id']!r}")
        return refund

    async def put_merchant(self, request: Request) -> dict[str, Any]:
        """Make a merchant known with all vendors' credentials; repeating it replaces them."""
        credentials = await read_body(request, Credentials)
        merchant = Merchant(key=request.path_params["id"], **credentials.model_dump())
        self._world.merchants.put(merchant)
        accounts = ("douyin", "zto", "kuaidi100", "jushuitan", "dingtalk", "selfbuilt", "chat")
        return {"merchant": merchant.key, "accounts": [name for name in accounts if getattr(merchant, name)]}

    async def post_order(self, request: Request) -> dict[str, Any]:
        """Create and pay an order."""
        order = create_order(self._world, await read_body(request, OrderSpec))
        return {"order": order.model_dump(mode="json")}

    async def ship(self, request: Request) -> dict[str, Any]:
        """Hand parcels over."""
        order = self._order(request)
        waybills = ship_order(self._world, order, await read_body(request, ShipSpec))
        return {"order": order.model_dump(mode="json"), "waybills": waybills}

    async def address(self, request: Request) -> dict[str, Any]:
        """Change the receiver's address."""
        order = self._order(request)
        change_address(self._world, order, (await read_body(request, TellSpec)).push)
        return {"order": order.model_dump(mode="json")}

    async def finish(self, request: Request) -> dict[str, Any]:
        """Let the buyer confirm the goods."""
        order = self._order(request)
        end_order(self._world, order, "finished", (await read_body(request, TellSpec)).push)
        return {"order": order.model_dump(mode="json")}

    async def cancel(self, request: Request) -> dict[str, Any]:
        """Let the platform cancel the order."""
        order = self._order(request)
        end_order(self._world, order, "cancelled", (await read_body(request, TellSpec)).push)
        return {"order": order.model_dump(mode="json")}

    async def post_refund(self, request: Request) -> dict[str, Any]:
        """Ask for money back."""
        refund = create_refund(self._world, await read_body(request, RefundSpec))
        return {"refund": refund.model_dump(mode="json")}

    async def act_on_refund(self, request: Request) -> dict[str, Any]:
        """Let buyer, merchant or platform do one of six things to a refund."""
        refund, world = self._refund(request), self._world
        match request.path_params["action"]:
            case "modify":
                modify(world, refund, await read_body(request, ModifySpec))
            case "withdraw":
                withdraw(world, refund, await read_body(request, PushSpec))
            case "agree_by_hand":
                spec = await read_body(request, PushSpec)
                agree(world, refund, "merchant_hand", spec.push, spec.copies)
            case "refuse_by_hand":
                refuse(world, refund, await read_body(request, PushSpec))
            case "force":
                force(world, refund, await read_body(request, PushSpec))
            case "buyer_ships":
                buyer_ships(world, refund, await read_body(request, BuyerShipsSpec))
            case other:
                raise BadInput(404, "unknown_action", f"no action {other!r}")
        return {"refund": refund.model_dump(mode="json")}

    async def post_fault(self, request: Request) -> dict[str, Any]:
        """Let the next calls of an API go wrong."""
        spec = await read_body(request, FaultSpec)
        fault = Fault(key=str(self._world.next_number("fault")), **spec.model_dump())
        self._world.faults.put(fault)
        return {"fault": fault.model_dump(mode="json")}

    async def get_faults(self, request: Request) -> dict[str, Any]:
        """List the faults that are still to strike."""
        return {"faults": [fault.model_dump(mode="json") for fault in self._world.faults]}

    async def delete_faults(self, request: Request) -> dict[str, Any]:
        """Call off every fault."""
        removed = len(self._world.faults)
        self._world.faults.clear()
        return {"removed": removed}

    async def tick(self, request: Request) -> dict[str, Any]:
        """Do everything due at simulated now."""
        delivered = await self._delivery.tick()
        next_at = self._world.next_due_at()
        return {
            "delivered": delivered,
            "now": self._world.now().isoformat(),
            "next_at": next_at.isoformat() if next_at else None,
        }

    async def truth(self, request: Request) -> dict[str, Any]:
        """Tell what really happened."""
        return truth_of(self._world)

    async def reset(self, request: Request) -> dict[str, Any]:
        """Forget the world; `?keep=merchants` keeps the credentials."""
        self._world.reset(keep_merchants=request.query_params.get("keep") == "merchants")
        return {"reset": True}
