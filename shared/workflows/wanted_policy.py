"""Which policy does a merchant's stack want in force, and may it be?

What people have put since outlasts other changes of the stack, and the rollback of a change that was refused.
"""

from collections.abc import Mapping

from shared.domain.credentials import Vendors
from shared.domain.joining import Application
from shared.domain.merchant import Membership
from shared.domain.policy import Policy, Robot
from shared.ports import PolicyStore
from shared.rules.policy_document import PolicyRefused, load_policy
from shared.rules.policy_names import Known, name_problems

Names = Mapping[str, tuple[str, ...]]


def wanted_policy(
    application: Application,
    before: Membership | None,
    in_force: Policy | None,
    accounts: Vendors,
    names: Names,
    policies: PolicyStore,
) -> tuple[Policy | None, tuple[str, ...]]:
    """Give the next policy, or None where the one in force stays; and what is wrong with either, in sentences."""
    known = Known(names, accounts)
    if in_force and before and before.stack_policy == application.policy_digest:
        return None, PolicyRefused(name_problems(in_force, known)).sentences
    version = policies.version(application.merchant) + 1
    try:
        policy = load_policy(application.written_policy, application.merchant, version, known)
    except PolicyRefused as error:
        return None, tuple(f"Policy：{sentence}" for sentence in error.sentences)
    return _with_a_robot(policy, accounts, names), ()


def is_same(wanted: Policy, in_force: Policy | None) -> bool:
    """Whether two policies say the same, whatever their versions."""
    return in_force is not None and wanted.model_dump(exclude={"version"}) == in_force.model_dump(exclude={"version"})


def _with_a_robot(policy: Policy, accounts: Vendors, names: Names) -> Policy:
    """Let the desk's group hear of everything where the policy names no robot and the merchant has one."""
    robots = [name for name in names["robots"] if name in accounts]
    if policy.robots or not robots:
        return policy
    return policy.model_copy(update={"robots": {policy.desk: Robot(channel=robots[0], account=robots[0])}})
