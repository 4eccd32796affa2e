"""The documents that the Douyin open API gives out: after-sale detail and list item, order detail."""

from datetime import timedelta
from typing import Any

from infra.local.sandbox.carriers import CARRIERS
from infra.local.sandbox.clock import beijing_text, epoch_s
from infra.local.sandbox.parcels import SIGNED
from infra.local.sandbox.records import Line, Order, Refund
from infra.local.sandbox.views import AFTER_SALE_STATUSES, AFTER_SALE_TYPES, DOUYIN_ORDER_STATUSES, as_number
from infra.local.sandbox.world import World

TYPE_TEXTS = {0: "退货退款", 1: "已发货仅退款", 2: "未发货仅退款"}
SHIP_WITHIN = timedelta(hours=48)
STATUS_TEXTS = {6: "待商家处理", 7: "待买家退货", 11: "待商家收货", 12: "退款成功", 27: "商家已拒绝", 28: "售后关闭"}


def _deadline_s(refund: Refund) -> int:
    return epoch_s(refund.deadline_at) if refund.deadline_at and refund.status == "waiting" else 0


def _refund_status(refund: Refund) -> int:
    return 3 if refund.status == "refunded" else 1


def _got_package(world: World, refund: Refund) -> int:
    """1 when a parcel with the refund's line was signed and did not turn back."""
    for parcel in world.parcels_of(refund.order_id):
        mine = parcel.kind == "forward" and any(line.line_id == refund.line_id for line in parcel.lines)
        if mine and parcel.back_since is None and any(scan.action in SIGNED for scan in parcel.scans):
            return 1
    return 0


def _line(order: Order, line_id: str) -> Line:
    return next(line for line in order.lines if line.line_id == line_id)


def _known_logistics(order: Order, line_id: str) -> list[dict[str, Any]]:
    """The parcels of one line as far as the platform was told."""
    return [
        {
            "tracking_no": parcel.waybill,
            "company_name": CARRIERS[parcel.carrier].name,
            "company_code": CARRIERS[parcel.carrier].code,
            "logistics_time": epoch_s(parcel.shipped_at),
            "logistics_state": 0,
            "value_added_services": [],
        }
        for parcel in order.parcels
        if line_id in parcel.line_ids
    ]


def after_sale_detail(world: World, refund: Refund, order: Order, with_log: bool) -> dict[str, Any]:
    """`afterSale/Detail`: `process_info` and `order_info`."""
    info = {
        "after_sale_id": int(refund.key),
        "after_sale_status": AFTER_SALE_STATUSES[refund.status],
        "after_sale_status_desc": STATUS_TEXTS[AFTER_SALE_STATUSES[refund.status]],
        "after_sale_type": AFTER_SALE_TYPES[refund.kind],
        "after_sale_type_text": TYPE_TEXTS[AFTER_SALE_TYPES[refund.kind]],
        "refund_type": 0,
        "refund_status": _refund_status(refund),
        "refund_total_amount": refund.amount_fen,
        "refund_post_amount": 0,
        "real_refund_amount": refund.refunded_fen,
        "apply_time": epoch_s(refund.applied_at),
        "update_time": refund.update_s,
        "status_deadline": _deadline_s(refund),
        "reason": "不想要了",
        "reason_code": 1,
        "reason_remark": "",
        "evidence": [],
        "got_pkg": _got_package(world, refund),
        "risk_decsison_code": 0,
        "risk_decsison_reason": "",
        "aftersale_tags": [],
        "part_type": int(refund.amount_fen < _line(order, refund.line_id).amount_fen),
        "after_sale_order_type": 1,
    }
    back = {
        "tracking_no": refund.return_waybill,
        "company_code": CARRIERS[refund.return_carrier].code,
        "company_name": CARRIERS[refund.return_carrier].name,
        "logistics_time": epoch_s(refund.return_shipped_at) if refund.return_shipped_at else 0,
    }
    process = {
        "after_sale_info": info,
        "arbitrate_info": {"arbitrate_id": "0", "arbitrate_status": 0},
        "logistics_info": {"return": back, "order": _known_logistics(order, refund.line_id)},
        "after_sale_shop_remarks": [
            {
                "order_id": int(refund.order_id),
                "after_sale_id": int(refund.key),
                "remark": remark,
                "create_time": refund.update_s,
                "operator": "open",
            }
            for remark in refund.remarks
        ],
        "record_logs_list": _log(refund) if with_log else [],
    }
    order_info = {"shop_order_id": int(order.key), "sku_order_infos": [_sku_info(order, refund.line_id)]}
    return {"process_info": process, "order_info": order_info}


def _log(refund: Refund) -> list[dict[str, Any]]:
    return [
        {"operator": "商家", "time": beijing_text(call.at), "text": call.how, "action": call.how, "role": 2}
        for call in refund.operate_calls
        if call.accepted
    ]


def _sku_info(order: Order, line_id: str) -> dict[str, Any]:
    line = _line(order, line_id)
    return {
        "sku_order_id": int(line_id),
        "order_status": DOUYIN_ORDER_STATUSES[order.status],
        "pay_amount": line.amount_fen,
        "sku_pay_amount": line.amount_fen,
        "post_amount": 0,
        "item_quantity": line.quantity,
        "create_time": epoch_s(order.created_at),
        "product_name": f"商品 {line.sku_id}",
        "product_id": as_number(line.sku_id),
        "sku_id": as_number(line.sku_id),
        "shop_sku_code": line.sku_id,
        "pay_type": 1,
        "after_sale_item_count": line.quantity,
    }


