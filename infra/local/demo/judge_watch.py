"""Was every parcel watched as it has to be? Tickets and their times, what was told to whom, and what nobody had to do.

Huhang's own tickets, from the table's stream, beside what the sandbox knows: subscriptions, work orders, messages; and
the board's rows beside the cases.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.local.demo.cast import Cast
from infra.local.demo.chronicle import TicketStory
from infra.local.demo.evidence import Evidence, differ
from infra.local.demo.scenes import Scene, TicketEnd, WatchEnd
from infra.local.seed import demo_policy
from shared.domain.board import BY_HAND
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey, order_key, parcel_key
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.refund import RefundCase, RefundPhase
from shared.domain.tickets import ANOMALIES
from shared.rules.ticketing import BROKEN, QUIET

SUBSCRIBED_WITHIN = timedelta(seconds=60)
TIMES_DIFFER_MAX = timedelta(minutes=5)  # the clock comes on whole minutes, and lets sudden trouble settle for one
ENDS_LATER_MAX = timedelta(minutes=10)  # what ends with a receipt is found by polling
DIGEST_EVERY = timedelta(minutes=5)
SHIPPED = ("102", "108", "order.shipped", "order.partly_shipped")  # the messages that name a parcel
NUMBERS = range(1, 10)


def judge_watch(scene: Scene, cast: Cast, evidence: Evidence) -> Iterator[str]:
    """Give what is not as it has to be in a scene's tickets and watches."""
    mine = stories_of(scene, cast, evidence)
    for number, watch in scene.watched.items():
        yield from _watch(cast.waybill(number), watch, evidence)
    wanted = {(_case_of(end, cast), end.anomaly): end for end in scene.tickets}
    found = {(story.case, story.ticket.anomaly): story for story in mine}
    for place in [*wanted, *(place for place in found if place not in wanted)]:
        name = f"{place[0].id}: ticket {place[1]}"
        if place not in found or place not in wanted:
            yield f"{name} {'is missing' if place in wanted else 'was not expected'}"
        else:
            begins_at = evidence.began_at + timedelta(minutes=scene.begins_min)
            yield from (f"{name}: {problem}" for problem in _ticket(wanted[place], found[place], begins_at))
            yield from (f"{name}: {problem}" for problem in _told(wanted[place], found[place], evidence))
    yield from (f"{place[0].id}: more than one ticket {place[1]}" for place in found if _count(mine, place) > 1)


def judge_subscriptions(evidence: Evidence) -> Iterator[str]:
    """Give the parcels whose shipping huhang was told of with their carrier, and that no source took in a minute."""
    told = {push["about"] for push in evidence.pushes if push["topic"] in SHIPPED}
    for waybill, parcel in evidence.truth["parcels"].items():
        orders = {line["order_id"] for line in parcel["lines"]} & told
        listed = [order for order in orders if waybill in evidence.truth["orders"][order]["platform_waybills"]]
        if listed and parcel["named"]:
            yield from _subscribed(waybill, parcel, timedelta())


def judge_board(evidence: Evidence) -> Iterator[str]:
    """Give what the board shows and no case stands behind, and what a case asks of people and the board leaves out."""
    shown = {(row["kind"], row["case_id"], row["anomaly"], row["taken_by"]) for row in evidence.board["tickets"]}
    meant = {row for key, case in evidence.cases.items() for row in _rows(key, case)}
    yield from (f"the board shows {' '.join(row)}, which is not open" for row in sorted(shown - meant))
    yield from (f"the board does not show {' '.join(row)}" for row in sorted(meant - shown))
    yield from differ("the board counts", evidence.board["found"], len(meant))


def _rows(key: CaseKey, case: AnyCase) -> Iterator[tuple[str, str, str, str]]:
    if isinstance(case, ParcelCase | OrderCase):
        for ticket in case.tickets:
            if not ticket.closed:
                yield key.kind, key.id, ticket.anomaly, ticket.taken_by
    elif isinstance(case, RefundCase) and case.phase is RefundPhase.BY_HAND:
        yield key.kind, key.id, BY_HAND, ""


def stories_of(scene: Scene, cast: Cast, evidence: Evidence) -> list[TicketStory]:
    """Give the tickets of a scene that people hear of, in the order of their opening."""
    waybills = {cast.waybill(number, way) for number in NUMBERS for way in (1, 2)}
    orders = {cast.order(number) for number in NUMBERS}
    mine = [story for story in evidence.stories if story.case.id.split(":", 1)[1] in (waybills | orders)]
    return sorted(mine, key=lambda story: (story.ticket.opened_at, story.case))


