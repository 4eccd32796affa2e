"""Parcels as they would travel if nobody looked after them. The figures are assumptions, all of them in this file.

A journey is paid for, shipped, picked up in the evening, sorted a few times, carried out in a morning, and signed for
or left at a pickup point: 60 hours from pickup to signature on average, 80 % within 72, longer to remote provinces.
One in fifteen gets into trouble: at one step it stands still until it goes on by itself (or never); a call to the
courier may bring that forward. Beside every twentieth parcel an order is paid that is shipped within four days, or
never.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from shared.domain.parcel import Stage

BEIJING = timezone(timedelta(hours=8))
FIRST_DAY = datetime(2026, 10, 12, tzinfo=BEIJING)
CARRIERS = {"sf": 0.5, "zto": 0.75, "yto": 1.0, "yunda": 1.0, "sto": 1.5, "jt": 2.0}
"""How slowly each reacts to a call, beside the others: invented, so that they differ; no real courier was measured."""
ORDER_EVERY, NEVER_SHIPPED_SHARE = 20, 0.05
REMOTE_SHARE, PICKUP_POINT_SHARE, DEATH_SHARE, LATE_TOLD_SHARE = 0.06, 0.35, 0.01, 0.02


class Kind(NamedTuple):
    """A kind of trouble: its share of all parcels, how long it lasts by itself, how well and how soon a call helps."""

    share: float
    hours_min: float
    hours_max: float
    helps: float
    reaction_h: float


NOT_PICKED_UP, NOT_MOVING, STALLED, SLOW, HELD, FAILED, LOST = (
    "not picked up",
    "not moving",
    "stalled",
    "slow delivery",
    "pickup point",
    "delivery failed",
    "lost",
)
KINDS = {
    NOT_PICKED_UP: Kind(0.008, 16, 70, 0.85, 6),
    NOT_MOVING: Kind(0.005, 16, 80, 0.85, 8),
    STALLED: Kind(0.014, 30, 150, 0.75, 10),
    SLOW: Kind(0.012, 14, 60, 0.80, 5),
    HELD: Kind(0.018, 46, 160, 0.60, 12),
    FAILED: Kind(0.010, 20, 80, 0.80, 14),
    LOST: Kind(0.0005, 0, 0, 0.10, 40),
}


class Step(NamedTuple):
    """A scan: so long after the one before (the first: after shipping), told so much later."""

    stage: Stage
    after: timedelta
    lag: timedelta


class Trouble(NamedTuple):
    """The parcel stands still before this step: `after` until it goes on by itself, None for never."""

    kind: str
    step: int
    after: timedelta | None
    helps: bool
    reaction: timedelta


class Journey(NamedTuple):
    """One parcel and its buyer.

    `dies_after`: the step after which the source falls silent. `patience`: how much silence the buyer bears before
    asking; `refund_patience`: how long after that before the money is wanted back; `calm`: whether news helps.
    """

    number: int
    carrier: str
    region: str
    paid_at: datetime
    shipped_at: datetime
    paid_fen: int
    steps: tuple[Step, ...]
    trouble: Trouble | None
    dies_after: int | None
    patience: timedelta
    refund_patience: timedelta
    calm: bool

    @property
    def waybill(self) -> str:
        """The parcel's number."""
        return f"75{self.number:012d}"


class Unshipped(NamedTuple):
    """An order that is paid, and waits to be shipped; None for never."""

    number: int
    paid_at: datetime
    shipped_at: datetime | None
    paid_fen: int


def make_orders(seed: int, numbers: range) -> list[Unshipped]:
    """Make the orders beside so many parcels."""
    return [_make_order(seed, number) for number in numbers if number % ORDER_EVERY == 0]


def _make_order(seed: int, number: int) -> Unshipped:
    dice = random.Random(f"{seed}:{number}")
    paid_at = (FIRST_DAY + timedelta(hours=dice.uniform(0, 24))).astimezone(UTC)
    shipped_at = paid_at + timedelta(hours=dice.uniform(2, 96))
    is_shipped = dice.random() >= NEVER_SHIPPED_SHARE
    return Unshipped(number, paid_at, shipped_at if is_shipped else None, int(dice.lognormvariate(8.9, 0.8)))


