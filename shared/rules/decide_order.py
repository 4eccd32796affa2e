"""What an order's news change: merge them, hand its parcels over, tell the refund that waited."""

from datetime import datetime

from shared.domain.decision import Decision, Facts
from shared.domain.events import OrderLearned, OrderRefunded, OrderReported, ParcelShipped
from shared.domain.messages import Message
from shared.domain.order import OrderCase, OrderLine, OrderStatus, Shipment
from shared.domain.parcel import Content
from shared.domain.policy import Policy

_PROGRESS = tuple(OrderStatus)


def decide_order(facts: Facts[OrderCase], policy: Policy, now: datetime) -> Decision[OrderCase]:
    """Merge a report into the order. Every field only grows, so any order of arrival gives the same order."""
    del policy
    event = facts.event
    if isinstance(event, OrderRefunded):
        order = facts.case or OrderCase(platform=event.platform, order_id=event.order_id, updated_at=now)
        return Decision(order.with_share(event.share))
    if not isinstance(event, OrderReported):
        return Decision(facts.case)
    before = facts.case or OrderCase(platform=event.platform, order_id=event.order_id, updated_at=event.at)
    case = _merged(before, event)
    outbox: list[Message] = [
        ParcelShipped(merchant=facts.merchant, carrier=shipment.carrier, waybill=shipment.waybill, content=content)
        for shipment in case.shipments
        if (content := shipped_content(case, shipment)) != _known_content(before, shipment)
    ]
    if event.asked_by:
        platform, refund_id = event.asked_by.split(":", 1)
        outbox.append(
            OrderLearned(merchant=facts.merchant, platform=platform, refund_id=refund_id, order_id=case.order_id)
        )
    return Decision(case, tuple(outbox))


def shipped_content(order: OrderCase, shipment: Shipment) -> Content:
    """What a parcel holds of this order. No lines: something, and nobody has said what."""
    lines = tuple(sorted(order.contents(shipment)))
    return Content(platform=order.platform, order_id=order.order_id, line_ids=lines)


def _known_content(order: OrderCase, shipment: Shipment) -> Content | None:
    number = (shipment.carrier, shipment.waybill)
    mine = next((known for known in order.shipments if (known.carrier, known.waybill) == number), None)
    return shipped_content(order, mine) if mine else None


def _merged(order: OrderCase, news: OrderReported) -> OrderCase:
    paid = [amount for amount in (order.paid_fen, news.paid_fen) if amount is not None]
    changed = [at for at in (order.address_changed_at, news.at if news.address_changed else None) if at]
    return order.model_copy(
        update={
            "status": max(order.status, news.status or OrderStatus.UNKNOWN, key=_PROGRESS.index),
            "updated_at": max(order.updated_at, news.at),
            "paid_fen": min(paid, default=None),
            "lines": _all_lines(order.lines, news.lines),
            "shipments": _all_shipments(order.shipments, news.shipments),
            "address_changed_at": max(changed, default=None),
        }
    )


def _all_lines(known: tuple[OrderLine, ...], told: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
    """All lines ever told; of two statements about one line the dearer counts, so that a person looks sooner."""
    by_id = {line.line_id: line for line in sorted(told + known, key=lambda line: (line.amount_fen, line.quantity))}
    return tuple(by_id[line_id] for line_id in sorted(by_id))


def _all_shipments(known: tuple[Shipment, ...], told: tuple[Shipment, ...]) -> tuple[Shipment, ...]:
    by_number: dict[tuple[str, str], Shipment] = {}
    for shipment in known + told:
        number = (shipment.carrier, shipment.waybill)
        mine = by_number.get(number, shipment)
        lines = tuple(sorted({*shipment.line_ids, *mine.line_ids}))
        by_number[number] = mine.model_copy(update={"line_ids": lines})
    return tuple(by_number[number] for number in sorted(by_number))
