"""What is to be done: imperatives, each for exactly one vendor, each saying why.

`command_id` is derived from case and step: the same wish has the same id however often it is said.
"""

from typing import Literal

from shared.domain.lanes import Lane
from shared.domain.record import Fen, Id, MerchantId, Record, Slug
from shared.domain.session import Holder
from shared.domain.tickets import Anomaly, BuyerMoment
from shared.domain.why import Why


class Command(Record):
    """Something that one vendor is asked to do or tell. The answer goes to the case `reply_to`."""

    merchant: MerchantId
    command_id: str
    reply_to: str
    why: Why


class FetchOrder(Command):
    """Read an order that we have never seen, or the limit of one that waits. Has no effect."""

    type: Literal["fetch_order"] = "fetch_order"
    platform: Id
    order_id: Id


class ReadRefund(Command):
    """Read a refund request again, right before money moves or for its deadline. Has no effect."""

    type: Literal["read_refund"] = "read_refund"
    platform: Id
    refund_id: Id
    order_id: Id


class AgreeRefund(Command):
    """Pay the buyer, if the request is still exactly what was reviewed."""

    type: Literal["agree_refund"] = "agree_refund"
    platform: Id
    refund_id: Id
    order_id: Id
    amount_fen: Fen
    version: int


class StopOrder(Command):
    """Cancel an order in the ERP before it ships; `whole` false: only hold it."""

    type: Literal["stop_order"] = "stop_order"
    erp: Id
    platform: Id
    refund_id: Id
    order_id: Id
    whole: bool


class InterceptParcel(Command):
    """Ask the courier to stop a parcel and send it back."""

    type: Literal["intercept_parcel"] = "intercept_parcel"
    carrier: Id
    waybill: Id


class QueryInterception(Command):
    """Ask the courier how its interception goes. Has no effect."""

    type: Literal["query_interception"] = "query_interception"
    carrier: Id
    waybill: Id


class CancelInterception(Command):
    """Ask the courier to deliver after all."""

    type: Literal["cancel_interception"] = "cancel_interception"
    carrier: Id
    waybill: Id
    of_command: str  # the InterceptParcel to undo
    of_number: str = ""  # the number that the courier gave to it


class SubscribeTracking(Command):
    """Ask a source to push a parcel's scans. Harmless to repeat."""

    type: Literal["subscribe_tracking"] = "subscribe_tracking"
    source: Id
    carrier: Id
    waybill: Id


class QueryTracking(Command):
    """Ask a source where a parcel is. Has no effect.

    `as_carrier`: ask for the number under another courier, for which the source takes it.
    """

    type: Literal["query_tracking"] = "query_tracking"
    source: Id
    carrier: Id
    waybill: Id
    as_carrier: Id | None = None


class UrgeCourier(Command):
    """Ask a courier's people to look after a parcel, by way of a source that takes such questions."""

    type: Literal["urge_courier"] = "urge_courier"
    source: Id
    carrier: Id
    waybill: Id
    anomaly: Anomaly
    text: str


class QueryWorkOrder(Command):
    """Ask what a courier's people say to our question `number`. Has no effect."""

    type: Literal["query_work_order"] = "query_work_order"
    source: Id
    carrier: Id
    waybill: Id
    number: str


class TellBuyer(Command):
    """Let an order's platform tell the buyer something about a parcel."""

    type: Literal["tell_buyer"] = "tell_buyer"
    platform: Id
    order_id: Id
    carrier: Id
    waybill: Id
    topic: Anomaly
    moment: BuyerMoment = BuyerMoment.OPEN
    text: str


class PostMessage(Command):
    """Let a robot say something now."""

    type: Literal["post_message"] = "post_message"
    channel: Id
    account: Id  # under which name the robot's credentials are stored
    group: Id
    title: str
    text: str


class AssignSession(Command):
    """Tell a merchant's chat desktop who has a conversation now."""

    type: Literal["assign_session"] = "assign_session"
    channel: Slug
    session_id: Id
    holder: Holder
    group: Id | None = None
    agent: Id | None = None
    token: int


class EndTrial(Command):
    """Take back a policy on trial whose budget is used up: what was in force before becomes the next version."""

    type: Literal["end_trial"] = "end_trial"
    version: int


PlatformCommand = FetchOrder | ReadRefund | AgreeRefund | TellBuyer
ErpCommand = StopOrder
TrackingCommand = SubscribeTracking | QueryTracking | UrgeCourier | QueryWorkOrder
CourierCommand = InterceptParcel | QueryInterception | CancelInterception | TrackingCommand
VendorCommand = PlatformCommand | ErpCommand | CourierCommand | PostMessage | AssignSession

LANES: dict[type[Record], Lane] = {
    FetchOrder: Lane.PLATFORM_CALLS,
    ReadRefund: Lane.PLATFORM_CALLS,
    AgreeRefund: Lane.PLATFORM_CALLS,
    StopOrder: Lane.ERP_CALLS,
    InterceptParcel: Lane.COURIER_CALLS,
    QueryInterception: Lane.COURIER_CALLS,
    CancelInterception: Lane.COURIER_CALLS,
    SubscribeTracking: Lane.COURIER_CALLS,
    QueryTracking: Lane.COURIER_CALLS,
    UrgeCourier: Lane.COURIER_CALLS,
    QueryWorkOrder: Lane.COURIER_CALLS,
    TellBuyer: Lane.PLATFORM_CALLS,
    PostMessage: Lane.NOTIFICATIONS,
    AssignSession: Lane.NOTIFICATIONS,
    EndTrial: Lane.NOTIFICATIONS,
}

URGENT = (FetchOrder, ReadRefund, AgreeRefund, StopOrder, InterceptParcel, CancelInterception)
"""Commands that a refund waits for: they go first where a vendor takes only so many calls."""

HARMLESS = (FetchOrder, ReadRefund, QueryInterception, SubscribeTracking, QueryTracking, QueryWorkOrder)
"""Commands that may be carried out any number of times; they are never claimed."""