def make_journey(seed: int, number: int, carriers: Sequence[str] = tuple(CARRIERS)) -> Journey:
    """Make one parcel of one of these carriers; the same seed and number give the same one."""
    dice = random.Random(seed * 1_000_003 + number)
    paid_at = FIRST_DAY + timedelta(hours=dice.triangular(0, 24, 20))
    shipped_at = _next(paid_at + timedelta(hours=1), dice.uniform(9.5, 16.5))
    is_remote = dice.random() < REMOTE_SHARE
    steps, trouble = _steps(dice, shipped_at, is_remote=is_remote)
    carrier = dice.choice(carriers)
    if trouble:
        trouble = trouble._replace(reaction=trouble.reaction * CARRIERS[carrier])
    return Journey(
        number=number,
        carrier=carrier,
        region="新疆维吾尔自治区" if is_remote else "浙江省",
        paid_at=paid_at.astimezone(UTC),
        shipped_at=shipped_at.astimezone(UTC),
        paid_fen=int(dice.lognormvariate(8.9, 0.8)),
        steps=steps,
        trouble=trouble,
        dies_after=dice.randrange(len(steps)) if dice.random() < DEATH_SHARE else None,
        patience=timedelta(hours=dice.lognormvariate(4.1, 0.45)),
        refund_patience=timedelta(hours=dice.lognormvariate(4.0, 0.6)),
        calm=dice.random() < 0.5,
    )


def _steps(dice: random.Random, shipped_at: datetime, *, is_remote: bool) -> tuple[tuple[Step, ...], Trouble | None]:
    slow = 2.0 if is_remote else 1.0
    stages: list[tuple[Stage, datetime]] = []
    at = _next(shipped_at + timedelta(hours=0.5), dice.uniform(17, 21))
    stages.append((Stage.PICKED_UP, at))
    at += timedelta(hours=dice.uniform(1, 7))
    stages.append((Stage.IN_TRANSIT, at))
    for _ in range(dice.randint(1, 3)):
        at += timedelta(hours=dice.triangular(3, 17, 8) * slow)
        stages.append((Stage.ARRIVED_AT_HUB, at))
        at += timedelta(hours=dice.uniform(1, 6))
        stages.append((Stage.IN_TRANSIT, at))
    at += timedelta(hours=dice.uniform(2, 8))
    stages.append((Stage.ARRIVED_AT_HUB, at))
    kind = _kind(dice)
    at = _carried_out(dice, stages, at)
    if kind == FAILED:
        at += timedelta(hours=dice.uniform(1, 8))
        stages.append((Stage.DELIVERY_FAILED, at))
        at = _carried_out(dice, stages, at)
    if kind == HELD or (kind != SLOW and dice.random() < PICKUP_POINT_SHARE):
        at += timedelta(hours=dice.uniform(1, 6))
        stages.append((Stage.HELD_AT_PICKUP_POINT, at))
        at += timedelta(hours=dice.triangular(0.5, 44, 8))
    else:
        at += timedelta(hours=dice.uniform(0.5, 8))
    stages.append((Stage.DELIVERED, at))
    befores = [shipped_at, *(moment for _, moment in stages)]
    steps = tuple(
        Step(stage, moment - before, _lag(dice)) for (stage, moment), before in zip(stages, befores, strict=False)
    )
    return steps, _trouble(dice, kind, [stage for stage, _ in stages])


def _carried_out(dice: random.Random, stages: list[tuple[Stage, datetime]], at: datetime) -> datetime:
    at = _next(at + timedelta(hours=1), dice.uniform(7.5, 10))
    stages.append((Stage.OUT_FOR_DELIVERY, at))
    return at


def _kind(dice: random.Random) -> str:
    left = dice.random()
    for kind, figures in KINDS.items():
        left -= figures.share
        if left < 0:
            return kind
    return ""


def _trouble(dice: random.Random, kind: str, stages: list[Stage]) -> Trouble | None:
    if not kind:
        return None
    places = {
        NOT_PICKED_UP: 0,
        NOT_MOVING: 1,
        SLOW: len(stages) - 1,
        HELD: len(stages) - 1,
        FAILED: stages.index(Stage.DELIVERY_FAILED) + 1 if kind == FAILED else 0,
    }
    step = places.get(kind, dice.randrange(2, max(3, stages.index(Stage.OUT_FOR_DELIVERY))))
    figures = KINDS[kind]
    lasts = None if kind == LOST else timedelta(hours=dice.uniform(figures.hours_min, figures.hours_max))
    reaction = timedelta(hours=dice.lognormvariate(0, 0.5) * figures.reaction_h)
    return Trouble(kind, step, lasts, dice.random() < figures.helps, reaction)


def _lag(dice: random.Random) -> timedelta:
    """How long a scan takes to reach us: minutes, now and then hours."""
    if dice.random() < LATE_TOLD_SHARE:
        return timedelta(hours=dice.uniform(0.5, 12))
    return timedelta(minutes=dice.expovariate(1 / 4))


def _next(after: datetime, hour: float) -> datetime:
    """Give the next time of day `hour`, in Beijing, after an instant."""
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    at = day + timedelta(hours=hour)
    return at if at > after else at + timedelta(days=1)
