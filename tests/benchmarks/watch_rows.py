"""P10 to P15, P18, A1 and C04: what watching parcels costs, how soon it notices, what it survives, what it is good for.

Figures come from a synthetic fleet, the sweep on paper and the simulated world; none depends on this machine.
"""

from collections.abc import Iterator

from shared.adapters.table_layout import SHARDS
from tests.benchmarks.promotion import SCANS_PER_S, SHOP_SHARE, Heat, heat_of
from tests.benchmarks.sweeps import DUE_PER_MINUTE, RUNG_AFTER, CatchUp, catch_up, cost_of_a_minute, spread
from tests.benchmarks.table import Row, number
from tests.simulation.fleet.figures import Effect, Watched, compare, watch
from tests.simulation.fleet.paces import first_with, fixed, generations, unattended
from tests.simulation.storm import refund_storm, storm

SEED = 1
STORMS = 5
HOURS = (10, 12, 14, 15, 16, 17, 18, 24)
IN_FLIGHT = (10_000, 100_000, 1_000_000)


def storm_rows() -> Iterator[Row]:
    """P10: each event many times, in any order."""
    calm = storm(1, 0)
    for copies in (5, 20):
        after = [storm(copies, seed) for seed in range(STORMS)]
        what = f"states that differ after {STORMS} storms of {copies} copies"
        yield Row("P10", what, sum(one.state != calm.state for one in after), floor="0", gate=0)
        most = max(max(one.commands.values()) for one in after)
        yield Row("P10", f"how often a command is said, {copies} copies", most, floor="1", gate=1)
        paid = max(len(refund_storm(copies, seed).outside.paid) for seed in range(2))
        yield Row("P10", f"how often a refund is paid, {copies} copies", paid, floor="1", gate=1)


