"""What the sandbox remembers of tracking: subscriptions, questions, work orders and messages to buyers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from infra.local.sandbox.records import Record, Tracker

SubscriptionStatus = Literal["alive", "dead", "aborted", "shut_down", "replaced"]


class Subscription(Record):
    """Somebody wants a number's scans pushed. `company` is the code under which Kuaidi100 looks for it.

    `dead`: it says nothing any more and nobody was told; `replaced`: Kuaidi100 found the right carrier itself.
    """

    merchant: str
    tracker: Tracker
    waybill: str
    by: Literal["label", "huhang", "kuaidi100"] = "huhang"
    status: SubscriptionStatus = "alive"
    made_at: datetime
    ended_at: datetime | None = None
    company: str = ""
    company_before: str = ""  # a corrected carrier's
    callback_url: str = ""
    salt: str = ""
    resultv2: str = ""
    phone: str = ""
    pushes: int = 0
    duplicates: int = 0  # asked for again while alive


class TrackQuery(Record):
    """A question about a number that got its answer."""

    merchant: str
    tracker: Tracker
    waybill: str
    at: datetime
    too_soon: bool = False  # Kuaidi100 wants half an hour between two


class Written(BaseModel):
    """What a courier's people wrote under a work order."""

    at: datetime
    text: str


class WorkOrder(Record):
    """A question to a courier's people; `key` is Kuaidi100's id, or ZTO's number."""

    merchant: str
    waybill: str
    kind: str
    content: str
    at: datetime
    param: dict[str, Any]
    written: list[Written] = Field(default_factory=list)
    closed: bool = False
    asked_after: int = 0  # times that huhang wanted to know what they say


class BuyerMessage(Record):
    """What a self-built shop was asked to tell a buyer; `key` is merchant and webhook-id."""

    merchant: str
    order_id: str
    carrier: str
    waybill: str
    topic: str
    text: str
    at: datetime
    accepted: bool
    times: int = 1
