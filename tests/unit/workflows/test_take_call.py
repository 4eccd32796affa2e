"""From a queue message to the right vendor and account; what cannot be called is a failure like any other."""

from contextlib import suppress
from datetime import timedelta
from types import ModuleType
from typing import Any, get_args

import pytest

from shared.domain.commands import (
    AssignSession,
    CancelInterception,
    FetchOrder,
    InterceptParcel,
    PostMessage,
    QueryInterception,
    QueryTracking,
    QueryWorkOrder,
    StopOrder,
    SubscribeTracking,
    TellBuyer,
    UrgeCourier,
    VendorCommand,
)
from shared.domain.events import MessagePosted
from shared.domain.merchant import Standing
from shared.domain.messages import write_message
from shared.domain.session import Holder
from shared.domain.tickets import Anomaly
from shared.domain.vendor_call import Ending, VendorCall
from shared.domain.wire import HttpReply
from shared.errors import HeldBack, NotYet, Permanent, ReplyTooLarge, Retryable, Throttled, UnknownSource, Waiting
from shared.workflows.meter import Meter
from shared.workflows.take_batch import Delivery
from shared.workflows.take_call import Caller, take_call
from tests.fakes import FakeAccounts, FakeCallTokens
from tests.unit.workflows.vendor import ABOUT, AGREE, AGREED, LOST, MERCHANT, READ, REFUSED_CONNECTION, Desk

SECOND = timedelta(seconds=1)
MUTED = MessagePosted(merchant=MERCHANT, group="desk", answers="c", throttled_for_s=60)

PARCEL = {"carrier": "zto", "waybill": "W1"}
WHO: dict[str, tuple[Any, tuple[str, str, str]]] = {
    "agree_refund": (AGREE, ("platforms", "sim", "sim")),
    "read_refund": (READ, ("platforms", "sim", "sim")),
    "fetch_order": (
        FetchOrder(**ABOUT, command_id="c", platform="douyin", order_id="O1"),
        ("platforms", "douyin", "douyin"),
    ),
    "stop_order": (
        StopOrder(**ABOUT, command_id="c", erp="jst", platform="sim", refund_id="R1", order_id="O1", whole=True),
        ("erps", "jst", "jst"),
    ),
    "intercept_parcel": (InterceptParcel(**ABOUT, **PARCEL, command_id="c"), ("couriers", "zto", "zto")),
    "query_interception": (QueryInterception(**ABOUT, **PARCEL, command_id="c"), ("couriers", "zto", "zto")),
    "cancel_interception": (
        CancelInterception(**ABOUT, **PARCEL, command_id="c", of_command="b"),
        ("couriers", "zto", "zto"),
    ),
    "subscribe_tracking": (
        SubscribeTracking(**ABOUT, **PARCEL, command_id="c", source="kuaidi100"),
        ("couriers", "kuaidi100", "kuaidi100"),
    ),
    "query_tracking": (QueryTracking(**ABOUT, **PARCEL, command_id="c", source="sf"), ("couriers", "sf", "sf")),
    "urge_courier": (
        UrgeCourier(**ABOUT, **PARCEL, command_id="c", source="kdn", anomaly=Anomaly.STALLED, text="x"),
        ("couriers", "kdn", "kdn"),
    ),
    "query_work_order": (
        QueryWorkOrder(**ABOUT, **PARCEL, command_id="c", source="kdn", number="7"),
        ("couriers", "kdn", "kdn"),
    ),
    "tell_buyer": (
        TellBuyer(**ABOUT, **PARCEL, command_id="c", platform="shop", order_id="O1", topic=Anomaly.STALLED, text="x"),
        ("platforms", "shop", "shop"),
    ),
    "assign_session": (
        AssignSession(**ABOUT, command_id="c", channel="widget", session_id="S1", holder=Holder.BOT, token=1),
        ("channels", "chat", "chat"),
    ),
    "post_message": (
        PostMessage(**ABOUT, command_id="c", channel="dingtalk", account="night", group="desk", title="t", text="x"),
        ("channels", "dingtalk", "night"),
    ),
}


