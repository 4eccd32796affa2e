"""One page for people: the robot's messages, refunds, parcels, calls and pushes. Chinese first, English beside it."""

import json
from html import escape
from pathlib import Path
from typing import Any

from infra.local.sandbox.chat import render_chat
from infra.local.sandbox.clock import beijing_text, real_now
from infra.local.sandbox.page_world import render_parcels, render_refunds
from infra.local.sandbox.records import Call, Push
from infra.local.sandbox.truth import truth_of
from infra.local.sandbox.world import World

CALLS_SHOWN = 12
PUSHES_SHOWN = 25
VENDOR_NAMES = {
    "douyin": ("抖店", "Douyin"),
    "zto": ("中通快递", "ZTO"),
    "kuaidi100": ("快递100", "Kuaidi100"),
    "jushuitan": ("聚水潭", "Jushuitan"),
    "dingtalk": ("钉钉机器人", "DingTalk robot"),
    "selfbuilt": ("自建商城", "self-built shop"),
    "chat": ("客服系统", "chat desktop"),
}
VERDICTS = {
    "ok": ("ok", "成功", "ok"),
    "refused": ("warn", "业务拒绝", "refused"),
    "rejected": ("bad", "验签未过", "not authentic"),
}
PUSH_STATES = {
    "pending": ("go", "待送达", "pending"),
    "delivered": ("ok", "已送达", "delivered"),
    "given_up": ("bad", "已放弃", "given up"),
}
REFRESH_SCRIPT = """
setInterval(async () => {
  try {
    const reply = await fetch(location.href); if (!reply.ok) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), 'text/html');
    if (document.querySelector('details[open]')) return;
    const top = document.querySelector('.chat').scrollTop;
    for (const part of ['header', 'main']) document.querySelector(part).replaceWith(fresh.querySelector(part));
    document.querySelector('.chat').scrollTop = top;
  } catch (_) { /* the sandbox is down for a moment */ }
}, 2000);
"""


def render_page(world: World) -> str:
    """Write the whole page; it fetches itself every two seconds."""
    style = (Path(__file__).parent / "page.css").read_text()
    return (
        "<!doctype html><html lang='zh-CN'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        "<link rel='icon' href='data:,'><noscript><meta http-equiv='refresh' content='5'></noscript>"
        f"<title>护航沙箱 · huhang sandbox</title><style>{style}</style></head><body>"
        f"{_header(world)}<main>{_tiles(world)}{render_chat(world)}"
        f"<div>{render_refunds(world)}{render_parcels(world)}{_calls(world)}{_pushes(world)}</div></main>"
        f"<script>{REFRESH_SCRIPT}</script></body></html>"
    )


def _header(world: World) -> str:
    now = world.now()
    ahead_h = (now - real_now()).total_seconds() / 3600
    shift = f"（比真实时间快 {ahead_h:.1f} 小时 · {ahead_h:+.1f} h）" if abs(ahead_h) > 1 / 60 else ""
    return (
        "<header><h1>护航沙箱 <span class='en'>huhang sandbox: the outside world</span></h1>"
        f"<span class='time'>模拟时间 <span class='en'>sim time</span> {beijing_text(now)} {shift}</span></header>"
    )


def _tiles(world: World) -> str:
    truth = truth_of(world)
    totals, calls, pushes = truth["totals"], truth["calls"], truth["pushes"]
    rejected = sum(verdicts.get("rejected", 0) for verdicts in calls.values())
    tiles = [
        ("已退款 / 申请", "refunded / asked", f"{totals['refund_effects']} / {totals['refunds']}", False),
        ("退款金额", "money refunded", yuan(totals["refunded_fen"]), False),
        ("重复退款", "paid twice", totals["refunds_paid_twice"], totals["refunds_paid_twice"] > 0),
        (
            "拦截成功 / 请求",
            "stopped / asked",
            f"{totals['effective_interceptions']} / {totals['interception_requests']}",
            False,
        ),
        ("收到调用", "calls received", sum(sum(one.values()) for one in calls.values()), False),
        ("验签未过", "not authentic", rejected, rejected > 0),
        ("推送送达 / 待送", "pushes delivered / pending", f"{pushes['delivered']} / {pushes['pending']}", False),
    ]
    cells = [
        f"<div class='tile{' bad' if bad else ''}'>{zh}<b>{escape(str(value))}</b><span class='en'>{en}</span></div>"
        for zh, en, value, bad in tiles
    ]
    return f"<div class='tiles'>{''.join(cells)}</div>"


def yuan(fen: int) -> str:
    """Write an amount for people."""
    return f"¥{fen // 100}.{fen % 100:02d}"


def _tag(look: str, zh: str, en: str) -> str:
    return f"<span class='tag {look}'>{escape(zh)} · {escape(en)}</span>"


def _clock(text: str) -> str:
    return f"<td class='nowrap'>{text[5:]}</td>"


def _calls(world: World) -> str:
    parts = ["<section><h2>收到的调用 <span class='en'>calls received, by vendor</span></h2>"]
    calls = list(world.calls)
    for vendor, (zh, en) in VENDOR_NAMES.items():
        mine = [call for call in calls if call.vendor == vendor]
        if not mine:
            continue
        rows = "".join(_call_row(call) for call in reversed(mine[-CALLS_SHOWN:]))
        parts.append(f"<h3>{zh} <span class='en'>{en} · {len(mine)}</span></h3><table class='calls'>{rows}</table>")
    if not calls:
        parts.append("<p class='none'>还没有调用 · no calls yet</p>")
    return "".join(parts) + "</section>"


def _call_row(call: Call) -> str:
    look, zh, en = VERDICTS.get(call.verdict, ("bad", "注入故障", call.verdict.removeprefix("fault:")))
    return (
        f"<tr>{_clock(beijing_text(call.at))}<td>{escape(call.api)}</td><td>{_tag(look, zh, en)}</td>"
        f"<td>{escape(call.note)}</td><td>{_more({'request': call.request, 'reply': call.reply})}</td></tr>"
    )


def _more(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=1)[:6000]
    return f"<details><summary>详情 details</summary><pre>{escape(text)}</pre></details>"


def _pushes(world: World) -> str:
    rows = "".join(_push_row(push) for push in reversed(list(world.pushes)[-PUSHES_SHOWN:]))
    body = f"<table class='pushes'>{rows}</table>" if rows else "<p class='none'>还没有推送 · no pushes yet</p>"
    return f"<section><h2>发出的推送 <span class='en'>pushes sent to huhang</span></h2>{body}</section>"


def _push_row(push: Push) -> str:
    look, zh, en = PUSH_STATES[push.status]
    answer = f" · {push.answers[-1].status or '—'}" if push.answers else ""
    detail = {"message": push.body, "answers": [one.model_dump(mode="json") for one in push.answers[-5:]]}
    return (
        f"<tr>{_clock(beijing_text(push.made_at))}<td>{VENDOR_NAMES[push.vendor][0]}</td><td>{escape(push.topic)}</td>"
        f"<td>{escape(push.about)}</td><td>{_tag(look, zh, en)}<br><small>×{push.attempts}{answer}</small></td>"
        f"<td>{_more(detail)}</td></tr>"
    )
