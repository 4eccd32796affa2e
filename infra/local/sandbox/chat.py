"""The staff group on the page: the robot's messages as chat bubbles, with the little Markdown that DingTalk shows."""

import re
from html import escape

from infra.local.sandbox.clock import beijing_text
from infra.local.sandbox.records import RobotMessage
from infra.local.sandbox.world import World

BUBBLES_SHOWN = 40
LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
BOLD = re.compile(r"\*\*(.+?)\*\*")


def render_chat(world: World) -> str:
    """Show the latest messages, the newest on top."""
    messages = list(world.messages)[-BUBBLES_SHOWN:]
    bubbles = "".join(_bubble(message) for message in reversed(messages))
    empty = "<p class='none'>群里还没有消息 · no messages yet</p>"
    return (
        f"<section class='chat'><h2>员工群 <span class='en'>staff group (robot)</span></h2>{bubbles or empty}</section>"
    )


def _bubble(message: RobotMessage) -> str:
    mentions = " ".join(f"@{escape(mobile)}" for mobile in message.at_mobiles)
    title = f"<h4>{escape(message.title)}</h4>" if message.title and message.title not in message.text else ""
    return (
        "<div class='bubble'><div class='face'>护</div><div>"
        f"<div class='who'>护航机器人 · {escape(message.merchant)} · {beijing_text(message.at)[5:]}</div>"
        f"<div class='words'>{title}{render_markdown(message.text)}<small>{mentions}</small></div></div></div>"
    )


def render_markdown(text: str) -> str:
    """Render headings, lists, quotes, bold and links; everything else stays escaped text."""
    blocks: list[str] = []
    items: list[str] = []
    for line in [*text.splitlines(), ""]:
        stripped = line.strip()
        if stripped.startswith(("- ", "* ")):
            items.append(f"<li>{_inline(stripped[2:])}</li>")
            continue
        if items:
            blocks.append(f"<ul>{''.join(items)}</ul>")
            items = []
        if stripped.startswith("#"):
            blocks.append(f"<h4>{_inline(stripped.lstrip('#').strip())}</h4>")
        elif stripped.startswith("> "):
            blocks.append(f"<blockquote>{_inline(stripped[2:])}</blockquote>")
        elif stripped:
            blocks.append(f"<p>{_inline(stripped)}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    safe = BOLD.sub(r"<b>\1</b>", escape(text))
    return LINK.sub(r"<a href='\2'>\1</a>", safe)