class Office:
    """A caller that writes down whom it asked for."""

    def __init__(self, desk: Desk, accounts: dict[str, dict[str, str]]) -> None:
        self.desk = desk
        self.asked: list[tuple[str, str]] = []
        self.accounts = FakeAccounts({MERCHANT: accounts})
        self.caller = Caller(
            self.accounts,
            desk.http,
            desk.ledger,
            desk.queue,
            desk.clock,
            find_vendor=self._find,
            find_standing=lambda _: desk.standing,
            meter=Meter(FakeCallTokens(desk.table), desk.clock),
        )

    def _find(self, kind: str, name: str) -> ModuleType:
        self.asked.append((kind, name))
        if name == "nobody":
            raise UnknownSource("unknown_vendor", name)
        vendor: ModuleType = self.desk.vendor()
        return vendor


def test_the_table_knows_every_command() -> None:
    assert {command.model_fields["type"].default for command in get_args(VendorCommand)} == set(WHO)


@pytest.mark.parametrize("name", WHO)
def test_every_command_finds_its_vendor_and_account(name: str) -> None:
    command, (kind, vendor, account) = WHO[name]
    desk = Desk()
    desk.calls = [AGREED]
    office = Office(desk, {account: {"key": "k"}})
    assert office.caller.call(command, 1) == AGREED
    assert office.asked == [(kind, vendor)]


@pytest.mark.parametrize(("platform", "code"), [("nobody", "unknown_vendor"), ("sim", "no_account")])
def test_a_vendor_or_account_that_does_not_exist_ends_the_command(platform: str, code: str) -> None:
    desk = Desk()
    outcome: Any = Office(desk, {}).caller.call(AGREE.model_copy(update={"platform": platform}), 1)
    assert (outcome.type, outcome.code, outcome.certain) == ("command_failed", code, True)
    assert desk.told() == [outcome]
    assert desk.asked == []


def test_an_account_that_disappears_after_an_unclear_call_leaves_it_unclear() -> None:
    desk = Desk()
    desk.calls = [LOST]
    office = Office(desk, {"sim": {}})
    with pytest.raises(Retryable):
        office.caller.call(AGREE, 1)
    office.accounts.accounts.clear()
    with pytest.raises(Retryable):
        office.caller.call(AGREE, 2)
    desk.later()
    outcome: Any = office.caller.call(AGREE, 3)
    assert (outcome.code, outcome.certain) == ("no_account", False)


def test_an_account_that_disappears_after_the_end_changes_nothing() -> None:
    desk = Desk()
    desk.calls = [AGREED]
    office = Office(desk, {"sim": {}})
    office.caller.call(AGREE, 1)
    office.accounts.accounts.clear()
    assert office.caller.call(AGREE, 1) is None
    assert desk.told() == [AGREED, AGREED]


def test_a_question_whose_answer_nobody_can_read_ends_as_a_failure() -> None:
    desk = Desk()
    desk.calls = [ReplyTooLarge()]
    outcome: Any = Office(desk, {"sim": {}}).caller.call(READ, 1)
    assert (outcome.type, outcome.code, outcome.certain) == ("command_failed", "reply_too_large", True)
    assert desk.asked == ["call"]


def test_an_agreement_whose_answer_nobody_can_read_is_unclear() -> None:
    desk = Desk()
    desk.calls = [ReplyTooLarge()]
    with pytest.raises(Retryable, match="unclear"):
        Office(desk, {"sim": {}}).caller.call(AGREE, 1)
    assert desk.told() == []


