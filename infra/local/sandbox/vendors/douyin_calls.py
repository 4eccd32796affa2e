"""What each call of the Douyin open API does: reading after-sales and orders, agreeing, intercepting, remarks.

Field names and nesting are those of real replies; ids are int64 or text exactly where the platform's are. Operate types
with evidence only: 101, 111, 201, 202.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from infra.local.sandbox.carriers import BY_CODE, CARRIERS
from infra.local.sandbox.interceptions import InterceptWish, request_interception
from infra.local.sandbox.records import Merchant, Order, Refund
from infra.local.sandbox.refunds import PushSpec, agree, note_operate, refuse
from infra.local.sandbox.vendors.douyin_documents import after_sale_detail, after_sale_list_item, order_detail
from infra.local.sandbox.views import AFTER_SALE_STATUSES, AFTER_SALE_TYPES
from infra.local.sandbox.world import Refused, World

STATUS_NOT_ALLOWED = "isv.business-failed:20309541"
STALE = "isv.business-failed:sandbox-stale-update-time"
NOT_FOUND = "isv.business-failed:sandbox-not-found"


class Param(BaseModel):
    """A `param_json`; text where text is due and numbers where numbers are."""

    model_config = ConfigDict(strict=True)


class DetailParam(Param):
    after_sale_id: str
    need_operation_record: bool = False


class ListParam(Param):
    page: int = Field(ge=0)
    size: int = Field(ge=1, le=100)
    order_id: str | None = None
    aftersale_id: str | None = None
    aftersale_type: int | None = None
    standard_aftersale_status: list[int] = []
    start_time: int | None = None
    end_time: int | None = None
    update_start_time: int | None = None
    update_end_time: int | None = None
    order_by: list[str] = []


class OperateItem(Param):
    aftersale_id: str
    update_time: int | None = None
    reason: str | None = None
    remark: str | None = None
    evidence: list[dict[str, Any]] = []
    logistics: dict[str, Any] | None = None
    reject_reason_code: int | None = None


class OperateParam(Param):
    type: int
    items: Annotated[list[OperateItem], Field(min_length=1, max_length=20)]
    store_id: int | None = None


class OrderParam(Param):
    shop_order_id: str


class SearchParam(Param):
    page: int = Field(ge=0)
    size: int = Field(ge=1, le=100)
    create_time_start: int = 0
    create_time_end: int = 2**53


class InterceptTarget(Param):
    company_code: str
    tracking_no: str


class InterceptParam(Param):
    after_sale_id: int
    op_from: int
    intercept_targets: Annotated[list[InterceptTarget], Field(min_length=1, max_length=50)]


class CancelSendParam(Param):
    aftersale_id: str
    op_time: int


class RemarkParam(Param):
    remark: str
    order_id: str | None = None
    after_sale_id: str | None = None


def _refund(world: World, merchant: Merchant, refund_id: str) -> Refund:
    refund = world.refunds.get(refund_id)
    if refund is None or refund.merchant != merchant.key or refund.platform != "douyin":
        raise Refused(NOT_FOUND, "售后单不存在")
    return refund


def _order(world: World, merchant: Merchant, order_id: str) -> Order:
    order = world.orders.get(order_id)
    if order is None or order.merchant != merchant.key or order.platform != "douyin":
        raise Refused(NOT_FOUND, "订单不存在")
    return order


def read_detail(world: World, merchant: Merchant, param: DetailParam) -> dict[str, Any]:
    refund = _refund(world, merchant, param.after_sale_id)
    return after_sale_detail(world, refund, _order(world, merchant, refund.order_id), param.need_operation_record)


def read_list(world: World, merchant: Merchant, param: ListParam) -> dict[str, Any]:
    """Page through after-sales, newest application first unless `order_by` says otherwise."""
    items = [after_sale_list_item(world, refund) for refund in world.refunds if _is_listed(refund, merchant, param)]
    items.sort(
        key=lambda item: (item["aftersale_info"]["apply_time"], item["aftersale_info"]["aftersale_id"]), reverse=True
    )
    for order in reversed(param.order_by):
        name, _, direction = order.partition(" ")
        if name in ("apply_time", "update_time", "status_deadline"):
            items.sort(key=lambda item: item["aftersale_info"][name], reverse=direction == "desc")
    start = param.page * param.size
    page = items[start : start + param.size]
    more = start + param.size < len(items)
    return {"items": page, "has_more": more, "total": len(items), "page": param.page, "size": len(page)}


def _is_listed(refund: Refund, merchant: Merchant, param: ListParam) -> bool:
    if refund.platform != "douyin" or refund.merchant != merchant.key:
        return False
    status, kind = _numbers_of(refund)
    applied_s = int(refund.applied_at.timestamp())
    return (
        param.order_id in (None, refund.order_id)
        and param.aftersale_id in (None, refund.key)
        and param.aftersale_type in (None, kind)
        and (not param.standard_aftersale_status or status in param.standard_aftersale_status)
        and (param.start_time is None or applied_s >= param.start_time)
        and (param.end_time is None or applied_s <= param.end_time)
        and (param.update_start_time is None or refund.update_s >= param.update_start_time)
        and (param.update_end_time is None or refund.update_s <= param.update_end_time)
    )


def _numbers_of(refund: Refund) -> tuple[int, int]:
    """Give Douyin's numbers for status and type."""
    return AFTER_SALE_STATUSES[refund.status], AFTER_SALE_TYPES[refund.kind]


