"""Who gets a number's scans pushed, for how long, and what becomes of a subscription.

    ZTO        one scan a push, from the subscription on; parcels of the merchant's own label are pushed unasked
    Kuaidi100  the whole history with each push: a minute after subscribing when there is one, then with every scan

Kuaidi100 gives up a number after three days without a record and after sixty without a change, ends with the
signature, and finds the right carrier itself after three days. A number may be taken up again half an hour after that;
UNVERIFIED: an earlier try is answered like a duplicate.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.local.sandbox.carriers import BY_CODE, CARRIERS
from infra.local.sandbox.pushes import push_scan, queue_push
from infra.local.sandbox.records import DoneScan, Parcel, Push, Tracker
from infra.local.sandbox.tracking_records import Subscription, SubscriptionStatus
from infra.local.sandbox.vendors.kuaidi100_documents import history_of, is_over
from infra.local.sandbox.world import World

FIRST_NEWS_AFTER = timedelta(minutes=1)
NO_RECORD_AFTER = timedelta(days=3)
NO_CHANGE_AFTER = timedelta(days=60)
PAUSE = timedelta(minutes=30)
NO_RECORD, NO_CHANGE = "3天查询无记录", "60天无变化"


@dataclass(frozen=True)
class Wish:
    """A subscription at Kuaidi100 as it is asked for."""

    merchant: str
    waybill: str
    company: str
    callback_url: str
    salt: str = ""
    resultv2: str = ""
    phone: str = ""
    finds_carrier: bool = False


def _open(world: World, merchant: str, tracker: Tracker, waybill: str) -> Subscription:
    key = str(world.next_number("subscription"))
    return Subscription(key=key, merchant=merchant, tracker=tracker, waybill=waybill, made_at=world.now())


def alive(world: World, waybill: str, tracker: Tracker) -> list[Subscription]:
    """Find who gets this number's scans from this source."""
    return [one for one in world.subscriptions_to(waybill) if one.tracker == tracker and one.status == "alive"]


def subscribe_label(world: World, parcel: Parcel) -> None:
    """Let ZTO push a parcel's scans unasked, as the label is the merchant's own."""
    opened = _open(world, parcel.merchant, "zto", parcel.key)
    world.subscriptions.put(opened.model_copy(update={"by": "label"}))


def subscribe_zto(world: World, merchant: str, waybill: str) -> None:
    """From now on push the scans of this number; asking twice changes nothing."""
    mine = [one for one in alive(world, waybill, "zto") if one.by == "huhang"]
    if mine:
        mine[0].duplicates += 1
    world.subscriptions.put(mine[0] if mine else _open(world, merchant, "zto", waybill))


def subscribe_kuaidi100(world: World, wish: Wish) -> str:
    """Take a number up; gives Kuaidi100's return code, 200 or the reason why not."""
    company = wish.company
    if not company:
        parcel = world.find_parcel(wish.waybill)
        if not wish.finds_carrier:
            return "700"
        if parcel is None or not parcel.recognisable:
            return "702"
        company = CARRIERS[parcel.carrier].code
    if company not in BY_CODE:
        return "701"
    now = world.now()
    for one in world.subscriptions_to(wish.waybill):
        if one.tracker != "kuaidi100" or (one.merchant, one.company) != (wish.merchant, company):
            continue
        paused = one.status in ("aborted", "shut_down") and one.ended_at is not None and now < one.ended_at + PAUSE
        if one.status == "alive" or paused:
            one.duplicates += 1
            world.subscriptions.put(one)
            return "501"
    opened = _open(world, wish.merchant, "kuaidi100", wish.waybill).model_copy(
        update={
            "company": company,
            "callback_url": wish.callback_url,
            "salt": wish.salt,
            "resultv2": wish.resultv2,
            "phone": wish.phone,
        }
    )
    _begin(world, opened, now)
    return "200"


def _begin(world: World, opened: Subscription, at: datetime) -> None:
    world.subscriptions.put(opened)
    world.schedule(at + FIRST_NEWS_AFTER, "news", opened.key)
    world.schedule(at + NO_RECORD_AFTER, "watch", opened.key)


def report(world: World, parcel: Parcel, scan: DoneScan, at: datetime) -> None:
    """Let the sources tell of a scan, each to those who subscribed to the number."""
    listeners = alive(world, scan.waybill, "zto")
    if listeners and parcel.carrier == "zto" and scan.action:
        push_scan(world, parcel, scan, at)
        scan.told_by = [*scan.told_by, "zto"]
        for one in listeners:
            one.pushes += 1
            world.subscriptions.put(one)
    for one in alive(world, scan.waybill, "kuaidi100"):
        push_history(world, one, at)
    world.parcels.put(parcel)


