"""What people read of the facts and the rule behind a decision."""

from typing import get_args

import pytest

from shared.domain.events import OrderStopped
from shared.domain.parcel import Progress, Stage
from shared.domain.refund import RefundKind, RefundPhase, RefundStatus
from shared.domain.why import STAGES, Why, in_words


def test_facts_are_read_in_words_and_the_rule_is_found_by_its_name() -> None:
    facts: dict[str, str | int | None] = {
        "stage": "in_transit",
        "amount_fen": 2_050,
        "zone_assumed": None,
        "region": "",
    }
    why = Why(rule="stalled_48h", policy_version=7, facts=facts, threshold="11-11 20:00")
    assert why.sentence == "依据：状态 运输中，退款金额 20.50 元，以 11-11 20:00 为限；规则 stalled_48h，策略第 7 版"


def test_a_rule_may_stand_alone() -> None:
    assert Why(rule="digest", policy_version=1).sentence == "依据：规则 digest，策略第 1 版"


def test_what_has_no_words_is_shown_as_it_is() -> None:
    why = Why(rule="r", policy_version=1, facts={"moon": "full", "reason": "E23137 快件已到达派件网点"})
    assert why.sentence == "依据：moon full，原因 E23137 快件已到达派件网点；规则 r，策略第 1 版"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("stage", Stage),
        ("progress", [one for one in Progress if one.is_hopeless]),
        ("status", RefundStatus),
        ("kind", RefundKind),
        ("phase", RefundPhase),
        ("erp", get_args(OrderStopped.model_fields["result"].annotation)),
        ("reason", [f"too_late_{stage}" for stage in Stage]),
    ],
)
def test_every_value_of_a_kind_has_a_word(name: str, values: list[str]) -> None:
    assert values
    assert all(in_words(name, value).isascii() is False for value in values)


def test_every_stage_has_a_text_of_its_own() -> None:
    assert set(STAGES) == set(Stage)
    assert len(set(STAGES.values())) == len(STAGES)
