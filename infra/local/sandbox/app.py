"""The sandbox as a web application: vendors, control API, logs and the page."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from infra.local.sandbox.control import Control
from infra.local.sandbox.delivery import Delivery
from infra.local.sandbox.gate import Vendor, VendorCall, VendorReply, answer
from infra.local.sandbox.page import render_page
from infra.local.sandbox.records import Call, VendorName
from infra.local.sandbox.vendors import chat, dingtalk, douyin, jushuitan, kuaidi100, selfbuilt, zto
from infra.local.sandbox.world import World

VENDORS: Mapping[VendorName, Vendor] = {
    "douyin": douyin,
    "zto": zto,
    "kuaidi100": kuaidi100,
    "jushuitan": jushuitan,
    "dingtalk": dingtalk,
    "selfbuilt": selfbuilt,
    "chat": chat,
}
TICK_EVERY_S = 1.0
LISTED_MAX = 1000
log = logging.getLogger("sandbox")


def build_app(world: World, webhook_base: str, client: httpx.AsyncClient, ticking: bool = True) -> Starlette:
    """Assemble the application; `ticking` lets time pass by itself once a second."""
    delivery = Delivery(world, webhook_base, client)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        ticker = asyncio.create_task(_tick_for_ever(delivery)) if ticking else None
        yield
        if ticker is not None:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker
        await client.aclose()
        world.save()

    routes = [
        *(_vendor_route(world, name, vendor) for name, vendor in VENDORS.items()),
        *Control(world, delivery).routes(),
        *_reading_routes(world),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _tick_for_ever(delivery: Delivery) -> None:
    while True:
        try:
            await delivery.tick()
        except Exception:  # one broken plan must not stop time for all others
            log.exception("tick failed")
        await asyncio.sleep(TICK_EVERY_S)


def _vendor_route(world: World, name: VendorName, vendor: Vendor) -> Route:
    async def endpoint(request: Request) -> Response:
        call = VendorCall(
            api=request.path_params["api"].strip("/"),
            method=request.method,
            headers={key.lower(): value for key, value in request.headers.items()},
            query=dict(request.query_params),
            body=await request.body(),
            now=world.now(),
        )
        reply: VendorReply = await answer(world, name, vendor, call)
        world.save()
        return JSONResponse(reply.body, reply.status)

    return Route(f"/{name}/{{api:path}}", endpoint, methods=["GET", "POST"])


def _reading_routes(world: World) -> list[Route]:
    async def calls(request: Request) -> Response:
        vendor, since = request.query_params.get("vendor"), request.query_params.get("since", "0")
        try:
            wanted = [call for call in world.calls if vendor in (None, call.vendor) and _is_later(call, since)]
        except ValueError:
            problem = {"field": "since", "problem": "a call's number or an ISO instant"}
            return JSONResponse({"error": "invalid", "message": "bad since", "details": [problem]}, 400)
        documents = [call.model_dump(mode="json") | {"id": int(call.key)} for call in wanted[:LISTED_MAX]]
        return JSONResponse({"calls": documents})

    async def pushes(request: Request) -> Response:
        vendor = request.query_params.get("vendor")
        wanted = [push for push in world.pushes if vendor in (None, push.vendor)]
        return JSONResponse({"pushes": [push.model_dump(mode="json") for push in wanted[-LISTED_MAX:]]})

    async def messages(_: Request) -> Response:
        return JSONResponse({"messages": [message.model_dump(mode="json") for message in world.messages]})

    async def health(_: Request) -> Response:
        return JSONResponse({"ok": True, "now": world.now().isoformat(), "merchants": len(world.merchants)})

    async def page(_: Request) -> Response:
        return HTMLResponse(render_page(world))

    return [
        Route("/calls", calls),
        Route("/pushes", pushes),
        Route("/messages", messages),
        Route("/health", health),
        Route("/", page),
    ]


def _is_later(call: Call, since: str) -> bool:
    """`since`: a call's number (later ones) or an ISO instant of simulated time (from then on)."""
    if since.isdigit():
        return int(call.key) > int(since)
    at = datetime.fromisoformat(since.replace(" ", "+"))
    return call.at >= at.astimezone()
