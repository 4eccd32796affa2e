"""One line per refund: when, how fast, how it ended, why, and what staff were asked."""

from collections.abc import Iterator
from datetime import timedelta

from rich.console import Console

from infra.local.demo.latency import Latency, latency_of
from infra.local.demo.moment import shown
from infra.local.demo.play import Played
from infra.local.demo.rows import Row, print_rows
from shared.domain.notices import TICKETS, TicketKind
from shared.domain.why import REASONS
from shared.rules.account import Account, Story

AT_ONCE = timedelta(minutes=1)
ENDINGS = {
    "refunded": "已退款",
    "recovered": "货已回仓",
    "lost": "货损",
    "withdrawn": "已撤销",
    "refused": "已拒绝",
    "by_hand": "待人工",
    "following": "追货中",
}
RULES = {
    "order_needed": "回查订单",
    "details_needed": "回查售后单",
    "not_shipped": "未发货",
    "erp_cancelled": "ERP已取消",
    "not_in_erp": "ERP无此单",
    "daily_reading": "每日重读",
    "asked_again": "再次查询",
    "refund_moment": "拦截成功",
    "reviewed": "复核一致",
    "agreement_refused": "复核后重试",
    "paid": "已付款",
    "goods_accounted_for": "货有着落",
    "withdrawn": "买家撤销",
    "refused": "人工拒绝",
    **REASONS,
}
"""Rules and reasons as people read them; others are shown as they are."""


def print_stories(console: Console, played: Played, account: Account) -> None:
    """Print the refunds, in the order of the scenes."""
    title = "每笔退款 one line per refund：元，申请›退款›结案，推送→快递，结局，为何，工单"
    print_rows(console, title, _rows(played, account), _speed(played, account))


def _rows(played: Played, account: Account) -> Iterator[Row]:
    stories = {story.refund.split(":", 1)[1]: story for story in account.stories}
    for scene in played.scenes:
        mark = "[red]✗[/]" if played.problems_of(scene) else "[green]✓[/]"
        for number in scene.refunds:
            story = stories.get(played.casts[scene.number].refund(number))
            yield Row(scene.number, scene.title, scene.heading, (mark, *(_cells(played, story) if story else ())))


def yuan(fen: int) -> str:
    """Write money as people read it."""
    return f"{fen // 100:,}.{fen % 100:02d}"


def _cells(played: Played, story: Story) -> list[str]:
    times = [story.opened_at, story.refunded_at, story.closed_at]
    tickets = "、".join(TICKETS[TicketKind(kind)].title for kind in story.tickets)
    when = "›".join(shown(at, played.began_at) for at in times)
    return [
        yuan(story.amount_fen),
        when,
        _latency(played, story),
        ENDINGS.get(story.ending, story.ending),
        _why(played, story),
        tickets,
    ]


def _speed(played: Played, account: Account) -> str:
    """The middle of all times from the door to the courier that no rule has stretched."""
    known = [latency for story in account.stories if (latency := _latency_of(played, story))]
    at_once = sorted(latency.real for latency in known if latency.simulated <= AT_ONCE)
    if not at_once:
        return ""
    middle, longest = (at_once[place].total_seconds() * 1000 for place in (len(at_once) // 2, -1))
    return (
        f"推送→快递 webhook to courier: 中位 {middle:,.0f} ms，最长 {longest:,.0f} ms；"
        f"{len(at_once)} 个请求几乎同时到来，函数从零启动 (a burst, cold)"
    )


def _latency_of(played: Played, story: Story) -> Latency | None:
    return latency_of(played, story.refund.split(":", 1)[1], tuple(parcel.split()[1] for parcel in story.parcels))


def _latency(played: Played, story: Story) -> str:
    latency = _latency_of(played, story)
    if latency is None:
        return "–"
    if latency.simulated > AT_ONCE:
        return f"推送→快递 模拟 {latency.simulated.total_seconds() / 60:.0f} 分"  # the rules waited
    return f"推送→快递 {latency.real.total_seconds() * 1000:,.0f} ms"


def _why(played: Played, story: Story) -> str:
    """The rules behind the commands, the last rule, and what the parcels met."""
    key = f"{played.merchant}|refund|{story.refund}"
    reasons = [" ".join(parcel.split()[3:]) for parcel in story.parcels]
    trail = [*played.counted.rules.get(key, []), *reasons, story.why]
    return "›".join(dict.fromkeys(RULES.get(rule, rule) for rule in trail if rule))
