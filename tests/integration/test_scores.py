"""Scorecards are made of every parcel in the table; what they measure stands beside the policy of any version."""

from datetime import timedelta

import pytest

from shared.adapters import dynamo_pages
from shared.domain.keys import desk_key, parcel_key, session_key
from shared.domain.order import OrderCase
from shared.domain.routing_report import Ending, IntentRow, RoutingReport, RoutingSpan, RuleRow, TransferRow, Transfers
from shared.domain.scores import ScoreRow, Scores, Spread
from shared.domain.session import DeskCase, Routed, SessionCase
from shared.domain.watching import Pace
from shared.errors import TooMuch
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import AT, POLICY, REFUND, SHOP, command, parcel_case, refund_case

PACES = {"zto": Pace(lag_s=7200, handling_s=36_000, handling_by_part=(None, 7200, 36_000, None)), "sf": Pace(lag_s=60)}


def save(backend: Backend, key, case, outbox=()):
    before = backend.cases.load(key.merchant, [key]).cases[key]
    backend.cases.save(before, case, outbox=outbox, due=NOW + timedelta(hours=1), draw=None, now=NOW)


def in_force(backend: Backend):
    return backend.cases.load(SHOP, []).policy


def test_every_parcel_is_given_with_its_merchant_and_nothing_else(backend: Backend) -> None:
    for merchant in (SHOP, "another-shop"):
        for number in range(5):
            case = parcel_case().model_copy(update={"waybill": f"SF{number}"})
            told = command().model_copy(update={"merchant": merchant})
            save(backend, parcel_key(merchant, "sf", f"SF{number}"), case, outbox=[told])
    save(backend, REFUND, refund_case())
    save(backend, REFUND._replace(kind="order"), OrderCase(platform="jd", order_id="1", updated_at=AT))
    backend.policies.put_policy(POLICY)
    backend.ledger.claim(SHOP, f"{parcel_key(SHOP, 'sf', 'SF1')}#1", NOW, NOW)
    backend.scores.put(Scores(merchant=SHOP, as_of=NOW, rows=()))
    found = sorted((merchant, parcel.waybill) for merchant, parcel in backend.scores.cases())
    assert found == [(merchant, f"SF{n}") for merchant in ("another-shop", SHOP) for n in range(5)]


def test_pages_of_a_scan_follow_each_other(dynamo: Backend) -> None:
    for number in range(7):
        key = parcel_key(SHOP, "sf", f"SF{number}")
        save(dynamo, key, parcel_case().model_copy(update={"waybill": key.id[3:]}))

    def small(params, model, **_) -> None:
        if model.name == "Scan":
            params["Limit"] = 2

    dynamo.clients.dynamodb.meta.events.register("provide-client-params.dynamodb", small)
    dynamo.calls.clear()
    assert len({parcel.waybill for _, parcel in dynamo.scores.cases()}) == 7
    assert dynamo.calls.count("Scan") >= 4


def test_a_table_that_is_too_large_is_an_error_and_no_half_card(dynamo: Backend, monkeypatch) -> None:
    monkeypatch.setattr(dynamo_pages, "PAGES_MAX", 0)
    with pytest.raises(TooMuch):
        list(dynamo.scores.cases())


def test_a_card_is_replaced_by_the_next(backend: Backend) -> None:
    assert backend.scores.scores(SHOP) is None
    for hour in range(2):
        row = ScoreRow(days=7, carrier="zto", region="浙江省", shipped=hour, lag=Spread(samples=1, median_s=2, p90_s=3))
        card = Scores(merchant=SHOP, as_of=NOW + timedelta(hours=hour), rows=(row,), watched={"zto": 3})
        backend.scores.put(card)
        assert backend.scores.scores(SHOP) == card
    assert backend.scores.scores("another-shop") is None