def operate(world: World, merchant: Merchant, param: OperateParam) -> dict[str, Any]:
    """Agree or refuse; all items or none. A stale `update_time` and a status that does not wait are refused."""
    refunds = [_refund(world, merchant, item.aftersale_id) for item in param.items]
    how = f"operate:{param.type}"
    try:
        for refund, item in zip(refunds, param.items, strict=True):
            _check_operation(refund, item, param.type)
    except Refused as error:
        for refund in refunds:
            note_operate(world, refund, how, accepted=False, note=error.code)
        raise
    for refund in refunds:
        note_operate(world, refund, how, accepted=True)
        if param.type == 202:
            refuse(world, refund, PushSpec())
        else:
            agree(world, refund, "merchant_api")
    return {
        "items": [{"aftersale_id": int(refund.key), "status_code": 0, "status_msg": "操作成功"} for refund in refunds]
    }


def _check_operation(refund: Refund, item: OperateItem, kind: int) -> None:
    returns = refund.kind == "return_and_refund"
    allowed = {
        101: returns and refund.status == "waiting",
        111: returns and refund.status == "buyer_shipped",
        201: not returns and refund.status == "waiting",
        202: not returns and refund.status == "waiting",
    }
    if kind not in allowed:
        raise Refused("isv.parameter-invalid", f"type {kind} 不支持")
    if not allowed[kind]:
        raise Refused(STATUS_NOT_ALLOWED, "售后单当前状态不允许该操作")
    if item.update_time is not None and item.update_time != refund.update_s:
        raise Refused(STALE, "售后单信息已变更，请刷新后重试")
    if kind == 101 and not item.logistics:
        raise Refused("isv.parameter-invalid", "同意退货需要传入logistics")
    if kind == 202 and (item.reject_reason_code is None or not item.remark):
        raise Refused("isv.parameter-invalid", "拒绝需要传入reject_reason_code和remark")


def read_order(world: World, merchant: Merchant, param: OrderParam) -> dict[str, Any]:
    return {"shop_order_detail": order_detail(world, _order(world, merchant, param.shop_order_id))}


def search_orders(world: World, merchant: Merchant, param: SearchParam) -> dict[str, Any]:
    """Page through the shop's orders, the newest first."""
    mine = [
        order
        for order in world.orders
        if order.platform == "douyin"
        and order.merchant == merchant.key
        and param.create_time_start <= int(order.created_at.timestamp()) <= param.create_time_end
    ]
    mine.sort(key=lambda order: order.created_at, reverse=True)
    page = mine[param.page * param.size : (param.page + 1) * param.size]
    documents = [order_detail(world, order) for order in page]
    return {"shop_order_list": documents, "total": len(mine), "page": param.page, "size": param.size}


