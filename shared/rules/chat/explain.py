"""Why a session is where it is, in a sentence that the people at the desk read."""

from collections.abc import Iterator, Mapping

from shared.domain.conditions import FIELDS, AllOf, AnyOf, Condition, FieldKind, Not
from shared.domain.routing import DEFAULT, HANDED_OVER, Routing
from shared.domain.session import Routed
from shared.domain.tickets import ANOMALIES, Anomaly
from shared.rules.routing.replay import from_document

FIELD_NAMES: dict[str, str] = {
    "period": "买家阶段",
    "order_status": "订单状态",
    "order_age_days": "付款天数",
    "item": "咨询商品",
    "category": "商品类目",
    "price_fen": "订单金额",
    "hot": "热销商品",
    "buyer_tier": "买家等级",
    "buyer_tags": "买家标签",
    "channel": "渠道",
    "live_room": "直播间",
    "intent": "意图",
    "tone": "情绪",
    "negative_lines": "负面消息数",
    "repeated": "重复提问次数",
    "open_cases": "未结异常",
    "mode": "接待模式",
    "hour": "时刻",
    "weekday": "星期",
    "staffed": "有人在岗",
    "hops": "已转接次数",
}
VALUE_NAMES: dict[str, str] = {
    "no_order": "无订单", "pre_sale": "售前", "after_sale": "售后期内",
    "unknown": "未知", "paid": "已付款", "partly_shipped": "部分发货", "shipped": "已发货", "finished": "已完成",
    "cancelled": "已取消",
    "refund": "退款", "return": "退货", "exchange": "换货", "logistics": "物流", "urge_shipping": "催发货",
    "change_address": "改地址", "invoice": "发票", "quality": "质量", "price_difference": "差价", "payment": "支付",
    "product_question": "商品咨询", "greeting": "招呼", "other": "其他",
    "calm": "平静", "impatient": "急躁", "complaint": "投诉", "abusive": "辱骂",
    "assist": "智能辅助", "bot_first": "机器人优先", "bot_only": "纯机器人",
}  # fmt: skip
_DEFAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "bot_only": ("纯机器人接待时段", ()),
    "open_parcel": ("买家的包裹有未结异常", ("open_cases",)),
    "upset_buyer": ("买家情绪不满", ("tone", "negative_lines")),
    "repeated_question": ("买家重复提问", ("repeated",)),
    "hot_item": ("咨询热销商品", ("item",)),
    "high_price": ("订单金额较高", ("price_fen",)),
    "bot_first": ("机器人优先时段", ()),
    "after_sale": ("订单在售后期内", ("order_age_days",)),
    "pre_sale": ("售前咨询", ()),
    "first_group": ("未设置默认客服组", ()),
    "no_group": ("未设置客服组", ()),
}


def explain(routed: Routed, routing: Routing) -> str:
    """Say which rule sent the session where, and what it saw."""
    if routed.rule == HANDED_OVER:
        reason = routed.facts.get("reason")
        because = f"人工转交（{reason}）" if reason else "人工转交"
    else:
        because = _because(routed, routing)
    return f"{because}，{_whereto(routed, routing)}"


def _because(routed: Routed, routing: Routing) -> str:
    facts = from_document(routed.facts)._asdict()
    if routed.rule.startswith(DEFAULT):
        what, fields = _DEFAULTS.get(routed.rule.removeprefix(DEFAULT), (f"默认规则 {routed.rule}", ()))
    else:
        own = next((rule for rule in routing.rules if rule.rule == routed.rule), None)
        what, fields = f"命中规则「{routed.rule}」", tuple(dict.fromkeys(_fields(own.when))) if own else ()
    seen = "，".join(f"{FIELD_NAMES[name]}={_shown(name, facts)}" for name in fields)
    return f"{what}（{seen}）" if seen else what


def trouble_name(word: str) -> str:
    """Name what a buyer has open: a refund, or what is wrong with a parcel."""
    return ANOMALIES[Anomaly(word)].title if word in _ANOMALIES else VALUE_NAMES.get(word, word)


_ANOMALIES = frozenset(map(str, Anomaly))


def _whereto(routed: Routed, routing: Routing) -> str:
    if routed.agent:
        return f"转专属客服 {routed.agent}"
    if routed.group:
        group = routing.groups.get(routed.group)
        return f"转{group.title if group and group.title else routed.group}"
    return "由机器人接待"


def _fields(condition: Condition) -> Iterator[str]:
    match condition:
        case AllOf():
            parts: tuple[Condition, ...] = condition.all
        case AnyOf():
            parts = condition.any
        case Not():
            parts = (condition.not_,)
        case _:
            yield condition.field
            return
    for part in parts:
        yield from _fields(part)


def _shown(name: str, facts: Mapping[str, object]) -> str:
    value = facts[name]
    if name == "price_fen" and isinstance(value, int):
        return f"{value / 100:.2f}元"
    if FIELDS[name] is FieldKind.WORDS and isinstance(value, frozenset):
        return "、".join(trouble_name(word) if name == "open_cases" else word for word in sorted(value)) or "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    return VALUE_NAMES.get(str(value), str(value)) or "无"
