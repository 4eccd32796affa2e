"""Refunds right before the money goes, and the ends that asking for it can have."""

from typing import Any

from shared.domain.commands import AgreeRefund
from shared.domain.events import CommandFailed, RefundAgreed
from shared.domain.parcel import Progress
from shared.domain.refund import RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import MERCHANT, NOW, REFUND, REFUND_KEY, Run, order, progressed, reported


def reviewing(**policy: Any) -> Run:
    """A refund whose parcel is stopped and whose request is being read again, as step 1."""
    run = Run(decide_refund, **policy)
    run.order = order("W1")
    run.take(reported(), progressed(Progress.SUCCEEDED))
    assert run.said[-1].command_id == f"{REFUND_KEY}#1"
    return run


def agreeing(**policy: Any) -> Run:
    """A refund that the platform is being asked to pay, as step 2."""
    run = reviewing(**policy)
    run.take(answer(run))
    assert isinstance(run.said[-1], AgreeRefund)
    return run


def answer(run: Run, status: RefundStatus = RefundStatus.PENDING, version: int = 1, **fields: Any) -> Any:
    """The platform's answer to the reading that is out."""
    return reported(status, version, answers=f"{REFUND_KEY}#{run.case.step}", **fields)


def failed(run: Run, *, certain: bool, step: int | None = None) -> CommandFailed:
    """The end of the command that is out."""
    answers = f"{REFUND_KEY}#{step or run.case.step}"
    about = {"merchant": MERCHANT, "reply_to": REFUND_KEY, "answers": answers}
    return CommandFailed(**about, command="agree_refund", code="20309541", certain=certain)


def agreed(run: Run, step: int | None = None) -> RefundAgreed:
    """The platform paid."""
    answers = f"{REFUND_KEY}#{step or run.case.step}"
    return RefundAgreed(merchant=MERCHANT, platform="sim", refund_id=REFUND, answers=answers, at=NOW)
