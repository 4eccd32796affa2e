"""The demo's account on terminals of any width: nothing is cut, and no line is wider than it has to be."""

import io

import pytest
from rich.console import Console

from infra.board.cells import width_of
from infra.local.demo.rows import Row, print_rows

STALLED = (
    "韵达 432961012003011",
    "在途停滞",
    "stalled_48h",
    "07:03+2天›19:03+2天›–",
    "提前 12 h",
    "–",
    "客服×3 专员×1 主管×1 催快递 [cyan]买家[/]",
)
QUIET = ("申通 777961012002831", "[green]无工单 none[/]", "[dim]订阅 1 次，查询 1 次[/]")
ROWS = (
    Row(28, "停滞三件：通知、免扰、偏远", "told, quiet, remote", STALLED),
    Row(28, "停滞三件：通知、免扰、偏远", "told, quiet, remote", QUIET),
    Row(30, "再无轨迹", "vanished", ("看" * 70, "后面")),
)


def printed(width: int, rows: tuple[Row, ...] = ROWS) -> list[str]:
    """What a terminal of so many columns shows of the rows."""
    output = io.StringIO()
    print_rows(Console(file=output, width=width), "物流监控 watching", rows, "39 个包裹 parcels")
    return output.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_every_cell_is_there_and_whole(width: int) -> None:
    lines = printed(width, ROWS[:2])
    assert max(width_of(line) for line in lines) <= width
    for cell in (*STALLED[:5], "客服×3 专员×1 主管×1 催快递 买家", "无工单 none", "订阅 1 次，查询 1 次"):
        assert any(cell in line for line in lines), cell


def test_a_scene_is_named_once_and_its_stories_stand_under_it() -> None:
    assert printed(80) == [
        "",
        "物流监控 watching",
        " 28  停滞三件：通知、免扰、偏远 told, quiet, remote",
        "     韵达 432961012003011  在途停滞  stalled_48h  07:03+2天›19:03+2天›–",
        "     提前 12 h  客服×3 专员×1 主管×1 催快递 买家",
        "     申通 777961012002831  无工单 none  订阅 1 次，查询 1 次",
        " 30  再无轨迹 vanished",
        f"     {'看' * 70}",
        "     后面",
        "39 个包裹 parcels",
    ]
