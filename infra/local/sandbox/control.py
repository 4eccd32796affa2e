"""The control API: the demo, the tests and the seed make things happen in the outside world.

Input is validated field by field; errors are `{"error", "message", "details"}` with 400, 404 for an unknown id in
the path and 409 for what the world's state does not allow.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.sandbox.delivery import Delivery
from infra.local.sandbox.gate import DEFAULT_DELAY_S
from infra.local.sandbox.orders import OrderSpec, ShipSpec, change_address, create_order, end_order, ship_order
from infra.local.sandbox.records import Credentials, Fault, Merchant, Order, Refund, Strict, VendorName
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
from infra.local.sandbox.world import Refused, World

S = TypeVar("S", bound=BaseModel)
CONFLICTS = {"exists", "status", "cancelled"}
BODY_MAX = 2_000_000


class TellSpec(Strict):
    push: bool = True


class FaultSpec(Strict):
    vendor: VendorName
    api: str = "*"
    kind: str = Field(pattern=r"^(timeout|timeout_after_effect|http_500|rate_limited|refuse:.+)$")
    times: int = Field(default=1, ge=1, le=10_000)
    delay_s: float = Field(default=DEFAULT_DELAY_S, ge=0, le=300)
    merchant: str | None = None


class BadInput(Exception):
    """The request cannot be understood; becomes a 400 or 404."""

    def __init__(self, status: int, error: str, message: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message, "details": details or []}


async def _read(request: Request, model: type[S]) -> S:
    raw = await request.body()
    if len(raw) > BODY_MAX:
        raise BadInput(400, "too_large", f"at most {BODY_MAX} bytes")
    try:
        return model.model_validate(json.loads(raw) if raw.strip() else {})
    except ValidationError as error:
        details = [
            {"field": ".".join(map(str, one["loc"])) or "(body)", "problem": one["msg"]} for one in error.errors()
        ]
        raise BadInput(400, "invalid", "the body does not fit", details) from None
    except (ValueError, RecursionError):
        raise BadInput(400, "invalid_json", "the body is not JSON") from None


class Control:
    """The routes below `/control`, bound to one world."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    def routes(self) -> list[Route]:
        """List the routes."""
        table: list[tuple[Literal["GET", "PUT", "POST", "DELETE"], str, Callable[[Request], Awaitable[Any]]]] = [
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
        return [Route(f"/control{path}", self._guarded(handle), methods=[method]) for method, path, handle in table]

    def _guarded(self, handle: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                document = await handle(request)
            except BadInput as error:
                return JSONResponse(error.body, error.status)
            except Refused as error:
                status = 409 if error.code in CONFLICTS else 400
                return JSONResponse({"error": error.code, "message": error.message, "details": []}, status)
            self._world.save()
            return JSONResponse(document)

        return endpoint

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
        credentials = await _read(request, Credentials)
        merchant = Merchant(key=request.path_params["id"], **credentials.model_dump())
        self._world.merchants.put(merchant)
        accounts = ("douyin", "zto", "jushuitan", "dingtalk", "selfbuilt")
        return {"merchant": merchant.key, "accounts": [name for name in accounts if getattr(merchant, name)]}

    async def post_order(self, request: Request) -> dict[str, Any]:
        """Create and pay an order."""
        order = create_order(self._world, await _read(request, OrderSpec))
        return {"order": order.model_dump(mode="json")}

    async def ship(self, request: Request) -> dict[str, Any]:
        """Hand parcels over."""
        order = self._order(request)
        waybills = ship_order(self._world, order, await _read(request, ShipSpec))
        return {"order": order.model_dump(mode="json"), "waybills": waybills}

    async def address(self, request: Request) -> dict[str, Any]:
        """Change the receiver's address."""
        order = self._order(request)
        change_address(self._world, order, (await _read(request, TellSpec)).push)
        return {"order": order.model_dump(mode="json")}

    async def finish(self, request: Request) -> dict[str, Any]:
        """Let the buyer confirm the goods."""
        order = self._order(request)
        end_order(self._world, order, "finished", (await _read(request, TellSpec)).push)
        return {"order": order.model_dump(mode="json")}

    async def cancel(self, request: Request) -> dict[str, Any]:
        """Let the platform cancel the order."""
        order = self._order(request)
        end_order(self._world, order, "cancelled", (await _read(request, TellSpec)).push)
        return {"order": order.model_dump(mode="json")}

    async def post_refund(self, request: Request) -> dict[str, Any]:
        """Ask for money back."""
        refund = create_refund(self._world, await _read(request, RefundSpec))
        return {"refund": refund.model_dump(mode="json")}

    async def act_on_refund(self, request: Request) -> dict[str, Any]:
        """Let buyer, merchant or platform do one of six things to a refund."""
        refund, world = self._refund(request), self._world
        match request.path_params["action"]:
            case "modify":
                modify(world, refund, await _read(request, ModifySpec))
            case "withdraw":
                withdraw(world, refund, await _read(request, PushSpec))
            case "agree_by_hand":
                spec = await _read(request, PushSpec)
                agree(world, refund, "merchant_hand", spec.push, spec.copies)
            case "refuse_by_hand":
                refuse(world, refund, await _read(request, PushSpec))
            case "force":
                force(world, refund, await _read(request, PushSpec))
            case "buyer_ships":
                buyer_ships(world, refund, await _read(request, BuyerShipsSpec))
            case other:
                raise BadInput(404, "unknown_action", f"no action {other!r}")
        return {"refund": refund.model_dump(mode="json")}

    async def post_fault(self, request: Request) -> dict[str, Any]:
        """Let the next calls of an API go wrong."""
        spec = await _read(request, FaultSpec)
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
