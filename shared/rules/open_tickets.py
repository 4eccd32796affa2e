"""What does a case ask of people? Its open tickets as rows, and which of them cannot wait. The board calls it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from shared.domain.board import BY_HAND, STAGE_TEXTS, OpenTicket
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey
from shared.domain.notices import TICKETS, DigestCase, TicketKind
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase
from shared.domain.session import DeskCase, SessionCase
from shared.domain.tickets import ANOMALIES, Ticket
from shared.rules.parcel_draft import forced_refund_at
from shared.rules.ticketing import BROKEN, WARNED, group_of, review_at
from shared.rules.wording import COURIERS, speaker

_HOUR = timedelta(hours=1)


def open_tickets(key: CaseKey, case: AnyCase, policy: Policy, now: datetime) -> list[OpenTicket]:
    """Give a case's tickets that nobody has closed, the most urgent first."""
    match case:
        case ParcelCase():
            orders = tuple(dict.fromkeys(content.order_id for content in case.contents))
            forced_at = forced_refund_at(case, policy)
            where: Mapping[str, object] = {
                "stage": case.stage,
                "carrier": case.carrier,
                "carrier_text": COURIERS.get(case.carrier, case.carrier),
                "waybill": case.waybill,
                "order_ids": orders,
                "forced_refund_at": forced_at,
                "forced_refund_hours_left": hours_between(now, forced_at) if forced_at else None,
            }
            rows = [_row(key, ticket, policy, now, where) for ticket in _not_closed(case.tickets)]
        case OrderCase():
            where = {"stage": case.status, "order_ids": (case.order_id,)}
            rows = [_row(key, ticket, policy, now, where) for ticket in _not_closed(case.tickets)]
        case RefundCase():
            rows = [_by_hand(key, case, policy, now)] if case.needs_people else []
        case DigestCase() | SessionCase() | DeskCase():
            rows = []
        case _:
            assert_never(case)
    return sorted(rows, key=urgency)


def urgency(row: OpenTicket) -> tuple[datetime, int, str, str]:
    """Sort by when a limit breaks (or broke), then by what that costs."""
    return row.breach_at, -row.exposure_fen, row.case_id, row.anomaly


def hours_between(start: datetime, end: datetime) -> float:
    """Give the hours from one instant to another, to the nearest hundredth; negative where `end` has passed."""
    return round((end - start) / _HOUR, 2)


def _not_closed(tickets: tuple[Ticket, ...]) -> Iterator[Ticket]:
    return (ticket for ticket in tickets if not ticket.closed)


def _row(key: CaseKey, ticket: Ticket, policy: Policy, now: datetime, where: Mapping[str, object]) -> OpenTicket:
    text = ANOMALIES[ticket.anomaly]
    return OpenTicket.model_validate(
        {
            **where,
            "stage_text": STAGE_TEXTS[str(where["stage"])],
            "merchant": key.merchant,
            "kind": key.kind,
            "case_id": key.id,
            "anomaly": ticket.anomaly,
            "category": text.category,
            "title": text.title,
            "advice": text.advice,
            "opened_at": ticket.opened_at,
            "breach_at": ticket.breach_at,
            "hours_left": hours_between(now, ticket.breach_at),
            "exposure_fen": ticket.exposure_fen,
            "group": group_of(policy, ticket, ticket.level),
            "level": ticket.level,
            "rule": ticket.rule,
            "count": ticket.count,
            "urged_at": ticket.urged_at,
            "urge_number": ticket.urge_number,
            "answer": ticket.answer,
            "answered_at": ticket.answered_at,
            "answered_by": ticket.answered_by,
            "answered_by_text": speaker(ticket.answered_by),
            "taken_by": ticket.taken_by,
            "review_at": review_at(ticket, policy.watching),
            "waits_for_approval": bool(ticket.asked),
            "approvals": ticket.approvals,
        }
    )


def _by_hand(key: CaseKey, case: RefundCase, policy: Policy, now: datetime) -> OpenTicket:
    """A refund that a person decides: what it was told with last says what to do."""
    kind = next((TicketKind(name) for name in (case.rule, *case.tickets[::-1]) if name in set(TicketKind)), None)
    parcel = case.parcels[0] if case.parcels else None
    forced_at = case.forced_refund_at
    return OpenTicket(
        merchant=key.merchant,
        kind=key.kind,
        case_id=key.id,
        anomaly=BY_HAND,
        title=TICKETS[kind].title if kind else "退款需人工处理",
        advice=TICKETS[kind].advice if kind else "请在平台核对该退款申请后处理。",
        stage=case.phase,
        stage_text=STAGE_TEXTS[case.phase],
        carrier=parcel.carrier if parcel else "",
        carrier_text=COURIERS.get(parcel.carrier, parcel.carrier) if parcel else "",
        waybill=parcel.waybill if parcel else "",
        order_ids=(case.order_id,),
        opened_at=case.opened_at,
        breach_at=case.deadline_at,
        hours_left=hours_between(now, case.deadline_at),
        exposure_fen=case.amount_fen,
        group=policy.desk,
        level=BROKEN if case.deadline_at <= now else WARNED,
        review_at=case.deadline_at if case.deadline_at > now else None,
        rule=" ".join(filter(None, (case.rule, case.reason))),
        forced_refund_at=forced_at,
        forced_refund_hours_left=hours_between(now, forced_at) if forced_at else None,
    )
