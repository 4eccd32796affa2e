"""What becomes of the goods: the ERP's answer, the parcels' progress, and what both mean for the money."""

from datetime import datetime

from shared.domain.events import OrderStopped, ParcelProgressed, ReturnShipped
from shared.domain.notices import TicketKind
from shared.domain.order import OrderCase, OrderStatus, Shipment
from shared.domain.parcel import Content, Progress
from shared.domain.refund import Outcome, ParcelState, RefundKind, RefundPhase, RefundStatus
from shared.domain.why import in_words
from shared.rules.decide_order import named_carrier, shipped_content
from shared.rules.refund_draft import Fact, RefundDraft
from shared.rules.wording import hours, moment, parcel_name


def order_stopped(draft: RefundDraft, event: OrderStopped) -> None:
    """Take the ERP's answer: cancelled, held, printed, shipped and unknown orders each go their own way."""
    if event.answers != draft.command_id:
        return
    draft.change(order_stopped=event.result in ("cancelled", "held", "label_printed"))
    if draft.case.phase is not RefundPhase.STOPPING_ORDER:
        if draft.case.outcome in (Outcome.WITHDRAWN, Outcome.REFUSED) and draft.case.order_stopped:
            draft.ticket(TicketKind.STOPPED_THEN_WITHDRAWN, {"erp": event.result})
        return
    match event.result:
        case "cancelled":
            _goods_stayed(draft, "erp_cancelled")
        case "held":
            draft.ask_person(TicketKind.HELD_IN_PART, {"whole": False})
        case "label_printed":
            draft.ticket(TicketKind.LABEL_PRINTED, {"erp": event.result})
            _stop_shipments(draft, event.shipments, "label_printed")
        case "shipped":
            draft.ticket(TicketKind.SHIPPED_NOT_SYNCED, {"erp": event.result, "waybills": len(event.shipments)})
            _stop_shipments(draft, event.shipments, "shipped_not_synced")
        case "not_synced":
            if draft.policy.unsynced_order == "ask":
                draft.ask_person(TicketKind.ORDER_NOT_SYNCED, {"erp": event.result}, "unsynced_order=ask")
            if draft.policy.unsynced_order == "refund" or draft.case.status is RefundStatus.REFUNDED:
                _goods_stayed(draft, "not_in_erp")


def parcel_progressed(draft: RefundDraft, event: ParcelProgressed) -> None:
    """Take a parcel's news."""
    news = ParcelState(
        carrier=event.carrier,
        waybill=event.waybill,
        progress=event.progress,
        reason=event.reason,
        at=event.at,
        forced_refund_at=event.forced_refund_at,
    )
    number = (event.carrier, event.waybill)
    known = {(parcel.carrier, parcel.waybill): parcel for parcel in draft.case.parcels}
    mine = known.get(number)
    if mine is None or mine.at > news.at or _said(mine) == _said(news):
        return
    known[number] = news
    draft.change(parcels=tuple(known.values()))
    consider(draft)


def _said(state: ParcelState) -> tuple[Progress, str, datetime | None]:
    return state.progress, state.reason, state.forced_refund_at


def follow_return(draft: RefundDraft, told: Shipment | None) -> None:
    """Have the parcel watched in which the buyer says to have sent the goods back."""
    if told is None or told == draft.case.return_parcel:
        return
    draft.change(return_parcel=told)
    draft.outbox.append(
        ReturnShipped(
            merchant=draft.merchant,
            carrier=named_carrier(told),
            waybill=told.waybill,
            refund=draft.case.name,
            content=Content(
                platform=draft.case.platform,
                order_id=draft.case.order_id,
                line_ids=draft.case.line_ids,
                paid_fen=draft.case.amount_fen,
            ),
            at=told.shipped_at or draft.now,
        )
    )


def consider(draft: RefundDraft) -> None:
    """Decide from where all parcels stand."""
    states = draft.case.parcels
    _report_trouble(draft)
    if draft.case.phase is RefundPhase.STOPPING_PARCELS:
        hopeless = [parcel for parcel in states if parcel.progress.is_hopeless or parcel.reason == "not_worth_it"]
        if hopeless:
            draft.ask_person(
                TicketKind.INTERCEPTION_FAILED,
                {"waybill": hopeless[0].waybill, "progress": hopeless[0].progress, "reason": hopeless[0].reason},
            )
        elif states and moment_reached(draft):
            draft.ask(RefundPhase.REVIEWING, "refund_moment", {"refund_on": draft.policy.refund_on})
    elif draft.case.phase is RefundPhase.FOLLOWING:
        _follow(draft)


def moment_reached(draft: RefundDraft) -> bool:
    """Whether every parcel is as far as the policy wants it before the money goes; it can fall back until then."""
    return all(parcel.progress in draft.policy.refund_on.reached_by for parcel in draft.case.parcels)


