"""What is wrong with an order or parcel, as a ticket that stays one ticket until it is over."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from shared.domain.record import Fen, Id, Instant, Record
from shared.domain.roles import Role


class Anomaly(StrEnum):
    """What is wrong. A case has at most one ticket of each kind at a time."""

    NOT_SHIPPED = "not_shipped"
    NOT_PICKED_UP = "not_picked_up"
    NOT_MOVING = "not_moving"
    STALLED = "stalled"
    DELIVERY_SLOW = "delivery_slow"
    PICKUP_POINT_OVERDUE = "pickup_point_overdue"
    LATE = "late"
    SUSPECTED_LOST = "suspected_lost"
    RETURN_NOT_PICKED_UP = "return_not_picked_up"
    RETURN_STALLED = "return_stalled"
    RETURN_NOT_RECEIVED = "return_not_received"
    DELIVERY_FAILED = "delivery_failed"
    REFUSED = "refused"
    RETURN_REFUSED = "return_refused"
    DAMAGED = "damaged"
    COMING_BACK = "coming_back"
    WRONG_NUMBER = "wrong_number"
    CARRIER_UNKNOWN = "carrier_unknown"
    UNWATCHED = "unwatched"
    MIS_SHIPPED = "mis_shipped"
    WRONG_ADDRESS = "wrong_address"
    COURIER_ANSWER = "courier_answer"


class BuyerMoment(StrEnum):
    """When a buyer hears of trouble."""

    OPEN = "open"  # its limit is broken
    HALF = "half"  # half of the time to solve it has passed
    CLOSE = "close"  # it is over


class Category(StrEnum):
    """The everyday logistics problems of an after-sales desk."""

    OVERDUE = "overdue"  # 逾期不达
    LOST = "lost"  # 包裹丢失
    LABEL = "label"  # 面单错误
    CONTENT = "content"  # 错发漏发
    ADDRESS = "address"  # 地址不符


OWNERS: Mapping[Category, str] = {Category.LABEL: "operations", Category.CONTENT: "warehouse"}
"""Which group hears of a category where the policy names none; of the others, and where it has no robot, the desk."""


class Text(NamedTuple):
    """A kind of ticket as people read it. An empty `buyer` means that the buyer is not told."""

    category: Category
    title: str
    advice: str
    buyer: str = ""


ANOMALIES: dict[Anomaly, Text] = {
    Anomaly.NOT_SHIPPED: Text(Category.OVERDUE, "付款后未发货", "请仓库立即发货；无货请联系买家协商。"),
    Anomaly.NOT_PICKED_UP: Text(Category.OVERDUE, "已发货未揽收", "请联系网点上门揽收，或确认包裹已交接。"),
    Anomaly.NOT_MOVING: Text(Category.OVERDUE, "揽收后无走件", "请催网点发出；平台会判定虚假发货。"),
    Anomaly.STALLED: Text(
        Category.OVERDUE,
        "在途停滞",
        "请催促快递查件，并主动联系买家。",
        "您的包裹在途中停留较久，我们已联系快递核实，会持续跟进直到送达。",
    ),
    Anomaly.DELIVERY_SLOW: Text(Category.OVERDUE, "派送超时", "请联系派件员确认派送时间。"),
    Anomaly.PICKUP_POINT_OVERDUE: Text(
        Category.OVERDUE,
        "驿站滞留",
        "请提醒买家取件，必要时改派。",
        "您的包裹已在自提点等候多时，请尽快取件，以免被退回。",
    ),
    Anomaly.LATE: Text(Category.OVERDUE, "到货时长超出目标", "请关注派送进度，影响物流体验分。"),
    Anomaly.SUSPECTED_LOST: Text(
        Category.LOST,
        "疑似丢件",
        "请快递查件并准备理赔，与买家协商补发或退款。",
        "您的包裹可能在运输中遗失，我们正在核实，并会尽快给您补发或退款方案。",
    ),
    Anomaly.RETURN_NOT_PICKED_UP: Text(Category.OVERDUE, "退货未揽收", "请联系买家确认已寄出，核对退货单号。"),
    Anomaly.RETURN_STALLED: Text(Category.OVERDUE, "退货在途停滞", "请催促快递查件。"),
    Anomaly.RETURN_NOT_RECEIVED: Text(Category.OVERDUE, "退货已签收未入库", "请仓库核对是否收到，并尽快入库。"),
    Anomaly.DELIVERY_FAILED: Text(
        Category.ADDRESS,
        "派送不成功",
        "请与买家确认电话和地址，再通知快递重派。",
        "快递未能把包裹送到您手中，请留意快递电话，或告诉我们方便的时间和地址。",
    ),
    Anomaly.REFUSED: Text(Category.ADDRESS, "买家拒收", "请与买家确认原因，准备接收退件。"),
    Anomaly.RETURN_REFUSED: Text(Category.ADDRESS, "退货被拒收", "请仓库核实拒收原因，联系快递重派，并告知买家。"),
    Anomaly.DAMAGED: Text(Category.LOST, "包裹破损", "请快递出具证明并理赔，与买家协商补发或退款。"),
    Anomaly.COMING_BACK: Text(Category.ADDRESS, "包裹自行退回，未见退款申请", "请联系快递与买家，避免错退。"),
    Anomaly.WRONG_NUMBER: Text(Category.LABEL, "单号查无记录", "请核对快递公司与单号。"),
    Anomaly.CARRIER_UNKNOWN: Text(Category.LABEL, "无法识别快递公司", "请在订单中补充快递公司。"),
    Anomaly.UNWATCHED: Text(Category.LABEL, "物流订阅失效", "系统暂时收不到该包裹的轨迹，请检查授权或人工查询。"),
    Anomaly.MIS_SHIPPED: Text(Category.CONTENT, "错发漏发", "请核对拣货记录，与买家协商补发。"),
    Anomaly.WRONG_ADDRESS: Text(Category.ADDRESS, "地址不符", "请与买家核对地址，通知快递改址。"),
    Anomaly.COURIER_ANSWER: Text(Category.LABEL, "快递反馈，无对应工单", "请核对反馈说的是哪个订单，处理后关闭。"),
}


class Reply(Record):
    """What a courier's people wrote under a work order. `at` is unknown where its time cannot be read."""

    text: str
    at: Instant | None = None


