"""The account at the end: a line per refund and ticket, the funnel beside the truth, the money, what was counted."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.board.chat_screens import routing_screen
from infra.board.screens import tickets_screen
from infra.local.demo.chat_stories import print_chats
from infra.local.demo.judge import lost_events
from infra.local.demo.judge_chat import MONTH
from infra.local.demo.play import Played
from infra.local.demo.stories import print_stories, yuan
from infra.local.demo.truth import account_of, funnel_problems, true_funnel
from infra.local.demo.watch_stories import print_watch
from shared.rules.account import Account

STEP_NAMES = {
    "wanted": "要求拦截 wanted",
    "eligible": "规则允许 eligible",
    "requested": "已请求 requested",
    "accepted": "快递受理 accepted",
    "succeeded": "快递称成功 succeeded",
    "received": "仓库收到 received",
}


def print_report(console: Console, played: Played, outputs: Mapping[str, Any]) -> list[str]:
    """Print the account and give what is not as it has to be."""
    account = account_of(played)
    print_stories(console, played, account)
    print_watch(console, played)
    print_chats(console, played)
    _print_funnel(console, played, account)
    _print_money(console, account)
    _print_counts(console, played)
    _print_board(console, played)
    _print_routing(console, played)
    problems = [
        f"场景 {scene.number} {scene.heading}: {problem}"
        for scene in played.scenes
        for problem in played.problems_of(scene)
    ]
    problems += [*played.problems, *funnel_problems(played)]
    for problem in problems:
        console.print(f"[bold red]✗[/] {problem}", soft_wrap=True)
    _print_signposts(console, outputs)
    return problems


def _print_funnel(console: Console, played: Played, account: Account) -> None:
    table = Table(title="拦截漏斗 interception funnel (parcels)", title_justify="left")
    for heading in ("快递", "步骤 step", "护航 huhang", "沙盒真相 truth", "占上一步", "占全部"):
        table.add_column(heading, justify="left" if heading in ("快递", "步骤 step") else "right")
    truth = true_funnel(played)
    for funnel in account.funnels:
        table.add_row(funnel.carrier, "退款 refunds", str(funnel.refunds), "", "", "")
        for rate in funnel.rates:
            known = truth.get(rate.step) if funnel.carrier == "zto" else None
            percent = ["" if share is None else f"{share:.0%}" for share in (rate.of_previous, rate.of_wanted)]
            table.add_row("", STEP_NAMES[rate.step], str(rate.parcels), "" if known is None else str(known), *percent)
    console.print(table)


def _print_money(console: Console, account: Account) -> None:
    money = account.money
    console.print(
        f"[bold]资金 money[/]　已退 {yuan(money.refunded_fen)} 元 = "
        f"[green]保住货 {yuan(money.saved_fen)}[/] + [red]货损 {yuan(money.lost_fen)}[/] + "
        f"在途 {yuan(money.waiting_fen)} + 未追踪 {yuan(money.unfollowed_fen)}"
    )


def _print_counts(console: Console, played: Played) -> None:
    seen = played.counted
    fates = "　".join(f"{fate} {count}" for fate, count in sorted(seen.fates.items()))
    console.print(
        f"[bold]事件 events[/]　网关 200 × {seen.answers[200]}，含事件 {played.accepted}；轮询 {seen.polled}；"
        f"到期 {seen.woken}；会话 {seen.asked}；内部 {seen.own_events} → 归宿 {sum(seen.fates.values())}（{fates}）　"
        f"[bold]丢失 lost {lost_events(seen, played.accepted)}[/]　死信 dead letters {sum(played.dead.values())}"
    )


def _print_board(console: Console, played: Played) -> None:
    """Show what the desk would see now, as the board's API gives it."""
    console.print("[bold]看板 board[/]　", end="")
    for line in tickets_screen(played.evidence.board):
        console.print(line, soft_wrap=True, markup=False)


def _print_routing(console: Console, played: Played) -> None:
    """Show whether the routing rules work, as the board's API gives it."""
    for line in routing_screen(played.evidence.routing, MONTH):
        console.print(line, soft_wrap=True, markup=False)


def _print_signposts(console: Console, outputs: Mapping[str, Any]) -> None:
    console.print(
        "[bold]再看 look further[/]\n"
        f"  外部世界 the outside world  {outputs['SandboxUrl']}/\n"
        f"  真相 the truth  {outputs['SandboxUrl']}/control/truth\n"
        '  看板 the board  make board　快递 couriers  make board ARGS="scores --days 30"\n'
        '  会话 chats  make board ARGS="routing --days 30"\n'
        f"  日志 logs  make logs　表 table  {outputs['TableName']}\n"
        "  停止 stop  make down　清空 forget  make reset",
        soft_wrap=True,
    )
