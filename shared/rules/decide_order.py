"""What an order's news change: merge them, hand its parcels over, tell the refund that waited."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.decision import Decision, Facts
from shared.domain.events import (
    DeadlineReached,
    OrderLearned,
    OrderRefunded,
    OrderReported,
    OrderTroubled,
    ParcelShipped,
    TicketTaken,
)
from shared.domain.messages import Message
from shared.domain.order import UNKNOWN_CARRIER, OrderCase, OrderLine, OrderStatus, Shipment, Trouble
from shared.domain.parcel import Content
from shared.domain.policy import Policy
from shared.domain.recognition import candidates, sure
from shared.rules.order_watch import marked_if_backfilled, take_ticket, watched

_PROGRESS = tuple(OrderStatus)
_SHIPPING_MAX = timedelta(days=30)


def decide_order(facts: Facts[OrderCase], policy: Policy, now: datetime) -> Decision[OrderCase]:
    """Merge a report into the order. Fields grow, or the latest word counts: any order of arrival gives the same."""
    event = facts.event
    if isinstance(event, OrderRefunded):
        order = facts.case or OrderCase(platform=event.platform, order_id=event.order_id, updated_at=now)
        return watched(order.with_share(event.share), (), facts.merchant, policy, now)
    if isinstance(event, OrderTroubled):
        order = facts.case or OrderCase(platform=event.platform, order_id=event.order_id, updated_at=now)
        return watched(troubled(order, event.trouble), (), facts.merchant, policy, now)
    if isinstance(event, DeadlineReached) and facts.case is not None:
        return watched(facts.case, (), facts.merchant, policy, now, by_clock=True)
    if isinstance(event, TicketTaken) and facts.case is not None:
        return take_ticket(facts.case, event, facts.merchant, policy, now)
    if not isinstance(event, OrderReported):
        return Decision(facts.case)
    before = facts.case or OrderCase(platform=event.platform, order_id=event.order_id, updated_at=event.at)
    case = marked_if_backfilled(facts.case, _merged(before, event), policy, now)
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
    return watched(case, outbox, facts.merchant, policy, now)


def troubled(order: OrderCase, told: Trouble) -> OrderCase:
    """Remember what is the matter with one of the order's parcels, as long as something is."""
    known = {trouble.parcel: trouble for trouble in order.troubles}
    mine = known.pop(told.parcel, None)
    latest = mine if mine and mine.at > told.at else told
    if latest.what:
        known[told.parcel] = latest
    return order.model_copy(update={"troubles": tuple(known[parcel] for parcel in sorted(known))})


def named_carrier(shipment: Shipment) -> str:
    """Name a parcel's carrier; one that nobody named is read off the number where that leaves no doubt."""
    if shipment.carrier != UNKNOWN_CARRIER:
        return shipment.carrier
    return sure(candidates(shipment.waybill)) or UNKNOWN_CARRIER


def shipped_content(order: OrderCase, shipment: Shipment) -> Content:
    """What a parcel holds of this order. No lines: something, and nobody has said what."""
    return Content(
        platform=order.platform,
        order_id=order.order_id,
        line_ids=tuple(sorted(order.contents(shipment))),
        paid_fen=order.paid_fen,
        paid_at=order.paid_at,
        shipped_at=shipment.shipped_at,
        region=order.region,
        region_at=order.region_at if order.address_changed_at else None,
        buyer_quiet=order.buyer_quiet,
    )


def _known_content(order: OrderCase, shipment: Shipment) -> Content | None:
    number = (shipment.carrier, shipment.waybill)
    mine = next((known for known in order.shipments if (known.carrier, known.waybill) == number), None)
    return shipped_content(order, mine) if mine else None


def _merged(order: OrderCase, news: OrderReported) -> OrderCase:
    paid = [amount for amount in (order.paid_fen, news.paid_fen) if amount is not None]
    ship_by_at, ship_by = _latest_ship_by(order, news)
    region_at, region = _latest_region(order, news)
    changed = [at for at in (order.address_changed_at, news.at if news.address_changed else None) if at]
    return order.model_copy(
        update={
            "status": max(order.status, news.status or OrderStatus.UNKNOWN, key=_PROGRESS.index),
            "updated_at": max(order.updated_at, news.at),
            "paid_fen": min(paid, default=None),
            "lines": _all_lines(order.lines, news.lines),
            "shipments": _all_shipments(
                order.shipments, [_shipped(order, shipment, news) for shipment in news.shipments]
            ),
            "paid_at": min(filter(None, (order.paid_at, news.paid_at)), default=None),
            "ship_by": ship_by,
            "ship_by_at": ship_by_at,
            "region": region,
            "region_at": region_at,
            "buyer_quiet": order.buyer_quiet or news.buyer_quiet,
            "address_changed_at": max(changed, default=None),
        }
    )


def _latest_ship_by(order: OrderCase, news: OrderReported) -> tuple[datetime | None, datetime | None]:
    """Give the platform's limit as it said it last, and when; of two that it said at once, the earlier."""
    if news.ship_by is None:
        return order.ship_by_at, order.ship_by
    if order.ship_by is None:
        return news.at, news.ship_by
    known_at = order.ship_by_at or order.updated_at
    if news.at == known_at:
        return known_at, min(news.ship_by, order.ship_by)
    return max((known_at, order.ship_by), (news.at, news.ship_by))


def _latest_region(order: OrderCase, news: OrderReported) -> tuple[datetime | None, str]:
    """Give where the order goes as it was said last, and when: a buyer may change the address."""
    if not news.region:
        return order.region_at, order.region
    known = [(order.region_at or order.updated_at, order.region)] if order.region else []
    return max([*known, (news.at, news.region)])


def _all_lines(known: tuple[OrderLine, ...], told: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
    """All lines ever told; of two statements about one line the dearer counts, so that a person looks sooner."""
    by_id = {line.line_id: line for line in sorted(told + known, key=lambda line: (line.amount_fen, line.quantity))}
    return tuple(by_id[line_id] for line_id in sorted(by_id))


def _shipped(order: OrderCase, shipment: Shipment, news: OrderReported) -> Shipment:
    """A parcel in a platform's push was shipped by then; neither an answer of ours nor old orders' news say when.

    An order that has waited before our eyes is not old, however long ago it was paid.
    """
    carrier = named_carrier(shipment)
    is_waiting = order.status is OrderStatus.PAID and not order.backfilled
    is_old = news.paid_at is not None and news.at - news.paid_at > _SHIPPING_MAX and not is_waiting
    is_old = is_old or bool(news.asked_by)
    shipped_at = shipment.shipped_at or (None if is_old else news.at)
    return shipment.model_copy(update={"carrier": carrier, "shipped_at": shipped_at})


def _all_shipments(known: Sequence[Shipment], told: Sequence[Shipment]) -> tuple[Shipment, ...]:
    by_number: dict[tuple[str, str], Shipment] = {}
    for shipment in (*known, *told):
        number = (shipment.carrier, shipment.waybill)
        mine = by_number.get(number, shipment)
        lines = tuple(sorted({*shipment.line_ids, *mine.line_ids}))
        shipped_at = min(filter(None, (shipment.shipped_at, mine.shipped_at)), default=None)
        by_number[number] = mine.model_copy(update={"line_ids": lines, "shipped_at": shipped_at})
    return tuple(by_number[number] for number in sorted(by_number))
