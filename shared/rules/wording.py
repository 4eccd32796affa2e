"""How people read what rules know: instants in the shop's zone, hours that are left, money in yuan, couriers."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.order import UNKNOWN_CARRIER

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
_HOUR = timedelta(hours=1)
_NOTHING = 0.05  # hours, written as 0.0


def parcel_name(carrier: str, waybill: str) -> str:
    """Name a parcel: 中通 75312345678901."""
    return f"{COURIERS.get(carrier, carrier)} {waybill}"


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
