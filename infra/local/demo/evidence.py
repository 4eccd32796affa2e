"""Everything that a judgement looks at: huhang's cases, what its table told on the way, and the truth outside."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from infra.local.demo.chat import Said
from infra.local.demo.chronicle import TicketStory
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey
from shared.domain.parcel import ParcelCase
from shared.domain.refund import RefundCase


class Evidence(NamedTuple):
    """What a performance left behind, inside and outside."""

    refunds: Mapping[str, RefundCase]
    parcels: Mapping[str, ParcelCase]
    truth: Mapping[str, Any]
    calls: Sequence[Mapping[str, Any]]
    pushes: Sequence[Mapping[str, Any]]
    stories: Sequence[TicketStory]
    forced_refund_at: Mapping[str, datetime]
    notices: Sequence[Said]
    cases: Mapping[CaseKey, AnyCase]
    board: Mapping[str, Any]
    routing: Mapping[str, Any]
    began_at: datetime


def differ(what: str, found: object, wanted: object) -> Iterator[str]:
    """Say in one sentence that something is not as it has to be; nothing when it is."""
    if found != wanted:
        yield f"{what} {found!s}, not {wanted!s}"
