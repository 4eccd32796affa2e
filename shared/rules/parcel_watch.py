"""Who watches the watcher: every parcel has a source that pushes its scans, and somebody who notices when it stops.

shipped ──▶ subscribed ──abort, shutdown──▶ ended ──half an hour──▶ subscribed again, until somebody takes it
                │  └──refused──▶ the general source ──refused──▶ ticket, tried again later
                └──silent until a warning is near, or for 36 hours──▶ asked ──it knew more──▶ subscribed again
                                                                        └──takes the number for another courier's──▶
                                                                           asked once more, under that courier

Subscriptions without any effect are limited; after the last one a person is asked. Questions go on.
"""

from datetime import datetime, timedelta

from shared.domain.commands import QueryTracking, SubscribeTracking
from shared.domain.events import CarrierDoubted, CommandFailed, TrackingEnded
from shared.domain.parcel import ParcelCase, Watch
from shared.domain.watching import Span, Watching
from shared.rules.deadlines import NO_PACE, Deadline
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.rereading import reading_of

_TRY_AGAIN = timedelta(hours=6)
_REASON_MAX = 60
_NOT_ASKED = (Span.PAY_TO_SIGN, Span.RETURN_RECEIPT)  # a total, whose parts are asked about; and our own warehouse


def begin(draft: ParcelDraft) -> None:
    """Subscribe a parcel of ours that nobody watches yet; old ones of a backfill are left in peace."""
    case, watching = draft.case, draft.policy.watching
    if case.watch.step or case.is_finished or not (case.contents or case.is_return):
        return
    paid_at = min((content.paid_at for content in case.contents if content.paid_at), default=None)
    began = case.shipped_at or case.heard_at or paid_at
    if began and draft.now - began > watching.backfill_after and not case.wishes:
        return
    _subscribe(draft, watching.tracker_of(case.carrier))


def pushed(draft: ParcelDraft, heard_before: datetime | None) -> None:
    """A scan came unasked: whatever was thought, somebody watches; one that is news proves a subscription."""
    watch = draft.case.watch
    if watch.lost_at:
        _update(draft, lost_at=None, ended=watch.ended if watch.retry_at else "")
    if watch.tries and draft.case.heard_at != heard_before:
        _update(draft, tries=0)


def subscribed(draft: ParcelDraft, answers: str) -> None:
    """The source took a subscription. The first answer changes nothing: to be watched is the rule."""
    if answers == _subscription(draft) and draft.case.watch.ended:
        _update(draft, ended="", retry_at=None, lost_at=None)


def failed(draft: ParcelDraft, event: CommandFailed) -> None:
    """A source refused a subscription or a question: ask the general one, then a person, and try again later."""
    watch, watching = draft.case.watch, draft.policy.watching
    is_question = event.answers == _question(draft)
    if not is_question and event.answers != _subscription(draft):
        return
    reason = f"{event.code} {event.text}".strip()[:_REASON_MAX]
    is_last = watch.tries >= watching.subscriptions_max
    if watch.source != watching.tracker and not is_last:
        _update(draft, ended=reason)
        _subscribe(draft, watching.tracker)
    elif not (is_question and watch.ended):
        lost_at = watch.lost_at if is_question and not is_last else watch.lost_at or draft.now
        _update(draft, ended=reason, retry_at=None if is_last else draft.now + _TRY_AGAIN, lost_at=lost_at)


def ended(draft: ParcelDraft, event: TrackingEnded) -> None:
    """The source stopped watching a parcel of which there is more to hear."""
    watch, watching = draft.case.watch, draft.policy.watching
    if not draft.case.awaits_courier or watch.source != event.source:
        return
    if event.gave_up and not watch.gave_up_at:
        _update(draft, gave_up_at=draft.now)
    if watch.ended:
        return
    is_last = watch.tries >= watching.subscriptions_max
    _update(
        draft,
        ended=event.reason[:_REASON_MAX] or "ended",
        retry_at=None if is_last else draft.now + watching.resubscribe_after,
        lost_at=watch.lost_at or draft.now if is_last else watch.lost_at,
    )


def answered(draft: ParcelDraft, answers: str, heard_before: datetime | None) -> None:
    """A question's answer: where it knew more than was pushed, the subscription is dead and nobody said so."""
    watch, heard = draft.case.watch, draft.case.heard_at
    if answers != _question(draft) or heard is None or heard == heard_before or watch.ended:
        return
    pace = draft.policy.paces.get(draft.case.carrier, NO_PACE)
    patience = max(draft.policy.watching.resubscribe_after, timedelta(seconds=pace.lag_s))
    if draft.now - max(heard, watch.asked_at or heard) > patience and not draft.case.is_finished:
        _revive(draft)


def looked(draft: ParcelDraft, at: datetime | None) -> None:
    """A source was asked about this number under another courier: it is not asked again at once."""
    if at and draft.case.watch.queried_at is None:
        _update(draft, queried_at=at)


def doubted(draft: ParcelDraft, event: CarrierDoubted) -> None:
    """A source takes the number for another courier's: it is asked there too, before anybody is warned."""
    if event.answers == _question(draft) and draft.case.heard_at is None:
        _update(draft, likely=event.likely)


def begin_again(draft: ParcelDraft, reason: str) -> None:
    """Subscribe as at the beginning: what kept the parcel from being watched is over."""
    if draft.case.watch.step and not draft.case.is_finished:
        _update(draft, tries=0, lost_at=None, ended=draft.case.watch.ended or reason)
        _subscribe(draft, draft.policy.watching.tracker_of(draft.case.carrier))