def after_sale_list_item(world: World, refund: Refund) -> dict[str, Any]:
    """One item of `afterSale/List`; here ids are text."""
    order = world.orders.get(refund.order_id)
    line = _line(order, refund.line_id) if order else None
    info = {
        "aftersale_id": refund.key,
        "aftersale_order_type": 1,
        "aftersale_type": AFTER_SALE_TYPES[refund.kind],
        "aftersale_status": AFTER_SALE_STATUSES[refund.status],
        "related_id": refund.line_id,
        "apply_time": epoch_s(refund.applied_at),
        "create_time": epoch_s(refund.applied_at),
        "update_time": refund.update_s,
        "status_deadline": _deadline_s(refund),
        "refund_amount": refund.amount_fen,
        "refund_post_amount": 0,
        "refund_status": _refund_status(refund),
        "aftersale_num": line.quantity if line else 1,
        "got_pkg": _got_package(world, refund),
        "return_logistics_code": refund.return_waybill,
        "order_logistics": _known_logistics(order, refund.line_id) if order else [],
    }
    related = {"sku_order_id": refund.line_id, "aftersale_pay_amount": refund.amount_fen, "post_amount": 0}
    if order and line:
        related |= {
            "order_status": DOUYIN_ORDER_STATUSES[order.status],
            "pay_amount": line.amount_fen,
            "item_num": line.quantity,
            "shop_sku_code": line.sku_id,
        }
    order_info = {"shop_order_id": refund.order_id, "related_order_info": [related], "order_flag": 0}
    texts = {"aftersale_status_text": STATUS_TEXTS[AFTER_SALE_STATUSES[refund.status]], "reason_text": "不想要了"}
    return {"aftersale_info": info, "order_info": order_info, "text_part": texts, "seller_logs": []}


def order_detail(world: World, order: Order) -> dict[str, Any]:
    """`order/orderDetail`: the order with its sub orders and the parcels the platform knows."""
    merchant = world.merchants.get(order.merchant)
    shipped = {line_id: parcel for parcel in order.parcels for line_id in parcel.line_ids}
    ship_time = epoch_s(order.parcels[0].shipped_at) if order.parcels else 0
    return {
        "shop_id": int(merchant.douyin.shop_id) if merchant and merchant.douyin else 0,
        "order_id": order.key,
        "order_level": 2,
        "order_type": 0,
        "order_status": DOUYIN_ORDER_STATUSES[order.status],
        "main_status": DOUYIN_ORDER_STATUSES[order.status],
        "pay_time": epoch_s(order.created_at),
        "create_time": epoch_s(order.created_at),
        "update_time": epoch_s(order.updated_at),
        "finish_time": 0,
        "pay_type": 1,
        "order_amount": order.paid_fen,
        "pay_amount": order.paid_fen,
        "post_amount": 0,
        "exp_ship_time": epoch_s(order.created_at + SHIP_WITHIN),
        "ship_time": ship_time,
        "seller_words": "；".join(order.remarks),
        "post_addr": _address(order),
        "mask_post_addr": _address(order),
        "mask_post_receiver": "张*",
        "mask_post_tel": "1********17",
        "logistics_info": [
            {
                "tracking_no": parcel.waybill,
                "company": CARRIERS[parcel.carrier].code,
                "company_name": CARRIERS[parcel.carrier].name,
                "ship_time": epoch_s(parcel.shipped_at),
                "delivery_id": parcel.waybill,
                "product_info": [_product(line) for line in order.lines if line.line_id in parcel.line_ids],
            }
            for parcel in order.parcels
        ],
        "sku_order_list": [_sub_order(world, order, line, line.line_id in shipped) for line in order.lines],
    }


def _address(order: Order) -> dict[str, Any]:
    """Where the order goes; only the province stays readable."""
    return {"province": {"name": order.province, "id": ""}, "city": None, "town": None, "street": None, "detail": ""}


def _product(line: Line) -> dict[str, Any]:
    return {
        "sku_order_id": line.line_id,
        "product_count": line.quantity,
        "sku_id": as_number(line.sku_id),
        "outer_sku_id": line.sku_id,
        "product_name": f"商品 {line.sku_id}",
        "price": line.amount_fen // line.quantity,
    }


def _sub_order(world: World, order: Order, line: Line, shipped: bool) -> dict[str, Any]:
    status = 3 if shipped and order.status == "partly_shipped" else DOUYIN_ORDER_STATUSES[order.status]
    if order.status == "partly_shipped" and not shipped:
        status = 2
    refunds = [refund for refund in world.refunds if refund.order_id == order.key and refund.line_id == line.line_id]
    latest = refunds[-1] if refunds else None
    return {
        "order_id": line.line_id,
        "parent_order_id": order.key,
        "order_level": 3,
        "order_status": status,
        "order_amount": line.amount_fen,
        "pay_amount": line.amount_fen,
        "post_amount": 0,
        "item_num": line.quantity,
        "sku_id": as_number(line.sku_id),
        "out_sku_id": line.sku_id,
        "code": line.sku_id,
        "product_name": f"商品 {line.sku_id}",
        "after_sale_info": {
            "after_sale_status": AFTER_SALE_STATUSES[latest.status] if latest else 0,
            "after_sale_type": AFTER_SALE_TYPES[latest.kind] if latest else 0,
            "refund_status": _refund_status(latest) if latest else 0,
        },
    }