FILED = (Anomaly.MIS_SHIPPED, Anomaly.WRONG_ADDRESS)
"""What no scan and no clock can tell: people file it."""

SAID = (Anomaly.COURIER_ANSWER, *FILED)
"""What somebody said: only a person ends it."""

ANSWER_MAX = 200


def words_of(anomaly: Anomaly, source: str, text: str) -> str:
    """Name what somebody said, as short as a parcel can remember it: said again, it has the same name."""
    return f"{crc32(f'{anomaly}|{source}|{text[:ANSWER_MAX]}'.encode()):08x}"


class Answer(Record):
    """What somebody said of a parcel and nobody has seen to: a courier's people unasked, or trouble that was filed.

    `at` is when it was said last, `heard_at` when we first heard of it.
    """

    anomaly: Anomaly = Anomaly.COURIER_ANSWER
    at: Instant
    source: Id
    text: str
    heard_at: Instant

    @property
    def words(self) -> str:
        """The name of what was said."""
        return words_of(self.anomaly, self.source, self.text)


class Verdict(StrEnum):
    """What became of something that was beyond a role's authority."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class Approval(Record):
    """One step of an approval. `closes`: what is asked for would close the ticket; `why` says what it goes beyond.

    `group` is who was told of this step; empty where the same was told before.
    """

    what: Verdict
    by: str
    role: Role | None = None
    at: Instant
    text: str = ""
    closes: bool = False
    why: str = ""
    group: str = ""


class Ticket(Record):
    """One anomaly of one case, from the warning to its end.

    `since` is when the trouble began: what begins later is another ticket. `opened_at` is the moment that the rule
    named, not the one at which somebody looked. `breach_at` is when the limit breaks (or broke). `told` says whether
    people have heard of the warning (1) and of the breach (2), `raised` of how many escalations since it opened. A
    ticket `closed` by a person stays, silent, until the parcel moves. `approvals` are the last steps of what went
    beyond somebody's authority, the oldest first. `listened_at` is when the courier was last asked for its answer,
    `heard_out` says that it has no more to tell by that way, or could not be urged.
    """

    anomaly: Anomaly
    rule: Id
    since: Instant | None = None
    opened_at: Instant
    breach_at: Instant
    exposure_fen: Fen = 0
    count: int = 1
    told: int = 0
    raised: int = 0
    urged_at: Instant | None = None
    urge_number: str = ""
    listened_at: Instant | None = None
    heard_out: bool = False
    answer: str = ""
    answered_at: Instant | None = None
    answered_by: str = ""
    taken_by: str = ""
    closed: bool = False
    approvals: tuple[Approval, ...] = ()

    @property
    def level(self) -> int:
        """How far up people have heard of it: 1 warned, 2 broken, above that escalated, broken or not."""
        return 2 + self.raised if self.raised else max(self.told, 1)

    @property
    def asked(self) -> tuple[Approval, ...]:
        """The requests that wait for approval: the first, and whoever endorsed it since."""
        decided = [place for place, step in enumerate(self.approvals, 1) if step.what is not Verdict.ASKED]
        return self.approvals[max(decided, default=0) :]
