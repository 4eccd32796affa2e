"""Cases are read in one call and written in one, with their deadline, their outbox and the money they draw."""

from datetime import timedelta

import pytest

from shared.domain.decision import Spent
from shared.domain.messages import parse_message
from shared.domain.notices import DigestCase
from shared.domain.order import OrderCase
from shared.domain.session import DeskCase, Holder, SessionCase
from shared.errors import BudgetExhausted, LostRace
from shared.ports import Waiting
from tests.integration.conftest import NOW, TABLE, Backend
from tests.integration.samples import (
    AT,
    PARCEL,
    POLICY,
    REFUND,
    SHOP,
    command,
    draw,
    parcel_case,
    progress,
    refund_case,
)

HOUR = timedelta(hours=1)


def stored(backend: Backend, key=PARCEL):
    return backend.cases.load(SHOP, [key]).cases[key]


def save(backend: Backend, case=None, *, before=None, key=PARCEL, outbox=(), due=None, taking=None, now=NOW):
    before = before or stored(backend, key)
    case = case or (parcel_case(before.version) if key is PARCEL else refund_case(before.version))
    backend.cases.save(before, case, outbox=outbox, due=due, draw=taking, now=now)
    return stored(backend, key)


def pointers(backend: Backend, key=PARCEL, until=NOW + 100 * HOUR):
    index = backend.due_index
    found = [index.reached(shard, NOW - HOUR, until) for shard in range(index.shards)]
    return [pointer.at for page in found for pointer in page if pointer.key == key]


def test_what_does_not_exist_comes_back_as_version_0(backend: Backend) -> None:
    loaded = backend.cases.load(SHOP, [PARCEL, REFUND])
    assert loaded.policy is None
    assert {key: (case.version, case.case) for key, case in loaded.cases.items()} == {
        PARCEL: (0, None),
        REFUND: (0, None),
    }


@pytest.mark.parametrize(
    ("key", "case"),
    [
        (REFUND, refund_case()),
        (PARCEL, parcel_case()),
        (PARCEL._replace(kind="order"), OrderCase(platform="jd", order_id="1", updated_at=AT)),
        (PARCEL._replace(kind="digest"), DigestCase(group="desk")),
    ],
)
def test_a_case_comes_back_as_it_was_saved(backend: Backend, key, case) -> None:
    key = type(key).parse(str(key))
    after = save(backend, case, key=key, due=NOW + HOUR)
    assert (after.version, after.case, after.due, after.armed) == (1, case, NOW + HOUR, NOW + HOUR)


def test_one_read_gives_several_cases_and_the_policy_even_when_a_key_is_named_twice(backend: Backend) -> None:
    backend.policies.put_policy(POLICY)
    save(backend)
    loaded = backend.cases.load(SHOP, [PARCEL, REFUND, PARCEL])
    assert loaded.policy == POLICY
    assert loaded.cases[PARCEL].version == 1
    assert loaded.cases[REFUND].version == 0


def test_a_new_policy_is_seen_by_the_next_read(backend: Backend) -> None:
    backend.policies.put_policy(POLICY)
    assert backend.cases.load(SHOP, []).policy.version == 1
    backend.policies.put_policy(POLICY.model_copy(update={"version": 2, "budget_count_max": 9}))
    assert backend.cases.load(SHOP, []).policy.budget_count_max == 9
    assert backend.cases.load("another-shop", []).policy is None


def test_of_two_writers_one_loses_and_nothing_of_its_case_is_written(backend: Backend) -> None:
    for _ in range(2):  # a new case, then an existing one
        before = stored(backend)
        save(backend, parcel_case(50), before=before)
        with pytest.raises(LostRace):
            save(backend, parcel_case(99), before=before, outbox=[command()])
        assert stored(backend).case == parcel_case(50)
        assert backend.take_outboxes() == []


def test_the_stream_delivers_an_outbox_once_in_order_and_ready_to_send(backend: Backend) -> None:
    said = [command(), progress()]
    save(backend, outbox=said)
    save(backend)
    letters = backend.take_outboxes()
    assert [(letter["lane"], letter["group"]) for letter in letters] == [("courier-calls", SHOP), ("refunds", SHOP)]
    assert [parse_message(letter["body"]) for letter in letters] == said


def test_a_first_deadline_gets_a_pointer_and_a_later_one_writes_nothing(backend: Backend) -> None:
    save(backend, due=NOW + HOUR)
    after = save(backend, due=NOW + 3 * HOUR)
    assert (after.due, after.armed) == (NOW + 3 * HOUR, NOW + HOUR)
    assert pointers(backend) == [NOW + HOUR]


