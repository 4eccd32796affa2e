"""What the sandbox remembers: every record is one pydantic model, stored as one JSON document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from infra.local.sandbox.accounts import Credentials
from infra.local.sandbox.carriers import Carrier, NamedCarrier
from infra.local.sandbox.plans import ParcelPlan, Strict
from infra.local.sandbox.stages import Statement

Platform = Literal["douyin", "selfbuilt"]
VendorName = Literal["douyin", "zto", "kuaidi100", "jushuitan", "dingtalk", "selfbuilt", "chat"]
Tracker = Literal["zto", "kuaidi100"]
OrderStatus = Literal["paid", "partly_shipped", "shipped", "finished", "cancelled"]
RefundKind = Literal["refund_only_shipped", "refund_only_unshipped", "return_and_refund"]
RefundStatus = Literal["waiting", "returning", "buyer_shipped", "refunded", "closed", "refused"]
ErpStatus = Literal["WaitConfirm", "Delivering", "Sent", "Question", "Cancelled"]
InterceptStatus = Literal[
    "INTERCEPTING",
    "INTERCEPT_SUCCESS",
    "INTERCEPT_FAIL",
    "INTERCEPT_CANCEL",
    "PACKAGE_DELIVERING",
    "INTERCEPT_DISCONTINUE",
]


class Record(BaseModel):
    """A stored row; `key` is unique within its kind."""

    key: str


class Merchant(Record, Credentials):
    """A shop that huhang serves; `key` is the merchant's id."""


class Line(Strict):
    line_id: str
    sku_id: str = ""
    quantity: int = Field(default=1, ge=1)
    amount_fen: int = Field(ge=0)


class PlatformParcel(BaseModel):
    """A parcel as far as the platform was told of it."""

    waybill: str
    line_ids: list[str]
    shipped_at: datetime
    carrier: NamedCarrier = "zto"


class Order(Record):
    merchant: str
    platform: Platform
    paid_fen: int
    lines: list[Line]
    status: OrderStatus
    parcels: list[PlatformParcel] = []
    created_at: datetime
    updated_at: datetime
    remarks: list[str] = []
    province: str = ""
    buyer_notices: bool = True


class ErpParcel(BaseModel):
    l_id: str
    line_ids: list[str]
    sent_at: datetime
    carrier: NamedCarrier = "zto"


class ErpOrder(Record):
    """An order as the ERP sees it; `key` is the internal `o_id`."""

    merchant: str
    so_id: str
    status: ErpStatus
    lines: list[Line]
    parcels: list[ErpParcel] = []
    question_type: str = ""
    question_desc: str = ""
    remark: str = ""
    modified_at: datetime


class ErpReceipt(Record):
    """Goods that the warehouse has taken back; `key` is `io_id`."""

    merchant: str
    so_id: str
    l_id: str
    io_at: datetime
    lines: list[Line]
    carrier: NamedCarrier = "zto"


class ParcelLine(BaseModel):
    order_id: str
    line_id: str


class DoneScan(Statement):
    """A scan that happened. `known_at`: when the courier tells of it; `told_by`: who has pushed it since."""

    at: datetime
    known_at: datetime | None = None
    waybill: str
    facility: str
    city: str
    problem_code: str = ""
    return_type: str = ""
    delivery_outlet: bool = False
    told_by: list[Tracker] = Field(default=[])


class Interception(BaseModel):
    at: datetime
    request_id: str
    third_biz_no: str
    centre_biz_no: str
    destination_type: str
    source: Literal["zto", "douyin"]
    status: InterceptStatus = "INTERCEPTING"


class Parcel(Record):
    """One parcel on the road; `key` is its first waybill number, `named` is what the shop says of its carrier."""

    merchant: str
    carrier: Carrier = "zto"
    named: NamedCarrier = "zto"
    kind: Literal["forward", "buyer_return"] = "forward"
    refund_id: str = ""  # of a buyer's return
    lines: list[ParcelLine]
    shipped_at: datetime
    plan: ParcelPlan
    phone_tail: str = ""  # who tracks it has to know these digits
    delay_min: float = 0  # so late are its scans told
    recognisable: bool = True  # False: nobody can tell the carrier from the number
    scans: list[DoneScan] = []
    interceptions: list[Interception] = []
    interception_requests: int = 0
    diverted: bool = False  # the forward plan no longer holds
    stalled: bool = False  # nothing that was planned happens
    back_since: datetime | None = None
    return_waybill: str | None = None
    received_at: datetime | None = None

    def told_of(self, waybill: str, until: datetime) -> list[DoneScan]:
        """Give what the courier has told of a number by an instant, newest first."""
        told = [scan for scan in self.scans if scan.waybill == waybill and (scan.known_at or scan.at) <= until]
        return sorted(told, key=lambda scan: scan.at)[::-1]


class OperateCall(BaseModel):
    at: datetime
    how: str
    accepted: bool
    note: str = ""


class Refund(Record):
    """A request for money back; `update_s` is the platform's version lock, `version` the self-built shop's."""

    merchant: str
    platform: Platform
    order_id: str
    line_id: str
    kind: RefundKind
    amount_fen: int
    status: RefundStatus = "waiting"
    version: int = 1
    update_s: int
    applied_at: datetime
    deadline_at: datetime | None = None
    effects: int = 0
    refunded_fen: int = 0
    refunded_by: str = ""
    operate_calls: list[OperateCall] = []
    return_waybill: str = ""
    return_carrier: NamedCarrier = ""
    return_shipped_at: datetime | None = None
    remarks: list[str] = []


class Fault(Record):
    vendor: VendorName
    api: str
    kind: str
    times: int
    delay_s: float
    merchant: str | None = None


class Due(Record):
    """Something that happens by itself at an instant; `key` keeps the order of equal instants."""

    at: datetime
    kind: Literal["scan", "back", "report", "verdict", "received", "news", "watch", "deadline", "push"]
    subject: str
    number: int = 0


class PushAnswer(BaseModel):
    at: datetime
    real_at: datetime
    status: int | None
    body: str
    accepted: bool


class Push(Record):
    """One message to huhang; `body` is the element (Douyin), `data` (ZTO), `param` (Kuaidi100) or event (self-built).

    `key` is the message id: `msg_id` at Douyin, `webhook-id` at the self-built shop. `url` and `salt` are those of a
    subscription at Kuaidi100.
    """

    merchant: str
    vendor: VendorName
    topic: str
    body: dict[str, Any]
    about: str
    made_at: datetime
    url: str = ""
    salt: str = ""
    status: Literal["pending", "delivered", "given_up"] = "pending"
    attempts: int = 0
    answers: list[PushAnswer] = []


class Call(Record):
    """One call that the sandbox received; secrets are masked."""

    vendor: VendorName
    api: str
    merchant: str
    at: datetime
    real_at: datetime
    verdict: str  # ok | refused | rejected (not authentic) | fault:<kind>
    note: str
    http_status: int
    request: Any
    reply: Any


class RobotMessage(Record):
    """A message that appeared in the staff group."""

    merchant: str
    at: datetime
    msgtype: str
    title: str
    text: str
    at_mobiles: list[str] = []


class Answered(Record):
    """What the self-built shop answered to a webhook-id, to answer the same again."""

    status: int
    body: dict[str, Any]


class Counter(Record):
    value: int = 0
