"""How the control API reads bodies and words errors: `{"error", "message", "details"}`, field by field."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.sandbox.world import Refused, World

S = TypeVar("S", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Any]]
Line = tuple[Literal["GET", "PUT", "POST", "DELETE"], str, Handler]
CONFLICTS = {"exists", "status", "cancelled", "no_subscription", "no_work_order"}
BODY_MAX = 2_000_000


class BadInput(Exception):
    """The request cannot be understood; becomes a 400 or 404."""

    def __init__(self, status: int, error: str, message: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message, "details": details or []}


async def read_body(request: Request, model: type[S]) -> S:
    """Read a body that has to fit a model; no body is an empty one.

    Raises:
        BadInput: it does not fit.
    """
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


def routes_of(world: World, table: list[Line]) -> list[Route]:
    """Open a door for each line of a table; the state is saved after each call."""
    return [Route(f"/control{path}", _guarded(world, handle), methods=[method]) for method, path, handle in table]


def _guarded(world: World, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            document = await handle(request)
        except BadInput as error:
            return JSONResponse(error.body, error.status)
        except Refused as error:
            status = 409 if error.code in CONFLICTS else 400
            return JSONResponse({"error": error.code, "message": error.message, "details": []}, status)
        world.save()
        return JSONResponse(document)

    return endpoint
