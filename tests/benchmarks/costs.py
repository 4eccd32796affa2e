"""What 1,000 orders cost: `python -m tests.benchmarks.costs [--write]`. Counted through the real handlers, and priced.

The orders and their shares, and the milliseconds that cannot be measured without Lambda, stand in `assumed.json`; the
prices with source and date in `infra/prices.json`. Each message is taken alone, as on a quiet day: batches make it
cheaper. Left out: what all orders share (schedules, idle polling), the archive, secrets (read once in five minutes),
data transfer, storage.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infra.bundle.build import ROOT
from infra.catalog import FUNCTIONS
from infra.spending import LISTED
from tests.benchmarks.counts import SCHEDULED
from tests.benchmarks.loop import Loop, Taken
from tests.benchmarks.running import running
from tests.benchmarks.story import tell_delivered, tell_refunded

ASSUMED: dict[str, Any] = json.loads(Path(__file__).with_name("assumed.json").read_text("utf-8"))
COMMITTED = ROOT / "docs" / "costs.json"
SPECS = {spec.name: spec for spec in FUNCTIONS}
_QUEUE_CALLS = frozenset({"SendMessage", "SendMessageBatch", "ChangeMessageVisibility"})
_RECEIVE_AND_DELETE = 2

Use = Counter[str]
"""How much of each thing that has a price."""


class Line(NamedTuple):
    """One thing that is paid for, per 1,000 orders; `costs` is None where its price is not known."""

    what: str
    amount: float
    costs: float | None


def use_of(taken: Sequence[Taken]) -> Use:
    """Add up what a story uses; the schedules' own work is everybody's."""
    used: Use = Counter()
    for one in taken:
        if one.function in SCHEDULED:
            continue
        calls = Counter(one.counts.calls)
        spec = SPECS[one.function]
        queue = sum(calls[name] for name in _QUEUE_CALLS) + (_RECEIVE_AND_DELETE if spec.consumes else 0)
        used += Counter(
            {
                "http_requests": 1 if spec.door else 0,
                "invocations": 1,
                "queue_requests": queue,
                "write_units": sum(one.counts.writes.values()),
                "read_units": one.counts.reads,
                "log_bytes": sum(len(line.encode()) + 1 for line in one.lines),
                "mb_ms": round(spec.memory_mib * _milliseconds(one)),
            }
        )
    return used


def _milliseconds(one: Taken) -> float:
    assumed = ASSUMED["milliseconds"]
    calls = len(one.counts.calls)
    asked = assumed["per_vendor_request"] if SPECS[one.function].calls_vendors else 0
    return float(assumed["per_invocation"] + assumed["per_aws_call"] * calls + asked)


def use_of_mix() -> Use:
    """Tell both stories and add them up in the shares of the mix."""
    with running() as delivered:
        tell_delivered(delivered)
    with running() as stopped:
        tell_refunded(stopped)
    return mixed(delivered, stopped)


def times_of(loop: Loop, times: int) -> Use:
    """Give what a story uses when it happens so often."""
    return Counter({what: amount * times for what, amount in use_of(loop.taken).items()})


def mixed(delivered: Loop, stopped: Loop) -> Use:
    """Add up stories that were told already, in the shares of the mix."""
    times = int(ASSUMED["mix"]["stopped_by_a_refund"])
    return times_of(delivered, ASSUMED["mix"]["orders"] - times) + times_of(stopped, times)


def priced(used: Mapping[str, float], region: str) -> list[Line]:
    """Put prices to it."""
    amounts = {**used, "gb_s": used["mb_ms"] / 1024 / 1000}
    prices = LISTED[region]["prices"]
    return [
        Line(what, amounts[what], None if price["per_million"] is None else amounts[what] * price["per_million"] / 1e6)
        for what, price in prices.items()
    ]


def total_of(lines: Sequence[Line]) -> float | None:
    """Give the sum; None if a price is missing, since a sum without it would be a lie."""
    costs = [line.costs for line in lines]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def write_costs(used: Mapping[str, float]) -> str:
    """Give the text of `docs/costs.json`: per region, what 1,000 orders use and cost."""
    document: dict[str, Any] = {"per": "1,000 orders", "use": dict(sorted(used.items()))}
    for region, known in LISTED.items():
        lines = priced(used, region)
        total = total_of(lines)
        document[region] = {
            "currency": known["currency"],
            "total": None if total is None else round(total, 4),
            **{line.what: None if line.costs is None else round(line.costs, 5) for line in lines},
        }
    return json.dumps(document, indent=2) + "\n"


def report(used: Mapping[str, float], before: Mapping[str, Any] | None) -> list[str]:
    """Say what it costs, beside the last commit's figures."""
    mix = ASSUMED["mix"]
    lines = [f"What {mix['orders']:,} orders cost, {mix['stopped_by_a_refund']} of them stopped by a refund"]
    for region, known in LISTED.items():
        found = priced(used, region)
        total, currency = total_of(found), known["currency"]
        last = (before or {}).get(region, {}).get("total")
        change = f", {(total / last - 1) * 100:+.1f} % since the last commit" if total and last else ""
        told = "not all prices are known" if total is None else f"{total:.4f} {currency}{change}"
        lines.append(f"{region} (list prices of {known['read_on']}): {told}")
        for line in found:
            costs = "price not known" if line.costs is None else f"{line.costs:.4f} {currency}"
            was = (before or {}).get("use", {}).get(line.what)
            moved = f"  (was {was:,.0f})" if was is not None and round(was) != round(line.amount) else ""
            lines.append(f"    {line.what:<16} {line.amount:>12,.0f}  {costs}{moved}")
    return lines


def over_budget(used: Mapping[str, float]) -> list[str]:
    """Name the regions in which 1,000 orders cost more than they may."""
    return [region for region, most in ASSUMED["budget"].items() if (total_of(priced(used, region)) or 0) > most]


def last_commit() -> Mapping[str, Any] | None:
    """Give the figures of the last commit, if there is one with figures."""
    command = ["git", "show", f"HEAD:{COMMITTED.relative_to(ROOT)}"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return dict(json.loads(found.stdout)) if found.returncode == 0 else None


def main() -> int:
    """Count, price and print; 1 above the budget."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.costs", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/costs.json, to be committed")
    arguments = parser.parse_args()
    used = use_of_mix()
    print("\n".join(report(used, last_commit())))
    if arguments.write:
        COMMITTED.write_text(write_costs(used))
    over = over_budget(used)
    for region in over:
        print(f"{region}: above the budget of {ASSUMED['budget'][region]}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