def _count(stories: Sequence[TicketStory], place: tuple[CaseKey, str]) -> int:
    return sum((story.case, story.ticket.anomaly) == place for story in stories)


def _case_of(end: TicketEnd, cast: Cast) -> CaseKey:
    if end.of_order:
        return order_key(cast.merchant, cast.platform, cast.order(end.number))
    return parcel_key(cast.merchant, end.carrier or cast.carrier(end.number), cast.waybill(end.number, end.way))


def _ticket(end: TicketEnd, story: TicketStory, begins_at: datetime) -> Iterator[str]:
    ticket = story.ticket
    yield from differ("rule", ticket.rule, end.rule or end.anomaly.value)
    yield from differ("level", ticket.level, end.level)
    yield from differ("exposure (fen)", story.exposure_fen, end.exposure_fen)
    if end.answer:
        yield from differ("the courier's answer", ticket.answer, end.answer)
    yield from _late("warned", ticket.opened_at, begins_at + timedelta(hours=end.warned_h), TIMES_DIFFER_MAX)
    yield from _late("broken", ticket.breach_at, begins_at + timedelta(hours=end.broken_h), TIMES_DIFFER_MAX)
    if end.ended_h is None or story.ended_at is None:
        yield from differ("is over", story.ended_at is not None, end.ended_h is not None)
    else:
        yield from _late("ended", story.ended_at, begins_at + timedelta(hours=end.ended_h), ENDS_LATER_MAX)


def _told(end: TicketEnd, story: TicketStory, evidence: Evidence) -> Iterator[str]:
    """Compare what the groups have read with the levels that the ticket reached, and when each was reached."""
    ticket, title = story.ticket, ANOMALIES[story.ticket.anomaly].title
    watching = demo_policy(story.case.merchant).watching
    number = story.case.id.split(":", 1)[1]
    levels = [("desk", f"预警：{title}", ticket.opened_at), ("desk", title, ticket.breach_at)]
    for place, step in enumerate(watching.escalations[: end.level - BROKEN], start=1):
        levels.append((step.group, f"升级（{place}级）：{title}", watching.hours.add(ticket.opened_at, step.after)))
    if ticket.opened_at >= ticket.breach_at:
        del levels[0]  # what is broken from the beginning on needs no warning
    for group, name, at in levels:
        waits = name.startswith("预警") or ticket.anomaly in QUIET
        patience = TIMES_DIFFER_MAX + DIGEST_EVERY if waits else TIMES_DIFFER_MAX
        said = [one for one in evidence.notices if one.title == name and number in one.text]
        yield from differ(f"{name} was read in", [one.group for one in said], [group])
        yield from _late(name, said[0].at, at, patience) if said else ()
    over = [one for one in evidence.notices if one.title == f"{end.over}：{title}" and number in one.text]
    yield from differ(f"{end.over} was read, times", len(over), int(end.ended_h is not None and bool(end.over)))


def _late(what: str, found: datetime, wanted: datetime, patience: timedelta) -> Iterator[str]:
    if abs(found - wanted) > patience:
        yield f"{what} at {found:%m-%d %H:%M:%S}, not {wanted:%m-%d %H:%M:%S} UTC"


def _subscribed(waybill: str, parcel: Mapping[str, Any], after: timedelta) -> Iterator[str]:
    made = [datetime.fromisoformat(one["made_at"]) for one in parcel["subscriptions"] if one["by"] == "huhang"]
    if not made:
        yield f"parcel {waybill} was never subscribed"
        return
    took = min(made) - datetime.fromisoformat(parcel["shipped_at"])
    if not after <= took <= after + (TIMES_DIFFER_MAX if after else SUBSCRIBED_WITHIN):
        yield f"parcel {waybill} was subscribed after {took}"


def _watch(waybill: str, end: WatchEnd, evidence: Evidence) -> Iterator[str]:
    truth = evidence.truth["parcels"].get(waybill)
    if truth is None:
        yield f"parcel {waybill} is unknown to the sandbox"
        return
    yield from _subscribed(waybill, truth, timedelta(hours=end.after_h))
    yield from differ(f"parcel {waybill}: subscriptions", truth["subscribed_by_huhang"], end.subscriptions)
    yield from differ(f"parcel {waybill}: work orders", len(truth["work_orders"]), end.work_orders)
    told = [message["topic"] for message in truth["buyer_messages"] if message["accepted"]]
    yield from differ(f"parcel {waybill}: the buyer was told of", told, [topic.value for topic in end.buyer_told])
