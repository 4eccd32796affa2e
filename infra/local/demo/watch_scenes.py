"""What happens to parcels while nobody asks for anything: they wait, stand still, vanish, turn round, go unwatched.

Hours count from the moment at which a scene's order is paid and shipped.
"""

from infra.local.demo.beginnings import FEN, by_desk
from infra.local.demo.cast import (
    ask,
    change_road,
    courier_writes,
    file_answer,
    order,
    send_back,
    ship,
    take,
    tracking,
)
from infra.local.demo.plans import Plan, way
from infra.local.demo.scenes import (
    ARRIVED,
    RETURNED,
    ChatEnd,
    Cue,
    ParcelEnd,
    RefundEnd,
    Scene,
    Sent,
    TicketEnd,
    WatchEnd,
)
from infra.local.demo.talk import answers, at_the_desks, ends, says
from shared.domain.tickets import Anomaly

BEGINS_MIN = 3.0  # the refunds' orders go first
PAID_FEN = 10_000  # the limits cost thirty yuan of it
WAITING = ParcelEnd(0, 0, 0, "waiting_for_pickup")
STALLS: Plan = way(
    (1, "picked_up"), (5, "in_transit"), (58, "arrived_in_city"), (70, "out_for_delivery"), (74, "delivered")
)
HOME: Plan = way((1, "picked_up"), (4, "in_transit"), (20, "out_for_delivery"), (22, "delivered"))
SENT_BACK_H = 26.0
STUCK, REJECTED = "件卡在转运中心，今日发出", "收件人电话停机，将退回"


def at(hours: float) -> float:
    """Give the minute of the afternoon."""
    return BEGINS_MIN + hours * 60


def shipped(plan: Plan, *more: Cue, fen: int = FEN, **road: object) -> tuple[Cue, ...]:
    """An order that is shipped at once, and what follows."""
    return (Cue(BEGINS_MIN, order(1, fen)), Cue(BEGINS_MIN, ship(plan, road=road)), *more)


def returned(plan: Plan, desk_h: float, *more: Cue) -> tuple[Cue, ...]:
    """Goods that arrive, and go back in a parcel of the buyer's own; the desk pays when they are counted in."""
    asks = ask(kind="return_and_refund", told="买家申请退货退款", deadline_h=400)
    sends = send_back(plan, parcel=3)
    return shipped(HOME, Cue(at(24), asks), Cue(at(SENT_BACK_H), sends), *more, by_desk("agree_by_hand", at(desk_h)))


