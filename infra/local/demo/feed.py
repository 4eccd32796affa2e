"""What happens, line by line, while the afternoon is played: people's steps, vendors' calls, the robot's messages."""

import sys
from collections import deque
from datetime import datetime
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from infra.local.demo.chat import GROUP_NAMES, GROUPS
from infra.local.demo.moment import ZONE
from infra.local.demo.outside import Outside
from infra.local.demo.rows import WIDTH

SHOWN = 14
CALLS = {
    "order/orderDetail": "抖店：读订单",
    "afterSale/Detail": "抖店：读售后单",
    "afterSale/operate": "抖店：同意退款",
    "thirdcenter.createIntercept": "中通：请求拦截",
    "thirdcenter.cancelIntercept": "中通：取消拦截",
    "workorder/api/create": "快递100：催件工单",
    "open/jushuitan/orderbyoid/cancel": "聚水潭：取消订单",
    "open/webapi/orderapi/questionorder/questions": "聚水潭：转异常",
    "commands": "自建商城：",
    "sessions": "客服系统：会话分配",
}
"""Calls worth a line; subscriptions, queries and polls are many and change nothing that people see."""


class Feed:
    """Prints happenings as they come; on a terminal only the last ones, under a clock."""

    def __init__(self, console: Console, outside: Outside) -> None:
        self._console = console
        self._outside = outside
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._last: deque[str] = deque(maxlen=SHOWN)
        self._steps = self._calls = 0
        calls, messages = outside.calls(), outside.messages()
        self._since = str(calls[-1]["id"]) if calls else "0"
        self._said = len(messages)

    def __enter__(self) -> "Feed":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def tell(self, at: datetime, who: str, what: str) -> None:
        """Add one happening."""
        line = f"{at.astimezone(ZONE):%m-%d %H:%M}  {who}  {what}"
        self._last.append(line)
        if self._live is None:
            self._console.print(Text(line), soft_wrap=True)

    def step(self, now: datetime) -> None:
        """Look at what one step of the clock has brought."""
        self._steps += 1
        for call in self._outside.calls(self._since):
            self._since = str(call["id"])
            self._calls += 1
            if call["api"] in CALLS:
                kind = call["request"]["body"].get("type", "") if call["api"] == "commands" else ""
                verdict = "" if call["verdict"] == "ok" else f"（{call['verdict']} {call['note'][:50]}）"
                self.tell(datetime.fromisoformat(call["at"]), "护航 →", f"{CALLS[call['api']]}{kind}{verdict}")
        messages = self._outside.messages()
        for message in messages[self._said :]:
            group = next((name for name in GROUPS if message["merchant"].endswith(f"-{name}")), "desk")
            self.tell(datetime.fromisoformat(message["at"]), f"护航 → {GROUP_NAMES[group]}：", message["title"])
        self._said = len(messages)
        if self._live:
            self._live.update(self._frame(now))

    def _frame(self, now: datetime) -> Panel:
        clock = Text(
            f"模拟时间 {now.astimezone(ZONE):%m-%d %H:%M}　步 {self._steps}　对外调用 {self._calls}", style="bold cyan"
        )
        return Panel(Group(clock, *(Text(line) for line in self._last)), title="护航 demo", border_style="cyan")


def make_console() -> Console:
    """Make the console: as wide as the terminal, where there is one."""
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