def fleet_rows(shipments: int) -> Iterator[Row]:
    """P11, P13, A1.09, A1.16 and C04: a synthetic fleet."""
    seen = watch(SEED, shipments)
    yield from _pointer_rows(seen)
    yield from _delay_rows(seen)
    yield from _warning_rows(seen)
    yield from _effect_rows(compare(SEED, max(1000, shipments // 4)))
    yield from _pace_rows(3_000)


def _pointer_rows(seen: Watched) -> Iterator[Row]:
    calm, every = seen.calm_pointers / seen.calm_shipments, seen.pointers / seen.shipments
    yield Row("P11", "pointer writes per shipment without trouble", calm, floor="1", gate=4, aim=3.2)
    share = 1 - seen.calm_shipments / seen.shipments
    yield Row("P11", "pointer writes per shipment", every, f"{number(every)} ({share:.1%} in trouble)", gate=4)
    cases, register = seen.case_units / seen.weighed, seen.register_units / seen.weighed
    pointers = seen.weighed_pointers / seen.weighed
    shown = f"{number(cases + register + pointers)}: case {number(cases)}, pointers {number(pointers)}"
    shown += f", register {number(register)}; {seen.scans / seen.shipments:.1f} scans"
    yield Row("P8", "write units of a parcel, mean of the fleet", cases + register + pointers, shown)
    yield Row("P8", "largest parcel at rest, bytes", seen.largest_at_rest, gate=1023)
    yield Row("P8", "largest parcel with an open ticket, bytes", seen.largest_with_ticket, gate=2047)


def _delay_rows(seen: Watched) -> Iterator[Row]:
    count = f"{seen.shipments:,} shipments, seed {SEED}"
    told = seen.told_max.total_seconds()
    yield Row("P13", f"s from moment to intent, p100 of {seen.told:,} warnings, {count}", told, gate=60)
    risen = seen.rise_max.total_seconds()
    yield Row("P13", f"the same, p100 of {seen.rises:,} breaches and escalations", risen, gate=60)
    woken = seen.wake_max.total_seconds()
    yield Row("P13", f"s from deadline to decision, p100 of {seen.dues:,}", woken, gate=60)
    yield Row("P13", "moments that nobody was told of", len(seen.missed) + seen.unhandled, floor="0", gate=0)


def _warning_rows(seen: Watched) -> Iterator[Row]:
    late = 100 * (1 - seen.early_share)
    yield Row(
        "A1.09", "% of breaches not warned of 6 h ahead", late, f"{late:.1f} of {len(seen.broken):,}", "0", gate=5
    )
    shown = f"{100 * seen.false_share:.1f} of {len(seen.alarms):,}"
    yield Row("A1.09", "% of warnings that came to nothing", 100 * seen.false_share, shown)


def _effect_rows(effect: Effect) -> Iterator[Row]:
    share = 10_000 / effect.shipments
    for what, before, after, avoided in (
        ("complaints", effect.complaints_by_hand, effect.complaints, effect.complaints_avoided),
        ("refunds", effect.refunds_by_hand, effect.refunds, effect.refunds_avoided),
    ):
        shown = f"{number(100 * avoided)} ({before * share:.0f} by hand, {after * share:.0f} in 10,000)"
        yield Row("A1.16", f"% of {what} avoided, {effect.shipments:,} shipments, a model", 100 * avoided, shown)


def _pace_rows(shipments: int) -> Iterator[Row]:
    """C04: false warnings of measured couriers, beside those of the shortest lead for all that is in time as often."""
    *_, before = generations(SEED, shipments, 2)
    leads = before.measured
    paced, *others = unattended(SEED + 2, shipments, [leads, *(fixed(hours, leads) for hours in HOURS)])
    late = 100 * (1 - paced.seen.early_share)
    yield Row("C04", "% of breaches not warned of 6 h ahead, couriers measured", late, floor="0", gate=5)
    same = first_with(paced.recall, others)
    ratio = paced.false / same.false
    shown = f"{ratio:.2f} ({paced.false:.1f} / {same.false:.1f} in 1,000, {paced.recall:.0%} in time)"
    yield Row(
        "C04", "false warnings, couriers measured / the lead for all that is in time as often", ratio, shown, gate=0.5
    )


def sweep_rows() -> Iterator[Row]:
    """P14, P15 and P18: the clock on paper."""
    costs = [cost_of_a_minute(in_flight) for in_flight in IN_FLIGHT]
    first, last = costs[0], costs[-1]
    shown = f"{last.calls / first.calls:.3f} ({', '.join(number(cost.calls) for cost in costs)} calls)"
    what = f"calls a minute, 1,000,000 in flight / 10,000, {DUE_PER_MINUTE} due a minute"
    yield Row("P14", what, last.calls / first.calls, shown, "1.00", gate=1.05, aim=1)
    spent = [cost.read_units + 5 * cost.write_units for cost in costs]  # a write unit costs what five read units do
    shown = f"{spent[-1] / spent[0]:.3f} ({number(last.read_units)} read, {number(last.write_units)} write units)"
    yield Row("P14", "the same, in units", spent[-1] / spent[0], shown, "1.00", gate=1.05, aim=1)
    yield from _outage_rows(catch_up())
    yield from _spread_rows()
    yield from _heat_rows(heat_of())


def _outage_rows(found: CatchUp) -> Iterator[Row]:
    yield Row("P15", f"deadlines lost in a 2 h outage, {found.backlog:,} pointers behind", found.lost, gate=0)
    yield Row("P15", "deadlines told twice", found.doubled, gate=0)
    shown = f"{number(found.minutes)} in {found.ticks} ticks"
    yield Row("P15", "virtual minutes until caught up", found.minutes, shown, gate=10, aim=3)
    seconds = found.disorder.total_seconds()
    yield Row("P15", "s by which a later deadline overtook an earlier one, at most", seconds, floor="0")
    shown = f"{found.read_units_max:,} ({found.calls_max:,} calls)"
    yield Row("P15", "read units of one tick, at most", found.read_units_max, shown, gate=60_000)


def _spread_rows() -> Iterator[Row]:
    for open_cases, gate in ((10_000, 60), (100_000, 120)):
        calm, behind = spread(open_cases, backlog=False), spread(open_cases, backlog=True)
        what = f"s until {open_cases:,} open cases know a new policy that just missed a tick, after a 2 h outage"
        shown = f"{number(behind.seconds)} in {behind.walks} walks ({number(calm.seconds)} in {calm.walks} without)"
        yield Row("A1.08", what, behind.seconds, shown, floor=number(RUNG_AFTER.total_seconds()), gate=gate)


def _heat_rows(heat: Heat) -> Iterator[Row]:
    what = f"write units a second on the hottest partition, {SCANS_PER_S:,} scans/s, {SHARDS} shards"
    yield Row("P18", what, heat.pointers, floor="", gate=500, aim=250)
    what = f"the same on the register of a shop with {SHOP_SHARE:.0%} of that"
    yield Row("P18", what, heat.register, gate=500)
