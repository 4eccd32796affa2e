"""The template by which a merchant joins: `python -m infra.merchant_template [--huhang ACCOUNT] > template.yaml`.

It is described in CDK like everything else and written as plain YAML, since merchants launch it in their own accounts
and want to read it before. In huhang's own account the secret needs no key of its own; in another one it gets a key
and a policy, by which huhang's account alone may read it.
"""

import argparse
import sys
from typing import Any

import yaml
from aws_cdk import App, Aws, CfnCondition, CfnOutput, CfnParameter, CfnResource, DefaultStackSynthesizer, Fn, Stack
from constructs import Construct

from shared.settings import OFFERED_PREFIX

STACK = "huhang"
ANSWERED_WITHIN_S = 960  # three tries of four minutes, and the pauses between them
TEXT_MAX = 4096  # CloudFormation's own limit of a parameter
_JSON_OBJECT = r"^\s*\{[\s\S]*\}\s*$"


class MerchantStack(Stack):
    """One merchant: its secret, and its membership with huhang."""

    def __init__(self, scope: Construct, huhang: str | None, stack_name: str) -> None:
        super().__init__(
            scope,
            "huhang-merchant",
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            description="商家接入护航 / A merchant joins huhang. docs/joining.md",
        )
        self._function = f"{stack_name}-onboard_merchant"
        self._make_parameters(huhang)
        self._elsewhere = CfnCondition(
            self,
            "Elsewhere",
            expression=Fn.condition_not(Fn.condition_equals(self.huhang.value_as_string, Aws.ACCOUNT_ID)),
        )
        self._make_interface()
        secret = self._make_secret()
        self._make_outputs(self._make_membership(secret))

    @property
    def _huhang_root(self) -> str:
        return Fn.sub("arn:${AWS::Partition}:iam::${Huhang}:root")

    def _make_parameters(self, huhang: str | None) -> None:
        self.huhang = CfnParameter(
            self,
            "Huhang",
            default=huhang,
            allowed_pattern="^[0-9]{12}$",
            constraint_description="12 位 AWS 账号 / an AWS account number of 12 digits",
            description="护航所在的 AWS 账号，由运营方提供 / The AWS account of huhang, from its operator.",
        )
        self.merchant = CfnParameter(
            self,
            "Merchant",
            allowed_pattern="^[a-z0-9][a-z0-9-]{0,39}$",
            constraint_description="小写字母、数字、连字符，最多 40 位 / up to 40 of a-z, 0-9 and -",
            description="商户号，自己取，之后不能改 / Your merchant id; you choose it once.",
        )
        self.accounts = CfnParameter(
            self,
            "Accounts",
            no_echo=True,
            min_length=2,
            max_length=TEXT_MAX,
            allowed_pattern=_JSON_OBJECT,
            constraint_description='应为 {"供应商": {"键": "值"}} / must be {"vendor": {"key": "value"}}',
            description="各供应商账号，JSON / Your accounts with platforms, couriers, ERP and robots, as JSON.",
        )
        self.revision = CfnParameter(
            self,
            "AccountsRevision",
            type="Number",
            default=1,
            min_value=1,
            description="每次修改 Accounts 时加一 / Raise it by one whenever you change Accounts.",
        )
        self.policy = CfnParameter(
            self,
            "Policy",
            default="{}",
            max_length=TEXT_MAX,
            allowed_pattern=_JSON_OBJECT,
            constraint_description="应为 JSON 对象 / must be a JSON object",
            description="策略，JSON；{} 表示全部用默认值 / Your policy as JSON; {} means all defaults. docs/policy.md",
        )
        self.status = CfnParameter(
            self,
            "Status",
            default="active",
            allowed_values=["active", "paused"],
            description="paused：照常接收和通知，但不执行任何对外操作 / paused: nothing outside is touched.",
        )

    def _make_interface(self) -> None:
        """Let the console show the parameters in the order in which they are filled in."""
        groups = {
            "护航 / huhang": ["Huhang"],
            "商户 / merchant": ["Merchant", "Accounts", "AccountsRevision"],
            "策略 / policy": ["Policy", "Status"],
        }
        shown = [{"Label": {"default": label}, "Parameters": names} for label, names in groups.items()]
        self.template_options.metadata = {"AWS::CloudFormation::Interface": {"ParameterGroups": shown}}

    def _make_secret(self) -> CfnResource:
        key = self._add(
            "Key",
            "AWS::KMS::Key",
            Description=Fn.sub("huhang: ${Merchant}"),
            EnableKeyRotation=True,
            PendingWindowInDays=7,
            KeyPolicy=_policy(
                _allowed(Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root"), "kms:*"),
                _allowed(self._huhang_root, "kms:Decrypt")
                | {"Condition": {"StringEquals": {"kms:ViaService": Fn.sub(_SECRETS)}}},
            ),
        )
        secret = self._add(
            "Secret",
            "AWS::SecretsManager::Secret",
            Name=Fn.sub(f"{OFFERED_PREFIX}${{Merchant}}"),
            Description="商户在各供应商的账号 / What a merchant offers to huhang.",
            SecretString=self.accounts.value_as_string,
            KmsKeyId=Fn.condition_if("Elsewhere", key.get_att("Arn"), Aws.NO_VALUE),
        )
        sharing = self._add(
            "Sharing",
            "AWS::SecretsManager::ResourcePolicy",
            SecretId=secret.get_att("Id"),
            BlockPublicPolicy=True,
            ResourcePolicy=_policy(_allowed(self._huhang_root, "secretsmanager:GetSecretValue")),
        )
        for only_elsewhere in (key, sharing):
            only_elsewhere.cfn_options.condition = self._elsewhere
        self._sharing = sharing
        return secret

    def _make_membership(self, secret: CfnResource) -> CfnResource:
        return self._add(
            "Membership",
            "Custom::Merchant",
            ServiceToken=Fn.sub(
                f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{Huhang}}:function:{self._function}"
            ),
            ServiceTimeout=ANSWERED_WITHIN_S,
            Merchant=self.merchant.value_as_string,
            SecretArn=secret.get_att("Id"),
            AccountsRevision=self.revision.value_as_string,
            Policy=self.policy.value_as_string,
            Status=self.status.value_as_string,
            SharedBy=Fn.condition_if("Elsewhere", self._sharing.ref, Aws.NO_VALUE),  # not before it can be read
        )

    def _make_outputs(self, member: CfnResource) -> None:
        texts = {
            "Webhooks": "粘贴到各供应商后台的地址 / The addresses to paste into your vendors' consoles.",
            "Board": "看板地址 / Where your board is.",
            "PolicyVersion": "生效的策略版本 / The version of the policy in force.",
            "Standing": "当前状态 / How the merchant stands.",
        }
        for name, text in texts.items():
            CfnOutput(self, name, value=member.get_att(name).to_string(), description=text)

    def _add(self, name: str, kind: str, **properties: Any) -> CfnResource:
        return CfnResource(self, name, type=kind, properties=properties)


