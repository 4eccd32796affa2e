"""What a push, an event and a command cost on AWS, counted exactly through the real handlers.

`make bench` prints the same figures beside those that need an instruction counter.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from infra.spending import LISTED
from shared.domain.commands import HARMLESS
from shared.domain.keys import CaseKind
from tests.benchmarks.costs import COMMITTED, mixed, over_budget, priced, total_of
from tests.benchmarks.counts import CALLERS, cases_at_rest, fates_of, tally
from tests.benchmarks.givens import MERCHANT, WAYBILL, intercept, stream_event, zto_scan
from tests.benchmarks.logs import log_bytes_per_event
from tests.benchmarks.loop import START, Loop
from tests.benchmarks.running import running
from tests.benchmarks.story import SCANS, tell_delivered, tell_refunded
from tests.integration.roles import beyond_their_roles
from tests.sizes import item_size

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


@pytest.fixture
def loop() -> Iterator[Loop]:
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def delivered() -> tuple[Loop, dict[str, int]]:
    """A parcel's life after its last scan, and how large its cases are by then."""
    with running() as found:
        tell_delivered(found)
        return found, cases_at_rest(found)


@pytest.fixture(scope="module")
def refunded() -> tuple[Loop, dict[str, int]]:
    """A stopped parcel's life, and how large its cases are at the end."""
    with running() as found:
        tell_refunded(found)
        return found, cases_at_rest(found)


def push_scan(loop: Loop, minutes: int = 0) -> None:
    loop.invoke("receive_webhook", "zto", zto_scan(WAYBILL, "ARRIVAL", START + timedelta(minutes=minutes)))


def test_a_push_is_one_call_and_the_first_one_more_for_the_secret(loop: Loop) -> None:
    push_scan(loop)
    push_scan(loop, minutes=1)
    assert [one.counts.calls for one in loop.taken] == [["GetSecretValue", "SendMessage"], ["SendMessage"]]


def test_an_event_is_one_read_and_one_write_and_a_repeated_one_only_the_read(loop: Loop) -> None:
    push_scan(loop)
    loop.settle()
    assert loop.taken[-1].counts.calls == ["BatchGetItem", "PutItem"]
    again = loop.repeat("track_parcel")
    assert again.counts.calls == ["BatchGetItem"]
    assert fates_of(again) == {"repeated": 1}


def test_a_plain_shipment_of_twelve_scans_costs_one_write_unit_per_event(delivered) -> None:
    told = tally(delivered[0].taken)
    assert told.reads == told.events
    assert told.saves == told.save_units == told.handled > SCANS


def test_the_parcel_of_a_plain_shipment_costs_16_write_units_and_its_order_three(delivered) -> None:
    """Thirteen events and three pointers; its subscription costs nothing. Nobody is asked to look at it."""
    told = tally(delivered[0].taken)
    assert told.units_of(CaseKind.PARCEL) <= 16
    assert told.units_of(CaseKind.ORDER) <= 3
    assert told.all_units == told.units_of(CaseKind.PARCEL) + told.units_of(CaseKind.ORDER)


def test_a_source_that_takes_a_subscription_says_nothing_new(delivered) -> None:
    """The first answer is what is expected: it costs the read."""
    [answer] = [one for one in delivered[0].taken if one.what == "tracking_subscribed"]
    assert (fates_of(answer), answer.counts.calls) == ({"repeated": 1}, ["BatchGetItem"])


def test_every_event_of_a_stopped_shipment_is_one_write_and_only_new_deadlines_add_a_pointer(refunded) -> None:
    loop, _ = refunded
    for one in loop.taken:
        fates = fates_of(one)
        if fates and one.what != "deadline_reached":
            assert one.counts.calls.count("BatchGetItem") == fates.total(), one
        if fates:
            beside = one.counts.pointers + one.counts.writes.get("open", 0)
            assert sum(call in WRITES for call in one.counts.calls) - beside == fates["handled"], one


