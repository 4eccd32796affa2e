"""Cases that need people, and a store that holds them, for the tests of the board."""

from datetime import datetime
from typing import Any

from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey, order_key, parcel_key, refund_key
from shared.domain.parcel import ParcelCase
from shared.domain.tickets import Anomaly, Ticket
from tests.fakes import FakeCaseStore, FakeTable
from tests.unit.rules.build import HOUR, MERCHANT, NOW, ORDER, REFUND, WAYBILL, parcel, policy

P_KEY = parcel_key(MERCHANT, "zto", WAYBILL)
O_KEY = order_key(MERCHANT, "sim", ORDER)
R_KEY = refund_key(MERCHANT, "sim", REFUND)


def ticket(anomaly: Anomaly = Anomaly.STALLED, **fields: Any) -> Ticket:
    """A warning, six hours before the breach."""
    known = {"anomaly": anomaly, "rule": "stalled_48h", "opened_at": NOW - HOUR, "breach_at": NOW + 6 * HOUR}
    return Ticket.model_validate({**known, "told": 1, **fields})


def troubled(number: int = 1, *tickets: Ticket, carrier: str = "zto", **fields: Any) -> tuple[CaseKey, ParcelCase]:
    """A parcel with open tickets, and its key."""
    case = parcel(carrier=carrier, waybill=f"W{number}", tickets=tickets or (ticket(),), **fields)
    return parcel_key(MERCHANT, carrier, f"W{number}"), case


def store_with(*cases: tuple[CaseKey, AnyCase], at: datetime = NOW) -> FakeCaseStore:
    """A store into which these cases were saved, of a merchant with a policy."""
    store = FakeCaseStore(FakeTable())
    store.table.policies[MERCHANT] = policy()
    for key, case in cases:
        save(store, key, case, at)
    return store


def save(store: FakeCaseStore, key: CaseKey, case: AnyCase, at: datetime = NOW) -> None:
    """Save a case's next state."""
    before = store.load(key.merchant, [key]).cases[key]
    store.save(before, case, outbox=(), due=None, draw=None, now=at)
