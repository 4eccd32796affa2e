"""Who may read merchants' credentials, and who may write them? Which merchants there are is not known at deployment."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from infra.constructs.suppression import accept_finding
from infra.options import Options
from shared.settings import ACCOUNTS_PREFIX, OFFERED_PREFIX

_READ = "secretsmanager:GetSecretValue"
_KEEP = [f"secretsmanager:{name}" for name in ("CreateSecret", "PutSecretValue", "RestoreSecret", "DeleteSecret")]


def allow_secrets(role: iam.Role, prefix: str, reason: str) -> None:
    """Allow reading the secrets of this account whose names begin so."""
    _allow(role, [_READ], [_secrets(Aws.ACCOUNT_ID, prefix)], reason=reason)


def allow_reading(role: iam.Role) -> None:
    """Allow reading what was taken of merchants."""
    allow_secrets(role, ACCOUNTS_PREFIX, "Merchants join without a deployment.")


def allow_onboarding(role: iam.Role, options: Options) -> None:
    """Allow reading what merchants offer, here and in their own accounts, and keeping what was taken of them."""
    accounts = options.merchant_accounts
    _allow(role, [_READ, *_KEEP], [_secrets(Aws.ACCOUNT_ID, ACCOUNTS_PREFIX)])
    _allow(role, [_READ], [_secrets(account, OFFERED_PREFIX) for account in (Aws.ACCOUNT_ID, *accounts)])
    if accounts:
        keys = [f"arn:{Aws.PARTITION}:kms:{Aws.REGION}:{account}:key/*" for account in accounts]
        service = f"secretsmanager.{Aws.REGION}.{Aws.URL_SUFFIX}"
        _allow(role, ["kms:Decrypt"], keys, {"StringEquals": {"kms:ViaService": service}})


def _allow(
    role: iam.Role,
    actions: list[str],
    resources: list[str],
    conditions: dict[str, dict[str, str]] | None = None,
    reason: str = "Merchants join without a deployment.",
) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
    for resource in resources:
        for name, token in (("Partition", Aws.PARTITION), ("Region", Aws.REGION), ("AccountId", Aws.ACCOUNT_ID)):
            resource = resource.replace(token, f"<AWS::{name}>")  # noqa: PLW2901 - as cdk-nag writes it
        accept_finding(role, f"AwsSolutions-IAM5[Resource::{resource}]", reason)


def _secrets(account: str, prefix: str) -> str:
    return f"arn:{Aws.PARTITION}:secretsmanager:{Aws.REGION}:{account}:secret:{prefix}*"
