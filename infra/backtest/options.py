"""The command line of a backtest."""

import argparse
import codecs
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from infra.backtest.columns import FIELDS, PRESETS
from infra.backtest.csv_rows import CANCELLED, DELIVERED
from infra.backtest.milestones import ID
from infra.backtest.values import read_carrier

_ABOUT = """\
一份策略本来会怎样？已发生的订单与包裹在虚拟时钟上走一遍线上的规则，按规则列出会预警、会超时的单，提前多久，
涉及多少钱，会通知谁。什么都不会发出。

What would a policy have done? Replays recorded orders and parcels through the product's own rules on a virtual clock
and prints, per rule, what would have been warned of and broken, how early, what it would have cost, and whom it would
have told. Nothing is sent to anybody.

There are two kinds of history:
  history/*.jsonl.gz      the archive of case images (files, or folders with them); all scans, all rules
  --csv orders.csv.gz     one order a row, with its milestones; rules that need scans between them are left out
"""

_EXAMPLES = """\
examples:
  # the archive, copied from the bucket, under the policy that is in force
  python -m infra.backtest --policy policy.json history/

  # a policy document without its merchant, as docs/policies has them
  python -m infra.backtest --policy policy.json --merchant acme history/

  # which orders would a stricter policy newly touch? all of them into a file
  python -m infra.backtest --policy stricter.json --against policy.json --changes changes.csv history/

  # what changes on 1 June, when a platform's new limits come
  python -m infra.backtest --policy policy.json --pack june.json history/

  # a file of orders with other column names, times in Beijing's wall clock
  python -m infra.backtest --policy policy.json --csv orders.csv --zone Asia/Shanghai \\
      --columns order_id=订单号,paid_at=付款时间,shipped_at=发货时间,delivered_at=签收时间,paid=实付金额

the columns of --csv:
{fields}
  A preset, pairs of field=column, or a preset and then pairs that change it (olist,ship_by= removes one).
  Presets: {presets}. `plain` takes what is there under the names above.

ends with 0; with 2 when an input cannot be read (the message names file and line); with 1 when a rule is broken.
"""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the process with 2 where it makes no sense."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if bool(chosen.history) == bool(chosen.csv):
        parser.error("give either files of the archive or --csv FILE, one of the two")
    if chosen.pack and chosen.against:
        parser.error("--pack compares with the policy itself, --against with another one: give one of the two")
    if chosen.changes and not (chosen.against or chosen.pack):
        parser.error("--changes needs something to compare with: --against or --pack")
    return chosen


def _parser() -> argparse.ArgumentParser:
    fields = "\n".join(f"  {name:<20} {about}" for name, about in FIELDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m infra.backtest",
        usage="%(prog)s --policy FILE [options] (FILE... | --csv FILE...)",
        description=_ABOUT,
        epilog=_EXAMPLES.format(fields=fields, presets=", ".join(PRESETS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("history", nargs="*", type=Path, metavar="FILE", help="objects of the archive, or folders")
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="the policy to try (JSON)")
    parser.add_argument("--merchant", default="", metavar="ID", help="whose history, where the policy does not say it")
    _add_comparisons(parser)
    _add_csv(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--sample", type=_count, default=3, metavar="N", help="show N cases in full (default 3)")
    output.add_argument("--predict", action="store_true", help="check whether earlier days predict later ones' hits")
    output.add_argument("--json", action="store_true", help="print JSON for machines")
    output.add_argument("--quiet", action="store_true", help="no progress on stderr")
    output.add_argument(
        "--until", type=_instant, metavar="TIME", help="when the history ends (default: the last time in it)"
    )
    return parser


def _add_comparisons(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("comparison")
    group.add_argument("--against", type=Path, metavar="FILE", help="another policy: print what changes from it")
    group.add_argument(
        "--pack", type=Path, metavar="FILE", help="a rule pack that is not in force yet: print what it changes"
    )
    group.add_argument("--changes", type=Path, metavar="FILE", help="write every case that changes to a CSV file")


def _add_csv(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("orders from CSV")
    group.add_argument("--csv", type=Path, nargs="+", metavar="FILE", help="CSV files, plain or gzip")
    group.add_argument("--columns", default="plain", metavar="MAP", help="which column is what (default plain)")
    group.add_argument("--zone", type=_zone, metavar="ZONE", help="whose wall clock times without a zone are")
    group.add_argument(
        "--encoding", type=_encoding, default="utf-8-sig", metavar="NAME", help="default UTF-8; gb18030 is common too"
    )
    group.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUES",
        help="only rows with one of these values (a,b), or != none of them; may be repeated",
    )
    group.add_argument("--weight-column", default="", metavar="COLUMN", help="how many orders a row stands for")
    group.add_argument(
        "--platform", type=_code, default="shop", metavar="CODE", help="the platform of all rows (default shop)"
    )
    group.add_argument(
        "--carrier", type=_code, default="carrier", metavar="CODE", help="the courier where no column names one"
    )
    group.add_argument("--delivered", default=",".join(DELIVERED), metavar="WORDS", help="statuses of delivered orders")
    group.add_argument(
        "--cancelled", default=",".join(CANCELLED), metavar="WORDS", help="statuses of orders that were called off"
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"{name!r} is no IANA time zone such as Asia/Shanghai") from None


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        raise argparse.ArgumentTypeError(f"{name!r} is no encoding such as gb18030") from None
    return "utf-8-sig" if known == "utf-8" else known  # a mark at the beginning is no part of a column's name


def _code(text: str) -> str:
    code = read_carrier(text)
    if not ID.fullmatch(code):
        raise argparse.ArgumentTypeError(f"{text!r} is no short code such as douyin or zto")
    return code


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1000")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-06-01T00:00") from None