def intercept(world: World, merchant: Merchant, param: InterceptParam) -> dict[str, Any]:
    """Ask the platform to have the courier stop parcels; each target has a result of its own."""
    refund = _refund(world, merchant, str(param.after_sale_id))
    results = [_intercept_one(world, merchant, target) for target in param.intercept_targets]
    failed = [result for result in results if not result["is_success"]]
    return {
        "intercept_results": results,
        "success_count": len(results) - len(failed),
        "failed_count": len(failed),
        "unavailable_reason_code": failed[0]["unavailable_reason_code"] if len(failed) == 1 else 0,
        "unavailable_reason": failed[0]["unavailable_reason"] if len(failed) == 1 else "",
        "refund_amount": refund.amount_fen,
    }


def _intercept_one(world: World, merchant: Merchant, target: InterceptTarget) -> dict[str, Any]:
    result: dict[str, Any] = {
        "company_code": target.company_code,
        "company_name": CARRIERS[BY_CODE.get(target.company_code, "")].name,
        "tracking_no": target.tracking_no,
        "is_success": True,
        "can_intercept": True,
        "intercept_cost": 0,
        "settlement_mode": 1,
        "unavailable_reason_code": 0,
        "unavailable_reason": "",
    }
    try:
        if target.company_code != "zhongtong":
            raise Refused("E00001", "物流公司不支持拦截")
        wish = InterceptWish(merchant.key, target.tracking_no, destination_type="2", source="douyin")
        request_interception(world, wish)
    except Refused as error:
        code = int(error.code.removeprefix("E")) if error.code[1:].isdigit() else 1
        return result | {
            "is_success": False,
            "can_intercept": False,
            "unavailable_reason_code": code,
            "unavailable_reason": error.message,
        }
    return result


def cancel_send(world: World, merchant: Merchant, param: CancelSendParam) -> dict[str, Any]:
    """Take the merchant's word that an unshipped order was stopped: the platform refunds."""
    refund = _refund(world, merchant, param.aftersale_id)
    if refund.kind != "refund_only_unshipped" or refund.status != "waiting":
        note_operate(world, refund, "cancel_send", accepted=False, note=STATUS_NOT_ALLOWED)
        raise Refused(STATUS_NOT_ALLOWED, "售后单当前状态不允许该操作")
    if abs(world.now() - datetime.fromtimestamp(param.op_time, UTC)).days > 1:
        raise Refused("isv.parameter-invalid", "op_time应为当前unix时间戳，单位为秒")
    note_operate(world, refund, "cancel_send", accepted=True)
    agree(world, refund, "cancel_send_goods")
    return {}


def add_remark(world: World, merchant: Merchant, param: RemarkParam) -> dict[str, Any]:
    """Add the merchant's remark to an after-sale, else to an order."""
    if param.after_sale_id is not None:
        refund = _refund(world, merchant, param.after_sale_id)
        refund.remarks.append(param.remark)
        world.refunds.put(refund)
    elif param.order_id is not None:
        order = _order(world, merchant, param.order_id)
        order.remarks.append(param.remark)
        world.orders.put(order)
    else:
        raise Refused("isv.parameter-invalid", "order_id与after_sale_id二选一")
    return {}


CALLS: dict[str, tuple[type[Param], Callable[[World, Merchant, Any], dict[str, Any]]]] = {
    "afterSale/Detail": (DetailParam, read_detail),
    "afterSale/List": (ListParam, read_list),
    "afterSale/operate": (OperateParam, operate),
    "afterSale/applyLogisticsIntercept": (InterceptParam, intercept),
    "afterSale/CancelSendGoodsSuccess": (CancelSendParam, cancel_send),
    "afterSale/addOrderRemark": (RemarkParam, add_remark),
    "order/orderDetail": (OrderParam, read_order),
    "order/searchList": (SearchParam, search_orders),
}
