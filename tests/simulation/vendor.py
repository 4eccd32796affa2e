"""Translators that speak to the models in `outside.py`: what real ones promise is kept, what they translate is not."""

import json
from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from shared.domain.commands import (
    AgreeRefund,
    CancelInterception,
    FetchOrder,
    InterceptParcel,
    PostMessage,
    QueryInterception,
    QueryTracking,
    QueryWorkOrder,
    ReadRefund,
    StopOrder,
    SubscribeTracking,
    TellBuyer,
    UrgeCourier,
)
from shared.domain.events import (
    BuyerTold,
    CommandFailed,
    CourierUrged,
    InterceptionAccepted,
    InterceptionCancelled,
    InterceptionRefused,
    InterceptionReported,
    MessagePosted,
    OrderReported,
    OrderStopped,
    ParcelTraced,
    RefundAgreed,
    RefundReported,
    TrackingSubscribed,
    WorkOrderReported,
)
from shared.domain.order import OrderLine, OrderStatus, Shipment
from shared.domain.parcel import Scan
from shared.domain.refund import RefundKind, RefundStatus
from shared.domain.tickets import Reply
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent
from tests.simulation.outside import AMOUNT_FEN, LINES, ORDER, START, WAYBILL, Answer
from tests.simulation.road import MERCHANT

Call = Generator[HttpRequest, HttpReply, Any]


def _ask(op: str, command: Any, **fields: object) -> Generator[HttpRequest, HttpReply, Answer]:
    body = json.dumps({"op": op, "id": command.command_id, **fields}).encode()
    reply = yield HttpRequest("POST", "sim://vendor", {}, body)
    answer: Answer = json.loads(reply.body)
    return answer


def _about(command: Any) -> dict[str, Any]:
    return {"merchant": MERCHANT, "answers": command.command_id}


def _parcel(command: Any) -> dict[str, Any]:
    return {**_about(command), "carrier": command.carrier, "waybill": command.waybill}


def _number(command: Any) -> dict[str, Any]:
    return {"carrier": command.carrier, "waybill": command.waybill}


def _refund(command: Any) -> dict[str, Any]:
    return {**_about(command), "platform": "sim", "refund_id": _name(command)}


def _name(command: Any) -> str:
    """Give the refund that asks."""
    return str(command.reply_to.rsplit(":", 1)[1])


def carry_out(command: Any, account: Mapping[str, str], now: datetime) -> Call:  # noqa: PLR0912 - one each
    """Do it."""
    match command:
        case FetchOrder():
            answer = yield from _ask("order", command)
            return order_read(now, answer, asked_by=f"sim:{_name(command)}")
        case ReadRefund():
            answer = yield from _ask("read", command, refund=_name(command))
            return refund_reported(now, _name(command), answer, answers=command.command_id)
        case AgreeRefund():
            answer = yield from _ask(
                "agree", command, refund=_name(command), amount_fen=command.amount_fen, version=command.version
            )
            if "error" in answer:
                raise Permanent(answer["error"])
            return RefundAgreed(**_refund(command), at=now)
        case StopOrder():
            answer = yield from _ask("stop", command)
            parcels = (Shipment(carrier="zto", waybill=WAYBILL),) if answer["result"] == "shipped" else ()
            return OrderStopped(**_refund(command), order_id=ORDER, result=answer["result"], shipments=parcels)
        case InterceptParcel():
            answer = yield from _ask("intercept", command)
            if "refused" in answer:
                return InterceptionRefused(**_parcel(command), code=answer["refused"])
            return InterceptionAccepted(**_parcel(command))
        case QueryInterception():
            answer = yield from _ask("query", command)
            return InterceptionReported(**_parcel(command), state=answer["state"])
        case CancelInterception():
            yield from _ask("cancel", command)
            return InterceptionCancelled(**_parcel(command))
        case SubscribeTracking():
            answer = yield from _ask("subscribe", command, source=command.source, **_number(command))
            if answer["refused"]:
                raise Permanent(answer["refused"])
            return TrackingSubscribed(**_parcel(command))
        case QueryTracking():
            answer = yield from _ask("where", command, source=command.source, **_number(command))
            scans = tuple(Scan.model_validate_json(json.dumps(scan)) for scan in answer["scans"])
            return ParcelTraced(**_parcel(command), source=command.source, scans=scans)
        case UrgeCourier():
            answer = yield from _ask("urge", command)
            return CourierUrged(**_parcel(command), number=answer["number"])
        case QueryWorkOrder():
            answer = yield from _ask("hear", command)
            replies = tuple(Reply(text=text) for text in answer["replies"])
            return WorkOrderReported(**_parcel(command), source=command.source, replies=replies, done=answer["done"])
        case TellBuyer():
            yield from _ask("tell", command)
            return BuyerTold(**_parcel(command))
        case PostMessage():
            yield from _ask("post", command)
            return MessagePosted(**_about(command), group=command.group)
    raise AssertionError(command)


