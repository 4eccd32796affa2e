"""Who works at a merchant's board, and which of its routes each role may use. What stands nowhere here is refused."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """A kind of work in a shop, each with a token of its own."""

    PRESALES = "presales"
    AFTERSALES = "aftersales"
    FINANCE = "finance"
    WAREHOUSE = "warehouse"
    OPERATIONS = "operations"
    SPECIALIST = "specialist"
    DIRECTOR = "director"
    OWNER = "owner"

    @property
    def text(self) -> str:
        """What the shop calls it."""
        return TITLES[self]

    @property
    def token_name(self) -> str:
        """Under which name its token stands in the merchant's account `board`."""
        return f"token_{self}"


TITLES: Mapping[Role, str] = {
    Role.PRESALES: "售前",
    Role.AFTERSALES: "售后",
    Role.FINANCE: "财务",
    Role.WAREHOUSE: "仓储",
    Role.OPERATIONS: "运营",
    Role.SPECIALIST: "专员",
    Role.DIRECTOR: "总监",
    Role.OWNER: "服务1号位",
}

_LEADERS = frozenset((Role.DIRECTOR, Role.OWNER))
_DESKS = _LEADERS | {Role.AFTERSALES, Role.SPECIALIST}

ALLOWED: Mapping[str, frozenset[Role]] = {
    "GET /v1/merchants/{merchant_id}/tickets": frozenset(Role) - {Role.PRESALES},
    "GET /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}": frozenset(Role),
    "GET /v1/merchants/{merchant_id}/scores": _LEADERS | {Role.OPERATIONS, Role.WAREHOUSE, Role.FINANCE},
    "GET /v1/merchants/{merchant_id}/sources": _LEADERS | {Role.OPERATIONS},
    "GET /v1/merchants/{merchant_id}/routing": _LEADERS | {Role.OPERATIONS, Role.PRESALES},
    "GET /v1/merchants/{merchant_id}/transfers": _LEADERS | {Role.OPERATIONS, Role.PRESALES},
    "GET /v1/merchants/{merchant_id}/sessions/{channel}/{session_id}": _DESKS | {Role.OPERATIONS, Role.PRESALES},
    "POST /v1/merchants/{merchant_id}/tickets/{kind}/{case_id}/{anomaly}/take": _DESKS | {Role.WAREHOUSE},
    "POST /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}/answers": _DESKS,
    "POST /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}/troubles": _DESKS | {Role.WAREHOUSE, Role.PRESALES},
}
"""Per route of the board's API, as the gateway names it. A merchant's own `token` is none of these: it may do all."""


def may_use(role: Role | None, route: str) -> bool:
    """Whether a role may use a route; None is the merchant itself."""
    return role is None or role in ALLOWED.get(route, frozenset())
