"""Refunds and parcels on the page: what money and goods have come to."""

from datetime import datetime
from html import escape

from infra.local.sandbox.carriers import CARRIERS
from infra.local.sandbox.clock import beijing_text
from infra.local.sandbox.parcels import SIGNED, stage_of
from infra.local.sandbox.records import DoneScan, Interception, Parcel, Refund
from infra.local.sandbox.stages import STAGES as WORDS
from infra.local.sandbox.world import World

ROWS_SHOWN = 30
STATUSES = {
    "waiting": ("go", "待商家处理", "waiting for merchant"),
    "returning": ("go", "待买家退货", "waiting for return"),
    "buyer_shipped": ("go", "买家已寄回", "buyer shipped back"),
    "refunded": ("ok", "已退款", "refunded"),
    "closed": ("", "已关闭", "closed"),
    "refused": ("bad", "已拒绝", "refused"),
}
KINDS = {
    "refund_only_shipped": ("仅退款（已发货）", "refund only, shipped"),
    "refund_only_unshipped": ("仅退款（未发货）", "refund only, unshipped"),
    "return_and_refund": ("退货退款", "return and refund"),
}
PAYERS = {
    "merchant_api": ("接口同意", "by API"),
    "merchant_hand": ("人工同意", "by hand"),
    "cancel_send_goods": ("取消发货", "shipment cancelled"),
    "platform_forced": ("平台强退", "forced by platform"),
    "platform_deadline": ("超时自动", "deadline passed"),
}
STAGES = {
    "waiting_for_pickup": ("", "待揽收", "waiting for pickup"),
    "picked_up": ("go", "已揽收", "picked up"),
    "in_transit": ("go", "运输中", "in transit"),
    "out_for_delivery": ("warn", "派送中", "out for delivery"),
    "at_pickup_point": ("warn", "待取件", "at pickup point"),
    "problem": ("bad", "问题件", "problem"),
    "signed": ("", "已签收", "signed"),
    "intercepted": ("ok", "已拦截", "intercepted"),
    "returning": ("warn", "退回中", "returning"),
    "returned": ("ok", "已退回", "returned"),
    "received": ("ok", "仓库已收", "received by warehouse"),
}
ACTIONS = {
    "GOT": "揽收",
    "DEPARTURE": "发件",
    "ARRIVAL": "到件",
    "DISPATCH": "派件",
    "INBOUND": "入站",
    "HANDOVERSCAN_SIGNED": "签收",
    "DEPARTURE_SIGNED": "取件",
    "SIGNED": "签收",
    "RETURN_SCAN": "退回扫描",
    "RETURN_SIGNED": "退回签收",
}
INTERCEPTS = {
    "INTERCEPTING": ("拦截中", "trying"),
    "INTERCEPT_SUCCESS": ("拦截成功", "stopped"),
    "INTERCEPT_FAIL": ("拦截失败", "failed"),
    "INTERCEPT_CANCEL": ("拦截取消", "withdrawn"),
    "PACKAGE_DELIVERING": ("拦截成功", "stopped"),
    "INTERCEPT_DISCONTINUE": ("拦截成功", "stopped"),
}


def _pair(zh: str, en: str) -> str:
    return f"{escape(zh)} <span class='en'>{escape(en)}</span>"


def _tag(look: str, zh: str, en: str) -> str:
    return f"<span class='tag {look}'>{zh} · {en}</span>"


def render_refunds(world: World) -> str:
    """Show the latest refunds, the newest on top."""
    heads = [("退款单", "refund"), ("金额", "amount"), ("状态", "status"), ("类型", "kind"), ("截止", "deadline")]
    head = "".join(f"<th>{_pair(zh, en)}</th>" for zh, en in heads)
    rows = "".join(_refund_row(refund) for refund in reversed(list(world.refunds)[-ROWS_SHOWN:]))
    body = (
        f"<table class='refunds'><tr>{head}</tr>{rows}</table>"
        if rows
        else "<p class='none'>还没有退款 · no refunds yet</p>"
    )
    return f"<section><h2>退款 <span class='en'>refunds, as the platform has them</span></h2>{body}</section>"


def _refund_row(refund: Refund) -> str:
    payer = f"<br><small>{' · '.join(PAYERS[refund.refunded_by])}</small>" if refund.refunded_by in PAYERS else ""
    twice = f" <span class='tag bad'>×{refund.effects}</span>" if refund.effects > 1 else ""
    deadline = beijing_text(refund.deadline_at)[5:16] if refund.deadline_at else "—"
    zh, en = KINDS[refund.kind]
    return (
        f"<tr><td>{escape(refund.key)}<br><small>订单 order {escape(refund.order_id)}</small></td>"
        f"<td class='nowrap'>¥{refund.amount_fen // 100}.{refund.amount_fen % 100:02d}</td>"
        f"<td>{_tag(*STATUSES[refund.status])}{twice}{payer}</td>"
        f"<td class='nowrap'>{zh}<br><small>{en}</small></td><td class='nowrap'>{deadline}</td></tr>"
    )


def render_parcels(world: World) -> str:
    """Show the latest parcels with their time lines, the newest on top."""
    cards = "".join(_parcel(parcel) for parcel in reversed(list(world.parcels)[-ROWS_SHOWN:]))
    body = cards or "<p class='none'>还没有包裹 · no parcels yet</p>"
    return f"<section><h2>包裹 <span class='en'>parcels</span></h2>{body}</section>"


def _parcel(parcel: Parcel) -> str:
    orders = "、".join(dict.fromkeys(escape(line.order_id) for line in parcel.lines))
    back = f" → {escape(parcel.return_waybill)}" if parcel.return_waybill else ""
    stops = [("", "发货", "shipped", parcel.shipped_at)]
    stops += [_scan_stop(scan) for scan in parcel.scans]
    stops += [("catch", *_asked(one), one.at) for one in parcel.interceptions]
    if parcel.received_at:
        stops.append(("end", "仓库收货", "received", parcel.received_at))
    stops.sort(key=lambda stop: stop[3])
    line = "".join(
        f"<div class='stop {look}'>{zh}<span class='en'>{en}<br>{beijing_text(at)[5:16]}</span></div>"
        for look, zh, en, at in stops
    )
    name, way = CARRIERS[parcel.carrier].name, " 买家退货 return" if parcel.kind == "buyer_return" else ""
    stalled = _tag("bad", "停滞", "stalled") if parcel.stalled else ""
    return (
        f"<div class='parcel'><b>{escape(parcel.key)}</b>{back} {_tag(*STAGES[stage_of(parcel)])}{stalled} "
        f"<small>{name}{way}</small> "
        f"<small>订单 order {orders}</small><div class='line'>{line}</div></div>"
    )


def _scan_stop(scan: DoneScan) -> tuple[str, str, str, datetime]:
    look = "back" if scan.action.startswith("RETURN") else "end" if scan.action in SIGNED else ""
    return look, ACTIONS.get(scan.action) or WORDS[scan.stage].name, scan.stage.replace("_", " "), scan.at


def _asked(interception: Interception) -> tuple[str, str]:
    zh, en = INTERCEPTS[interception.status]
    return f"请求拦截（{zh}）", f"asked to stop: {en}"
