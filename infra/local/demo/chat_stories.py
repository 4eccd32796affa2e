"""One line per buyer's line: what she wrote, where it went, by which rule and why, and how long the desktop waited."""

from collections.abc import Iterator

from rich.console import Console

from infra.local.demo.chat_desk import Asked
from infra.local.demo.judge_chat import told_of
from infra.local.demo.moment import shown
from infra.local.demo.play import Played
from infra.local.demo.rows import Row, print_rows

_HOLDERS = {"bot": "机器人", "waiting": "排队"}


def print_chats(console: Console, played: Played) -> None:
    """Print the buyers' lines, in the order of the scenes."""
    title = "会话分流 chats, one line per question：时间，买家说，去向，规则，原因"
    print_rows(console, title, _rows(played), _summary(played))


def _rows(played: Played) -> Iterator[Row]:
    for scene in played.scenes:
        for asked in played.casts[scene.number].asked if scene.chat else ():
            when, answer = shown(asked.at, played.began_at), asked.answer
            cells = (when, asked.text, f"→ {_whereto(asked)}", answer["rule"], answer["reason"])
            yield Row(scene.number, scene.title, scene.heading, cells)


def _whereto(asked: Asked) -> str:
    answer = asked.answer
    who = answer["agent"] or _HOLDERS.get(answer["holder"], answer["holder"])
    return f"{answer['group']}/{who}" if answer["group"] else str(who)


def _summary(played: Played) -> str:
    casts = [played.casts[scene.number] for scene in played.scenes if scene.chat is not None]
    waits = sorted(asked.took_s * 1000 for cast in casts for asked in cast.asked)
    if not waits:
        return ""
    told = sum(len(told_of(cast, played.evidence)) for cast in casts)
    hops = [asked.answer["hops"] for cast in casts for asked in cast.asked]
    return (
        f"{len(waits)} 问当场答复 answered inline：中位 {waits[len(waits) // 2]:.0f} ms，最慢 {waits[-1]:.0f} ms；"
        f"人工之间转接 moves {sum(hops)}；主动告知 told unasked {told} 次，签名已核对 signatures checked"
    )
