"""Small builders: every test names only what it is about."""

from datetime import datetime, timedelta
from typing import Any

from shared.domain.decision import Decision, Facts
from shared.domain.events import (
    DeadlineReached,
    InterceptionAccepted,
    InterceptionCancelled,
    InterceptionRefused,
    InterceptionReported,
    InterceptionWanted,
    OrderReported,
    OrderStopped,
    ParcelProgressed,
    ParcelScanned,
    RefundReported,
)
from shared.domain.messages import AnyEvent
from shared.domain.notices import TICKETS, TicketKind
from shared.domain.order import OrderCase, OrderLine, OrderStatus, Shipment
from shared.domain.parcel import (
    Content,
    Interception,
    InterceptionPhase,
    ParcelCase,
    Progress,
    Scan,
    Stage,
    Watch,
    Wish,
)
from shared.domain.policy import Policy, Robot
from shared.domain.refund import RefundCase, RefundKind, RefundPhase, RefundStatus

NOW = datetime.fromisoformat("2026-11-11T00:00:00+00:00")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MERCHANT, ORDER, REFUND, WAYBILL = "demo", "O1", "R1", "W1"
PAID = 1990
PARCEL_KEY, REFUND_KEY = f"{MERCHANT}|parcel|zto:{WAYBILL}", f"{MERCHANT}|refund|sim:{REFUND}"


def policy(**fields: Any) -> Policy:
    """A policy that lets refunds of the order through."""
    robots = {"desk": Robot(channel="dingtalk", account="dingtalk")}
    return Policy(**{"merchant": MERCHANT, "version": 7, "robots": robots, **fields})


# ---- orders ------------------------------------------------------------------------------------------------------


def shipments(*waybills: str, lines: tuple[str, ...] = ()) -> tuple[Shipment, ...]:
    """Parcels W1 … with line L1 … each, or all with the same lines."""
    return tuple(
        Shipment(carrier="zto", waybill=waybill, line_ids=lines or (f"L{number}",))
        for number, waybill in enumerate(waybills, start=1)
    )


def order(*waybills: str, lines: int = 1, status: OrderStatus | None = None, **fields: Any) -> OrderCase:
    """A complete order of some lines, shipped in these parcels, one line in each."""
    shipped = OrderStatus.SHIPPED if waybills else OrderStatus.PAID
    each = PAID // lines
    rest = PAID - each * (lines - 1)
    told = [OrderLine(line_id=f"L{n}", amount_fen=rest if n == 1 else each) for n in range(1, lines + 1)]
    known = {
        "platform": "sim",
        "order_id": ORDER,
        "status": status or shipped,
        "updated_at": NOW,
        "paid_fen": PAID,
        "lines": tuple(told),
        "shipments": shipments(*waybills),
    }
    return OrderCase(**{**known, **fields})


def order_reported(**fields: Any) -> OrderReported:
    """A platform's news of the order."""
    return OrderReported(**{"merchant": MERCHANT, "platform": "sim", "order_id": ORDER, "at": NOW, **fields})


# ---- refunds -----------------------------------------------------------------------------------------------------


def reported(status: RefundStatus = RefundStatus.PENDING, version: int = 1, **fields: Any) -> RefundReported:
    """A platform's news of the refund request."""
    told = {
        "merchant": MERCHANT,
        "platform": "sim",
        "refund_id": REFUND,
        "order_id": ORDER,
        "at": NOW,
        "version": version,
        "status": status,
        "kind": RefundKind.REFUND_ONLY,
        "amount_fen": PAID,
        "line_ids": ("L1",),
    }
    return RefundReported(**{**told, **fields})


def progressed(progress: Progress, waybill: str = WAYBILL, **fields: Any) -> ParcelProgressed:
    """A parcel's news for the refund."""
    about = {"merchant": MERCHANT, "platform": "sim", "refund_id": REFUND, "carrier": "zto", "waybill": waybill}
    return ParcelProgressed(**{**about, "progress": progress, "at": NOW, **fields})


def order_stopped(result: Any, answers: str, **fields: Any) -> OrderStopped:
    """The ERP's answer."""
    about = {"merchant": MERCHANT, "platform": "sim", "refund_id": REFUND, "order_id": ORDER}
    return OrderStopped(**{**about, "answers": answers, "result": result, **fields})


def refund(phase: RefundPhase, **fields: Any) -> RefundCase:
    """A refund case in the middle of its life."""
    known = {
        "platform": "sim",
        "refund_id": REFUND,
        "order_id": ORDER,
        "line_ids": ("L1",),
        "kind": RefundKind.REFUND_ONLY,
        "amount_fen": PAID,
        "version": 1,
        "deadline_at": NOW + 36 * HOUR,
        "opened_at": NOW,
        "phase": phase,
        "step": 1,
        "tries": 1,
        "asked_at": NOW,
    }
    return RefundCase(**{**known, **fields})


