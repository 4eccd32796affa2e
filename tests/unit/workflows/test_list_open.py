"""The list of open tickets: the most urgent first, nothing that is settled, nothing read of healthy cases."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.keys import CaseKey
from shared.domain.refund import ParcelState, RefundPhase
from shared.domain.tickets import Anomaly
from shared.errors import UnknownMerchant
from shared.ports import Loaded, OpenCase
from shared.workflows import list_open as module
from shared.workflows.list_open import STALE_AFTER, Wanted, list_open
from tests.fakes import FakeCaseStore, FakeTable
from tests.unit.board import O_KEY, P_KEY, R_KEY, save, store_with, ticket, troubled
from tests.unit.rules.build import HOUR, MERCHANT, NOW, SECOND, order, parcel, refund

ALL = Wanted(limit=500)
LATER = NOW + STALE_AFTER + SECOND


def names(store: Any, wanted: Wanted = ALL, merchant: str = MERCHANT) -> list[tuple[str, str]]:
    return [(row.case_id, row.anomaly) for row in list_open(store, merchant, wanted, NOW).tickets]


def test_the_soonest_breach_comes_first_and_of_equal_ones_the_dearest() -> None:
    store = store_with(
        troubled(1, ticket(breach_at=NOW + 2 * HOUR, exposure_fen=500)),
        troubled(2, ticket(breach_at=NOW + 2 * HOUR, exposure_fen=50_000)),
        troubled(3, ticket(breach_at=NOW - HOUR)),
        troubled(4, ticket(breach_at=NOW + HOUR), ticket(Anomaly.LATE, breach_at=NOW + 9 * HOUR)),
        (O_KEY, order(tickets=(ticket(Anomaly.NOT_SHIPPED, breach_at=NOW + 90 * SECOND),))),
        (R_KEY, refund(RefundPhase.BY_HAND, deadline_at=NOW + 3 * HOUR)),
    )
    assert names(store) == [
        ("zto:W3", "stalled"),
        ("sim:O1", "not_shipped"),
        ("zto:W4", "stalled"),
        ("zto:W2", "stalled"),
        ("zto:W1", "stalled"),
        ("sim:R1", "refund_by_hand"),
        ("zto:W4", "late"),
    ]


def test_healthy_cases_are_never_read() -> None:
    loads: list[int] = []

    class Counting(FakeCaseStore):
        def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
            loads.append(len(keys))
            return super().load(merchant, keys)

    store = store_with(*(troubled(number) for number in range(250)))
    for number in range(1000, 1500):
        save(store, P_KEY._replace(id=f"zto:W{number}"), parcel(waybill=f"W{number}"))
    store.__class__ = Counting
    assert list_open(store, MERCHANT, ALL, NOW).found == 250
    assert loads == [99, 99, 52]


def test_the_limit_cuts_after_sorting_and_says_how_many_there_are() -> None:
    store = store_with(*(troubled(number, ticket(breach_at=NOW + number * HOUR)) for number in (5, 1, 4, 2, 3)))
    found = list_open(store, MERCHANT, Wanted(limit=2), NOW)
    assert [row.waybill for row in found.tickets] == ["W1", "W2"]
    assert (found.found, found.complete, found.as_of, found.merchant) == (5, True, NOW, MERCHANT)


def test_tickets_can_be_asked_for_by_anomaly_and_by_courier() -> None:
    states = (ParcelState(carrier="sf", waybill="S9", at=NOW),)
    store = store_with(
        troubled(1),
        troubled(2, ticket(Anomaly.LATE)),
        troubled(3, carrier="sf"),
        (R_KEY, refund(RefundPhase.BY_HAND, parcels=states)),
    )
    assert names(store, Wanted(500, anomalies=("late", "refund_by_hand"))) == [
        ("zto:W2", "late"),
        ("sim:R1", "refund_by_hand"),
    ]
    assert names(store, Wanted(500, carrier="sf")) == [("sf:W3", "stalled"), ("sim:R1", "refund_by_hand")]
    assert names(store, Wanted(500, anomalies=("late",), carrier="sf")) == []


def test_a_merchant_sees_its_own_cases_only() -> None:
    store = store_with(troubled(1))
    store.table.policies["other"] = store.table.policies[MERCHANT].model_copy(update={"merchant": "other"})
    assert names(store, merchant="other") == []


def test_a_stranger_is_an_error() -> None:
    with pytest.raises(UnknownMerchant):
        list_open(FakeCaseStore(FakeTable()), "stranger", ALL, NOW)


def test_an_entry_that_nothing_stands_behind_is_not_shown_and_taken_off_once_it_is_old() -> None:
    store = store_with(troubled(1))
    orphan = OpenCase(P_KEY._replace(id="zto:W9"), 1, NOW)  # its writer died before the case was saved
    settled = OpenCase(P_KEY._replace(id="zto:W2"), 1, NOW)  # its writer died before the entry was taken off
    save(store, settled.key, parcel(waybill="W2"))
    store.table.open_cases |= {orphan.key: orphan, settled.key: settled}
    assert names(store) == [("zto:W1", "stalled")]
    list_open(store, MERCHANT, ALL, NOW + STALE_AFTER)
    assert len(store.table.open_cases) == 3, "their writers may still be at it"
    list_open(store, MERCHANT, ALL, LATER)
    assert [key.id for key in store.table.open_cases] == ["zto:W1"]


def test_an_entry_that_is_entered_anew_while_it_is_looked_at_stays() -> None:
    class Racing(FakeCaseStore):
        def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
            loaded = super().load(merchant, keys)
            self.__class__ = FakeCaseStore
            save(self, *troubled(1), at=LATER)
            return loaded

    store = store_with((troubled(1)[0], parcel(waybill="W1")))
    stale = OpenCase(P_KEY, 1, NOW)
    store.table.open_cases[P_KEY] = stale
    store.__class__ = Racing
    list_open(store, MERCHANT, ALL, LATER + timedelta(seconds=1))
    assert names(store) == [("zto:W1", "stalled")]


def test_a_register_too_long_to_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CASES_MAX", 600)
    store = store_with(*(troubled(number) for number in range(601)), troubled(1, carrier="sf"))
    found = list_open(store, MERCHANT, ALL, NOW)
    assert (found.found, found.complete, len(found.tickets)) == (600, False, 500)
    monkeypatch.setattr(module, "CASES_MAX", 602)
    assert list_open(store, MERCHANT, ALL, NOW).complete
    narrow = list_open(store, MERCHANT, Wanted(500, carrier="sf"), NOW)
    assert (narrow.found, narrow.complete) == (1, True)