def test_an_earlier_deadline_gets_a_new_pointer(backend: Backend) -> None:
    save(backend, due=NOW + 3 * HOUR)
    assert save(backend, due=NOW + HOUR).armed == NOW + HOUR
    assert pointers(backend) == [NOW + HOUR, NOW + 3 * HOUR]


def test_a_pointer_that_has_passed_does_not_count(backend: Backend) -> None:
    save(backend, due=NOW + HOUR)
    save(backend, due=NOW + 5 * HOUR, now=NOW + HOUR)
    assert pointers(backend) == [NOW + HOUR, NOW + 5 * HOUR]


def test_a_deadline_that_was_moved_on_from_is_held_and_spares_a_pointer(backend: Backend) -> None:
    save(backend, due=NOW + HOUR)
    save(backend, due=NOW + 3 * HOUR)
    save(backend, due=NOW + 5 * HOUR, now=NOW + 2 * HOUR)
    after = save(backend, due=NOW + 4 * HOUR, now=NOW + 2 * HOUR)
    assert (after.due, after.armed, after.held) == (NOW + 4 * HOUR, NOW + HOUR, NOW + 3 * HOUR)
    assert pointers(backend) == [NOW + HOUR]
    assert backend.due_index.look([after.key]) == {after.key: Waiting(after.due, after.armed, after.held)}
    after = save(backend, due=NOW + 2.5 * HOUR, now=NOW + 2 * HOUR)
    assert (after.armed, after.held) == (NOW + 2.5 * HOUR, None)
    assert pointers(backend) == [NOW + HOUR, NOW + 2.5 * HOUR]


def test_a_deadline_in_the_past_is_pointed_to_from_now(backend: Backend) -> None:
    after = save(backend, due=NOW - 30 * HOUR)
    assert (after.due, after.armed) == (NOW - 30 * HOUR, NOW)
    assert pointers(backend) == [NOW]


def test_a_deadline_is_rounded_up_so_that_nobody_looks_too_early(backend: Backend) -> None:
    due = NOW + timedelta(microseconds=1)
    assert save(backend, due=due).due == NOW + timedelta(milliseconds=1)


def test_without_a_deadline_there_is_no_pointer(backend: Backend) -> None:
    after = save(backend)
    assert (after.due, after.armed) == (None, None)
    assert pointers(backend) == []


def test_draws_add_up_to_the_caps_and_not_beyond(backend: Backend) -> None:
    save(backend, key=REFUND, taking=draw(600))
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(401))
    save(backend, key=REFUND, taking=draw(400))
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(1))
    assert stored(backend, REFUND).version == 2


def test_the_number_of_refunds_is_capped_too(backend: Backend) -> None:
    for _ in range(3):
        save(backend, key=REFUND, taking=draw(1))
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(1))


@pytest.mark.parametrize("taking", [draw(1001), draw(1, refunds=4), draw(1, amount_fen_max=0), draw(1, refunds_max=0)])
def test_a_draw_larger_than_an_untouched_budget_is_refused(backend: Backend, taking) -> None:
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=taking)
    assert stored(backend, REFUND).version == 0


def test_a_lowered_cap_holds_at_once(backend: Backend) -> None:
    save(backend, key=REFUND, taking=draw(600))
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(100, amount_fen_max=500))


def test_what_was_drawn_from_a_day_can_be_asked(backend: Backend) -> None:
    day = draw(1).day
    assert backend.cases.spent(REFUND.merchant, day) == Spent(0, 0)
    save(backend, key=REFUND, taking=draw(600))
    assert backend.cases.spent(REFUND.merchant, day) == Spent(600, 1)
    assert backend.cases.spent("somebody-else", day) == Spent(0, 0)


def test_what_is_given_back_can_be_drawn_again(backend: Backend) -> None:
    save(backend, key=REFUND, taking=draw(1000))
    save(backend, key=REFUND, taking=draw(-1000, refunds=-1))
    save(backend, key=REFUND, taking=draw(1000))
    assert stored(backend, REFUND).version == 3


def test_what_was_never_drawn_cannot_be_given_back(backend: Backend) -> None:
    save(backend, key=REFUND, taking=draw(300))
    assert save(backend, key=REFUND, taking=draw(-301, refunds=-1)).version == 2
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(701))
    save(backend, key=REFUND, taking=draw(700))


def test_a_writer_that_lost_the_race_draws_nothing(backend: Backend) -> None:
    before = stored(backend, REFUND)
    save(backend, key=REFUND)
    with pytest.raises(LostRace):
        save(backend, key=REFUND, before=before, taking=draw(1000))
    save(backend, key=REFUND, taking=draw(1000))


