"""When a parcel may be stopped: every stage, every mixture of goods, both sides of every threshold."""

import pytest

from shared.domain.parcel import ParcelCase, Scan, Stage
from shared.rules.parcel_interception import RULES
from shared.rules.stopping.interception_window import interception_window
from shared.rules.stopping.other_goods import other_goods
from shared.rules.stopping.worth_intercepting import worth_intercepting
from tests.unit.rules.build import MINUTE, NOW, content, parcel, policy, wish

WINDOW = {
    Stage.UNKNOWN: "open",
    Stage.LABEL_CREATED: "not_picked_up",
    Stage.PICKED_UP: "open",
    Stage.IN_TRANSIT: "open",
    Stage.ARRIVED_AT_HUB: "open",
    Stage.OUT_FOR_DELIVERY: "too_late_out_for_delivery",
    Stage.HELD_AT_PICKUP_POINT: "too_late_held_at_pickup_point",
    Stage.DELIVERY_FAILED: "too_late_delivery_failed",
    Stage.EXCEPTION: "open",
    Stage.REFUSED: "too_late_refused",
    Stage.DAMAGED: "too_late_damaged",
    Stage.SUSPECTED_LOST: "too_late_suspected_lost",
    Stage.DELIVERED: "too_late_delivered",
    Stage.RETURNING: "open",
    Stage.RETURNED: "too_late_returned",
}


def _at(stage: Stage) -> ParcelCase:
    case = parcel(stage=None if stage is Stage.UNKNOWN else stage)
    back = stage in (Stage.RETURNING, Stage.RETURNED)
    return case.model_copy(update={"return_scan_at": NOW}) if back else case


def test_the_table_knows_every_stage() -> None:
    assert set(WINDOW) == set(Stage)


@pytest.mark.parametrize("stage", Stage)
def test_a_parcel_may_be_stopped_from_the_first_scan_until_delivery_begins(stage: Stage) -> None:
    objection = interception_window(_at(stage), policy())
    assert (objection.code if objection else "open") == WINDOW[stage]


@pytest.mark.parametrize("stage", [stage for stage in Stage if WINDOW[stage] != "open"])
def test_only_too_early_can_pass_and_every_refusal_says_why(stage: Stage) -> None:
    objection = interception_window(_at(stage), policy())
    assert objection
    assert objection.may_pass == (stage is Stage.LABEL_CREATED)
    assert objection.facts["stage"] == stage
    assert objection.rule == "interception_window"
    assert objection.threshold


INSIDE = {
    "all that is inside is refunded": ((content("O1", "L1"),), (wish("R1", "O1", "L1"),), 0),
    "one of two lines is refunded": ((content("O1", "L1", "L2"),), (wish("R1", "O1", "L1"),), 1),
    "two refunds cover two lines": (
        (content("O1", "L1", "L2"),),
        (wish("R1", "O1", "L1"), wish("R2", "O1", "L2")),
        0,
    ),
    "another order's goods are inside": ((content("O1"), content("O2", "M1")), (wish("R1"),), 1),
    "both merged orders are refunded": (
        (content("O1"), content("O2", "M1")),
        (wish("R1"), wish("R2", "O2", "M1")),
        0,
    ),
    "the other order's line has the same number": ((content("O1"), content("O2", "L1")), (wish("R1"),), 1),
    "another order's goods, nobody has said which": (
        (content("O1"), content("O2").model_copy(update={"line_ids": ()})),
        (wish("R1"),),
        1,
    ),
    "more is refunded than is inside": ((content("O1", "L1"),), (wish("R1", "O1", "L1", "L2"),), 0),
    "nothing is known to be inside": ((), (wish("R1"),), 0),
    "nobody wants it stopped": ((content("O1", "L1", "L2"),), (), 2),
}


@pytest.mark.parametrize("mixture", INSIDE)
def test_a_parcel_is_stopped_only_if_all_that_is_inside_is_refunded(mixture: str) -> None:
    contents, wishes, left = INSIDE[mixture]
    objection = other_goods(parcel(contents=contents, wishes=wishes), policy())
    assert (objection.facts["lines_to_arrive"] if objection else 0) == left
    assert objection is None or (objection.may_pass and objection.code == "other_goods_inside")


@pytest.mark.parametrize(
    ("worth_fen", "least_fen", "is_worth_it"),
    [(0, 0, True), (499, 500, False), (500, 500, True), (501, 500, True), (0, 1, False)],
)
def test_a_parcel_is_worth_the_fee_from_the_policy_s_minimum_on(
    worth_fen: int, least_fen: int, *, is_worth_it: bool
) -> None:
    case = parcel(wishes=(wish(amount_fen=worth_fen),))
    objection = worth_intercepting(case, policy(intercept_amount_min_fen=least_fen))
    assert (objection is None) == is_worth_it
    assert objection is None or objection.threshold == f"intercept_amount_min_fen={least_fen}"


def test_what_several_refunds_ask_for_counts_together() -> None:
    case = parcel(wishes=(wish("R1", amount_fen=250), wish("R2", amount_fen=250)))
    assert worth_intercepting(case, policy(intercept_amount_min_fen=500)) is None


def test_where_the_parcel_is_decides_before_what_is_inside_and_that_before_its_worth() -> None:
    assert (interception_window, other_goods, worth_intercepting) == RULES
    hopeless = parcel(
        stage=Stage.OUT_FOR_DELIVERY,
        contents=(content("O1"), content("O2", "M1")),
        wishes=(wish(amount_fen=1),),
    )
    rich = policy(intercept_amount_min_fen=10_000)
    assert [objection.rule for rule in RULES if (objection := rule(hopeless, rich))] == [
        "interception_window",
        "other_goods",
        "worth_intercepting",
    ]


def test_a_signature_before_the_first_return_scan_is_the_buyer_s_and_after_it_the_sender_s() -> None:
    signed = parcel(last_scan=Scan(stage=Stage.DELIVERED, at=NOW, code="SIGNED"))
    assert signed.stage is Stage.DELIVERED
    assert signed.model_copy(update={"return_scan_at": NOW - MINUTE}).stage is Stage.RETURNED