class Ear:
    """Remembers what telemetry was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.calls: list[VendorCall] = []

    def called(self, call: VendorCall) -> None:
        """How a vendor behaved."""
        self.calls.append(call)

    def outcome(self, *told: str) -> None:
        """How a command ended."""
        self.heard.append(told)


def test_how_a_command_ended_is_said_each_time() -> None:
    desk = Desk()
    desk.calls = [AGREED]
    office, ear = Office(desk, {"sim": {}}), Ear()
    for _ in range(2):
        take_call(Delivery(write_message(AGREE), 1), office.caller, ear)  # type: ignore[arg-type]
    ends = [("agree_refund", AGREE.command_id, "refund_agreed"), ("agree_refund", AGREE.command_id, "told_again")]
    assert ear.heard == ends


ENDINGS: dict[str, tuple[Any, Any, Ending]] = {
    "a write with an outcome": (AGREE, AGREED, Ending.ANSWERED),
    "a write that the vendor refuses": (AGREE, Permanent("E1", "no"), Ending.REFUSED),
    "a write without an answer": (AGREE, LOST, Ending.ERROR),
    "a read that the vendor refuses": (READ, Permanent("E1", "no"), Ending.REFUSED),
    "a busy vendor": (READ, Retryable("busy", SECOND), Ending.ERROR),
    "a vendor that wants fewer calls": (AGREE, Throttled("slow down", SECOND), Ending.THROTTLED),
    "a vendor that needs a moment": (AGREE, NotYet("settling", SECOND), Ending.ANSWERED),
    "a robot that is muted": (READ, MUTED, Ending.THROTTLED),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_how_the_vendor_behaved_is_told_with_the_time_it_took(name: str) -> None:
    command, end, ending = ENDINGS[name]
    desk = Desk()
    desk.calls = [end]
    desk.http.vendor = lambda request: (desk.clock.advance(3 * SECOND), HttpReply(200, b"{}"))[1]
    ear = Ear()
    with suppress(Retryable):
        take_call(Delivery(write_message(command), 1), Office(desk, {"sim": {}}).caller, ear)  # type: ignore[arg-type]
    assert ear.calls == [VendorCall("sim", ending, 3 * SECOND)]


def test_a_vendor_that_was_not_asked_is_not_judged() -> None:
    ear = Ear()
    take_call(Delivery(write_message(AGREE), 1), Office(Desk(), {}).caller, ear)  # type: ignore[arg-type]
    assert ear.calls == []


def test_a_vendor_that_cannot_be_reached_is_told_of() -> None:
    desk = Desk()
    desk.calls = [AGREED]
    desk.http.script.append(REFUSED_CONNECTION)
    ear = Ear()
    with pytest.raises(Retryable):
        take_call(Delivery(write_message(AGREE), 1), Office(desk, {"sim": {}}).caller, ear)  # type: ignore[arg-type]
    assert [call.ending for call in ear.calls] == [Ending.ERROR]


def test_a_message_that_is_no_command_is_a_bug() -> None:
    with pytest.raises(Permanent, match="not_a_command"):
        take_call(Delivery(write_message(AGREED), 1), Office(Desk(), {}).caller, Ear())  # type: ignore[arg-type]


# ---- merchants that are paused or have left ----------------------------------------------------------------------

STILL_DONE = {
    "read_refund",
    "fetch_order",
    "query_interception",
    "subscribe_tracking",
    "query_tracking",
    "query_work_order",
}


@pytest.mark.parametrize("name", WHO)
def test_for_a_paused_merchant_all_is_seen_and_told_and_nothing_outside_is_touched(name: str) -> None:
    command, (_, _, account) = WHO[name]
    desk = Desk()
    desk.standing, desk.calls = Standing.PAUSED, [AGREED]
    outcome: Any = Office(desk, {account: {"key": "k"}}).caller.call(command, 1)
    if name in STILL_DONE | {"post_message"}:
        assert outcome == AGREED
    else:
        assert (outcome.type, outcome.code, outcome.certain) == ("command_failed", "merchant_paused", True)
        assert (desk.asked, desk.told()) == ([], [outcome])


@pytest.mark.parametrize("name", WHO)
def test_for_a_merchant_that_has_left_nothing_is_done(name: str) -> None:
    command, (_, _, account) = WHO[name]
    desk = Desk()
    desk.standing = Standing.LEFT
    outcome: Any = Office(desk, {account: {"key": "k"}}).caller.call(command, 1)
    assert (outcome.type, outcome.code, outcome.certain) == ("command_failed", "merchant_left", True)
    assert desk.asked == []
    assert [outcome] == (desk.sent() if name in STILL_DONE else desk.told())


def test_a_pause_after_an_unclear_call_leaves_it_unclear() -> None:
    desk = Desk()
    desk.calls = [LOST]
    office = Office(desk, {"sim": {}})
    with pytest.raises(Retryable):
        office.caller.call(AGREE, 1)
    desk.standing = Standing.PAUSED
    desk.later()
    outcome: Any = office.caller.call(AGREE, 2)
    assert (outcome.code, outcome.certain) == ("merchant_paused", False)


# ---- vendors that hang -------------------------------------------------------------------------------------------


def test_a_command_to_a_silent_vendor_is_put_off_unclaimed_and_aside_it_is_carried_out() -> None:
    desk = Desk()
    desk.calls = [AGREED, AGREED]
    office = Office(desk, {"sim": {"key": "k"}})
    office.caller.patience.note("sim at vendor", 8)
    told: list[VendorCall] = []
    with pytest.raises(Waiting):
        office.caller.call(AGREE, 1, told.append)
    assert (desk.http.requests, told) == ([], [])
    assert office.caller.call(AGREE, 1, told.append, is_aside=True) == AGREED
    assert len(told) == 1


# ---- a vendor that takes only so many calls -----------------------------------------------------------------------


def patiently(office: Office, command: Any) -> Any:
    """Call, coming again when told."""
    for _ in range(3):
        try:
            return office.caller.call(command, 1)
        except HeldBack as error:
            office.desk.clock.advance(error.after)
    raise AssertionError("never")


@pytest.mark.parametrize("command", [AGREE, READ])
def test_without_a_call_left_nothing_is_claimed_or_asked(command: Any) -> None:
    desk = Desk()
    desk.calls = [AGREED, AGREED]
    office = Office(desk, {"sim": {"limits": "1/s"}})
    first, second = (command.model_copy(update={"command_id": name}) for name in ("first", "second"))
    assert patiently(office, first) == AGREED
    known = dict(desk.table.commands)
    with pytest.raises(HeldBack):
        office.caller.call(second, 1)
    assert (desk.asked, desk.table.commands) == (["call"], known)
    assert patiently(office, second) == AGREED


@pytest.mark.parametrize("command", [AGREE, READ])
def test_a_vendor_that_asks_for_fewer_calls_is_asked_nothing_for_a_while(command: Any) -> None:
    desk = Desk()
    desk.calls = [Throttled("http 429", timedelta(seconds=60)), AGREED]
    office = Office(desk, {"sim": {"limits": "1000/min"}})
    with pytest.raises(Throttled):
        office.caller.call(command, 1)
    desk.clock.advance(timedelta(seconds=59))
    with pytest.raises(HeldBack):
        office.caller.call(command, 1)
    assert desk.asked == ["call"]
    desk.clock.advance(timedelta(seconds=15))
    assert office.caller.call(command, 1) == AGREED


@pytest.mark.parametrize("command", [AGREE, READ])
def test_limits_that_cannot_be_read_end_the_command_with_the_reason(command: Any) -> None:
    desk = Desk()
    outcome: Any = Office(desk, {"sim": {"limits": "plenty"}}).caller.call(command, 1)
    assert (outcome.type, outcome.code, outcome.certain) == ("command_failed", "bad_limits", True)
    assert (desk.asked, "plenty" in outcome.text) == ([], True)