WATCH_SCENES: tuple[Scene, ...] = (
    Scene(
        27,
        "never_picked_up",
        "未揽收：预警、升级、超时",
        "not picked up",
        shipped(way((29, "picked_up"), (30, "in_transit"), (44, "out_for_delivery"), (46, "delivered")), fen=PAID_FEN),
        {},
        {1: ARRIVED},
        carriers={1: "yto"},
        tickets=(TicketEnd(Anomaly.NOT_PICKED_UP, 18, 24, 29, 4, "pickup_24h", 3000),),
        watched={1: WatchEnd(work_orders=1)},
    ),
    Scene(
        28,
        "three_of_a_kind",
        "停滞三件：通知、免扰、偏远",
        "told, quiet, remote",
        (
            Cue(BEGINS_MIN, order(1, FEN)),
            Cue(BEGINS_MIN, order(2, FEN, told="买家付款（不收消息）", buyer_notices=False)),
            Cue(BEGINS_MIN, order(3, FEN, told="买家付款（新疆）", province="新疆维吾尔自治区")),
            *(Cue(BEGINS_MIN, ship(STALLS, orders=(number,))) for number in (1, 2, 3)),
            Cue(at(54), at_the_desks("买家在客服窗口：在吗", says("在吗", order=1), answers("lena"), ends())),
        ),
        {},
        dict.fromkeys((1, 2, 3), ARRIVED),
        platform="selfbuilt",
        carriers=dict.fromkeys((1, 2, 3), "sto"),
        tickets=tuple(TicketEnd(Anomaly.STALLED, 41, 53, 58, 4, "stalled_48h", number=number) for number in (1, 2)),
        watched={
            1: WatchEnd(work_orders=1, buyer_told=(Anomaly.STALLED,)),
            2: WatchEnd(work_orders=1),
            3: WatchEnd(),
        },
        chat=ChatEnd((Sent("agent", "default.open_parcel", "logistics", "lena", ("stalled",)),), told=((1, "agent"),)),
    ),
    Scene(
        29,
        "stalled_then_refunded",
        "停滞：快递答复回填；强退自动拦截",
        "forced while stalled",
        shipped(
            {
                **way((1, "picked_up"), (4, "in_transit")),
                "interception": {"result": "succeed", "after_min": 32},
                "way_back": {"scans": [{"after_min": 30, "action": "RETURN_SCAN", "desc": "快件退回"}]},
                "warehouse_after_min": 780,
            },
            Cue(at(44), courier_writes(STUCK)),
            Cue(at(54), ask(forced=True, told="平台强制退款")),
        ),
        {1: RefundEnd("recovered", paid_by="platform_forced", at_risk=True)},
        {1: RETURNED},
        tickets=(TicketEnd(Anomaly.STALLED, 40, 52, 54, 4, "stalled_48h", over="已转拦截", answer=STUCK),),
        watched={1: WatchEnd(work_orders=1)},
    ),
    Scene(
        30,
        "vanished",
        "再无轨迹：十天疑似丢件",
        "vanished",
        shipped(way((1, "picked_up"), (6, "in_transit"))),
        {},
        {1: ParcelEnd(0, 0, 0, "in_transit")},
        platform="selfbuilt",
        carriers={1: "yunda"},
        tickets=(
            TicketEnd(Anomaly.STALLED, 42, 54, None, 5, "stalled_48h"),
            TicketEnd(Anomaly.SUSPECTED_LOST, 198, 246, None, 5, "lost_10d"),
        ),
        watched={1: WatchEnd(work_orders=2, buyer_told=(Anomaly.STALLED, Anomaly.SUSPECTED_LOST))},
    ),
    Scene(
        31,
        "turned_back",
        "无退款自行退回，快递先有反馈：建单",
        "turned back unasked",
        shipped(
            way((1, "picked_up"), (4, "in_transit"), (20, "returning"), (40, "returned"), warehouse_after_min=1440),
            Cue(at(10), file_answer(REJECTED)),
            Cue(at(12), take(Anomaly.COURIER_ANSWER, "小王", text="已联系买家", closed=True)),
        ),
        {},
        {1: ParcelEnd(0, 0, 0, "received")},
        tickets=(
            TicketEnd(Anomaly.COURIER_ANSWER, 10, 10, 12, 2, over=""),
            TicketEnd(Anomaly.COMING_BACK, 20, 20, 44, 4),
        ),
        watched={1: WatchEnd()},
    ),
    Scene(
        32,
        "subscription_died",
        "订阅无声失效：续订，无误报",
        "a dead subscription",
        shipped(
            way((1, "picked_up"), (3, "in_transit"), (20, "arrived_at_hub"), (30, "in_transit"), (44, "delivered")),
            Cue(at(4), tracking("dies", "快递100不再推送，也未通知")),
        ),
        {},
        {1: ARRIVED},
        carriers={1: "yto"},
        watched={1: WatchEnd(subscriptions=2)},
    ),
    Scene(
        33,
        "subscription_aborted",
        "快递100放弃：重新订阅",
        "aborted by Kuaidi100",
        shipped(HOME, Cue(at(5), tracking("aborted", "快递100放弃跟踪", message="60天无变化"))),
        {},
        {1: ARRIVED},
        carriers={1: "jt"},
        watched={1: WatchEnd(subscriptions=2)},
    ),
    Scene(
        34,
        "wrong_carrier",
        "填错快递：预警前查实，自动纠正",
        "a wrong carrier",
        shipped(HOME, named="yunda"),
        {},
        {1: ARRIVED},
        carriers={1: "yto"},
        watched={1: WatchEnd(subscriptions=2)},
    ),
    Scene(
        35,
        "unnamed_carrier",
        "没填快递：识别，或建单再试",
        "no carrier named",
        (
            *shipped(HOME, named=""),
            Cue(BEGINS_MIN, order(2, FEN)),
            Cue(BEGINS_MIN, ship(HOME, orders=(2,), road={"named": "", "recognisable": False})),
            Cue(at(5), change_road("快递100收录了该号段", 2, recognisable=True)),
        ),
        {},
        {1: ARRIVED, 2: ARRIVED},
        platform="selfbuilt",
        carriers={1: "yunda", 2: "yunda"},
        tickets=(TicketEnd(Anomaly.CARRIER_UNKNOWN, 0, 0, 6, 4, number=2, carrier="unknown"),),
        watched={1: WatchEnd(), 2: WatchEnd(after_h=6)},
    ),
    Scene(
        36,
        "not_shipped_in_time",
        "付款未发货：预警、升级",
        "paid, not shipped",
        (Cue(BEGINS_MIN, order(1, PAID_FEN)), Cue(at(55), ship(HOME))),
        {},
        {1: ARRIVED},
        tickets=(TicketEnd(Anomaly.NOT_SHIPPED, 36, 48, 55, 4, "platform_ship_by", 3000, of_order=True),),
        watched={1: WatchEnd()},
    ),
    Scene(
        37,
        "return_not_sent",
        "退货未寄出：有人接手",
        "return not sent",
        returned(
            way((54, "picked_up"), (56, "in_transit"), (70, "delivered"), warehouse_after_min=60),
            100,
            Cue(at(71), take(Anomaly.RETURN_NOT_PICKED_UP, "小王", 3, "已电话提醒买家")),
        ),
        {1: RefundEnd("refunded", paid_by="merchant_hand")},
        {1: ARRIVED, 3: ParcelEnd(0, 0, 0, "received")},
        platform="selfbuilt",
        carriers={3: "yto"},
        tickets=(TicketEnd(Anomaly.RETURN_NOT_PICKED_UP, 62, 74, 80, 3, "return_pickup_48h", number=3),),
        watched={1: WatchEnd(), 3: WatchEnd()},
    ),
    Scene(
        38,
        "return_not_counted",
        "退货签收未入库：催仓库",
        "return not counted in",
        returned(way((1, "picked_up"), (4, "in_transit"), (20, "delivered"), warehouse_after_min=3600), 110),
        {1: RefundEnd("refunded", paid_by="merchant_hand")},
        {1: ARRIVED, 3: ParcelEnd(0, 0, 0, "received")},
        platform="selfbuilt",
        carriers={3: "jt"},
        tickets=(TicketEnd(Anomaly.RETURN_NOT_RECEIVED, 70, 94, 106, 4, "return_receipt_48h", number=3),),
        watched={1: WatchEnd(), 3: WatchEnd()},
    ),
    Scene(
        39,
        "delivery_failed",
        "派送不成功：通知买家",
        "delivery failed",
        shipped(
            way(
                (1, "picked_up"),
                (4, "in_transit"),
                (20, "out_for_delivery"),
                (22, "unreachable"),
                (28, "out_for_delivery"),
                (30, "delivered"),
            )
        ),
        {},
        {1: ARRIVED},
        platform="selfbuilt",
        carriers={1: "sto"},
        tickets=(TicketEnd(Anomaly.DELIVERY_FAILED, 22, 22, 28, 4),),
        watched={1: WatchEnd(work_orders=1, buyer_told=(Anomaly.DELIVERY_FAILED,))},
    ),
)
