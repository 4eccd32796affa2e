"""What a courier can say of a parcel, in the words of ZTO's push and of Kuaidi100's states.

A blank action: ZTO pushes nothing for it. No vendor has a code for a lost parcel, so that is a problem with a text.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, model_validator

ZtoAction = Literal[
    "",
    "GOT",
    "DEPARTURE",
    "ARRIVAL",
    "DISPATCH",
    "INBOUND",
    "HANDOVERSCAN_SIGNED",
    "DEPARTURE_SIGNED",
    "SIGNED",
    "PROBLEM",
    "RETURN_SCAN",
    "RETURN_SIGNED",
]
Stage = Literal[
    "ordered",
    "waiting_for_pickup",
    "picked_up",
    "in_transit",
    "arrived_at_hub",
    "arrived_in_city",
    "out_for_delivery",
    "held_at_pickup_point",
    "pickup_point_overdue",
    "delivered",
    "delivered_by_proxy",
    "collected",
    "not_signed_in_time",
    "not_updated",
    "refused",
    "rejected",
    "delivery_failed",
    "unreachable",
    "out_of_area",
    "held_up",
    "damaged",
    "suspected_lost",
    "cancelled",
    "returning",
    "returned",
]


class StageWords(NamedTuple):
    """ZTO's pushed action, Kuaidi100's state, its name, and a text where a scene gives none."""

    action: ZtoAction
    code: str
    name: str
    text: str


STAGES: Mapping[Stage, StageWords] = {
    "ordered": StageWords("", "101", "已下单", "商家已下单"),
    "waiting_for_pickup": StageWords("", "102", "待揽收", "等待快递员上门揽收"),
    "picked_up": StageWords("GOT", "103", "已揽收", "快件已揽收"),
    "in_transit": StageWords("DEPARTURE", "1002", "干线", "快件已发往下一站"),
    "arrived_at_hub": StageWords("ARRIVAL", "0", "在途", "快件已到达转运中心"),
    "arrived_in_city": StageWords("ARRIVAL", "1001", "到达派件城市", "快件已到达派件城市"),
    "out_for_delivery": StageWords("DISPATCH", "5", "派件", "快递员正在派件"),
    "held_at_pickup_point": StageWords("INBOUND", "501", "投柜或驿站", "快件已存放至驿站，请凭取件码领取"),
    "pickup_point_overdue": StageWords("", "205", "代收点超时未取", "快件在驿站超时未取"),
    "delivered": StageWords("SIGNED", "301", "本人签收", "快件已签收，签收人：本人"),
    "delivered_by_proxy": StageWords("HANDOVERSCAN_SIGNED", "303", "代签", "快件已投递，他人代签"),
    "collected": StageWords("DEPARTURE_SIGNED", "304", "投柜或站签收", "已凭取件码取出"),
    "not_signed_in_time": StageWords("", "201", "超时未签收", "快件超时未签收"),
    "not_updated": StageWords("", "202", "超时未更新", "快件超时未更新"),
    "refused": StageWords("PROBLEM", "203", "拒收", "收件人拒收快件"),
    "rejected": StageWords("PROBLEM", "14", "拒签", "收件人已拒签"),
    "delivery_failed": StageWords("PROBLEM", "204", "派件异常", "派送不成功"),
    "unreachable": StageWords("PROBLEM", "206", "无法联系", "派送不成功，无法联系收件人"),
    "out_of_area": StageWords("PROBLEM", "207", "超区", "收件地址超出派送范围"),
    "held_up": StageWords("PROBLEM", "208", "滞留", "快件滞留在网点"),
    "damaged": StageWords("PROBLEM", "209", "破损", "快件外包装破损，等待处理"),
    "suspected_lost": StageWords("PROBLEM", "2", "疑难", "快件疑似遗失，正在核实"),
    "cancelled": StageWords("", "210", "销单", "订单已取消"),
    "returning": StageWords("RETURN_SCAN", "6", "退回", "快件退回寄件人"),
    "returned": StageWords("RETURN_SIGNED", "4", "退签", "退回件已由寄件人签收"),
}
BY_ACTION: Mapping[str, Stage] = {
    "GOT": "picked_up",
    "DEPARTURE": "in_transit",
    "ARRIVAL": "arrived_at_hub",
    "DISPATCH": "out_for_delivery",
    "INBOUND": "held_at_pickup_point",
    "HANDOVERSCAN_SIGNED": "delivered_by_proxy",
    "DEPARTURE_SIGNED": "collected",
    "SIGNED": "delivered",
    "PROBLEM": "delivery_failed",
    "RETURN_SCAN": "returning",
    "RETURN_SIGNED": "returned",
}


def base_of(code: str) -> str:
    """Give Kuaidi100's base state of an advanced one: 1001 → 0, 206 → 2, 14 → 14."""
    return {4: "0", 3: code[0]}.get(len(code), code)


class Statement(BaseModel):
    """A scan in words: `action` or `stage`, the other one follows; by its stage alone it also gets the stage's text."""

    action: ZtoAction = ""
    stage: Stage = "in_transit"
    desc: str = ""
    reason: str = ""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        if not isinstance(data, dict) or {"action", "stage"} <= set(data):
            return data
        if data.get("action"):
            stage = BY_ACTION.get(str(data["action"]))
            return data | ({"stage": stage} if stage else {})
        words = STAGES.get(data.get("stage", ""))
        if words is None:
            raise ValueError(f"action or stage is needed, one of {', '.join([*BY_ACTION, *STAGES])}")
        reason = f"，{data['reason']}" if data.get("reason") else ""
        return data | {"action": words.action, "desc": data.get("desc") or words.text + reason}
