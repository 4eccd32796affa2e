"""The right desk at the first hop: rules decide, people keep what they have, and nothing bounces."""

from datetime import timedelta

import pytest

from shared.domain.order import OrderCase, OrderStatus, Trouble
from shared.domain.refund import RefundPhase
from shared.rules.routing.replay import from_document, replay
from tests.unit.rules.build import order, refund
from tests.unit.rules.chat.build import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    VIP,
    Session,
    answer,
    given,
    hand_over,
    line,
    types,
    upset,
)


def test_the_bot_begins_and_asks_no_desk() -> None:
    session = Session()
    assert session.take(line()) == []
    assert (session.place, session.case.token, session.case.hops) == (("bot", None, None), 0, 0)
    assert [routed.rule for routed in session.case.routed] == ["default.bot_first"]


def test_the_same_rule_is_written_down_once() -> None:
    session = Session()
    session.take(line(), line(), line())
    assert len(session.case.routed) == 1
    assert len(session.case.heard) == 3


def test_an_upset_buyer_waits_for_a_person_at_once_and_that_is_no_hop() -> None:
    session = Session()
    [wish] = session.take(upset())
    assert (wish.type, wish.group, wish.token, wish.priority, wish.since) == ("seat_wanted", "presale", 1, 1, NOW)
    assert (session.place, session.case.hops) == (("waiting", "presale", None), 0)


def test_people_begin_where_the_bot_only_assists() -> None:
    session = Session(mode="assist")
    assert types(session.take(line())) == ["seat_wanted"]
    assert session.place == ("waiting", "presale", None)


def test_an_order_in_its_after_sales_time_brings_its_buyer_to_after_sales() -> None:
    session = Session(mode="assist")
    session.facts = {"orders": (order(paid_at=NOW - 364 * DAY),)}
    session.take(line())
    assert session.place == ("waiting", "aftersale", None)


def test_of_several_orders_the_one_in_trouble_counts() -> None:
    trouble = Trouble(parcel="zto:W1", what=("stalled",), at=NOW)
    fresh = order(order_id="O2", paid_at=NOW)
    session = Session()
    session.facts = {"orders": (fresh, order(paid_at=NOW - 9 * DAY, troubles=(trouble,)))}
    [wish] = session.take(line())
    assert (wish.group, wish.priority) == ("logistics", 3)
    assert session.case.tags == ("stalled",)
    assert session.case.routed[-1].facts["order_age_days"] == 9


@pytest.mark.parametrize(("phase", "open_cases"), [(RefundPhase.REVIEWING, ["refund"]), (RefundPhase.CLOSED, None)])
def test_an_open_refund_is_a_fact(phase: RefundPhase, open_cases: list[str] | None) -> None:
    session = Session()
    session.facts = {"refunds": (refund(phase),)}
    session.take(line())
    facts = session.case.routed[-1].facts
    assert (list(facts["open_cases"]) if "open_cases" in facts else None) == open_cases


def test_an_order_without_a_time_of_payment_is_as_old_as_its_last_news() -> None:
    session = Session()
    bare = OrderCase(platform="sim", order_id="O1", updated_at=NOW - 3 * DAY, status=OrderStatus.PAID)
    session.facts = {"orders": (bare,)}
    session.take(line())
    assert session.case.routed[-1].facts["order_age_days"] == 3


def test_what_was_decided_can_be_decided_again_from_what_was_written_down() -> None:
    session = Session(rules=[VIP], hot_items=["SKU-1"])
    session.facts = {"orders": (order(paid_at=NOW),)}
    session.take(line(tags=["vip"], item="SKU-1", live_room="L1", tier="gold"))
    [routed] = session.case.routed
    facts = from_document(routed.facts)
    assert (facts.hot, facts.live_room, facts.buyer_tier, facts.buyer_tags) == (True, "L1", "gold", {"vip"})
    assert (facts.hour, facts.weekday, facts.channel) == (10, 2, "web")
    assert replay(routed, session.policy.routing) == ()


def test_the_facts_are_those_of_the_line_however_late_it_is_taken() -> None:
    session = Session()
    session.take(line(at=NOW), at=NOW + 5 * HOUR)
    assert session.case.routed[0].facts["hour"] == 10