def test_a_writer_that_lost_the_race_gives_nothing_back(backend: Backend) -> None:
    before = stored(backend, REFUND)
    save(backend, key=REFUND, taking=draw(1000))
    with pytest.raises(LostRace):
        save(backend, key=REFUND, before=before, taking=draw(-1000, refunds=-1))
    with pytest.raises(BudgetExhausted):
        save(backend, key=REFUND, taking=draw(1))


ORDER = REFUND._replace(kind="order")


def order(paid_fen: int) -> OrderCase:
    return OrderCase(platform="jd", order_id="1", updated_at=AT, paid_fen=paid_fen)


@pytest.mark.parametrize("taking", [None, draw(5), draw(-5, refunds=-1)], ids=["alone", "drawing", "giving_back"])
def test_a_refund_and_its_order_are_written_together(backend: Backend, taking) -> None:
    backend.cases.save(
        stored(backend, REFUND),
        refund_case(),
        outbox=(),
        due=None,
        draw=taking,
        now=NOW,
        along=(stored(backend, ORDER), order(100)),
    )
    assert (stored(backend, REFUND).version, stored(backend, ORDER).case) == (1, order(100))


def test_a_refund_is_not_written_when_its_order_has_changed_meanwhile(backend: Backend) -> None:
    seen = stored(backend, ORDER)
    save(backend, order(100), key=ORDER)
    with pytest.raises(LostRace):
        backend.cases.save(
            stored(backend, REFUND), refund_case(), outbox=(), due=None, draw=draw(5), now=NOW, along=(seen, order(1))
        )
    assert stored(backend, REFUND).case is None
    assert stored(backend, ORDER).case == order(100)
    save(backend, key=REFUND, taking=draw(1000))


SESSION, DESK = REFUND._replace(kind="session"), REFUND._replace(kind="desk")
session = SessionCase(channel="web", session_id="1", opened_at=AT, held_since=AT, last_line_at=AT)
desk = DeskCase(group="aftersale")


def seat(backend: Backend, before, *, due=None) -> None:
    backend.cases.save(
        before, session, outbox=(), due=None, draw=None, now=NOW, along=(stored(backend, DESK), desk), along_due=due
    )


def test_a_session_and_its_desk_are_written_together_and_the_desk_s_new_deadline_is_guarded(backend: Backend) -> None:
    seat(backend, stored(backend, SESSION), due=NOW + HOUR)
    after = stored(backend, DESK)
    assert (after.version, after.case, after.due, after.armed) == (1, desk, NOW + HOUR, NOW + HOUR)
    assert pointers(backend, DESK) == [NOW + HOUR]


def test_a_desk_without_a_new_deadline_keeps_the_old_one(backend: Backend) -> None:
    seat(backend, stored(backend, SESSION), due=NOW + HOUR)
    seat(backend, stored(backend, SESSION))
    after = stored(backend, DESK)
    assert (after.version, after.due, after.armed) == (2, NOW + HOUR, NOW + HOUR)


def test_a_desk_s_later_deadline_needs_no_pointer_and_an_earlier_one_does(backend: Backend) -> None:
    seat(backend, stored(backend, SESSION), due=NOW + 2 * HOUR)
    seat(backend, stored(backend, SESSION), due=NOW + 3 * HOUR)
    seat(backend, stored(backend, SESSION), due=NOW + HOUR)
    assert pointers(backend, DESK) == [NOW + HOUR, NOW + 2 * HOUR]


def test_of_a_session_that_has_changed_meanwhile_no_seat_is_written(backend: Backend) -> None:
    before = stored(backend, SESSION)
    save(backend, session, key=SESSION)
    with pytest.raises(LostRace):
        seat(backend, before, due=NOW + HOUR)
    assert stored(backend, DESK).case is None


def test_a_closed_session_is_forgotten_after_sixty_days_and_an_open_one_never(dynamo: Backend) -> None:
    def expiry() -> int | None:
        found = dynamo.clients.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": str(SESSION)}, "sk": {"S": "-"}})
        return int(found["Item"]["expires_at"]["N"]) if "expires_at" in found["Item"] else None

    save(dynamo, session, key=SESSION)
    assert expiry() is None
    save(dynamo, session.model_copy(update={"holder": Holder.CLOSED, "closed_at": NOW}), key=SESSION)
    assert expiry() == int((NOW + timedelta(days=60)).timestamp())
    save(dynamo, session, key=SESSION)
    assert expiry() is None
