"""Dated rule packs: the platforms' figures, which hold where a merchant sets none of its own.

Platforms change their limits every season and publish them in seller rules that differ by category. What is here are
the figures that are commonly quoted (none of them confirmed by an official page that was read), so they are defaults
to warn by, never a promise. A pack holds from its day on for orders paid since; older orders keep the older pack.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from pydantic import model_validator

from shared.domain.record import Id, Instant, Record
from shared.domain.watching import Exposure, Limit, Positive, Span


class Bands(Record):
    """What a platform gives for the time from payment to signature: five points, or four."""

    five: Positive
    four: Positive

    @model_validator(mode="after")
    def _one_after_the_other(self) -> "Bands":
        if self.five >= self.four:
            raise ValueError(f"bands: five points ({self.five}) must end before four ({self.four})")
        return self


class PackCase(Record):
    """What a pack must say in one case: the rule that alerts first on a clock, and after how long."""

    span: Span
    region: str = ""
    rule: Id
    hours: int


class Pack(Record):
    """The figures of one platform (of all, where it is empty) from a day on.

    Beside the limits: within what time the platform counts a pickup as in time, its bands, and after how long a
    standstill it may refund a buyer without asking the merchant. `cases` must come out right.
    """

    name: Id
    platform: str = ""
    since: Instant
    remote: tuple[str, ...]
    limits: tuple[Limit, ...]
    pickup: Positive
    bands: Bands
    forced_refund: Positive
    cases: tuple[PackCase, ...] = ()


_REMOTE = ("新疆", "西藏", "青海", "甘肃", "宁夏", "内蒙古", "香港", "澳门", "台湾")
_FALSE_SHIPMENT = Exposure(percent=30, min_fen=500, max_fen=50_000)
_QUOTED = "commonly quoted seller rules, 2024-2026; unconfirmed"


def _limit(rule: str, span: Span, hours: int, lead_hours: int, **more: object) -> Limit:
    fields = {"breach": timedelta(hours=hours), "lead": timedelta(hours=lead_hours), "source": _QUOTED}
    return Limit.model_validate({"rule": rule, "span": span} | fields | more)


def _case(span: Span, rule: str, hours: int, region: str = "浙江省") -> PackCase:
    return PackCase(span=span, region=region, rule=rule, hours=hours)


@cache
def packs() -> tuple[Pack, ...]:
    """Give all packs, oldest first."""
    return (
        Pack(
            name="general-2024",
            since=datetime(2024, 1, 1, tzinfo=UTC),
            remote=_REMOTE,
            limits=(
                _limit("ship_48h", Span.PAY_TO_SHIP, 48, 12, exposure=_FALSE_SHIPMENT),
                _limit("pickup_24h", Span.SHIP_TO_PICKUP, 24, 6, exposure=_FALSE_SHIPMENT),
                _limit("movement_24h", Span.PICKUP_TO_MOVEMENT, 24, 6),
                _limit("false_shipment_48h", Span.PICKUP_TO_MOVEMENT, 48, 12, exposure=_FALSE_SHIPMENT),
                _limit("stalled_48h", Span.STAGNATION, 48, 12, remote_exempt=True),
                _limit("stalled_remote_96h", Span.STAGNATION, 96, 24),
                _limit("delivery_24h", Span.OUT_FOR_DELIVERY, 24, 6),
                _limit("pickup_point_72h", Span.PICKUP_POINT, 72, 24),
                _limit("arrival_52h", Span.PAY_TO_SIGN, 52, 7, remote_exempt=True, alert=False),
                _limit("arrival_59h", Span.PAY_TO_SIGN, 59, 7, remote_exempt=True, alert=False),
                _limit("lost_10d", Span.SILENCE, 240, 48),
                _limit("return_pickup_48h", Span.RETURN_PICKUP, 48, 12),
                _limit("return_stalled_72h", Span.RETURN_STAGNATION, 72, 24),
                _limit("return_receipt_48h", Span.RETURN_RECEIPT, 48, 24),
            ),
            pickup=timedelta(hours=24),
            bands=Bands(five=timedelta(hours=52), four=timedelta(hours=59)),
            forced_refund=timedelta(hours=48),
            cases=(
                _case(Span.PAY_TO_SHIP, "ship_48h", 48),
                _case(Span.SHIP_TO_PICKUP, "pickup_24h", 24),
                _case(Span.PICKUP_TO_MOVEMENT, "movement_24h", 24),
                _case(Span.STAGNATION, "stalled_48h", 48),
                _case(Span.STAGNATION, "stalled_48h", 48, region=""),
                _case(Span.STAGNATION, "stalled_remote_96h", 96, region="西藏自治区"),
                _case(Span.OUT_FOR_DELIVERY, "delivery_24h", 24),
                _case(Span.PICKUP_POINT, "pickup_point_72h", 72),
                _case(Span.PAY_TO_SIGN, "arrival_52h", 52),
                _case(Span.SILENCE, "lost_10d", 240),
                _case(Span.RETURN_PICKUP, "return_pickup_48h", 48),
                _case(Span.RETURN_STAGNATION, "return_stalled_72h", 72),
                _case(Span.RETURN_RECEIPT, "return_receipt_48h", 48),
            ),
        ),
    )


def pack_for(platform: str, paid_at: datetime | None, known: tuple[Pack, ...] | None = None) -> Pack:
    """Give the pack that holds for an order: the newest of its time, the platform's own if it had one then.

    Without a time of payment the newest pack holds, for an order that is older than all packs the oldest one.
    """
    mine = _newest_first(platform) if known is None else _sorted(platform, known)
    return next((pack for pack in mine if paid_at is None or pack.since <= paid_at), mine[-1])


@lru_cache(maxsize=64)
def _newest_first(platform: str) -> Sequence[Pack]:
    return _sorted(platform, packs())


def _sorted(platform: str, known: tuple[Pack, ...]) -> Sequence[Pack]:
    """Give a platform's packs, newest first, and behind them those that hold for all."""
    mine = [pack for pack in known if pack.platform in ("", platform)]
    return sorted(mine, key=lambda pack: (bool(pack.platform), pack.since), reverse=True)
