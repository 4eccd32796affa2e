"""A case that needs people is in the register: whatever call a process dies after, whoever writes at the same time."""

from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters import open_register
from shared.domain.keys import order_key, parcel_key
from shared.domain.notices import DigestCase
from shared.domain.order import OrderCase
from shared.domain.refund import RefundPhase
from shared.domain.tickets import Anomaly, Ticket
from shared.errors import LostRace
from shared.ports import OpenCase
from tests.fakes import FakeCaseStore, FakeTable
from tests.fakes import stores as fake_stores
from tests.integration.conftest import NOW, TABLE, Backend
from tests.integration.samples import AT, PARCEL, REFUND, SHOP, draw, parcel_case, refund_case

TICKET = Ticket(anomaly=Anomaly.STALLED, rule="stalled_48h", opened_at=AT, breach_at=AT)
HEALTHY = parcel_case()
TROUBLED = HEALTHY.model_copy(update={"tickets": (TICKET,)})
CLOSED = HEALTHY.model_copy(update={"tickets": (TICKET.model_copy(update={"closed": True}),)})
SECOND = timedelta(seconds=1)


def stored(cases, key=PARCEL):
    return cases.load(SHOP, [key]).cases[key]


def save(cases, case, key=PARCEL, *, before=None, taking=None, along=None, now=NOW):
    before = before or stored(cases, key)
    cases.save(before, case, outbox=(), due=None, draw=taking, now=now, along=along)


def listed(cases, merchant=SHOP):
    return [entry.key for entry in cases.open_cases(merchant)]


def test_a_case_is_listed_while_it_needs_people(backend: Backend) -> None:
    for case, expected in (
        (HEALTHY, []),
        (TROUBLED, [PARCEL]),
        (TROUBLED, [PARCEL]),
        (CLOSED, []),
        (TROUBLED, [PARCEL]),
    ):
        save(backend.cases, case)
        assert listed(backend.cases) == expected
    [entry] = backend.cases.open_cases(SHOP)
    assert (entry.version, entry.at) == (5, NOW)
    assert listed(backend.cases, "another-shop") == []