# ---- parcels -----------------------------------------------------------------------------------------------------


def wish(refund_id: str = REFUND, order_id: str = ORDER, *lines: str, amount_fen: int = PAID) -> Wish:
    """A refund's wish to stop the parcel."""
    return Wish(
        refund=f"sim:{refund_id}",
        platform="sim",
        order_id=order_id,
        line_ids=lines or ("L1",),
        amount_fen=amount_fen,
    )


def content(order_id: str = ORDER, *lines: str) -> Content:
    """What an order says is inside."""
    return Content(platform="sim", order_id=order_id, line_ids=lines or ("L1",))


def wanted(refund_id: str = REFUND, order_id: str = ORDER, *lines: str, **fields: Any) -> InterceptionWanted:
    """A refund wants the parcel stopped, and all that its order put inside is refunded."""
    about = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
    told = {"content": content(order_id, *lines), "wish": wish(refund_id, order_id, *lines)}
    return InterceptionWanted(**{**about, **told, **fields})


def scanned(stage: Stage, at: datetime = NOW, code: str = "", **fields: Any) -> ParcelScanned:
    """A courier's scan."""
    scan = Scan(stage=stage, at=at, code=code or stage.value)
    return ParcelScanned(**{"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL, "scan": scan, **fields})


_ANSWERS = {
    "accepted": (InterceptionAccepted, {}),
    "refused": (InterceptionRefused, {"code": "E23137"}),
    "reported": (InterceptionReported, {"state": "in_progress"}),
    "cancelled": (InterceptionCancelled, {}),
}


def courier(answer: str, step: int, **fields: Any) -> Any:
    """A courier's answer to the command of this step."""
    event, needed = _ANSWERS[answer]
    about = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL, "answers": f"{PARCEL_KEY}#{step}"}
    return event(**{**about, **needed, **fields})


def parcel(phase: InterceptionPhase = InterceptionPhase.NONE, stage: Stage | None = None, **fields: Any) -> ParcelCase:
    """A parcel wanted by one refund, its interception in a phase; the stage as its last scan."""
    step = 0 if phase in (InterceptionPhase.NONE, InterceptionPhase.WAITING) else 1
    known = {
        "carrier": "zto",
        "waybill": WAYBILL,
        "contents": (content(),),
        "wishes": (wish(),),
        "last_scan": Scan(stage=stage, at=NOW, code=stage.value) if stage else None,
        "heard_at": NOW if stage else None,
        "watch": Watch(source="zto", step=1, asked_at=NOW),
        "interception": Interception(
            phase=phase, step=step, request_step=step, tries=1, asked_at=NOW, accepted_at=NOW, eligible_at=NOW
        ),
    }
    return ParcelCase(**{**known, **fields})


# ---- deciding ----------------------------------------------------------------------------------------------------


class Run:
    """A case and everything it has said, event after event."""

    def __init__(self, decide: Any, case: Any = None, *, at: datetime = NOW, **policy_fields: Any) -> None:
        self.decide = decide
        self.case = case
        self.policy = policy(**policy_fields)
        self.now = at
        self.order: OrderCase | None = None
        self.budget_left = True
        self.trial_left = True
        self.said: list[Any] = []
        self.last: Decision[Any] = Decision(case)

    def take(self, *events: AnyEvent, after: timedelta = timedelta(0)) -> list[Any]:
        """Take events, the first after a pause; give what they made the case say."""
        self.now += after
        begin = len(self.said)
        for event in events:
            left = {"budget_left": self.budget_left, "trial_left": self.trial_left}
            facts = Facts(MERCHANT, event, self.case, self.order, **left)
            self.last = self.decide(facts, self.policy, self.now)
            self.case = self.last.case
            self.said += self.last.outbox
        return self.said[begin:]


def types(messages: list[Any]) -> list[str]:
    """What was said, by type, without what staff are told and without what keeps the parcel watched."""
    aside = ("notice_raised", "subscribe_tracking", "query_tracking", "order_troubled")
    return [message.type for message in messages if message.type not in aside]


def tickets(messages: list[Any]) -> list[TicketKind]:
    """The kinds of the questions to people among the messages, without what watching tells them."""
    titles = {text.title: kind for kind, text in TICKETS.items()}
    notices = [message.notice for message in messages if message.type == "notice_raised"]
    return [titles[notice.title] for notice in notices if notice.title in titles]


def tick(about: str = REFUND_KEY) -> DeadlineReached:
    """The clock passed what the case was waiting for."""
    return DeadlineReached(merchant=MERCHANT, about=about)


def progressed_to(messages: list[Any]) -> list[str]:
    """What the refunds were told about the parcel."""
    return [message.progress.value for message in messages if message.type == "parcel_progressed"]
