"""Vendors as small models of the truth, asked in one-line JSON.

Every request can be lost, answered too late to be heard, or refused; the models count what really happened.
"""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from shared.domain.refund import RefundStatus
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Retryable, Throttled, Unclear
from tests.simulation.road import Roads

START = datetime.fromisoformat("2026-11-11T00:00:00+00:00")
ORDER, WAYBILL = "O1", "75000000000017"
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

    def __init__(self, *, shipped: bool, refunds: int, roads: Roads) -> None:
        self.shipped = shipped
        self.roads = roads
        self.shipped_at = START
        self.urged = Counter[str]()  # by request id
        self.asked = Counter[str]()  # for an answer, by request id
        self.buyer_told = Counter[str]()  # what the buyer's platform did not know yet, by request id
        self.requests = {name: Request() for name in list(LINES)[:refunds]}
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
        if call["op"] in ("agree", "intercept", "urge", "tell") and call["id"] in self.unheard:
            self.blind_calls += 1
        if call["op"].startswith("find_"):
            if fault:
                raise Unclear("no answer to a question")
            self.unheard.discard(call["id"])
        if fault == "refused":
            raise Retryable("connection refused", timedelta(seconds=30))
        if fault == "throttled":
            raise Throttled("http 429", timedelta(seconds=60))
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
            return {"error": "not_pending_or_stale"}
        assert call["amount_fen"] == request.amount_fen, "paid another amount than was reviewed"
        request.paid.append((call["amount_fen"], call["version"]))
        request.status, request.version = RefundStatus.REFUNDED, request.version + 1
        return {"ok": True}

    def _order(self, call: Answer) -> Answer:
        shipped_at = self.shipped_at.isoformat() if self.shipped else None
        return {"shipped_at": shipped_at, "lines": [LINES[name] for name in self.requests]}

    def _tell(self, call: Answer) -> Answer:
        self.buyer_told[call["id"]] += 1
        return {"ok": True}

    def _find_tell(self, call: Answer) -> Answer:
        return {"known": call["id"] in self.buyer_told}

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

    # ---- the sources of tracking ---------------------------------------------------------------------------------

    def _subscribe(self, call: Answer) -> Answer:
        return {"refused": self.roads.subscribe(self.roads.sources[call["source"]], call["carrier"], call["waybill"])}

    def _where(self, call: Answer) -> Answer:
        scans = self.roads.query(self.roads.sources[call["source"]], call["carrier"], call["waybill"])
        return {"scans": [scan.model_dump(mode="json") for scan in scans]}

    def _urge(self, call: Answer) -> Answer:
        self.urged[call["id"]] += 1
        return {"number": f"U{len(self.urged)}"}

    def _hear(self, call: Answer) -> Answer:
        self.asked[call["id"]] += 1
        return {"replies": ["在查"] if self.asked[call["id"]] > 1 else [], "done": self.asked[call["id"]] > 2}

    def _find_urge(self, call: Answer) -> Answer:
        return {"known": call["id"] in self.urged}

    # ---- the robot -----------------------------------------------------------------------------------------------

    def _post(self, call: Answer) -> Answer:
        self.posts += 1
        return {"ok": True}

    def _find_post(self, call: Answer) -> Answer:
        return {}
