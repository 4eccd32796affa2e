"""What may be typed behind `python -m infra.dead_letters`."""

import argparse

from infra.dead_letters.shelf import KINDS
from infra.deployed import add_deployment_options

SAMPLE_MAX = 100
MOVED_MAX = 100_000


def make_parser(doc: str) -> argparse.ArgumentParser:
    """Describe the commands and what may be said with each."""
    common = argparse.ArgumentParser(add_help=False)
    add_deployment_options(common)
    common.add_argument("--json", action="store_true", help="for programs")
    first, _, rest = doc.partition("\n")
    parser = argparse.ArgumentParser(prog="python -m infra.dead_letters", description=first, epilog=rest)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, meaning: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, parents=[common], help=meaning, description=meaning)

    def pick(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("kind", metavar="LANE", choices=list(KINDS), help=", ".join(KINDS))

    listing = command("list", "死信概览 · how many failed messages there are, and why, grouped")
    listing.add_argument("kind", metavar="LANE", nargs="*", choices=[*KINDS, []], help="only these (default: all)")
    show = command("show", "逐条查看 · single messages with their tracebacks")
    pick(show)
    show.add_argument("id", metavar="ID", nargs="?", help="only this one")
    for sub in (listing, show):
        sub.add_argument("--sample", type=int, default=SAMPLE_MAX, help=f"at most so many a lane ({SAMPLE_MAX})")
    redrive = command("redrive", "修复后重新处理 · let messages be handled again, after the fix is deployed")
    discard = command("discard", "丢弃 · throw messages away, for ever")
    for sub in (redrive, discard):
        pick(sub)
        sub.add_argument("--id", help="only the message with this id")
        sub.add_argument("--merchant", help="only this merchant's")
        sub.add_argument("--max", type=int, default=MOVED_MAX, help=f"stop after so many ({MOVED_MAX})")
    unknown = command("unknown", "未知推送 · pushes of kinds that huhang did not know, kept for 90 days")
    replay = command("replay", "重放未知推送 · try kept pushes again, after the fix is deployed")
    for sub in (unknown, replay):
        sub.add_argument("merchant", metavar="MERCHANT")
    replay.add_argument("id", metavar="ID", help="as listed, or its beginning: `douyin` for all of Douyin's")
    for sub in (show, unknown):
        sub.add_argument("--body", action="store_true", help="the message itself too; it may hold personal data")
    for sub in (redrive, discard, replay):
        sub.add_argument("--yes", action="store_true", help="do it; without this nothing is changed")
    return parser
