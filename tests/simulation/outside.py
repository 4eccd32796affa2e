"""Vendors as small models of the truth, and translators that speak to them in one-line JSON.

What the translators of real vendors promise (`carry_out`, `find_out`) is kept; what they translate is not the point
here. Every request can be lost, answered too late to be heard, or refused; the models count what really happened.
"""

import json
from collections import Counter
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
    ReadRefund,
    StopOrder,
    SubscribeTracking,
)
from shared.domain.events import (
    CommandFailed,
    InterceptionAccepted,
    InterceptionCancelled,
    InterceptionRefused,
    InterceptionReported,
    MessagePosted,
    OrderReported,
    OrderStopped,
    RefundAgreed,
    RefundReported,
    TrackingSubscribed,
)
from shared.domain.order import OrderLine, OrderStatus, Shipment
from shared.domain.refund import RefundKind, RefundStatus
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable, Unclear

START = datetime.fromisoformat("2026-11-11T00:00:00+00:00")
ORDER, WAYBILL, MERCHANT = "O1", "75000000000017", "demo"
LINES = {"R1": "L1", "R2": "L2"}  # each refund asks for one line of the order, and both lines are in one parcel
AMOUNT_FEN = 1990
Answer = dict[str, Any]


class Request:
    """A refund request as the platform has it."""

    def __init__(self) -> None:
        self.status = RefundStatus.PENDING
        self.version = 1
        self.amount_fen = AMOUNT_FEN
        self.paid: list[tuple[int, int]] = []  # (amount, version) that our agreement paid

    def told(self) -> Answer:
        """What the platform says of it."""
        return {"status": self.status, "version": self.version, "amount_fen": self.amount_fen}


class Outside:
    """One order with one parcel and its refund requests, as they really are."""

    def __init__(self, *, shipped: bool, refunds: int) -> None:
        self.shipped = shipped
        self.requests = {name: Request() for name in list(LINES)[:refunds]}
        self.refused_agreements = 0
        self.erp = "Sent" if shipped else "WaitConfirm"
        self.interception = "none"
        self.registered = Counter[str]()  # interceptions by request id
        self.faults: list[str] = []
        self.unheard: set[str] = set()  # commands whose last effectful call brought no answer
        self.blind_calls = 0  # calls repeated without asking first
        self.posts = 0

    # ---- the network ---------------------------------------------------------------------------------------------

    def send(self, request: HttpRequest) -> HttpReply:
        """Answer a request, or fail as the next fault says."""
        call = json.loads(request.body)
        fault = self.faults.pop(0) if self.faults else ""
        writes = call["op"] in ("agree", "intercept", "stop", "cancel")
        if writes and call["op"] in ("agree", "intercept") and call["id"] in self.unheard:
            self.blind_calls += 1
        if call["op"].startswith("find_"):
            if fault:
                raise Unclear("no answer to a question")
            self.unheard.discard(call["id"])
        if fault == "refused":
            raise Retryable("connection refused", timedelta(seconds=30))
        if fault == "lost":
            self.unheard.add(call["id"])
            raise Unclear("request lost")
        answer = getattr(self, f"_{call['op']}")(call)
        if fault == "unheard":
            self.unheard.add(call["id"])
            raise Unclear("answer lost")
        return HttpReply(200, json.dumps(answer).encode())

    # ---- the platform --------------------------------------------------------------------------------------------

    @property
    def paid(self) -> list[tuple[int, int]]:
        """Everything that our agreements paid."""
        return [payment for request in self.requests.values() for payment in request.paid]

    def _read(self, call: Answer) -> Answer:
        return self.requests[call["refund"]].told()

    _find_agree = _read

    def _agree(self, call: Answer) -> Answer:
        request = self.requests[call["refund"]]
        if request.status is not RefundStatus.PENDING or call["version"] != request.version:
            self.refused_agreements += 1
            return {"error": "not_pending_or_stale"}
        assert call["amount_fen"] == request.amount_fen, "paid another amount than was reviewed"
        request.paid.append((call["amount_fen"], call["version"]))
        request.status, request.version = RefundStatus.REFUNDED, request.version + 1
        return {"ok": True}

    def _order(self, call: Answer) -> Answer:
        return {"shipped": self.shipped, "lines": [LINES[name] for name in self.requests]}

    # ---- the ERP -------------------------------------------------------------------------------------------------

    def _stop(self, call: Answer) -> Answer:
        if self.erp == "Sent":
            return {"result": "shipped"}
        self.erp = "Cancelled"
        return {"result": "cancelled"}

    _find_stop = _stop

    # ---- the courier ---------------------------------------------------------------------------------------------

    def _intercept(self, call: Answer) -> Answer:
        if call["id"] in self.registered:
            return {"ok": "again"}
        if self.interception in ("live", "stopped"):
            return {"ok": "duplicate"}
        if self.interception == "refuses":
            return {"refused": "E23137"}
        self.interception = "live"
        self.registered[call["id"]] += 1
        return {"ok": "registered"}

    def _find_intercept(self, call: Answer) -> Answer:
        return {"known": self.interception in ("live", "stopped")}

    def _query(self, call: Answer) -> Answer:
        return {"state": {"live": "in_progress", "stopped": "succeeded"}.get(self.interception, "none")}

    def _cancel(self, call: Answer) -> Answer:
        if self.interception == "live":
            self.interception = "none"
        return {"ok": True}

    def _find_cancel(self, call: Answer) -> Answer:
        return {"done": self.interception == "none"}

    def _subscribe(self, call: Answer) -> Answer:
        return {"ok": True}

    # ---- the robot -----------------------------------------------------------------------------------------------

    def _post(self, call: Answer) -> Answer:
        self.posts += 1
        return {"ok": True}

    def _find_post(self, call: Answer) -> Answer:
        return {}


