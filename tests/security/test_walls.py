"""Tenants are walls: whatever shop A signs, asks or is answered, nothing of shop B is read, written or said."""

import json
import string
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from infra.board.client import Client
from shared.adapters import table_layout
from shared.adapters.outbox import write_outbox
from shared.domain.chat_events import SessionClosed
from shared.domain.commands import ReadRefund
from shared.domain.events import CommandFailed, DeadlineReached, NoticeRaised, ReturnReceived, TicketTaken
from shared.domain.keys import CaseKey, CaseKind, parcel_key
from shared.domain.lanes import Lane
from shared.domain.messages import write_message
from shared.domain.notices import Notice
from shared.domain.record import MerchantId
from shared.domain.tickets import Anomaly
from shared.domain.walls import is_merchant, keep_to
from shared.domain.why import Why
from shared.errors import MalformedMessage, Refused, UnknownMerchant, WrongMerchant
from shared.workflows.handle_event import count_nothing, handle_event
from shared.workflows.route_message import Reception, read_question
from shared.workflows.show_board import ROUTES, Board, Question, answer
from tests.contract.samples import ACCOUNTS, NOW, Sample, push_of
from tests.contract.signers import SIGNERS
from tests.fakes import FakePolicyStore, FakeRoutingReports, FakeScores, FakeWatermarks
from tests.security.examples import examples
from tests.security.shops import BOARD, GENUINE, INBOXES, A, B, TwoShops, shops_told

REFUND, PARCEL = "douyin:7012345678901234567", "zto:75399000000121"
HOSTILE = [
    f"{B}|refund|{REFUND}",
    f"{B}|parcel|{PARCEL}",
    f"|{B}|order|douyin:1",
    f"1|{B}",
    f"{REFUND}|{B}",
    "|",
    "||",
    f"{B}\\u007crefund\\u007c{REFUND}",
    f"{B}｜refund｜{REFUND}",
    f"{B}\u2223refund\u2223{REFUND}",
    f"{B}%7Crefund%7C{REFUND}",
    f"../{B}/refund",
    f"{B}\nrefund",
    f"{B}\x00",
    "shоp-8",  # a Cyrillic o
    "ｓｈｏｐ-8",
    "SHOP-8",
    f"{A}|refund|x|{B}",
    f"{B}:policy",
    "due|0|2026030101",
    "merchants",
]


# ---- the keys ----------------------------------------------------------------------------------------------------

merchants = st.from_regex(r"[a-z0-9][a-z0-9\-]{0,39}", fullmatch=True) | st.sampled_from(
    [A, B, "due", "merchants", "policy-changes", "policy", "0", "shop", "shop-", "shop-7-8"]
)
texts = st.text(max_size=20) | st.sampled_from(HOSTILE)


def partitions(merchant: str, text: str) -> Iterator[str]:
    """Every partition that belongs to a merchant, whatever stands behind its name."""
    for kind in CaseKind:
        yield str(CaseKey(merchant, kind, text))
    yield table_layout.command_pk(merchant, text)
    for name, function in vars(table_layout).items():
        if name.endswith("_pk") and name != "command_pk":
            yield function(merchant)


@settings(max_examples=examples(300), deadline=None)
@given(one=merchants, other=merchants, ours=texts, theirs=texts)
def test_no_two_merchants_share_a_partition(one: str, other: str, ours: str, theirs: str) -> None:
    shared = {f"due|{shard}|2026030101" for shard in range(table_layout.SHARDS)}
    shared |= {table_layout.MERCHANTS, table_layout.POLICY_CHANGES, table_layout.CURSORS}
    mine = set(partitions(one, ours))
    assert all(key.startswith(f"{one}|") for key in mine)
    assert not mine & shared
    if one != other:
        assert not mine & set(partitions(other, theirs))


@settings(max_examples=examples(300), deadline=None)
@given(name=st.text(max_size=45) | merchants | texts)
def test_a_merchants_name_holds_nothing_that_separates_keys(name: str) -> None:
    allowed = set(string.ascii_lowercase + string.digits + "-")
    assert is_merchant(name) == (0 < len(name) <= 40 and set(name) <= allowed and name[0] != "-")
    try:
        TypeAdapter(MerchantId).validate_python(name)
        accepted = True
    except ValidationError:
        accepted = False
    assert accepted == is_merchant(name)


@pytest.mark.parametrize("merchant", ["", "A", "a|b", "a/b", "a%2Fb", "a\n", "-a", "a" * 41, "ａ", f"{A}|{B}"])
def test_no_work_is_done_for_a_name_that_is_none(merchant: str) -> None:
    with pytest.raises(WrongMerchant):
        keep_to(merchant, [merchant])


# ---- webhooks ----------------------------------------------------------------------------------------------------


@pytest.fixture
def told() -> TwoShops:
    """Two shops with the same cases, and nothing noted yet."""
    return shops_told().forgetting()


