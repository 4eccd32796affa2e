"""The demo: `python -m infra.local.demo [--home DIR] [--fresh]`, or `make demo`.

Brings the local cloud up, plays one simulated afternoon of orders and refunds, and what becomes of them in ten days,
through its real doors, and gives an account. The cloud keeps running. Ends with 1 when a scene does not end as it has
to, and says which.
"""

import argparse
import sys
import time
from datetime import timedelta
from pathlib import Path

from infra.local import deployment
from infra.local.cloud import LocalCloud, port_number
from infra.local.demo.afternoon import LASTS_MIN, SCENES
from infra.local.demo.chat_desk import DesktopRefused
from infra.local.demo.desk import DeskRefused
from infra.local.demo.feed import Feed, make_console
from infra.local.demo.flow import NeverQuiet
from infra.local.demo.outside import OutsideRefused
from infra.local.demo.play import Stage
from infra.local.demo.report import print_report
from infra.local.home import DEFAULT_HOME, Home, HomeRefused
from infra.local.processes import StartFailed

FAILURES = (
    StartFailed,
    HomeRefused,
    deployment.DeployFailed,
    deployment.NotLoopback,
    NeverQuiet,
    OutsideRefused,
    DeskRefused,
    DesktopRefused,
)


def main() -> int:
    """Play the afternoon and say how it went."""
    arguments = _parse()
    cloud = LocalCloud(Home(arguments.home.resolve()), arguments.port, arguments.sandbox_port)
    try:
        if arguments.fresh:
            cloud.reset()
        return _run(cloud)
    except FAILURES as problem:
        sys.stderr.write(f"demo: {problem}\n")
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130


def _run(cloud: LocalCloud) -> int:
    console = make_console()
    began = time.monotonic()
    outputs = cloud.up()
    console.print(
        f"本地云已就绪 the cloud is up after {time.monotonic() - began:.1f} s; "
        f"{len(SCENES)} 个场景 scenes begin; the outside world: {outputs['SandboxUrl']}/"
    )
    began = time.monotonic()
    stage = Stage(cloud, outputs)
    with Feed(console, stage.outside) as feed:
        played = stage.play(
            SCENES, timedelta(minutes=LASTS_MIN), feed.tell, after_step=lambda: feed.step(cloud.clock.now())
        )
    took_s = time.monotonic() - began
    days = LASTS_MIN / 24 / 60
    console.print(
        f"[bold]模拟 {days:g} 天，{played.steps} 步，用时 {took_s:.0f} s[/] {days:g} simulated days in {took_s:.0f} s"
    )
    problems = print_report(console, played, outputs)
    if problems:
        console.print(f"[bold red]{len(problems)} 处不符 differences[/]")
        return 1
    console.print(f"[bold green]{len(SCENES)} 个场景全部符合预期 all scenes ended as expected[/]")
    return 0


def _parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="folder of the cloud (default: .local)")
    parser.add_argument("--port", type=port_number, help="MiniStack's port, 0 for any")
    parser.add_argument("--sandbox-port", type=port_number, help="the sandbox's port, 0 for any")
    before = parser.add_mutually_exclusive_group()
    before.add_argument("--fresh", action="store_true", help="forget everything in the home first")
    before.add_argument("--keep", action="store_true", help="keep what is there and play on after it (the default)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
