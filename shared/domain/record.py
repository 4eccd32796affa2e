"""The base of everything that is stored or sent: frozen, closed, strict about units."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\-]{1,64}$")]
"""A vendor's identifier, always a string: many exceed 2^53."""

MerchantId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9\-]{0,39}$")]

Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,40}$")]
"""What a person calls herself, in any script."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_\-]{0,39}$")]
"""A short name of ours, without the colon that separates the parts of a key."""

Fen = Annotated[int, Field(strict=True, ge=0, le=10**11)]
"""Money: integer fen (0.01 yuan)."""


def _as_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A point in time, aware, stored as UTC."""


class Record(BaseModel):
    """A frozen value with no unknown fields. Its errors quote nothing, since they end in logs."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, hide_input_in_errors=True)