def test_a_card_that_does_not_fit_loses_its_smallest_regions(dynamo: Backend) -> None:
    rows = tuple(
        ScoreRow(days=7, carrier="zto", region=f"{number:0>40}", shipped=9_000 - number) for number in range(6000)
    )
    dynamo.scores.put(Scores(merchant=SHOP, as_of=NOW, rows=rows))
    kept = dynamo.scores.scores(SHOP)
    assert 1000 < len(kept.rows) == 6000 - kept.regions_left_out < 6000
    assert kept.rows == rows[: len(kept.rows)]


def test_what_was_measured_is_read_with_the_policy_in_the_same_call(dynamo: Backend) -> None:
    dynamo.policies.put_policy(POLICY)
    dynamo.scores.measured(SHOP, PACES)
    dynamo.calls.clear()
    assert in_force(dynamo).paces == PACES
    assert dynamo.calls == ["BatchGetItem"]


def test_paces_are_seen_at_once_and_outlive_the_version(backend: Backend) -> None:
    backend.policies.put_policy(POLICY)
    assert in_force(backend).paces == {}
    backend.scores.measured(SHOP, PACES)
    assert in_force(backend).paces == backend.policies.policy(SHOP).paces == PACES
    backend.policies.put_policy(POLICY.model_copy(update={"version": 2}))
    assert (in_force(backend).version, in_force(backend).paces) == (2, PACES)
    backend.scores.measured(SHOP, {"zto": Pace(lag_s=1)})
    assert in_force(backend).paces == {"zto": Pace(lag_s=1)}


def test_paces_are_no_part_of_the_document_and_its_history(backend: Backend) -> None:
    backend.policies.put_policy(POLICY)
    backend.scores.measured(SHOP, PACES)
    backend.policies.put_policy(in_force(backend).model_copy(update={"version": 2}))
    assert [one.paces for one in backend.policies.history(SHOP)] == [{}, {}]
    assert backend.policies.policy(SHOP, 2).paces == {}


def test_nothing_is_measured_for_a_merchant_without_a_policy(backend: Backend) -> None:
    backend.scores.measured(SHOP, PACES)
    assert in_force(backend) is None
    backend.policies.put_policy(POLICY)
    assert in_force(backend).paces == {}


def test_the_same_policy_is_parsed_once(dynamo: Backend) -> None:
    dynamo.policies.put_policy(POLICY)
    dynamo.scores.measured(SHOP, PACES)
    first = in_force(dynamo)
    dynamo.scores.measured(SHOP, dict(reversed(PACES.items())))
    assert in_force(dynamo) is first


def test_conversations_are_given_too_and_no_kind_is_taken_for_another(backend: Backend) -> None:
    session = SessionCase(channel="web", session_id="1", opened_at=AT, held_since=AT, last_line_at=AT)
    save(backend, session_key(SHOP, "web", "1"), session)
    save(backend, desk_key(SHOP, "aftersale"), DeskCase(group="aftersale"))
    save(backend, parcel_key(SHOP, "sf", "SF1"), parcel_case())
    assert sorted(type(case).__name__ for _, case in backend.scores.cases()) == ["ParcelCase", "SessionCase"]


def test_a_report_on_chats_is_replaced_by_the_next(backend: Backend) -> None:
    assert backend.reports.report(SHOP) is None
    for hour in range(2):
        rules = (RuleRow(rule="default.bot_first", hits=hour, answer=Spread(samples=1, median_s=2, p90_s=3)),)
        span = RoutingSpan(days=7, sessions=hour, rules=rules, intents=(IntentRow(intent="refund", sessions=1),))
        report = RoutingReport(merchant=SHOP, as_of=NOW + timedelta(hours=hour), spans=(span,))
        routed = Routed(rule="vip", policy_version=hour + 1, at=NOW, facts={"hour": 9, "buyer_tags": ("vip",)})
        row = TransferRow(session="web:1", routed=routed, ending=Ending.WAITING)
        transfers = Transfers(merchant=SHOP, as_of=NOW, found=hour + 1, transfers=(row,))
        backend.reports.put(report, transfers)
        assert backend.reports.report(SHOP) == report
        assert backend.reports.transfers(SHOP) == transfers
    assert backend.reports.report("another-shop") is None
    assert backend.reports.transfers("another-shop") is None