def test_asking_the_same_thing_three_times_brings_a_person() -> None:
    session = Session()
    for _ in range(2):
        assert session.take(line("where is it")) == []
    session.take(line("something else"))
    assert types(session.take(line("where is it"))) == ["seat_wanted"]
    assert session.case.routed[-1].rule == "default.repeated_question"


def test_a_line_that_comes_twice_is_heard_once() -> None:
    session = Session()
    said = upset()
    session.take(said)
    before = session.case
    assert session.take(said) == []
    assert session.case == before


# ---- people keep what they have ----------------------------------------------------------------------------------


def test_a_session_stays_with_its_person_whatever_the_bot_rules_say() -> None:
    session = Session().with_people()
    assert session.take(line(at=NOW + MINUTE), at=NOW + MINUTE) == []
    assert session.place == ("agent", "aftersale", "anna")


def test_only_a_strictly_higher_priority_moves_it() -> None:
    session = Session(mode="assist")
    session.take(line())
    session.facts = {"orders": (order(paid_at=NOW, troubles=(Trouble(parcel="zto:W1", what=("stalled",), at=NOW),)),)}
    freed, wish = session.take(line())
    assert (freed.type, freed.group, freed.token) == ("seat_freed", "presale", 1)
    assert (wish.type, wish.group, wish.token) == ("seat_wanted", "logistics", 2)
    assert (session.case.hops, session.case.bounced) == (1, 0)
    session.facts = {"orders": (order(paid_at=NOW),)}
    assert session.take(line()) == []  # after-sales, but with less priority
    assert (session.place, session.case.bounced) == (("waiting", "logistics", None), 1)


def test_it_can_never_go_back_and_forth() -> None:
    """However the facts change, rules move a session as often as there are priorities, and each move is more urgent."""
    rules = [
        {"rule": f"to-{group}-{priority}", "when": {"field": "buyer_tier", "is": f"{group}{priority}"},
         "then": {"group": group, "priority": priority}}
        for group in ("presale", "aftersale") for priority in range(10)
    ]  # fmt: skip
    session = Session(rules=rules, mode="assist")
    for number in range(60):
        session.take(line(tier=f"{('presale', 'aftersale')[number % 2]}{9 - number % 10}"))
    assert session.case.hops <= 9
    assert session.case.priority == 0


def test_the_second_hop_is_counted() -> None:
    session = Session(mode="assist")
    session.take(line())
    session.take(hand_over("aftersale", at=NOW + SECOND), at=NOW + SECOND)
    assert session.counts == []
    session.take(hand_over("logistics", at=NOW + 2 * SECOND), at=NOW + 2 * SECOND)
    assert (session.case.hops, session.counts) == (2, ["second_hop"])


def test_one_who_waits_moves_forward_in_her_line_when_she_becomes_upset() -> None:
    session = Session(mode="assist")
    session.take(line())
    [wish] = session.take(upset(at=NOW + MINUTE), at=NOW + MINUTE)
    assert (wish.group, wish.priority, wish.token, wish.since) == ("presale", 1, 2, NOW)
    assert session.case.hops == 0


def test_a_dedicated_agent_is_asked_for_by_name() -> None:
    session = Session(rules=[VIP])
    [wish] = session.take(line(tags=["vip"]))
    assert (wish.group, wish.agent, wish.priority) == ("aftersale", "anna", 2)


def test_a_dedicated_agent_who_has_the_session_is_not_asked_for_again() -> None:
    session = Session(rules=[VIP])
    session.take(line(tags=["vip"]))
    session.take(given("anna", session.case.token))
    assert session.take(line(tags=["vip"]), upset(tags=["vip"])) == []
    assert session.place == ("agent", "aftersale", "anna")
    assert (session.case.bounced, session.case.hops) == (0, 0)


def test_a_dedicated_agent_gets_an_urgent_session_of_a_colleague() -> None:
    session = Session(rules=[VIP])
    session.with_people("bert")
    freed, wish = session.take(line(tags=["vip"], at=NOW + MINUTE), at=NOW + MINUTE)
    assert (freed.token, wish.agent, wish.token) == (1, "anna", 2)
    assert session.case.hops == 1


# ---- hand-overs --------------------------------------------------------------------------------------------------


def test_the_bot_hands_over() -> None:
    session = Session()
    session.take(line())
    [wish] = session.take(hand_over("aftersale", at=NOW + SECOND), at=NOW + SECOND)
    assert (wish.group, wish.since, session.case.hops) == ("aftersale", NOW, 0)
    assert session.case.routed[-1].rule == "handed_over"