def look(draft: ParcelDraft, deadlines: list[Deadline]) -> datetime | None:
    """Subscribe again what is due for it; ask the source before anybody is warned, and now and then anyway.

    Gives when to look again: at the latest when the parcel is given up.
    """
    watch, given_up_at = draft.case.watch, _given_up_at(draft.case, draft.policy.watching, draft.now)
    if not watch.step or draft.case.is_finished or draft.now >= given_up_at:
        return None
    retry_at = _retry_at(draft)
    if retry_at and draft.now >= retry_at:
        _revive(draft)
    ask_at = _ask_at(draft, deadlines)
    if ask_at and draft.now >= ask_at:
        _ask(draft)
        ask_at = _ask_at(draft, deadlines)
    return min(filter(None, (_retry_at(draft), ask_at, given_up_at)))


def is_given_up(case: ParcelCase, watching: Watching, now: datetime) -> bool:
    """Whether nothing was heard of the parcel for so long that nobody waits for it any more."""
    return now >= _given_up_at(case, watching, now)


def _given_up_at(case: ParcelCase, watching: Watching, now: datetime) -> datetime:
    return max(filter(None, (case.heard_at, case.shipped_at)), default=case.watch.asked_at or now) + watching.watch_max


def _retry_at(draft: ParcelDraft) -> datetime | None:
    return draft.case.watch.retry_at if draft.case.awaits_courier else None


def _ask_at(draft: ParcelDraft, deadlines: list[Deadline]) -> datetime | None:
    watch, heard = draft.case.watch, draft.case.heard_at
    if not draft.case.awaits_courier:
        return None
    asked = watch.queried_at
    pause = draft.policy.watching.resubscribe_after  # between two questions about one number
    early = pause if heard is None else timedelta()  # a doubt leaves time for a second one
    asks = [one.ask_at - early for one in deadlines if one.span not in _NOT_ASKED]
    times = [at for at in asks if asked is None or asked + pause <= at]
    if asked and _doubt(draft):
        times.append(asked + pause)
    last = max(filter(None, (heard, watch.asked_at, asked)), default=None)
    if last:
        times.append(last + draft.policy.watching.heartbeat)
    return min(times, default=None)


def _doubt(draft: ParcelDraft) -> str | None:
    """Give the courier under which the number should be asked for as well."""
    watch = draft.case.watch
    return (
        watch.likely if draft.case.heard_at is None and watch.likely not in (watch.tried, draft.case.carrier) else None
    )


def _ask(draft: ParcelDraft) -> None:
    watch, as_carrier = draft.case.watch, _doubt(draft)
    if not watch.asks and not draft.case.is_return:
        _read_orders(draft)
    source = watch.source or draft.policy.watching.tracker_of(draft.case.carrier)
    _update(draft, source=source, asks=watch.asks + 1, queried_at=draft.now, tried=as_carrier or watch.tried)
    draft.say(
        QueryTracking(
            merchant=draft.merchant,
            command_id=_question(draft),
            reply_to=draft.key,
            why=draft.why("silent", {"heard_at": str(draft.case.heard_at or ""), "source": source}),
            source=source,
            carrier=draft.case.carrier,
            waybill=draft.case.waybill,
            as_carrier=as_carrier,
        )
    )
    is_young = watch.asked_at is not None and draft.now - watch.asked_at < draft.policy.watching.resubscribe_after
    if draft.case.heard_at is None and not watch.ended and not is_young:
        _revive(draft)  # perhaps nobody ever took the subscription


def _read_orders(draft: ParcelDraft) -> None:
    """Let the orders inside be read of which no push has told where they go or what was paid: limits depend on it."""
    for content in draft.case.contents:
        if not content.region or content.paid_fen is None or content.paid_at is None:
            why = draft.why("order_unread", {"region": content.region, "paid_fen": content.paid_fen})
            draft.say(reading_of(draft.merchant, content.platform, content.order_id, why, draft.now))


def _revive(draft: ParcelDraft) -> None:
    watch, watching = draft.case.watch, draft.policy.watching
    if watch.tries < watching.subscriptions_max:
        _subscribe(draft, watch.source or watching.tracker_of(draft.case.carrier))
    else:
        lost_at = watch.lost_at or draft.now
        _update(draft, ended=watch.ended or "no subscription left", retry_at=None, lost_at=lost_at)


def _subscribe(draft: ParcelDraft, source: str) -> None:
    """Subscribe once more; where the one before had ended, the answer is awaited."""
    watch = draft.case.watch
    retry_at = draft.now + _TRY_AGAIN if watch.ended else None
    _update(draft, source=source, step=watch.step + 1, tries=watch.tries + 1, asked_at=draft.now, retry_at=retry_at)
    draft.say(
        SubscribeTracking(
            merchant=draft.merchant,
            command_id=_subscription(draft),
            reply_to=draft.key,
            why=draft.why("watch_parcel", {"source": source, "ended": watch.ended}),
            source=source,
            carrier=draft.case.carrier,
            waybill=draft.case.waybill,
        )
    )


def _subscription(draft: ParcelDraft) -> str:
    return f"{draft.key}#watch-{draft.case.watch.step}"


def _question(draft: ParcelDraft) -> str:
    return f"{draft.key}#ask-{draft.case.watch.asks}"


def _update(draft: ParcelDraft, **fields: object) -> None:
    watch: Watch = draft.case.watch.model_copy(update=fields)
    draft.change(watch=watch)