def paid(draft: RefundDraft, at: datetime) -> None:
    """The buyer has the money, by whatever hand: follow the goods, or close."""
    note_payment(draft, at)
    if draft.case.kind is not RefundKind.REFUND_ONLY or all(
        parcel.progress is Progress.RELEASED for parcel in draft.case.parcels
    ):
        draft.close(Outcome.REFUNDED, "paid")
        return
    draft.enter(RefundPhase.FOLLOWING, "paid")
    consider(draft)


def note_payment(draft: RefundDraft, at: datetime) -> None:
    """Remember the payment, and let the order count it."""
    if draft.case.refunded_at:
        return
    draft.change(refunded_at=at)
    draft.say_share(draft.case.amount_fen)


def _follow(draft: RefundDraft) -> None:
    states = draft.case.parcels
    lost = [parcel for parcel in states if parcel.progress.is_hopeless]
    if lost:
        evidence = tuple(_evidence(parcel, draft.policy.zone) for parcel in lost)
        facts: Fact = {"amount_fen": draft.case.amount_fen, "parcels_lost": len(lost)}
        draft.ticket(TicketKind.LOSS, facts, evidence=(*evidence, *_payment_evidence(draft)))
    if states and all(parcel.progress.is_hopeless or parcel.progress is Progress.RECEIVED for parcel in states):
        draft.close(Outcome.LOST if lost else Outcome.RECOVERED, "goods_accounted_for")
        if not lost:
            draft.note("已退款，货物已回仓", "goods_accounted_for", {"parcels": len(states)})


def wish_again(draft: RefundDraft) -> None:
    """Ask the parcels that are not at an end where they stand."""
    listed = draft.order.shipments if draft.order else ()
    shipments = {(shipment.carrier, shipment.waybill): shipment for shipment in listed}
    for parcel in draft.case.parcels:
        if not parcel.progress.is_hopeless and parcel.progress is not Progress.RECEIVED:
            unlisted = Shipment(carrier=parcel.carrier, waybill=parcel.waybill)
            content = _content(draft, shipments.get((parcel.carrier, parcel.waybill), unlisted))
            draft.want(parcel.carrier, parcel.waybill, content)


def _evidence(parcel: ParcelState, zone: str) -> str:
    name = parcel_name(parcel.carrier, parcel.waybill)
    how = "，".join(filter(None, (in_words("progress", parcel.progress), in_words("reason", parcel.reason))))
    return f"{name}：拦截{how}（{moment(parcel.at, zone)}）"


def _payment_evidence(draft: RefundDraft) -> tuple[str, ...]:
    at = draft.case.refunded_at
    who = "本系统" if draft.case.agreed_by_us else "平台或人工"
    return (f"{who}退款时间：{moment(at, draft.policy.zone)}",) if at else ()


def _report_trouble(draft: RefundDraft) -> None:
    for parcel in draft.case.parcels:
        facts: Fact = {"waybill": parcel.waybill, "reason": parcel.reason}
        if parcel.progress is Progress.SILENT and parcel.reason == "courier_silent":
            limit = f"courier_silence_max={hours(draft.policy.courier_silence_max)}"
            draft.ticket(TicketKind.COURIER_SILENT, facts, limit)
        elif parcel.progress is Progress.SILENT:
            draft.ticket(TicketKind.OUTCOME_UNKNOWN, facts)
        elif parcel.reason == "other_goods_inside":
            draft.ticket(TicketKind.OTHER_GOODS_INSIDE, facts)


def _goods_stayed(draft: RefundDraft, rule: str) -> None:
    """The goods will not leave: pay after one more look, or close where the buyer is paid already."""
    if draft.case.status is RefundStatus.REFUNDED:
        draft.close(Outcome.REFUNDED, rule)
    else:
        draft.ask(RefundPhase.REVIEWING, rule, {"order_stopped": draft.case.order_stopped})


def _stop_shipments(draft: RefundDraft, shipments: tuple[Shipment, ...], rule: str) -> None:
    """Go on with parcels that only the ERP knows."""
    if not shipments:
        draft.enter(RefundPhase.BY_HAND, rule)
        return
    paid_already = draft.case.status is RefundStatus.REFUNDED
    draft.enter(RefundPhase.FOLLOWING if paid_already else RefundPhase.STOPPING_PARCELS, rule)
    for shipment in shipments:
        draft.want(shipment.carrier, shipment.waybill, _content(draft, shipment))


def _content(draft: RefundDraft, shipment: Shipment) -> Content:
    order = draft.order or OrderCase(
        platform=draft.case.platform,
        order_id=draft.case.order_id,
        status=OrderStatus.UNKNOWN,
        updated_at=draft.now,
    )
    content = shipped_content(order, shipment)
    return content if content.line_ids else content.model_copy(update={"line_ids": tuple(sorted(draft.lines))})