@pytest.mark.parametrize("sample", GENUINE, ids=lambda sample: f"{sample.vendor}-{sample.name}")
def test_what_one_shop_signs_is_refused_at_anothers_address(sample: Sample) -> None:
    shops = TwoShops()
    token = shops.accounts.account(A, sample.vendor).get("token", "")  # SF's pushes are not signed
    assert shops.push(sample.vendor, A, push_of(sample), token)
    assert not shops.push(sample.vendor, B, push_of(sample), token)
    assert {merchant for lane in INBOXES for merchant, _ in shops.queue.take(lane)} == {A}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of every text and number."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield path


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same value with another one at a path."""
    if not path:
        return new
    inner = replaced(value[path[0]], path[1:], new)
    if isinstance(value, dict):
        return value | {path[0]: inner}
    return [*value[: path[0]], inner, *value[path[0] + 1 :]]


def data_of(sample: Sample) -> Any:
    """What the vendor calls the data of its push."""
    data = SIGNERS[sample.vendor].unwrap(sample.given["body"])
    return json.loads(data) if isinstance(data, str) else data


def attack(shops: TwoShops, sample: Sample, data: Any) -> None:
    """Push data that A signs, and let it take its course; B must not notice."""
    signer = SIGNERS[sample.vendor]
    before = shops.forgetting().of(B)
    shops.push(sample.vendor, A, signer.sign(signer.put(sample.given["body"], data)))
    shops.run()
    assert shops.touched() <= {A}
    assert shops.of(B) == before


def readable(vendor: str) -> list[Sample]:
    """The samples of a vendor whose data is an object."""
    found = []
    for sample in GENUINE:
        if sample.vendor == vendor:
            try:
                data = data_of(sample)
            except (ValueError, LookupError):
                continue
            if isinstance(data, dict):
                found.append(sample)
    return found


def richest(vendor: str) -> Sample:
    """The sample of a vendor with the most fields, and of those the shortest."""
    return max(readable(vendor), key=lambda sample: (len(fields_of(data_of(sample))), -len(sample.given["body"])))


def fields_of(data: Any) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """A path to each field, however many elements the lists on its way have."""
    return {tuple(name for name in path if isinstance(name, str)): path for path in leaves(data)}


@pytest.mark.parametrize("vendor", SIGNERS)
def test_no_field_of_a_push_leads_to_another_shop(told: TwoShops, vendor: str) -> None:
    sample = richest(vendor)
    data = data_of(sample)
    for path in fields_of(data).values():
        for hostile in HOSTILE:
            attack(told, sample, replaced(data, path, hostile))


@settings(max_examples=examples(120), deadline=None)
@given(drawn=st.data(), vendor=st.sampled_from(sorted(SIGNERS)))
def test_no_set_of_fields_leads_to_another_shop(drawn: st.DataObject, vendor: str) -> None:
    sample = drawn.draw(st.sampled_from(readable(vendor)))
    data = data_of(sample)
    paths = list(leaves(data)) or [()]
    for path in drawn.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=4)):
        data = replaced(data, path, drawn.draw(texts))
    names = {"merchant": B, "reply_to": f"{B}|refund|{REFUND}", "about": f"{B}|parcel|{PARCEL}"}
    attack(shops_told(), sample, data | names)


# ---- chat desktops and desks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["session_id", "channel", "message_id", "order_ids", "refund_ids", "item", "buyer", "merchant"]
)
def test_no_field_of_a_question_leads_to_another_shop(told: TwoShops, name: str) -> None:
    before = told.of(B)
    question = {"session_id": "S1", "channel": "web", "message_id": "m", "text": "退款", "buyer": {"id": "b"}}
    reception = Reception(told.store, told.queue, told.clock, count_nothing)
    for hostile in HOSTILE:
        values: dict[str, Any] = {"buyer": {"id": hostile, "platform": hostile}}
        value = [hostile] if name.endswith("_ids") else values.get(name, hostile)
        try:
            said = read_question(A, json.dumps(question | {name: value}).encode(), NOW)
        except MalformedMessage:
            continue
        reception.route(said)
    told.run()
    assert told.of(B) == before
    assert {key.merchant for _, key in told.store.loaded} == {A}


SAID = '{"by":"小王"}'.encode()


def board_of(shops: TwoShops) -> Board:
    table = shops.table
    return Board(
        accounts=shops.accounts,
        cases=shops.store,
        scores=FakeScores(table),
        queue=shops.queue,
        clock=shops.clock,
        reports=FakeRoutingReports(table),
        policies=FakePolicyStore(table),
        watermarks=FakeWatermarks(),
    )


def asked(route: str, token: str, body: bytes = b"", **path: str) -> Question:
    return Question(route, path, {}, f"Bearer {token}", body)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("merchant", [B, f"{A}|{B}", f"{A}/../{B}", f"{B}\x00", "SHOP-8", "ｓｈｏｐ-8", "", "nobody"])
def test_a_boards_token_opens_no_other_board(told: TwoShops, route: str, merchant: str) -> None:
    path = {"carrier": "zto", "waybill": "1", "kind": "parcel", "case_id": "zto:1", "anomaly": "stalled"}
    loaded = len(told.store.loaded)
    with pytest.raises(Refused) as caught:
        answer(asked(route, BOARD["board"]["token"], b"{}", merchant_id=merchant, **path), board_of(told))
    assert caught.value.http_status in (401, 404)
    assert len(told.store.loaded) == loaded


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("part", ["carrier", "waybill", "kind", "case_id", "anomaly"])
def test_no_part_of_a_boards_path_leads_to_another_shop(told: TwoShops, part: str, hostile: str) -> None:
    path = {"carrier": "zto", "waybill": "1", "kind": "parcel", "case_id": "zto:1", "anomaly": "stalled", part: hostile}
    for route in ROUTES:
        with suppress(Refused):
            answer(asked(route, BOARD["board"]["token"], SAID, merchant_id=A, **path), board_of(told))
    assert {key.merchant for _, key in told.store.loaded} == {A}


@pytest.mark.parametrize("account", [{}, {"board": {}}, {"board": {"token": ""}}])
def test_a_shop_without_a_token_has_no_board(account: dict[str, dict[str, str]]) -> None:
    shops = TwoShops()
    shops.accounts.accounts[A] = account
    for token in ("", "x"):
        with pytest.raises(UnknownMerchant):
            answer(asked(next(iter(ROUTES)), token, merchant_id=A), board_of(shops))


@pytest.mark.parametrize("hostile", [*HOSTILE, "..", "../../shop-8/tickets", "a?b", "a#b", "a/b"])
def test_the_command_line_asks_for_one_merchant_only(hostile: str) -> None:
    client = Client("https://huhang.example", A, "token")
    address = client._address(("parcels", hostile, hostile))
    path = address.removeprefix("https://huhang.example/")
    assert path.startswith(f"v1/merchants/{A}/parcels/")
    assert len(path.split("/")) == 6
    assert not set("?#|\n\x00") & set(path)


# ---- answers, deadlines, outboxes --------------------------------------------------------------------------------

THEIRS = str(parcel_key(B, "zto", "75399000000121"))
WHY = Why(rule="r", policy_version=1)
FOREIGN_EVENTS = [
    CommandFailed(merchant=A, reply_to=THEIRS, answers="x", command="intercept_parcel", code="x"),
    DeadlineReached(merchant=A, about=THEIRS),
    TicketTaken(merchant=A, about=THEIRS, anomaly=Anomaly.STALLED, by="小王"),
]


@pytest.mark.parametrize("event", FOREIGN_EVENTS, ids=lambda event: event.type)
def test_an_event_about_another_shops_case_changes_nothing(told: TwoShops, event: Any) -> None:
    before = told.of(B)
    with pytest.raises(WrongMerchant) as caught:
        handle_event(event, told.store, told.clock)
    assert B not in str(caught.value)
    assert told.of(B) == before


def test_a_command_that_answers_to_another_shop_is_stopped_where_its_outcome_arrives(told: TwoShops) -> None:
    before, stopped = told.of(B), len(told.stopped)
    ids = {"refund_id": "1", "order_id": "2"}
    command = ReadRefund(merchant=A, command_id=f"{A}|x#1", reply_to=THEIRS, why=WHY, platform="douyin", **ids)
    told.take(Lane.PLATFORM_CALLS, write_message(command))
    told.run()
    assert len(told.stopped) == stopped + 1
    assert told.of(B) == before


def test_an_outbox_holds_no_other_shops_messages() -> None:
    about = NoticeRaised(merchant=B, group="desk", about=THEIRS, notice=Notice(title="x", lines=("x",)), why=WHY)
    received = ReturnReceived(merchant=B, carrier="zto", waybill="1", at=NOW)
    closed = SessionClosed(merchant=B, channel="web", session_id="S1", at=NOW)
    for message in (about, received, closed):
        with pytest.raises(WrongMerchant):
            write_outbox(A, (message,))
        assert json.loads(write_outbox(B, (message,)))[0]["group"] == B


def test_a_case_is_not_saved_along_with_another_shops(told: TwoShops) -> None:
    key, stored = next(iter(told.of(A).items()))
    theirs = told.of(B)[key._replace(merchant=B)]
    assert stored.case is not None
    assert theirs.case is not None
    before = dict(told.table.cases)
    with pytest.raises(WrongMerchant):
        told.store.save(
            stored, stored.case, outbox=(), due=NOW + timedelta(days=1), draw=None, now=NOW, along=(theirs, theirs.case)
        )
    assert told.table.cases == before


def test_budgets_are_of_one_merchant() -> None:
    assert table_layout.budget_pk(A) != table_layout.budget_pk(B)
    assert table_layout.budget_sk(date(2026, 3, 1)) == "2026-03-01"


def test_the_two_shops_have_no_credential_in_common() -> None:
    shops = TwoShops()
    for vendor in SIGNERS:
        ours, theirs = ACCOUNTS[vendor], shops.accounts.account(B, vendor)
        shared = {name for name in ours if ours[name] == theirs[name]}
        assert not {name for name in shared if "secret" in name or "token" in name or "salt" in name}, vendor