def find_out(command: Any, account: Mapping[str, str], now: datetime) -> Call:
    """Ask what became of it."""
    match command:
        case AgreeRefund():
            answer = yield from _ask("find_agree", command, refund=_name(command))
            if answer["status"] == RefundStatus.REFUNDED:
                return RefundAgreed(**_refund(command), at=now)
            if answer["status"] == RefundStatus.PENDING and answer["version"] == command.version:
                return None
            return CommandFailed(
                **_about(command), reply_to=command.reply_to, command=command.type, code="not_pending", certain=True
            )
        case StopOrder():
            return (yield from carry_out(command, account, now))
        case InterceptParcel():
            answer = yield from _ask("find_intercept", command)
            return InterceptionAccepted(**_parcel(command)) if answer["known"] else None
        case CancelInterception():
            answer = yield from _ask("find_cancel", command)
            return InterceptionCancelled(**_parcel(command)) if answer["done"] else None
        case UrgeCourier():
            answer = yield from _ask("find_urge", command)
            return CourierUrged(**_parcel(command)) if answer["known"] else None
        case TellBuyer():
            answer = yield from _ask("find_tell", command)
            return BuyerTold(**_parcel(command)) if answer["known"] else None
        case PostMessage():
            yield from _ask("find_post", command)
            return None
    raise AssertionError(command)


VENDOR: Any = SimpleNamespace(carry_out=carry_out, find_out=find_out)


def order_read(at: datetime, truth: Answer, asked_by: str = "") -> OrderReported:
    """The order as the platform tells it."""
    lines = tuple(truth["lines"])
    shipped_at = datetime.fromisoformat(truth["shipped_at"]) if truth["shipped_at"] else None
    parcel = Shipment(carrier="zto", waybill=WAYBILL, line_ids=lines, shipped_at=shipped_at)
    return OrderReported(
        merchant=MERCHANT,
        platform="sim",
        order_id=ORDER,
        at=at,
        status=OrderStatus.SHIPPED if shipped_at else OrderStatus.PAID,
        paid_fen=AMOUNT_FEN * len(lines),
        lines=tuple(OrderLine(line_id=line, amount_fen=AMOUNT_FEN) for line in lines),
        shipments=(parcel,) if shipped_at else (),
        paid_at=START - timedelta(hours=2),
        asked_by=asked_by,
    )


def refund_reported(at: datetime, refund_id: str, truth: Answer, answers: str = "") -> RefundReported:
    """The refund as the platform tells it."""
    return RefundReported(
        merchant=MERCHANT,
        platform="sim",
        refund_id=refund_id,
        order_id=ORDER,
        at=at,
        version=truth["version"],
        status=truth["status"],
        kind=RefundKind.REFUND_ONLY,
        amount_fen=truth["amount_fen"],
        line_ids=(LINES[refund_id],),
        answers=answers,
    )