def seen_by(world: World, one: Subscription, until: datetime) -> list[DoneScan]:
    """Give what Kuaidi100 finds: nothing under a wrong carrier, or without the phone number that is asked for."""
    parcel = world.find_parcel(one.waybill)
    if parcel is None or BY_CODE.get(one.company) != parcel.carrier or not one.phone.endswith(parcel.phone_tail):
        return []
    return parcel.told_of(one.waybill, until)


def push_history(world: World, one: Subscription, at: datetime, status: str = "", message: str = "") -> None:
    """Push the whole history of a number, if there is any; a signature ends the subscription."""
    scans = seen_by(world, one, at)
    if not scans and not status:
        return
    if not status and is_over(scans):
        status = "shutdown"
        end(world, one, "shut_down", at)
    _push(world, one, scans, at, {"status": status or "polling", "message": message})
    parcel = world.find_parcel(one.waybill)
    for scan in scans:
        if "kuaidi100" not in scan.told_by:
            scan.told_by = [*scan.told_by, "kuaidi100"]
    if parcel is not None:
        world.parcels.put(parcel)


def _push(world: World, one: Subscription, scans: list[DoneScan], at: datetime, words: dict[str, str]) -> None:
    check = {"autoCheck": "0", "comOld": "", "comNew": ""}
    if one.company_before and "comNew" not in words:
        check = {"autoCheck": "1", "comOld": one.company_before, "comNew": one.company}
    last = history_of(scans, one.company, one.waybill, one.resultv2)
    parcel = world.find_parcel(one.waybill)
    one.pushes += 1
    world.subscriptions.put(one)
    queue_push(
        world,
        Push(
            key=f"kd-{world.next_number('push')}",
            merchant=one.merchant,
            vendor="kuaidi100",
            topic=words["status"],
            body={"status": "", "billstatus": "", "message": ""} | check | words | {"lastResult": last},
            about=parcel.key if parcel else one.waybill,
            made_at=at,
            url=one.callback_url,
            salt=one.salt,
        ),
    )


def end(world: World, one: Subscription, status: SubscriptionStatus, at: datetime) -> None:
    """Let a subscription end; what is in line already still goes out."""
    one.status, one.ended_at = status, at
    world.subscriptions.put(one)


def give_up(world: World, one: Subscription, message: str, at: datetime) -> None:
    """Stop watching a number and say why."""
    end(world, one, "aborted", at)
    push_history(world, one, at, "abort", message)


def correct(world: World, one: Subscription, at: datetime) -> None:
    """Find the right carrier: give the old subscription up and go on under the right code."""
    parcel = world.find_parcel(one.waybill)
    right = CARRIERS[parcel.carrier].code if parcel else one.company
    end(world, one, "replaced", at)
    _push(world, one, [], at, {"status": "abort", "message": "", "comNew": right})
    fields = {"key": str(world.next_number("subscription")), "by": "kuaidi100", "status": "alive", "ended_at": None}
    counts = {"made_at": at, "pushes": 0, "duplicates": 0, "company": right, "company_before": one.company}
    _begin(world, one.model_copy(update=fields | counts), at)


def tell_news(world: World, key: str, at: datetime) -> None:
    """Push what is there already, soon after subscribing."""
    one = world.subscriptions.get(key)
    if one is not None and one.status == "alive" and not one.pushes:
        push_history(world, one, at)


def look_again(world: World, key: str, at: datetime) -> None:
    """Correct or give up a number without a record; give up one without a change."""
    one = world.subscriptions.get(key)
    if one is None or one.status != "alive":
        return
    scans, parcel = seen_by(world, one, at), world.find_parcel(one.waybill)
    if scans:
        changed_at = max(scan.known_at or scan.at for scan in scans)
        if at >= changed_at + NO_CHANGE_AFTER:
            give_up(world, one, NO_CHANGE, at)
        else:
            world.schedule(changed_at + NO_CHANGE_AFTER, "watch", key)
    elif parcel is not None and parcel.recognisable and BY_CODE.get(one.company) != parcel.carrier:
        correct(world, one, at)
    else:
        give_up(world, one, NO_RECORD, at)