def test_a_command_is_two_writes_and_a_harmless_one_is_none_but_one_send(refunded) -> None:
    loop, _ = refunded
    harmless = {model.model_fields["type"].default for model in HARMLESS}
    found = tally(loop.taken).command_writes
    assert {"intercept_parcel", "agree_refund", "query_interception", "subscribe_tracking"} <= set(found)
    assert {what: writes for what, writes in found.items() if writes != ({0} if what in harmless else {2})} == {}
    asked = [one.counts.calls for one in loop.taken if one.function in CALLERS and one.what in harmless]
    kept = {"GetSecretValue", "GetItem"}  # credentials are known for minutes, a merchant's standing for half a one
    assert {tuple(call for call in calls if call not in kept) for calls in asked} == {("SendMessageBatch",)}


def test_a_poll_of_a_vendor_with_a_known_limit_is_one_write_more_and_others_count_nothing(refunded) -> None:
    loop, _ = refunded
    polls = [one for one in loop.taken if one.function == "poll_sources"]
    assert polls
    assert {one.counts.writes.get("calls", 0) for one in polls} == {1}
    assert not [one for one in loop.taken if one.function != "poll_sources" and one.counts.writes.get("calls")]


def test_a_parcel_at_rest_is_one_write_unit(delivered) -> None:
    loop, at_rest = delivered
    assert max(at_rest.values()) < 1024
    assert tally(loop.taken).largest < 1024


def test_what_a_refund_touches_is_never_more_than_two_write_units(refunded) -> None:
    loop, at_rest = refunded
    assert max(at_rest.values()) < 2048
    assert tally(loop.taken).largest < 2048


def test_forwarding_is_one_send_for_ten_messages_of_a_lane(loop: Loop) -> None:
    letters = [{"lane": "courier-calls", "group": MERCHANT, "body": intercept()}] * 25
    letters += [{"lane": "refunds", "group": MERCHANT, "body": "{}"}] * 3
    loop.invoke("publish_outbox", "many", stream_event([json.dumps(letters[:14]), json.dumps(letters[14:])]))
    assert loop.taken[-1].counts.calls == ["SendMessageBatch"] * (3 + 1)


def test_an_event_is_logged_in_less_than_400_bytes(loop: Loop) -> None:
    assert sum(log_bytes_per_event(loop, events=20)) <= 400


def test_sizes_follow_dynamodb_s_rule() -> None:
    assert item_size({"pk": {"S": "包裹"}, "n": {"N": "-1234"}, "b": {"B": b"123"}, "t": {"BOOL": True}}) == 18


@pytest.mark.parametrize("source", ["platforms.douyin", "couriers.zto"])
def test_the_door_loads_neither_models_nor_clients(source: str) -> None:
    code = (
        f"import sys, functions.receive_webhook.handler, shared.{source}\n"
        "from shared import wiring\n"
        "wiring.signed_aws(), wiring.accounts(), wiring.clock(), wiring.settings()\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"pydantic", "botocore", "boto3", "httpx", "aws_lambda_powertools", "urllib3", "dataclasses", "logging"}
    assert loaded & heavy == set()


# ---- money -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def used(delivered: tuple[Loop, dict[str, int]], refunded: tuple[Loop, dict[str, int]]) -> Mapping[str, float]:
    """What a thousand orders use."""
    return mixed(delivered[0], refunded[0])


def test_a_thousand_orders_cost_no_more_than_they_may(used: Mapping[str, float]) -> None:
    assert over_budget(used) == []


def test_whoever_changes_what_orders_cost_says_so(used: Mapping[str, float]) -> None:
    """Run `python -m tests.benchmarks.costs --write` and commit what it writes."""
    known = json.loads(COMMITTED.read_text())["use"]
    assert used == known


def test_without_a_price_there_is_no_sum(used: Mapping[str, float]) -> None:
    assert total_of(priced(used, "cn-north-1")) is None
    assert [line.what for line in priced(used, "cn-north-1") if line.costs is not None] == ["write_units"]


def test_every_price_has_a_source_and_a_date() -> None:
    for region in LISTED.values():
        assert region["read_on"].startswith("20")
        assert all(price["source"] for price in region["prices"].values())


def test_every_function_calls_only_what_its_role_allows(
    delivered: tuple[Loop, dict[str, int]], refunded: tuple[Loop, dict[str, int]]
) -> None:
    loops = [loop for loop, _ in (delivered, refunded)]
    called = {one.function for loop in loops for one in loop.taken}
    assert {"call_courier", "call_platform", "handle_refund", "track_parcel", "watch_deadlines"} <= called
    assert beyond_their_roles(*loops) == {}
