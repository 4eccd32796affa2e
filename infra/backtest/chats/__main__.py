"""`python -m infra.backtest.chats --policy policy.json history/`; see `--help`."""

import argparse
import sys
from pathlib import Path

from infra.backtest.chats.history import ChatHistory
from infra.backtest.chats.report import as_json, as_text
from infra.backtest.policies import read_policy
from infra.backtest.progress import Progress
from infra.backtest.stories import HistoryRefused
from infra.terminal import write_lines
from shared.rules.chat.compare import compare

_ABOUT = """\
Where would buyers' chats have gone under other routing rules? Plays recorded conversations through the product's own
rules and prints, per rule, how often it decided and would have decided, how many conversations would have gone to other
people, and a sample of them. What people did (hand-overs, seats) is taken as it happened. Nothing is sent to anybody.
"""
_EXAMPLES = """\
examples:
  # the archive, copied from the bucket, under the policy that is to come
  python -m infra.backtest.chats --policy new.json history/

  # the new policy beside the one in force, instead of beside what was really decided
  python -m infra.backtest.chats --policy new.json --against policy.json history/

ends with 0; with 2 when an input cannot be read (the message names file and line).
"""
TRIED, AGAINST = "tried", "against"


def main(arguments: list[str] | None = None) -> int:
    """Run a backtest and print it; 2 where an input cannot be read."""
    chosen = _parse(arguments)
    progress = Progress(None if chosen.quiet else sys.stderr)
    try:
        policy = read_policy(chosen.policy, chosen.merchant)
        routings = {TRIED: policy.routing}
        if chosen.against:
            routings[AGAINST] = read_policy(chosen.against, policy.merchant).routing
        history = ChatHistory(chosen.history, policy.merchant, progress)
        trials = compare(routings, history.conversations())
        progress.end()
        write = as_json if chosen.json else as_text
        text = write(policy, trials[TRIED], trials.get(AGAINST), history, chosen.sample)
        write_lines([text.removesuffix("\n")])
    except HistoryRefused as problem:
        progress.end()
        sys.stderr.write(f"backtest: {problem}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.backtest.chats",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("history", nargs="+", type=Path, metavar="FILE", help="objects of the archive, or folders")
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="the policy to try (JSON)")
    parser.add_argument("--merchant", default="", metavar="ID", help="whose history, where the policy does not say it")
    parser.add_argument("--against", type=Path, metavar="FILE", help="another policy to compare with")
    parser.add_argument("--sample", type=int, choices=range(21), default=5, metavar="N", help="show N, 20 at most")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
