"""`python -m infra.backtest --policy policy.json history/` or `--csv orders.csv.gz`; see `--help`."""

import argparse
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

from infra.backtest.csv_history import CsvHistory
from infra.backtest.csv_rows import CsvOptions, Where
from infra.backtest.image_history import ImageHistory
from infra.backtest.options import parse
from infra.backtest.policies import read_policy, with_pack
from infra.backtest.progress import Progress
from infra.backtest.replay import NeverRests
from infra.backtest.report_json import as_json
from infra.backtest.report_text import as_text
from infra.backtest.run import Question, Result, run_backtest
from infra.backtest.stories import History, HistoryRefused
from infra.terminal import write_lines
from shared.domain.policy import Policy


def main(arguments: list[str] | None = None) -> int:
    """Run a backtest and print it; 2 where an input cannot be read."""
    chosen = parse(arguments)
    progress = Progress(None if chosen.quiet else sys.stderr)
    try:
        result = _run(chosen, progress)
        progress.end()
        write = as_json if chosen.json else as_text
        write_lines([write(result, predict=chosen.predict).removesuffix("\n")])
    except HistoryRefused as problem:
        progress.end()
        sys.stderr.write(f"backtest: {problem}\n")
        return 2
    except NeverRests as bug:
        progress.end()
        sys.stderr.write(f"backtest: a rule never comes to rest: {bug}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(chosen: argparse.Namespace, progress: Progress) -> Result:
    policy = read_policy(chosen.policy, chosen.merchant)
    other = None
    if chosen.pack:
        policy, other = with_pack(policy, chosen.pack), policy
    elif chosen.against:
        other = read_policy(chosen.against, policy.merchant)
    history = _history(chosen, policy, progress)
    with ExitStack() as stack:
        listing = None
        if chosen.changes:
            try:
                listing = stack.enter_context(chosen.changes.open("w", encoding="utf-8", newline=""))
            except OSError as error:
                raise HistoryRefused(f"{chosen.changes}: {error.strerror}") from error
        question = Question(
            policy,
            other,
            by_pack=bool(chosen.pack),
            until=_until(chosen.until, history),
            sample_max=chosen.sample,
            listing=listing,
        )
        return run_backtest(history, question)


def _history(chosen: argparse.Namespace, policy: Policy, progress: Progress) -> History:
    if not chosen.csv:
        return ImageHistory(chosen.history, policy.merchant, policy.zone, progress)
    options = CsvOptions(
        merchant=policy.merchant,
        columns=chosen.columns,
        zone=chosen.zone,
        encoding=chosen.encoding,
        where=tuple(Where.parse(text) for text in chosen.where),
        weight_column=chosen.weight_column,
        platform=chosen.platform,
        carrier=chosen.carrier,
        delivered=_words(chosen.delivered),
        cancelled=_words(chosen.cancelled),
    )
    return CsvHistory(chosen.csv, options, progress)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split(",") if word.strip())


def _until(at: datetime | None, history: History) -> datetime | None:
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=history.zone)).astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
