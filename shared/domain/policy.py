"""A merchant's policy: one validated document with a version. Rules read their thresholds here and nowhere else."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.domain.hours import known_zone
from shared.domain.parcel import Progress
from shared.domain.record import Fen, Id, Instant, MerchantId, Record
from shared.domain.routing import Routing
from shared.domain.watching import Pace, Watching


class RefundMoment(StrEnum):
    """When a refund for goods on the road is agreed."""

    ACCEPTED = "accepted"  # the courier has registered the interception
    SUCCEEDED = "succeeded"  # the courier says that it stopped the parcel
    RETURNING = "returning"  # the first scan of the way back
    RECEIVED = "received"  # the warehouse has the goods

    @property
    def reached_by(self) -> tuple[Progress, ...]:
        """The progress of a parcel that satisfies this moment."""
        ladder = (Progress.ACCEPTED, Progress.SUCCEEDED, Progress.RETURNING, Progress.RECEIVED)
        return ladder[ladder.index(Progress(self.value)) :]


class Robot(Record):
    """A staff group's robot: the channel, and under which name its credentials are stored."""

    channel: Id
    account: Id


Positive = Annotated[timedelta, Field(gt=timedelta(0))]


class Trial(Record):
    """A version that must prove itself: until then its automatic refunds draw on a budget of its own as well.

    A version whose budget is used up before that is taken back.
    """

    until: Instant
    amount_max_fen: Fen
    count_max: Annotated[int, Field(ge=1)]


class Policy(Record):
    """Everything a merchant can decide. Durations are ISO 8601; money is fen."""

    merchant: MerchantId
    version: Annotated[int, Field(ge=1)]
    zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Shanghai"
    refund_on: RefundMoment = RefundMoment.SUCCEEDED
    unsynced_order: Literal["ask", "refund"] = "ask"
    intercept_amount_min_fen: Fen = 0
    budget_amount_max_fen: Fen = 500_000
    budget_count_max: Annotated[int, Field(ge=0)] = 200
    trial: Trial | None = None
    platform_deadline: Positive = timedelta(hours=36)
    escalate_before: tuple[Positive, Positive] = (timedelta(hours=12), timedelta(hours=3))
    answer_max: Positive = timedelta(minutes=2)
    tries_max: Annotated[int, Field(ge=1, le=20)] = 5
    query_every: Positive = timedelta(minutes=10)
    courier_silence_max: Positive = timedelta(hours=6)
    return_max: Positive = timedelta(days=7)
    digest_every: Positive = timedelta(minutes=5)
    erp: Id = "jushuitan"
    desk: Id = "desk"
    robots: dict[Id, Robot] = Field(default_factory=dict)
    watching: Watching = Field(default_factory=Watching)
    routing: Routing = Field(default_factory=Routing)
    paces: dict[Id, Pace] = Field(default_factory=dict, exclude=True)  # measured, per courier; no part of the document

    def trial_at(self, now: datetime) -> Trial | None:
        """Give the trial that is running."""
        return self.trial if self.trial and now < self.trial.until else None