@pytest.mark.parametrize(
    ("key", "calm", "needy"),
    [
        (PARCEL, HEALTHY, TROUBLED),
        (REFUND, refund_case(), refund_case().model_copy(update={"phase": RefundPhase.BY_HAND})),
        (
            order_key(SHOP, "jd", "1"),
            OrderCase(platform="jd", order_id="1", updated_at=AT),
            OrderCase(platform="jd", order_id="1", updated_at=AT, tickets=(TICKET,)),
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_every_kind_of_case_says_itself_whether_it_needs_people(backend: Backend, key, calm, needy) -> None:
    for case, expected in ((needy, [key]), (calm, []), (needy, [key])):
        save(backend.cases, case, key)
        assert listed(backend.cases) == expected


def test_a_digest_never_needs_people() -> None:
    assert not DigestCase(group="desk").needs_people


@pytest.mark.parametrize("taking", [None, draw(5)])
def test_what_is_saved_together_is_listed_together(backend: Backend, taking) -> None:
    key = order_key(SHOP, "jd", "1")
    late = OrderCase(platform="jd", order_id="1", updated_at=AT, tickets=(TICKET,))
    by_hand = refund_case().model_copy(update={"phase": RefundPhase.BY_HAND})
    save(backend.cases, by_hand, REFUND, taking=taking, along=(stored(backend.cases, key), late))
    assert set(listed(backend.cases)) == {key, REFUND}
    calm = late.model_copy(update={"tickets": ()})
    save(backend.cases, refund_case(), REFUND, along=(stored(backend.cases, key), calm))
    assert listed(backend.cases) == []


def test_pages_follow_each_other_in_the_order_of_keys(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_register, "PAGE_MAX", 3)
    monkeypatch.setattr(fake_stores, "PAGE_MAX", 3)
    keys = sorted((parcel_key(SHOP, "sf", f"SF{number}") for number in range(8)), key=str)
    for key in keys[::-1]:
        save(backend.cases, TROUBLED, key)
    found, after = [], None
    while page := backend.cases.open_cases(SHOP, after):
        assert len(page) <= 3
        found += [entry.key for entry in page]
        after = found[-1]
    assert found == keys


def test_a_healthy_case_costs_no_call_and_a_change_one(dynamo: Backend) -> None:
    costs = []
    for case in (HEALTHY, HEALTHY, TROUBLED, TROUBLED, HEALTHY):
        before = stored(dynamo.cases)
        dynamo.calls.clear()
        save(dynamo.cases, case, before=before)
        costs.append(list(dynamo.calls))
    assert costs == [["PutItem"], ["PutItem"], ["PutItem"] * 2, ["PutItem"], ["PutItem", "DeleteItem"]]


def test_a_late_removal_does_not_take_a_newer_entry_off(backend: Backend) -> None:
    """The case was calm, and needs people again, before the one that calmed it comes to take its entry off."""
    save(backend.cases, TROUBLED)
    slow = _Interrupted(backend)
    slow.save(CLOSED, meanwhile=lambda: save(backend.cases, TROUBLED))
    assert listed(backend.cases) == [PARCEL]
    assert stored(backend.cases).case == TROUBLED


def test_who_loses_the_race_does_not_make_an_entry_older(backend: Backend) -> None:
    stale = stored(backend.cases)
    for case in (HEALTHY, HEALTHY, TROUBLED):
        save(backend.cases, case)
    with pytest.raises(LostRace):
        save(backend.cases, TROUBLED, before=stale, now=NOW + SECOND)
    assert [(entry.version, entry.at) for entry in backend.cases.open_cases(SHOP)] == [(3, NOW)]


def test_a_writer_who_tries_again_makes_its_entry_young_again(backend: Backend) -> None:
    """Its first try died before the case was saved; who read the old entry must not take the new one off."""
    old = OpenCase(PARCEL, 1, NOW)
    if backend.table is not None:
        backend.cases._enter(old)
    else:
        open_register.enter(backend.clients.dynamodb, TABLE, old)
    save(backend.cases, TROUBLED, now=NOW + SECOND)
    assert backend.cases.open_cases(SHOP) == [old._replace(at=NOW + SECOND)]
    backend.cases.forget_open(old)
    assert listed(backend.cases) == [PARCEL]


def test_an_entry_is_forgotten_only_as_it_was_read(backend: Backend) -> None:
    save(backend.cases, TROUBLED)
    [entry] = backend.cases.open_cases(SHOP)
    for other in (entry._replace(version=9), entry._replace(at=NOW + SECOND)):
        backend.cases.forget_open(other)
        assert listed(backend.cases) == [PARCEL]
    backend.cases.forget_open(entry)
    backend.cases.forget_open(entry)
    assert listed(backend.cases) == []


class _Interrupted:
    """A writer that stands still right before it touches the register for the last time."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def save(self, case, meanwhile) -> None:
        before = stored(self.backend.cases)
        if self.backend.table is not None:
            original = self.backend.cases._leave

            def late(key, version) -> None:
                self.backend.cases._leave = original
                meanwhile()
                original(key, version)

            self.backend.cases._leave = late
        else:
            waiting = [meanwhile]

            def interrupt(**_) -> None:
                if waiting:
                    waiting.pop()()

            self.backend.clients.dynamodb.meta.events.register("before-call.dynamodb.DeleteItem", interrupt)
        save(self.backend.cases, case, before=before)


class Crash(Exception):
    """The process is gone."""


@pytest.mark.parametrize("survives", [1, 2])
def test_the_entry_is_put_before_the_case(dynamo: Backend, survives: int) -> None:
    numbers = count(1)

    def crash(**_) -> None:
        if next(numbers) == survives:
            raise Crash

    before = stored(dynamo.cases)
    dynamo.clients.dynamodb.meta.events.register("after-call.dynamodb.PutItem", crash)
    with pytest.raises(Crash):
        save(dynamo.cases, TROUBLED, before=before)
    assert listed(dynamo.cases) == [PARCEL]
    assert stored(dynamo.cases).version == survives - 1


def test_a_crash_before_the_entry_is_taken_off_leaves_it(dynamo: Backend) -> None:
    save(dynamo.cases, TROUBLED)

    def crash(**_) -> None:
        raise Crash

    dynamo.clients.dynamodb.meta.events.register("before-call.dynamodb.DeleteItem", crash)
    with pytest.raises(Crash):
        save(dynamo.cases, HEALTHY)
    assert stored(dynamo.cases).case == HEALTHY
    assert listed(dynamo.cases) == [PARCEL]


STEPS = st.lists(
    st.tuples(st.sampled_from([HEALTHY, TROUBLED, CLOSED]), st.booleans(), st.integers(0, 3)),
    max_size=20,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_no_case_that_needs_people_is_ever_missing(steps) -> None:
    """Writers that read too early, and die after any write: an entry may be too much, never too little."""
    crash_at = 0

    def crash(number: int, what: str) -> None:
        if number == crash_at:
            raise Crash(what)

    cases = FakeCaseStore(FakeTable(crash))
    stale = stored(cases)
    for case, is_stale, survives in steps:
        fresh = stored(cases)
        crash_at = cases.table.writes + survives if survives else 0
        with suppress(Crash, LostRace):
            save(cases, case, before=stale if is_stale else fresh)
        stale = fresh
        now = stored(cases).case
        assert now is None or not now.needs_people or listed(cases) == [PARCEL]


def test_what_is_read_is_what_was_entered(backend: Backend) -> None:
    save(backend.cases, TROUBLED, now=NOW + timedelta(microseconds=1))
    assert backend.cases.open_cases(SHOP) == [OpenCase(PARCEL, 1, NOW + timedelta(milliseconds=1))]
