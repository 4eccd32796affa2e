"""Conversations as the board shows them: every decision with its reason, made again from what is stored with it."""

from collections.abc import Mapping

from shared.domain.chat_board import (
    DecisionView,
    LineView,
    Replayed,
    SessionView,
    TransferList,
    TransferView,
)
from shared.domain.policy import Policy
from shared.domain.routing import Routing
from shared.domain.routing_report import TransferRow, Transfers
from shared.domain.session import Routed, SessionCase
from shared.rules.chat.explain import explain
from shared.rules.routing.replay import is_by_rule, replay

Policies = Mapping[int, Policy]
"""The policies by which was decided, by version, as far as they are known."""

_UNKNOWN = Routing()


def session_view(merchant: str, case: SessionCase, policies: Policies) -> SessionView:
    """Show a conversation."""
    return SessionView(
        merchant=merchant,
        session=case.name,
        holder=case.named_holder,
        advisory=case.advised is not None,
        group=case.group,
        agent=case.agent,
        token=case.token,
        hops=case.hops,
        priority=case.priority,
        tags=case.tags,
        opened_at=case.opened_at,
        people_since=case.people_since,
        first_answered_at=case.first_answered_at,
        closed_at=case.closed_at,
        rating=case.rating,
        negative_lines=case.negative_lines,
        repeated=case.repeated,
        late_lines=case.late_lines,
        lines=tuple(LineView(intent=one.intent, tone=one.tone, negative=one.negative) for one in case.heard),
        decisions=tuple(decision_view(routed, policies) for routed in case.routed),
        latest=decision_view(case.seen, policies) if case.seen else None,
    )


def decision_view(routed: Routed, policies: Policies) -> DecisionView:
    """Show a decision, and what comes out when it is made again."""
    policy = policies.get(routed.policy_version)
    replayed, differences = _again(routed, policy)
    return DecisionView(
        rule=routed.rule,
        policy_version=routed.policy_version,
        at=routed.at,
        reason=reason_of(routed, policies),
        bot=routed.bot,
        group=routed.group,
        agent=routed.agent,
        shadows=routed.shadows,
        facts=routed.facts,
        replayed=replayed,
        differences=differences,
    )


def transfer_list(found: Transfers, limit: int, policies: Policies) -> TransferList:
    """Show the latest transfers."""
    views = tuple(_transfer_view(row, policies) for row in found.transfers[:limit])
    return TransferList(merchant=found.merchant, as_of=found.as_of, found=found.found, transfers=views)


def _transfer_view(row: TransferRow, policies: Policies) -> TransferView:
    routed = row.routed
    return TransferView(
        session=row.session,
        at=routed.at,
        rule=routed.rule,
        policy_version=routed.policy_version,
        reason=reason_of(routed, policies),
        group=routed.group,
        agent=routed.agent,
        ending=row.ending,
        answer_s=row.answer_s,
    )


def reason_of(routed: Routed, policies: Policies) -> str:
    """Say why, in the words of the policy of then; without it, with fewer of them."""
    policy = policies.get(routed.policy_version)
    try:
        return explain(routed, policy.routing if policy else _UNKNOWN)
    except ValueError:  # facts of a later version of the product
        return routed.rule


def _again(routed: Routed, policy: Policy | None) -> tuple[Replayed, tuple[str, ...]]:
    if not is_by_rule(routed):
        return Replayed.BY_HAND, ()
    if policy is None:
        return Replayed.NO_POLICY, ()
    try:
        changes = replay(routed, policy.routing)
    except ValueError as error:
        return Replayed.DIFFERENT, (str(error),)
    told = tuple(f"{change.what}: {change.was} → {change.now}" for change in changes)
    return (Replayed.DIFFERENT if told else Replayed.SAME), told
