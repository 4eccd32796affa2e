"""Who watches the watcher: every parcel has a source that pushes its scans, and somebody who notices when it stops.

shipped ──▶ subscribed ──abort, shutdown──▶ ended ──half an hour──▶ subscribed again
                │  └──refused──▶ the next source ──refused──▶ ticket, tried again later
                └──silent until a warning is near──▶ asked ──it knew more──▶ subscribed again
"""

from datetime import datetime, timedelta

from shared.domain.commands import QueryTracking, SubscribeTracking
from shared.domain.events import CarrierCorrected, CommandFailed, ParcelShipped, ReturnShipped, TrackingEnded
from shared.domain.order import UNKNOWN_CARRIER
from shared.domain.parcel import InterceptionPhase, Watch
from shared.rules.deadlines import Deadline
from shared.rules.parcel_draft import ParcelDraft

_TRY_AGAIN = timedelta(hours=6)


def begin(draft: ParcelDraft) -> None:
    """Subscribe a parcel of ours that nobody watches yet; old ones of a backfill are left in peace."""
    case, watching = draft.case, draft.policy.watching
    if case.watch.step or case.is_finished or not (case.contents or case.is_return):
        return
    if case.shipped_at and draft.now - case.shipped_at > watching.backfill_after:
        return
    _subscribe(draft, watching.tracker_of(case.carrier))


def subscribed(draft: ParcelDraft, answers: str) -> None:
    """The source took a subscription. The first answer changes nothing: to be watched is the rule."""
    if answers == _subscription(draft) and draft.case.watch.ended:
        _update(draft, ended="", retry_at=None, lost_at=None)


def failed(draft: ParcelDraft, event: CommandFailed) -> None:
    """A source did not take the subscription: ask the general one, then a person, and try again later."""
    watch, watching = draft.case.watch, draft.policy.watching
    if event.answers != _subscription(draft):
        return
    if watch.source != watching.tracker and watch.step < watching.subscriptions_max:
        _subscribe(draft, watching.tracker)
        return
    later = draft.now + _TRY_AGAIN if watch.step < watching.subscriptions_max else None
    lost_at = watch.lost_at or draft.now
    _update(draft, ended=f"{event.code} {event.text}".strip()[:60], retry_at=later, lost_at=lost_at)


def ended(draft: ParcelDraft, event: TrackingEnded) -> None:
    """The source stopped watching a parcel that is still on its way."""
    watch, watching = draft.case.watch, draft.policy.watching
    if draft.case.is_finished or watch.source not in (None, event.source) or watch.ended:
        return
    left = watch.step < watching.subscriptions_max
    _update(
        draft,
        source=event.source,
        ended=event.reason[:60] or "ended",
        retry_at=draft.now + watching.resubscribe_after if left else None,
        lost_at=watch.lost_at if left else watch.lost_at or draft.now,
        gave_up_at=(watch.gave_up_at or draft.now) if event.gave_up else watch.gave_up_at,
    )


def answered(draft: ParcelDraft, answers: str, heard_before: datetime | None) -> None:
    """A question's answer: where it knew more than was pushed, the subscription is dead and nobody said so."""
    watch, heard = draft.case.watch, draft.case.heard_at
    if answers != f"{draft.key}#ask-{watch.asks}" or heard is None or heard == heard_before:
        return
    quiet_for = draft.now - max(heard, watch.asked_at or heard)
    if quiet_for > draft.policy.watching.resubscribe_after and not watch.ended:
        _revive(draft)


def corrected(draft: ParcelDraft, event: CarrierCorrected) -> None:
    """The number travels with another courier: what we know of its goods goes to the right parcel."""
    case = draft.case
    if event.right in (case.carrier, case.moved_to, UNKNOWN_CARRIER):
        return
    draft.change(moved_to=event.right)
    where = {"merchant": draft.merchant, "carrier": event.right, "waybill": case.waybill}
    for content in case.contents:
        if case.return_for and case.returned_from:
            draft.say(ReturnShipped(**where, refund=case.return_for, content=content, at=case.returned_from))
        else:
            draft.say(ParcelShipped(**where, content=content))
    if case.wishes and not case.interception.phase.was_promised:
        draft.enter(InterceptionPhase.REFUSED, "carrier_corrected")


def look(draft: ParcelDraft, deadlines: list[Deadline]) -> None:
    """Subscribe again what is due for it; ask the source before anybody is warned, and now and then anyway."""
    watch = draft.case.watch
    if not watch.step or draft.case.is_finished:
        return
    if watch.retry_at and draft.now >= watch.retry_at:
        _revive(draft)
    at = _ask_at(draft, deadlines)
    if at and draft.now >= at:
        _ask(draft)


def next_look(draft: ParcelDraft, deadlines: list[Deadline]) -> datetime | None:
    """When to look again."""
    watch = draft.case.watch
    if not watch.step or draft.case.is_finished:
        return None
    return min(filter(None, (watch.retry_at, _ask_at(draft, deadlines))), default=None)


def _ask_at(draft: ParcelDraft, deadlines: list[Deadline]) -> datetime | None:
    watch, heard = draft.case.watch, draft.case.heard_at
    asked = watch.queried_at
    times = [one.ask_at for one in deadlines if asked is None or asked < one.ask_at]
    last = max(filter(None, (heard, watch.asked_at, asked)), default=None)
    if last and not draft.case.return_waybill:
        times.append(last + draft.policy.watching.heartbeat)
    return min(times, default=None)


def _ask(draft: ParcelDraft) -> None:
    watch = draft.case.watch
    if watch.source is None:
        return
    _update(draft, asks=watch.asks + 1, queried_at=draft.now)
    draft.say(
        QueryTracking(
            merchant=draft.merchant,
            command_id=f"{draft.key}#ask-{watch.asks + 1}",
            reply_to=draft.key,
            why=draft.why("silent", {"heard_at": str(draft.case.heard_at or ""), "source": watch.source}),
            source=watch.source,
            carrier=draft.case.carrier,
            waybill=draft.case.waybill,
        )
    )
    if draft.case.heard_at is None and not watch.ended:
        _revive(draft)  # perhaps nobody ever took the subscription


def _revive(draft: ParcelDraft) -> None:
    watch, watching = draft.case.watch, draft.policy.watching
    if watch.step < watching.subscriptions_max:
        _subscribe(draft, watch.source or watching.tracker_of(draft.case.carrier))
    else:
        lost_at = watch.lost_at or draft.now
        _update(draft, ended=watch.ended or "no subscription left", retry_at=None, lost_at=lost_at)


def _subscribe(draft: ParcelDraft, source: str) -> None:
    _update(draft, source=source, step=draft.case.watch.step + 1, asked_at=draft.now, retry_at=None)
    draft.say(
        SubscribeTracking(
            merchant=draft.merchant,
            command_id=_subscription(draft),
            reply_to=draft.key,
            why=draft.why("watch_parcel", {"source": source, "ended": draft.case.watch.ended}),
            source=source,
            carrier=draft.case.carrier,
            waybill=draft.case.waybill,
        )
    )


def _subscription(draft: ParcelDraft) -> str:
    return f"{draft.key}#watch-{draft.case.watch.step}"


def _update(draft: ParcelDraft, **fields: object) -> None:
    watch: Watch = draft.case.watch.model_copy(update=fields)
    draft.change(watch=watch)