_SECRETS = "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"


def _allowed(principal: str, action: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


# ---- writing it --------------------------------------------------------------------------------------------------


def merchant_template(huhang: str | None = None, stack_name: str = STACK) -> str:
    """Give the template as YAML, with huhang's account filled in if it is given."""
    app = App(analytics_reporting=False)
    stack = MerchantStack(app, huhang, stack_name)
    template: dict[str, Any] = app.synth().get_stack_by_name(stack.stack_name).template
    order = ["AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Conditions", "Resources", "Outputs"]
    document = {"AWSTemplateFormatVersion": "2010-09-09", **template}
    text: str = yaml.dump(
        {name: document[name] for name in order},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=120,
        default_flow_style=False,
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes CloudFormation's functions in their short form, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode | Any:
        if isinstance(mapping, dict) and len(mapping) == 1:
            [(name, value)] = mapping.items()
            if name == "Fn::GetAtt":
                return self.represent_scalar("!GetAtt", ".".join(value))
            if name == "Ref" or (name.startswith("Fn::") and isinstance(value, str)):
                return self.represent_scalar(f"!{name.removeprefix('Fn::')}", value)
            if name.startswith("Fn::"):
                return self.represent_sequence(f"!{name.removeprefix('Fn::')}", value)
        return super().represent_mapping(tag, mapping, flow_style)


def main() -> int:
    """Write the template to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.merchant_template", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--huhang", metavar="ACCOUNT", help="fill in the AWS account of your huhang for your merchants")
    parser.add_argument("--stack", default=STACK, help="the name of huhang's own stack (default: %(default)s)")
    arguments = parser.parse_args()
    sys.stdout.write(merchant_template(arguments.huhang, arguments.stack))
    return 0


if __name__ == "__main__":
    sys.exit(main())
