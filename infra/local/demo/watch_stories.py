"""One line per ticket of the watch, and per parcel that raised none: what happened, when, and who was told."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from infra.local.demo.cast import Cast
from infra.local.demo.chat import GROUP_NAMES, GROUPS
from infra.local.demo.chronicle import TicketStory
from infra.local.demo.judge_watch import stories_of
from infra.local.demo.moment import shown
from infra.local.demo.play import Played
from infra.local.demo.rows import Row, print_rows
from infra.local.demo.scenes import Scene
from infra.local.demo.stories import yuan
from shared.domain.keys import CaseKind
from shared.domain.tickets import ANOMALIES
from shared.rules.wording import parcel_name

_HOUR = timedelta(hours=1)


def print_watch(console: Console, played: Played) -> None:
    """Print the tickets, and the parcels without any, in the order of the scenes."""
    title = "物流监控 watching, one line per ticket：包裹，工单，规则，预警›超时›结束，提前，损失，告知"
    print_rows(console, title, _rows(played), _summary(played))


def _rows(played: Played) -> Iterator[Row]:
    for scene in played.scenes:
        cast = played.casts[scene.number]
        cells = [_ticket(played, story) for story in stories_of(scene, cast, played.evidence)]
        cells += [_quiet(played, cast, number) for number in scene.watched if not _has_ticket(scene, number)]
        for one in cells:
            yield Row(scene.number, scene.title, scene.heading, one)


def hours_ahead(story: TicketStory) -> float | None:
    """Give how many hours before the breach people were warned; None for what breaks all of a sudden."""
    gap = (story.ticket.breach_at - story.ticket.opened_at) / _HOUR
    return gap or None


def _has_ticket(scene: Scene, number: int) -> bool:
    return any(end.number == number for end in scene.tickets)


def _ticket(played: Played, story: TicketStory) -> tuple[str, ...]:
    ticket, ahead = story.ticket, hours_ahead(story)
    broken_at = ticket.breach_at if ticket.breach_at <= (story.ended_at or played.ended_at) else None
    times = [ticket.opened_at if ahead else None, broken_at, story.ended_at]
    return (
        _name(story),
        ANOMALIES[ticket.anomaly].title,
        ticket.rule if ahead else "–",
        "›".join(shown(at, played.began_at) for at in times),
        f"提前 {ahead:.0f} h" if ahead else "–",
        f"损失 {yuan(story.exposure_fen)}" if story.exposure_fen else "–",
        _told(played, story),
    )


def _quiet(played: Played, cast: Cast, number: int) -> tuple[str, ...]:
    waybill = cast.waybill(number)
    truth = played.evidence.truth["parcels"][waybill]
    asked = sum(truth["queries_answered"].values())
    watch = f"订阅 {truth['subscribed_by_huhang']} 次，查询 {asked} 次"
    return (parcel_name(cast.carrier(number), waybill), "[green]无工单 none[/]", f"[dim]{watch}[/]")


def _name(story: TicketStory) -> str:
    owner, number = story.case.id.split(":", 1)
    return f"订单 …{number[-9:]}" if story.case.kind is CaseKind.ORDER else parcel_name(owner, number)


def _told(played: Played, story: TicketStory) -> str:
    """Count the notices that each group has read of it, and add courier, buyer, and who has dealt with it."""
    anomaly, number = story.ticket.anomaly, story.case.id.split(":", 1)[1]
    title = ANOMALIES[anomaly].title
    mine = [said for said in played.evidence.notices if number in said.text and said.title.endswith(title)]
    counts = {group: sum(said.group == group for said in mine) for group in GROUPS}
    told = [f"{GROUP_NAMES[group]}×{count}" for group, count in counts.items() if count]
    told += ["催快递"] if story.ticket.urged_at else []
    messages = played.evidence.truth["parcels"].get(number, {}).get("buyer_messages", [])
    told += ["[cyan]买家[/]"] if any(one["topic"] == anomaly and one["accepted"] for one in messages) else []
    told += ["[green]快递已答复[/]"] if story.ticket.answered_by == story.case.id.split(":")[0] else []
    told += [f"{story.ticket.taken_by}接手"] if story.ticket.taken_by else []
    return " ".join(told)


def _summary(played: Played) -> str:
    """Say how many parcels were watched, how soon, and how far ahead people were warned."""
    numbers = {cast.waybill(number) for scene, cast in _casts(played) for number in (*scene.parcels, *scene.watched)}
    parcels = [parcel for waybill, parcel in played.evidence.truth["parcels"].items() if waybill in numbers]
    waits = sorted(seconds for parcel in parcels if (seconds := _seconds_until_subscribed(parcel)) is not None)
    ahead = [hours for story in _stories(played) if (hours := hours_ahead(story))]
    if not waits or not ahead:
        return ""
    return (
        f"{len(parcels)} 个包裹自动订阅 subscribed，发货到订阅中位 {waits[len(waits) // 2]:.1f} s；"
        f"有时限的工单 {len(ahead)} 张，提前 {min(ahead):.0f}–{max(ahead):.0f} 小时预警 warned ahead"
    )


def _stories(played: Played) -> list[TicketStory]:
    return [story for scene, cast in _casts(played) for story in stories_of(scene, cast, played.evidence)]


def _casts(played: Played) -> list[tuple[Scene, Cast]]:
    return [(scene, played.casts[scene.number]) for scene in played.scenes]


def _seconds_until_subscribed(parcel: Any) -> float | None:
    made = [datetime.fromisoformat(one["made_at"]) for one in parcel["subscriptions"] if one["by"] == "huhang"]
    return (min(made) - datetime.fromisoformat(parcel["shipped_at"])).total_seconds() if made else None
