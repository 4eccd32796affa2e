"""Upgrades that take over step by step: CodeDeploy moves each function's alias, and back when one of its alarms rings.

A batch or request is wholly handled by one version. Both versions are at work for some minutes, so each must read what
the other writes.
"""

from collections.abc import Iterable
from typing import cast

from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.constructs.alarms import Alarms
from infra.constructs.event_function import EventFunction
from infra.constructs.suppression import accept_finding
from infra.watched import DOOR_FAILS, bugs_of, errors_of

STEPS = {
    "canary": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
    "linear": codedeploy.LambdaDeploymentConfig.LINEAR_10_PERCENT_EVERY_1_MINUTE,
}


class GradualUpgrade(Construct):
    """One application with a deployment group per function."""

    def __init__(
        self, scope: Construct, construct_id: str, functions: Iterable[EventFunction], upgrade: str, alarms: Alarms
    ) -> None:
        super().__init__(scope, construct_id)
        application = codedeploy.LambdaApplication(self, "Application")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        role.add_managed_policy(
            iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSCodeDeployRoleForLambdaLimited")
        )
        reason = "AWS's own policy for exactly this; CodeDeploy takes no other for itself."
        accept_finding(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AWSCodeDeployRoleForLambdaLimited]",
            reason,
        )
        for function in functions:
            codedeploy.LambdaDeploymentGroup(
                self,
                function.spec.name,
                application=application,
                role=role,
                alias=cast(lambda_.Alias, function.entry),
                deployment_config=STEPS[upgrade],
                alarms=[alarms.made[name] for name in _judges(function.spec) if name in alarms.made],
            )


def _judges(spec: FunctionSpec) -> tuple[str, ...]:
    """Name the alarms by which a new version fails: not all functions report bugs in single messages."""
    return (errors_of(spec), bugs_of(spec), *((DOOR_FAILS,) if spec.door else ()))