def test_a_hand_over_may_be_the_first_news_of_a_session() -> None:
    session = Session()
    assert types(session.take(hand_over("aftersale"))) == ["seat_wanted"]
    session.take(line(at=NOW - SECOND))
    assert session.place == ("waiting", "aftersale", None)
    assert session.case.opened_at == NOW - SECOND


def test_an_agent_hands_over_to_a_person_of_another_group() -> None:
    session = Session().with_people()
    freed, wish = session.take(hand_over(agent="lena", at=NOW + MINUTE), at=NOW + MINUTE)
    assert (freed.group, freed.token) == ("aftersale", 1)
    assert (wish.group, wish.agent, wish.token) == ("logistics", "lena", 2)
    assert session.case.hops == 1


def test_an_agent_gives_back_to_the_own_group_and_does_not_get_it_again() -> None:
    session = Session().with_people()
    freed, wish = session.take(hand_over("aftersale", at=NOW + MINUTE), at=NOW + MINUTE)
    assert (freed.token, wish.group, wish.not_agent) == (1, "aftersale", "anna")


def test_who_waits_for_a_group_and_is_handed_to_it_goes_on_waiting() -> None:
    session = Session()
    session.take(hand_over("aftersale"))
    assert session.take(hand_over("aftersale", at=NOW + SECOND), at=NOW + SECOND) == []
    [wish] = session.take(hand_over(agent="bert", at=NOW + 2 * SECOND), at=NOW + 2 * SECOND)
    assert (wish.group, wish.agent, wish.token, session.case.hops) == ("aftersale", "bert", 2, 0)


@pytest.mark.parametrize("target", [{"group": "nobody"}, {"agent": "nobody"}, {"group": "nobody", "agent": "nobody"}])
def test_a_hand_over_to_nobody_known_goes_to_after_sales_rather_than_nowhere(target: dict[str, str]) -> None:
    session = Session()
    session.take(line())
    [wish] = session.take(hand_over(**target, at=NOW + SECOND), at=NOW + SECOND)
    assert (wish.group, wish.agent) == ("aftersale", None)


def test_a_shop_without_groups_leaves_everything_to_the_bot() -> None:
    nobody = {"presale_group": None, "aftersale_group": None, "logistics_group": None}
    session = Session(groups={}, **nobody)
    assert session.take(upset(), hand_over("aftersale", at=NOW + SECOND), at=NOW + SECOND) == []
    assert session.place == ("bot", None, None)


def test_the_session_comes_back_to_the_bot_and_may_leave_it_again() -> None:
    session = Session()
    session.take(upset())
    session.take(given("paul", 1, "presale"))
    [freed] = session.take(hand_over(at=NOW + MINUTE), at=NOW + MINUTE)
    assert (freed.group, freed.token) == ("presale", 1)
    assert (session.place, session.case.token, session.case.priority) == (("bot", None, None), 2, 5)
    assert types(session.take(upset(at=NOW + 2 * MINUTE), at=NOW + 2 * MINUTE)) == ["seat_wanted"]


def test_an_old_hand_over_that_comes_again_changes_nothing() -> None:
    session = Session()
    old = hand_over("aftersale", at=NOW)
    session.take(old, hand_over(at=NOW + MINUTE), at=NOW + MINUTE)
    assert session.take(old) == []
    assert session.place == ("bot", None, None)


def test_hand_overs_that_come_in_the_wrong_order_end_where_the_newest_says() -> None:
    session = Session()
    session.take(hand_over("logistics", at=NOW + MINUTE), hand_over("aftersale", at=NOW), at=NOW + MINUTE)
    assert session.place == ("waiting", "logistics", None)


def test_who_has_the_session_no_more_cannot_give_it_away() -> None:
    session = Session().with_people()
    late = hand_over("logistics", at=NOW + MINUTE, token=0)
    assert session.take(late, at=NOW + MINUTE) == []
    assert session.place == ("agent", "aftersale", "anna")


@pytest.mark.parametrize("skew", [timedelta(hours=3), timedelta(days=400)])
def test_a_desktop_whose_clock_is_ahead_does_not_freeze_the_session(skew: timedelta) -> None:
    session = Session()
    session.take(line(at=NOW + skew), answer(at=NOW + skew))
    assert (session.case.last_line_at, session.case.answered_at) == (NOW, NOW)
