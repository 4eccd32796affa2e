"""The answer to "why?", carried by every command and every ticket, and kept with every change that a person makes.

Facts have the names and values of the code, which are what programs and archives find; people read them in their own
words. What has none is shown as it is.
"""

from collections.abc import Mapping

from pydantic import Field

from shared.domain.record import Instant, Record

STAGES: Mapping[str, str] = {
    "unknown": "未知",
    "label_created": "已下单",
    "picked_up": "已揽收",
    "in_transit": "运输中",
    "arrived_at_hub": "到达中转",
    "out_for_delivery": "派送中",
    "held_at_pickup_point": "待取件",
    "delivery_failed": "派送不成功",
    "exception": "异常",
    "refused": "拒收",
    "damaged": "破损",
    "suspected_lost": "疑似丢失",
    "delivered": "已签收",
    "returning": "退回中",
    "returned": "已退回",
}
"""Where a parcel is, as people read it."""

REASONS: Mapping[str, str] = {
    **{f"too_late_{stage}": text for stage, text in STAGES.items()},
    "not_picked_up": "尚未揽收",
    "other_goods_inside": "内含其他商品",
    "not_worth_it": "低于起拦金额",
    "courier_failed": "快递未拦住",
    "courier_silent": "快递无回音",
    "delivered": "已签收",
    "order_incomplete": "订单资料不全",
}
"""Why a parcel was not stopped, or a refund not decided."""

_NAMES: Mapping[str, str] = {
    "agent": "客服",
    "amount_fen": "退款金额",
    "code": "代码",
    "command": "步骤",
    "deadline": "处理时限",
    "erp": "ERP",
    "exposure_fen": "预计损失",
    "forced_refund_at": "平台可直接退款",
    "group": "客服组",
    "heard_at": "最近轨迹",
    "is": "现申请",
    "kind": "售后类型",
    "left_fen": "可退余额",
    "level": "级别",
    "lines_not_shipped": "未发商品数",
    "order": "订单",
    "orders": "订单数",
    "outcome": "结果",
    "paid_at": "付款",
    "paid_fen": "实付",
    "parcels": "包裹数",
    "parcels_lost": "未追回包裹数",
    "phase": "进度",
    "price_fen": "商品价格",
    "progress": "拦截",
    "reason": "原因",
    "refund": "退款单",
    "refunded_at": "退款时间",
    "region": "收货地",
    "said": "查得快递",
    "source": "来源",
    "stage": "状态",
    "status": "售后状态",
    "text": "说明",
    "tries": "已试次数",
    "version": "策略版本",
    "was": "原申请",
    "waybill": "快递单号",
    "waybills": "单号数",
    "whole": "整单",
    "zone_assumed": "时区",
}
_KINDS = {"refund_only": "仅退款", "return_and_refund": "退货退款", "other": "其他"}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "stage": STAGES,
    "reason": REASONS,
    "progress": {"refused": "被拒", "failed": "失败", "released": "已放行"},
    "erp": {
        "cancelled": "已取消",
        "held": "已转异常",
        "label_printed": "已打单",
        "shipped": "已发货",
        "not_synced": "无此订单",
    },
    "kind": _KINDS,
    "was": _KINDS,
    "is": _KINDS,
    "status": {
        "pending": "待处理",
        "in_progress": "处理中",
        "refused": "已拒绝",
        "closed": "已关闭",
        "refunded": "已退款",
    },
    "phase": {
        "reading": "读取售后单",
        "awaiting_order": "回查订单",
        "stopping_order": "拦下订单",
        "stopping_parcels": "拦截包裹",
        "reviewing": "复核",
        "agreeing": "同意退款",
        "following": "追货",
        "by_hand": "人工",
        "closed": "已结",
    },
    "command": {
        "fetch_order": "回查订单",
        "read_refund": "读取售后单",
        "stop_order": "拦下订单",
        "agree_refund": "同意退款",
    },
    "outcome": {"withdrawn": "买家撤销", "refused": "商家拒绝"},
    "whole": {"True": "是", "False": "否"},
    "zone_assumed": {"yes": "按北京时间（快递未给）"},
}


def in_words(name: str, value: str | int) -> str:
    """Give the value of a fact as people read it: amounts in yuan, what has a word by its word."""
    if name.endswith("_fen"):
        return f"{int(value) / 100:.2f} 元"
    return _VALUES.get(name, {}).get(str(value), str(value))


class Why(Record):
    """The rule, the policy it came from, what it saw and where it drew the line."""

    rule: str
    policy_version: int
    facts: dict[str, str | int | None] = Field(default_factory=dict)
    threshold: str = ""

    @property
    def sentence(self) -> str:
        """What a person reads under a ticket; the rule has its own name, by which policies and logs know it."""
        known = {name: value for name, value in self.facts.items() if value not in (None, "")}
        seen = [
            f"{_NAMES.get(name, name)} {in_words(name, value)}" for name, value in known.items() if value is not None
        ]
        limit = [f"以 {self.threshold} 为限"] if self.threshold else []
        rule = f"规则 {self.rule}，策略第 {self.policy_version} 版"
        return "依据：" + "；".join(filter(None, ("，".join([*seen, *limit]), rule)))


class Origin(Record):
    """Who changed something, when and why. `by` is who AWS says it was: a person's role, or a stack."""

    by: str
    at: Instant
    why: str = ""

    @property
    def sentence(self) -> str:
        """What a person reads in a history."""
        return f"{self.at:%Y-%m-%d %H:%M} UTC  {self.by}  {self.why}".rstrip()
