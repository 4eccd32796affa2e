"""What is open, and what cannot wait? The register names the cases that need people; healthy ones cost nothing.

The register may hold too much (a writer that died, a case that was settled meanwhile), never too little: the case
itself is asked, and an entry that nothing stands behind is dropped.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.board import OpenTicket, TicketList
from shared.domain.keys import CaseKind
from shared.domain.tickets import Category
from shared.errors import UnknownMerchant
from shared.ports import CaseStore, OpenCase
from shared.rules.open_tickets import open_tickets, urgency

CASES_MAX = 5_000
READ_MAX = 99  # of one call, beside the policy
STALE_AFTER = timedelta(minutes=10)
"""Longer than any writer runs: an entry is put before its case is saved, so a young one may be ahead of it."""


class Wanted(NamedTuple):
    """Which tickets are asked for; empty means all."""

    limit: int
    anomalies: tuple[str, ...] = ()
    carrier: str = ""
    category: Category | None = None


def list_open(store: CaseStore, merchant: str, wanted: Wanted, now: datetime) -> TicketList:
    """Give a merchant's open tickets, the most urgent first.

    Raises:
        UnknownMerchant: the merchant has no policy.
    """
    entries, complete = _register(store, merchant, wanted.carrier)
    rows: list[OpenTicket] = []
    for start in range(0, max(len(entries), 1), READ_MAX):
        rows += _read(store, merchant, entries[start : start + READ_MAX], now)
    found = sorted((row for row in rows if _fits(row, wanted)), key=urgency)
    return TicketList(
        merchant=merchant, as_of=now, found=len(found), complete=complete, tickets=tuple(found[: wanted.limit])
    )


def _register(store: CaseStore, merchant: str, carrier: str) -> tuple[list[OpenCase], bool]:
    """Read the register; parcels of another courier than is asked for are not worth a look."""
    entries: list[OpenCase] = []
    page = store.open_cases(merchant)
    while page:
        entries += (entry for entry in page if _may_fit(entry, carrier))
        if len(entries) > CASES_MAX:
            return entries[:CASES_MAX], False
        page = store.open_cases(merchant, page[-1].key)
    return entries, True


def _may_fit(entry: OpenCase, carrier: str) -> bool:
    return not carrier or entry.key.kind is not CaseKind.PARCEL or entry.key.id.startswith(f"{carrier}:")


def _read(store: CaseStore, merchant: str, entries: Sequence[OpenCase], now: datetime) -> Iterator[OpenTicket]:
    loaded = store.load(merchant, [entry.key for entry in entries])
    if loaded.policy is None:
        raise UnknownMerchant("no_policy", merchant)
    for entry in entries:
        case = loaded.cases[entry.key].case
        if case is not None and case.needs_people:
            yield from open_tickets(entry.key, case, loaded.policy, now)
        elif entry.at < now - STALE_AFTER:
            store.forget_open(entry)


def _fits(row: OpenTicket, wanted: Wanted) -> bool:
    return (
        (not wanted.anomalies or row.anomaly in wanted.anomalies)
        and (not wanted.carrier or row.carrier == wanted.carrier)
        and (wanted.category is None or row.category is wanted.category)
    )
