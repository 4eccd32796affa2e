"""What is allowed in a policy and yet seldom meant: told beside `policy validate`, never refused."""

from collections.abc import Iterator

from shared.domain.policy import Policy

PARAMETER_MAX = 4096
"""Characters that CloudFormation takes as a template's parameter."""


def remarks(policy: Policy, text: str = "") -> Iterator[str]:
    """Give remarks on a policy; `text` is the document it was read from."""
    watching = policy.watching
    if len(text) > PARAMETER_MAX:
        yield (
            f"{len(text):,} 个字符，模板参数只收 {PARAMETER_MAX:,} 个；去掉空格，或由运营者用 policy put 提交 "
            "characters: too long for the template's parameter; leave out the spaces, or let the operator put it"
        )
    if not policy.robots:
        yield "robots: 没有机器人，工单只在看板上 no robot: tickets only stand on the board"
    if not policy.budget_amount_max_fen or not policy.budget_count_max:
        yield "budget: 额度为 0，不会自动退款 the budget is 0: nothing is refunded automatically"
    if policy.intercept_amount_min_fen > policy.budget_amount_max_fen:
        yield "intercept_amount_min_fen: 高于每日额度 is above the day's budget: what is stopped is never refunded"
    named = {step.group: "escalations" for step in watching.escalations} if _set(policy, "escalations") else {}
    named |= dict.fromkeys(watching.owners.values(), "owners")
    for group, field in named.items():
        if policy.robots and group not in policy.robots:
            yield (
                f"watching.{field}: {group} 没有机器人，由 {policy.desk} 代收 "
                f"has no robot: {policy.desk} hears what is meant for it"
            )


def _set(policy: Policy, field: str) -> bool:
    return field in policy.watching.model_fields_set