Call = Generator[HttpRequest, HttpReply, Any]


def _ask(op: str, command: Any, **fields: object) -> Generator[HttpRequest, HttpReply, Answer]:
    body = json.dumps({"op": op, "id": command.command_id, **fields}).encode()
    reply = yield HttpRequest("POST", "sim://vendor", {}, body)
    answer: Answer = json.loads(reply.body)
    return answer


def _about(command: Any) -> dict[str, Any]:
    return {"merchant": MERCHANT, "answers": command.command_id}


def _parcel(command: Any) -> dict[str, Any]:
    return {**_about(command), "carrier": "zto", "waybill": WAYBILL}


def _refund(command: Any) -> dict[str, Any]:
    return {**_about(command), "platform": "sim", "refund_id": _name(command)}


def _name(command: Any) -> str:
    """Give the refund that asks."""
    return str(command.reply_to.rsplit(":", 1)[1])


def carry_out(command: Any, account: Mapping[str, str], now: datetime) -> Call:
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
            yield from _ask("subscribe", command)
            return TrackingSubscribed(**_parcel(command))
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
        case PostMessage():
            yield from _ask("find_post", command)
            return None
    raise AssertionError(command)


VENDOR: Any = SimpleNamespace(carry_out=carry_out, find_out=find_out)


def order_read(at: datetime, truth: Answer, asked_by: str = "") -> OrderReported:
    """The order as the platform tells it."""
    lines, shipped = tuple(truth["lines"]), truth["shipped"]
    return OrderReported(
        merchant=MERCHANT,
        platform="sim",
        order_id=ORDER,
        at=at,
        status=OrderStatus.SHIPPED if shipped else OrderStatus.PAID,
        paid_fen=AMOUNT_FEN * len(lines),
        lines=tuple(OrderLine(line_id=line, amount_fen=AMOUNT_FEN) for line in lines),
        shipments=(Shipment(carrier="zto", waybill=WAYBILL, line_ids=lines),) if shipped else (),
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
