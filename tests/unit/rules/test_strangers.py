"""An event that reaches the wrong case is a bug, and says so rather than deciding anything."""

from typing import Any

import pytest

from shared.domain.events import MessagePosted
from shared.domain.parcel import Progress, Stage
from shared.domain.refund import RefundPhase
from shared.rules.decide_digest import decide_digest
from shared.rules.decide_parcel import decide_parcel
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    MERCHANT,
    Run,
    order_reported,
    parcel,
    progressed,
    refund,
    reported,
    scanned,
)

SAID = MessagePosted(merchant=MERCHANT, group="desk", answers="x#1")


@pytest.mark.parametrize("event", [reported(), order_reported(), progressed(Progress.FAILED), SAID])
def test_a_parcel_takes_no_other_case_s_news(event: Any) -> None:
    with pytest.raises(TypeError, match=event.type):
        Run(decide_parcel, parcel()).take(event)


@pytest.mark.parametrize("event", [order_reported(), scanned(Stage.PICKED_UP), SAID])
def test_a_refund_takes_no_other_case_s_news(event: Any) -> None:
    with pytest.raises(TypeError, match=event.type):
        Run(decide_refund, refund(RefundPhase.BY_HAND)).take(event)


def test_a_digest_takes_no_other_case_s_news() -> None:
    with pytest.raises((TypeError, ValueError)):
        Run(decide_digest, robots={"sim:R1": {"channel": "dingtalk", "account": "a"}}).take(reported())
