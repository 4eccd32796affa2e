"""Measures the stack against its budgets: `python -m tests.benchmarks [--gate] [--no-valgrind] [--shipments N] …`.

Gates are exact counts and ratios of one session; wall time is told and never held to anything. Instructions are
counted by valgrind's cachegrind: without it the counts of calls, units, bytes, modules and memory remain.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence

from infra.bundle.build import ROOT
from tests.benchmarks import costs, rows, watch_rows
from tests.benchmarks.loopback import serving
from tests.benchmarks.session import Session, SessionRefused, begin_session
from tests.benchmarks.starts import Starts
from tests.benchmarks.table import Row, print_table

DRIFT_MAX = 0.02
RESULTS = ROOT / ".build" / "benchmarks"


def main() -> int:
    """Measure, print, keep; 1 when a gate fails and `--gate` is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--gate", action="store_true", help="end with 1 when a gate fails")
    parser.add_argument("--no-valgrind", action="store_true", help="count no instructions")
    parser.add_argument("--events", type=int, default=1000, help="how many events the log lines are counted over")
    parser.add_argument(
        "--shipments",
        type=int,
        default=int(os.environ.get("HUHANG_SHIPMENTS", "20000")),
        help="how large the synthetic fleet is (0: leave fleet and sweeps out)",
    )
    arguments = parser.parse_args()
    try:
        with begin_session() as session:
            chosen = dataclasses.replace(session, valgrind=None) if arguments.no_valgrind else session
            measured = _measure(chosen, arguments.events, arguments.shipments)
            _compare(session.name, measured)
    except SessionRefused as problem:
        sys.stderr.write(f"benchmarks: {problem}\n")
        return 2
    failed = [row for row in measured if not row.holds]
    print(f"\n{len(failed)} of {sum(row.gate is not None for row in measured)} gates fail")
    return 1 if failed and arguments.gate else 0


def _measure(session: Session, events: int, shipments: int) -> list[Row]:
    print(session.name)
    measured: list[Row] = []

    def show(title: str, found: Sequence[Row]) -> None:
        print_table(title, found)
        sys.stdout.flush()
        measured.extend(found)

    with serving() as cloud:
        starts = Starts(session, cloud)
        if session.valgrind:
            show("Starts and events, in instructions (cachegrind)", list(rows.start_rows(starts)))
        else:
            print("\nWithout valgrind INSTRUCTIONS WERE NOT COUNTED: P1, P3 and P9 are unknown.")
        show("What the door loads", [*rows.load_rows(starts), *rows.wall_rows(starts)])
    show("Bundles", list(rows.bundle_rows(session)))
    show("AWS calls and write units, through the real handlers", list(rows.call_rows()))
    used = costs.use_of_mix()
    print("", *costs.report(used, costs.last_commit()), sep="\n")
    show("Costs", list(rows.cost_rows(used)))
    show("Logs and the way to the courier", [*rows.log_rows(events), *rows.demo_rows()])
    show("Storms of duplicates", list(watch_rows.storm_rows()))
    if shipments:
        show("A synthetic fleet, watched", list(watch_rows.fleet_rows(shipments)))
        show("The clock, on paper", list(watch_rows.sweep_rows()))
    return measured


def _compare(name: str, measured: Sequence[Row]) -> None:
    """Keep the figures under the session's name; instructions that differ from the last time are a bug in here."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name.replace(', ', '_').replace(' ', '-')}.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    for row in measured:
        known = before.get(row.what)
        if row.id in ("P1", "P3", "P9") and known and abs(row.value / known - 1) > DRIFT_MAX:
            print(f"DRIFT: {row.what} was {known:.2f} in an earlier session of the same name")
    path.write_text(json.dumps(before | {row.what: row.value for row in measured}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
