"""What the sandbox remembers: every record is one pydantic model, stored as one JSON document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Platform = Literal["douyin", "selfbuilt"]
VendorName = Literal["douyin", "zto", "jushuitan", "dingtalk", "selfbuilt"]
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
ZtoAction = Literal[
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
FaultKind = Literal["timeout", "timeout_after_effect", "http_500", "rate_limited"]


class Strict(BaseModel):
    """A document from outside: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class Record(BaseModel):
    """A stored row; `key` is unique within its kind."""

    key: str


class DouyinAccount(BaseModel):
    app_key: str
    app_secret: str
    access_token: str
    shop_id: int | str
    base_url: str = ""


class ZtoAccount(BaseModel):
    app_key: str
    app_secret: str
    base_url: str = ""
    phone_tail: str = ""


class JushuitanAccount(BaseModel):
    app_key: str
    app_secret: str
    access_token: str
    base_url: str = ""


class DingtalkAccount(BaseModel):
    access_token: str
    secret: str
    base_url: str = ""


class SelfbuiltAccount(BaseModel):
    secret: str = Field(pattern=r"^whsec_[A-Za-z0-9+/]+=*$")
    api_url: str = ""


class Credentials(BaseModel):
    """A merchant's document, as in `<home>/demo-merchant.json`; fields of other programs are ignored."""

    douyin: DouyinAccount | None = None
    zto: ZtoAccount | None = None
    jushuitan: JushuitanAccount | None = None
    dingtalk: DingtalkAccount | None = None
    selfbuilt: SelfbuiltAccount | None = None
    webhook_base: str = ""  # overrides --webhook-base
    webhooks: dict[str, str] = {}  # vendor -> full URL, overrides the path too


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


class ErpParcel(BaseModel):
    l_id: str
    line_ids: list[str]
    sent_at: datetime


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


class Scan(Strict):
    """A scan that is planned: minutes after the parcel left, or after the way back began."""

    after_min: float = Field(ge=0)
    action: ZtoAction
    facility: str = "杭州示例网点"
    city: str = "杭州市"
    desc: str = ""
    problem_code: str = ""
    return_type: str = ""
    delivery_outlet: bool = False  # an ARRIVAL here makes an interception too late (E23137)
    new_waybill: str | None = None  # RETURN_SCAN only: the way back goes on under this number


class InterceptionPlan(Strict):
    result: str = Field(default="succeed", pattern=r"^(succeed|fail|silent|refuse:E\d{5})$")
    after_min: float = Field(default=60, ge=0)


class WayBack(Strict):
    scans: list[Scan] = [
        Scan(after_min=30, action="RETURN_SCAN", desc="快件退回"),
        Scan(after_min=1440, action="RETURN_SIGNED", desc="退回件已签收"),
    ]


class ParcelPlan(Strict):
    """What will become of a parcel; minutes count from shipping, those of the way back from its beginning."""

    scans: list[Scan] = []
    interception: InterceptionPlan = InterceptionPlan()
    way_back: WayBack = WayBack()
    warehouse_after_min: float | None = Field(default=None, ge=0)
    push_received: bool = False  # also push `return.received` through the self-built door


class ParcelLine(BaseModel):
    order_id: str
    line_id: str


class DoneScan(BaseModel):
    at: datetime
    waybill: str
    action: ZtoAction
    facility: str
    city: str
    desc: str
    delivery_outlet: bool = False


class Interception(BaseModel):
    at: datetime
    request_id: str
    third_biz_no: str
    centre_biz_no: str
    destination_type: str
    source: Literal["zto", "douyin"]
    status: InterceptStatus = "INTERCEPTING"


class Parcel(Record):
    """One parcel on the road; `key` is its first waybill number."""

    merchant: str
    lines: list[ParcelLine]
    shipped_at: datetime
    plan: ParcelPlan
    scans: list[DoneScan] = []
    interceptions: list[Interception] = []
    interception_requests: int = 0
    diverted: bool = False  # the forward plan no longer holds
    back_since: datetime | None = None
    return_waybill: str | None = None
    subscribed: list[str] = []
    received_at: datetime | None = None


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
    kind: Literal["scan", "back", "verdict", "received", "deadline", "push"]
    subject: str
    number: int = 0


class PushAnswer(BaseModel):
    at: datetime
    real_at: datetime
    status: int | None
    body: str
    accepted: bool


class Push(Record):
    """One message to huhang; `body` is the element (Douyin), the `data` (ZTO) or the event (self-built).

    `key` is the message id: `msg_id` at Douyin, `webhook-id` at the self-built shop.
    """

    merchant: str
    vendor: VendorName
    topic: str
    body: dict[str, Any]
    about: str
    made_at: datetime
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
