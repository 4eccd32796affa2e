"""One line per buyer's line: what she wrote, where it went, by which rule and why, and how long the desktop waited."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from infra.local.demo.chat_desk import Asked
from infra.local.demo.judge_chat import told_of
from infra.local.demo.moment import shown
from infra.local.demo.play import Played
from infra.local.demo.stories import WIDE

_HOLDERS = {"bot": "机器人", "waiting": "排队"}


def print_chats(console: Console, played: Played) -> None:
    """Print the table of lines, in the order of the scenes."""
    table = Table(title="会话分流 chats: one line per question", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.caption, table.caption_justify = _summary(played), "left"
    for heading in ("#", "场景 scene", "时间", "买家说 the buyer", "去向 to", "规则 rule"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("#", "时间", "去向 to"))
    table.add_column("原因 why", overflow="fold", min_width=28)
    for scene in played.scenes:
        if scene.chat is None:
            continue
        number = str(scene.number)
        title = f"{scene.title} [dim]{scene.heading}[/]" if console.width >= WIDE else scene.title
        for asked in played.casts[scene.number].asked:
            answer = asked.answer
            row = (shown(asked.at, played.began_at), asked.text, _whereto(asked), answer["rule"], answer["reason"])
            table.add_row(number, title, *row)
            number = title = ""
    console.print(table)


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
