"""Reports on a synthetic fleet: `python -m tests.simulation.fleet [--shipments N] [--seed S] [--watched]`.

The fleet travels three times with the same parcels: watched while nobody acts (what is noticed, and when), looked
after by hand, and watched by people and couriers who act (what that is good for). At last couriers are measured, and
warned of by that and by leads that are the same for all. All assumptions are in `journeys.py` and `buyers.py`.

A million shipments take an hour of one processor for the first journey, `--watched`.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence

from tests.simulation.fleet.figures import Effect, Watched, compare, watch
from tests.simulation.fleet.paces import (
    HOURS,
    TIMES,
    Generation,
    Leads,
    first_with,
    fixed,
    generations,
    stretched,
    unattended,
)

_MEASURED, _GENERATIONS = 3_000, 4


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.fleet", description=__doc__)
    parser.add_argument("--shipments", type=int, default=int(os.environ.get("HUHANG_SHIPMENTS", "20000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--watched", action="store_true", help="only watch, while nobody acts")
    arguments = parser.parse_args()
    _say([f"seed {arguments.seed}, {arguments.shipments:,} shipments", "", "Watched, while nobody acts"])
    _say(tell_watched(watch(arguments.seed, arguments.shipments, _progress)))
    if arguments.watched:
        return 0
    _say(["", "Per 10,000 shipments              by hand   huhang  avoided"])
    _say(tell_effect(compare(arguments.seed, arguments.shipments)))
    shipments = min(arguments.shipments, _MEASURED)
    heads = "warnings  breaches  6 h left  to nothing  in time"
    _say(["", f"{f'Measured, per 1,000 of {shipments:,}':<38}{heads}"])
    measured = list(generations(arguments.seed, shipments, _GENERATIONS))
    _say(tell_generations(measured))
    _say(tell_leads(arguments.seed + _GENERATIONS, shipments, measured[-2].measured))
    return 0


def tell_watched(seen: Watched) -> Iterator[str]:
    """Put into lines what was noticed, and when."""
    per = seen.shipments
    yield _line("scans, events", f"{seen.scans / per:.1f}, {seen.events / per:.1f} per shipment")
    yield _line("deadlines looked at", f"{seen.dues:,}, the latest after {seen.wake_max.total_seconds():.0f} s")
    yield _line("warnings told", f"{seen.told:,}, the latest after {seen.told_max.total_seconds():.0f} s")
    yield _line("breaches, escalations told", f"{seen.rises:,}, the latest after {seen.rise_max.total_seconds():.0f} s")
    yield _line("never told, never looked at", f"{len(seen.missed)}, {seen.unhandled}")
    yield _line("breaches that were warned of", f"{len(seen.broken):,}")
    yield _line("  with six hours left", f"{seen.early_share:.1%}")
    yield _line("warnings that came to nothing", f"{seen.false_share:.1%} of {len(seen.alarms):,}")
    for anomaly, warned, broken in seen.by_anomaly:
        yield _line(f"  {anomaly}", f"{warned:,} warned of, {broken:,} broken")


def tell_effect(effect: Effect) -> Iterator[str]:
    """Put into lines what it is good for."""
    counts = (
        ("complaints about silence", effect.complaints_by_hand, effect.complaints, effect.complaints_avoided),
        ("refunds of such parcels", effect.refunds_by_hand, effect.refunds, effect.refunds_avoided),
    )
    for what, before, after, avoided in counts:
        share = 10_000 / effect.shipments
        yield _line(what, f"{before * share:7.1f}  {after * share:7.1f}  {avoided:6.0%}")


def tell_generations(measured: Sequence[Generation]) -> Iterator[str]:
    """Put into lines, per 1,000 parcels, what comes of measured couriers: warnings, breaches, and how many of each."""
    for number, one in enumerate(measured):
        yield _generation(f"generation {number}", one)


def tell_leads(seed: int, shipments: int, measured: Leads) -> Iterator[str]:
    """Put into lines the same while nobody acts, for other leads too, and how many breaches a call would prevent."""
    whats = ["measured paces", *(f"{hours} h, every limit" for hours in HOURS), *(f"own leads x {x}" for x in TIMES)]
    alike = [*(fixed(hours, measured) for hours in HOURS), *(stretched(times, measured) for times in TIMES)]
    paced, *others = seen = unattended(seed, shipments, [measured, *alike])
    for what, one in zip(whats, seen, strict=True):
        yield f"{_generation(f'nobody acts: {what}', one)}  {one.recall:7.0%}"
    for what, swept in (("every limit", others[: len(HOURS)]), ("own leads", others[len(HOURS) :])):
        same = first_with(paced.recall, swept)
        yield _line(f"as much in time, {what}", f"{same.false:.1f} to nothing; measured paces {paced.false:.1f}")


def _generation(what: str, one: Generation) -> str:
    figures = f"{one.warnings:8.1f}  {one.breaches:8.1f}  {one.seen.early_share:8.0%}  {one.seen.false_share:10.0%}"
    return f"  {what:<36}{figures}"


def _line(what: str, figure: str) -> str:
    return f"  {what:<30}  {figure}"


def _progress(arrived: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{arrived:,} have arrived\r")


def _say(lines: list[str] | Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
