"""What Jushuitan's calls do: hold, cancel, and the three readers (orders, shipments, goods received back).

Bad habits kept: a hold fails per order inside an outer success; a cancel answers success whatever became of each order.
UNVERIFIED: the reply of `aftersale/received/query`. Only its path is published; io_id, so_id, l_id, io_date and items
are invented here in the manner of the neighbouring calls. Also simplified: a partly shipped order stays one ERP order
(`Delivering`) instead of being split.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from infra.local.sandbox.carriers import CARRIERS
from infra.local.sandbox.clock import beijing_text, parse_beijing
from infra.local.sandbox.orders import cancel_in_erp, hold_in_erp
from infra.local.sandbox.records import ErpOrder, ErpParcel, ErpReceipt, Line, Merchant
from infra.local.sandbox.world import Refused, World

SPAN_MAX = timedelta(days=7)
Ids = Annotated[list[str], Field(max_length=20)]


class HoldBiz(BaseModel):
    o_ids: list[int] = Field(default=[], max_length=50)
    so_ids: list[str] = Field(default=[], max_length=50)
    channel: str = "open"
    question_type: str = ""
    question_desc: str = ""


class CancelBiz(BaseModel):
    o_ids: list[int] = Field(min_length=1, max_length=50)
    cancel_type: str
    remark: str = ""


class QueryBiz(BaseModel):
    """The filters that the three readers share."""

    so_ids: Ids = []
    o_ids: Annotated[list[int], Field(max_length=20)] = []
    modified_begin: str | None = None
    modified_end: str | None = None
    status: str | None = None
    page_index: int = Field(default=1, ge=1)
    page_size: int = Field(default=30, ge=1, le=100)


class LogisticBiz(QueryBiz):
    page_size: int = Field(default=30, ge=1, le=50)


def _mine(world: World, merchant: Merchant) -> list[ErpOrder]:
    return [order for order in world.erp_orders if order.merchant == merchant.key]


def hold(world: World, merchant: Merchant, biz: HoldBiz) -> dict[str, Any]:
    """Mark orders as questions; each failure is told inside."""
    if bool(biz.o_ids) == bool(biz.so_ids):
        raise Refused("100", "o_ids与so_ids必须且只能传一个")
    mine = _mine(world, merchant)
    failures: list[dict[str, Any]] = []
    wanted: Sequence[int | str] = biz.o_ids or biz.so_ids
    for wish in wanted:
        found = [order for order in mine if wish in (int(order.key), order.so_id)]
        try:
            if not found:
                raise Refused("100", "订单不存在")
            for order in found:
                hold_in_erp(world, order, biz.question_type, biz.question_desc)
        except Refused as error:
            failures.append({"id": wish, "msg": error.message})
    return {"success": len(wanted) - len(failures), "fail": len(failures), "message": failures}


def cancel(world: World, merchant: Merchant, biz: CancelBiz) -> str:
    """Cancel by internal numbers; sent orders stay as they are and nobody is told."""
    mine = {int(order.key): order for order in _mine(world, merchant)}
    if any(o_id not in mine for o_id in biz.o_ids):
        raise Refused("100", "订单不存在")
    for o_id in biz.o_ids:
        cancel_in_erp(world, mine[o_id], biz.remark)
    return "执行成功"


def _window(biz: QueryBiz) -> tuple[datetime, datetime] | None:
    if biz.modified_begin is None or biz.modified_end is None:
        return None
    try:
        begin, end = parse_beijing(biz.modified_begin), parse_beijing(biz.modified_end)
    except ValueError:
        raise Refused("100", "时间格式应为yyyy-MM-dd HH:mm:ss") from None
    if not timedelta(0) <= end - begin <= SPAN_MAX:
        raise Refused("100", "时间间隔不能超过七天")
    return begin, end


def _require_filter(biz: QueryBiz) -> tuple[datetime, datetime] | None:
    window = _window(biz)
    if window is None and not biz.so_ids and not biz.o_ids:
        raise Refused("100", "单号与修改时间不能同时为空")
    return window


def _is_wanted(
    biz: QueryBiz, window: tuple[datetime, datetime] | None, so_id: str, o_id: int | None, at: datetime
) -> bool:
    whole_second = at.replace(microsecond=0)
    return (
        (not biz.so_ids or so_id in biz.so_ids)
        and (not biz.o_ids or o_id in biz.o_ids)
        and (window is None or window[0] <= whole_second <= window[1])
    )


def _page(biz: QueryBiz, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    start = (biz.page_index - 1) * biz.page_size
    return {
        "page_index": biz.page_index,
        "page_size": biz.page_size,
        "data_count": len(rows),
        "page_count": -(-len(rows) // biz.page_size),
        "has_next": start + biz.page_size < len(rows),
        name: rows[start : start + biz.page_size],
    }


def _yuan(fen: int) -> float:
    return fen / 100


def _items(lines: list[Line], key: str) -> list[dict[str, Any]]:
    return [
        {
            "oi_id": int(key) * 100 + number,
            "outer_oi_id": line.line_id,
            "sku_id": line.sku_id,
            "name": f"商品 {line.sku_id}",
            "qty": line.quantity,
            "amount": _yuan(line.amount_fen),
        }
        for number, line in enumerate(lines, start=1)
    ]


def read_orders(world: World, merchant: Merchant, biz: QueryBiz) -> dict[str, Any]:
    window = _require_filter(biz)
    rows = [
        _order_document(order)
        for order in _mine(world, merchant)
        if _is_wanted(biz, window, order.so_id, int(order.key), order.modified_at)
        and biz.status in (None, order.status)
    ]
    return _page(biz, "orders", rows)


def _order_document(order: ErpOrder) -> dict[str, Any]:
    last = order.parcels[-1] if order.parcels else None
    return {
        "o_id": int(order.key),
        "so_id": order.so_id,
        "shop_id": 10001,
        "status": order.status,
        "type": "普通订单",
        "link_o_id": "",
        "l_id": last.l_id if last else "",
        "lc_id": CARRIERS[last.carrier].erp if last else "",
        "logistics_company": CARRIERS[last.carrier].name if last else "",
        "send_date": beijing_text(last.sent_at) if last else "",
        "question_type": order.question_type,
        "question_desc": order.question_desc,
        "remark": order.remark,
        "pay_amount": _yuan(sum(line.amount_fen for line in order.lines)),
        "modified": beijing_text(order.modified_at),
        "items": _items(order.lines, order.key),
    }


def read_shipments(world: World, merchant: Merchant, biz: LogisticBiz) -> dict[str, Any]:
    """List parcels by the time they were sent; an order may have several."""
    window = _require_filter(biz)
    rows = [
        _shipment_document(order, parcel)
        for order in _mine(world, merchant)
        for parcel in order.parcels
        if _is_wanted(biz, window, order.so_id, int(order.key), parcel.sent_at)
    ]
    return _page(biz, "orders", rows)


def _shipment_document(order: ErpOrder, parcel: ErpParcel) -> dict[str, Any]:
    lines = [line for line in order.lines if line.line_id in parcel.line_ids]
    return {
        "o_id": int(order.key),
        "so_id": order.so_id,
        "send_date": beijing_text(parcel.sent_at),
        "l_id": parcel.l_id,
        "lc_id": CARRIERS[parcel.carrier].erp,
        "logistics_company": CARRIERS[parcel.carrier].name,
        "items": _items(lines, order.key),
    }


def read_received(world: World, merchant: Merchant, biz: LogisticBiz) -> dict[str, Any]:
    """List goods that the warehouse took back. UNVERIFIED fields, see the module's docstring."""
    window = _require_filter(biz)
    rows = [
        _receipt_document(receipt)
        for receipt in world.receipts
        if receipt.merchant == merchant.key and _is_wanted(biz, window, receipt.so_id, None, receipt.io_at)
    ]
    return _page(biz, "datas", rows)


def _receipt_document(receipt: ErpReceipt) -> dict[str, Any]:
    return {
        "io_id": int(receipt.key),
        "so_id": receipt.so_id,
        "l_id": receipt.l_id,
        "logistics_company": CARRIERS[receipt.carrier].name,
        "io_date": beijing_text(receipt.io_at),
        "status": "Confirmed",
        "modified": beijing_text(receipt.io_at),
        "items": _items(receipt.lines, receipt.key),
    }


CALLS: dict[str, tuple[type[BaseModel], Callable[[World, Merchant, Any], Any]]] = {
    "open/webapi/orderapi/questionorder/questions": (HoldBiz, hold),
    "open/jushuitan/orderbyoid/cancel": (CancelBiz, cancel),
    "open/orders/single/query": (QueryBiz, read_orders),
    "open/logistic/query": (LogisticBiz, read_shipments),
    "open/aftersale/received/query": (LogisticBiz, read_received),
}
