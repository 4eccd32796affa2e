"""How people read what rules know: instants in the shop's zone, hours that are left, money in yuan, who is who."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.order import UNKNOWN_CARRIER
from shared.domain.roles import TITLES
from shared.domain.tickets import Anomaly

COURIERS = {
    "zto": "中通",
    "yto": "圆通",
    "sto": "申通",
    "yunda": "韵达",
    "sf": "顺丰",
    "jt": "极兔",
    "jdl": "京东",
    "ems": "邮政EMS",
    "deppon": "德邦",
    UNKNOWN_CARRIER: "未知快递",
}
BUYER_HALF = {
    Anomaly.STALLED: "您的包裹仍未恢复运输，我们还在向快递核实，最迟 {limit} 前给您处理结果。",
    Anomaly.PICKUP_POINT_OVERDUE: "您的包裹仍在自提点等候，请尽快取件；如不方便，请在 {limit} 前联系我们。",
    Anomaly.SUSPECTED_LOST: "您的包裹仍未找到，我们还在向快递核实，最迟 {limit} 前给您处理结果。",
    Anomaly.DELIVERY_FAILED: "您的包裹仍未重新派送，我们还在跟进，最迟 {limit} 前给您处理结果；请留意快递电话。",
}
"""What a buyer reads at half of the time that the shop gives itself: until when it means to have solved it."""

BUYER_CLOSE = {
    Anomaly.STALLED: "您的包裹已恢复运输，感谢您的耐心等待。",
    Anomaly.PICKUP_POINT_OVERDUE: "您的包裹已离开自提点，正在派送，请留意快递电话。",
    Anomaly.SUSPECTED_LOST: "您的包裹已找到，正在运输，感谢您的耐心等待。",
    Anomaly.DELIVERY_FAILED: "您的包裹已重新安排派送，请留意快递电话。",
}
BUYER_DELIVERED = "您的包裹已签收，感谢您的耐心等待；如非您或家人签收，请联系我们。"
BUYER_SETTLED = "您的包裹遇到的问题，客服已处理；如仍有疑问，请随时联系我们。"
_SPEAKERS: dict[str, str] = {
    **COURIERS,
    **{role.value: title for role, title in TITLES.items()},
    "kuaidi100": "快递100",
    "merchant": "商户",
}
_HOUR = timedelta(hours=1)
_NOTHING = 0.05  # hours, written as 0.0


def parcel_name(carrier: str, waybill: str) -> str:
    """Name a parcel: 中通 75312345678901."""
    return f"{COURIERS.get(carrier, carrier)} {waybill}"


def speaker(source: str) -> str:
    """Name who said something: a courier, a role, the shop itself; anybody else as they call themselves."""
    return _SPEAKERS.get(source, source)


def moment(at: datetime, zone: str) -> str:
    """Give an instant by the shop's clock: 11-12 18:00."""
    return f"{at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"


def hours(length: timedelta) -> str:
    """Give a length in hours: 24 小时, 2.5 小时."""
    return f"{round(length / _HOUR, 1):g} 小时"


def left(until: datetime, now: datetime) -> str:
    """Give the hours until a limit, or since it was broken."""
    gap = (until - now) / _HOUR
    if abs(gap) < _NOTHING:
        return "即到时限" if gap > 0 else "已到时限"
    return f"剩余 {gap:.1f} 小时" if gap > 0 else f"已超 {-gap:.1f} 小时"


def yuan(amount_fen: int) -> str:
    """Give money: 30.00 元."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d} 元"


def forced_refund(at: datetime, now: datetime, zone: str) -> str:
    """Say that a platform may pay for a parcel that stalls without asking the merchant."""
    return f"强制退款风险：{moment(at, zone)} 起平台可不经商家同意直接退款（{left(at, now)}）"
