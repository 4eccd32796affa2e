"""A policy on trial has used up its budget: take it back, once, and tell the desk at once what it has done.

What was in force before becomes the next version. Saying it many times, or after somebody else has put another policy,
changes nothing.
"""

from collections.abc import Sequence
from typing import Protocol

from shared.domain.commands import EndTrial
from shared.domain.decision import Spent
from shared.domain.events import NoticeRaised
from shared.domain.messages import Message
from shared.domain.notices import Notice
from shared.domain.policy import Policy
from shared.domain.why import Origin
from shared.errors import LostRace
from shared.ports import Clock, Policies
from shared.rules.wording import yuan

BY = "trial"


class PoliciesOnTrial(Policies, Protocol):
    """The policies, and what those on trial have spent."""

    def history(self, merchant: str) -> Sequence[Policy]:
        """Give every policy there was, oldest first."""
        ...

    def trial_spent(self, merchant: str, version: int) -> Spent:
        """Give what a version on trial has spent."""
        ...

    def put_policy(self, policy: Policy, origin: Origin | None = None, said: Sequence[Message] = ()) -> None:
        """Put the next version in force, and say what is said of it."""
        ...


def end_trial(command: EndTrial, policies: PoliciesOnTrial, clock: Clock) -> Policy | None:
    """Put the version before in force again; give it, or None where there is nothing to take back any more.

    Raises:
        Retryable: not now; repeating is harmless.
    """
    now, current = clock.now(), policies.policy(command.merchant)
    if current is None or current.version != command.version or current.trial_at(now) is None:
        return None
    proven = [
        policy
        for policy in policies.history(command.merchant)
        if policy.version < current.version and policy.trial_at(now) is None
    ]
    if not proven:
        return None  # no earlier one: the trial's budget goes on refusing, and every refund goes to a person
    restored = proven[-1].model_copy(update={"version": current.version + 1, "trial": None})
    spent = policies.trial_spent(command.merchant, current.version)
    why = f"version {current.version} on trial: {spent.refunds} refunds, {spent.amount_fen} fen; as version"
    origin = Origin(by=BY, at=now, why=f"{why} {proven[-1].version} again")
    try:
        policies.put_policy(restored, origin, [_notice(command, current, proven[-1], spent)])
    except LostRace:
        return None
    return restored


def _notice(command: EndTrial, ended: Policy, restored: Policy, spent: Spent) -> NoticeRaised:
    trial = ended.trial
    limits = f"{yuan(trial.amount_max_fen)}、{trial.count_max} 笔" if trial else ""
    lines = (
        f"试行的第 {ended.version} 版已自动退款 {spent.refunds} 笔，共 {yuan(spent.amount_fen)}；试行额度 {limits}。",
        f"已恢复第 {restored.version} 版的内容，作为第 {ended.version + 1} 版。请核对这些退款，再决定是否调整。",
        f"Version {ended.version} on trial paid {spent.refunds} refunds; version {restored.version} is in force again.",
    )
    return NoticeRaised(
        merchant=command.merchant,
        group=ended.desk,
        about=command.reply_to,
        notice=Notice(title="试行策略已自动停用", lines=lines, urgent=True),
        why=command.why,
    )
