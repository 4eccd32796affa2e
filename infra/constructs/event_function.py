"""The one construct behind every function: code, role, log group and what may be touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import ArnFormat, Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundle.build import THIN_FUNCTION, Bundles
from infra.bundle.targets import LAMBDA_PYTHON
from infra.catalog import CLOCK, FunctionSpec, Trigger
from infra.constructs.history_bucket import HistoryBucket
from infra.constructs.merchant_secrets import allow_onboarding, allow_reading, allow_secrets
from infra.constructs.suppression import accept_finding
from infra.constructs.vendor_egress import VendorEgress
from infra.options import Options
from shared.domain.lanes import Lane
from shared.settings import OPERATORS, Settings, queues_of

ALIAS = "live"
LOGS_KEPT = logs.RetentionDays.ONE_MONTH
STACKS_AT_ONCE = 2  # of other accounts, which may call as often as they like; who is throttled is called again


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What functions are connected to."""

    options: Options
    bundles: Bundles
    table: dynamodb.ITable
    queue_urls: Mapping[Lane, str]
    queue_arns: Mapping[Lane, Sequence[str]]
    history: HistoryBucket
    egress: VendorEgress | None
    base_url: str


class EventFunction(Construct):
    """One function as the catalog describes it, without its trigger."""

    def __init__(self, scope: Construct, spec: FunctionSpec, around: Surroundings) -> None:
        super().__init__(scope, spec.name)
        self.spec = spec
        self.name = _name(spec.name, around.options)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/huhang/{around.options.stack_name}/{spec.name}",
            retention=LOGS_KEPT,
            removal_policy=RemovalPolicy.DESTROY if around.options.local else RemovalPolicy.RETAIN,
        )
        self.role = self._make_role(log_group, around)
        self.function = self._make_function(log_group, around)
        self.entry = self._make_entry(around.options)

    def _make_entry(self, options: Options) -> lambda_.IFunction:
        """Give what triggers call: the newest code, or the alias that a gradual upgrade moves between versions."""
        if options.upgrade == "at_once":
            return self.function
        return lambda_.Alias(self, "Live", alias_name=ALIAS, version=self.function.current_version)

    def _make_function(self, log_group: logs.ILogGroup, around: Surroundings) -> lambda_.Function:
        """Make the function itself, inside the network only if it calls vendors and they want a fixed address."""
        spec, options = self.spec, around.options
        is_thin = spec.name == THIN_FUNCTION
        behind_nat = around.egress if spec.calls_vendors else None
        asset = str(around.bundles.webhook if is_thin else around.bundles.worker)
        arm = options.architecture == "arm64"
        function = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=f"huhang: {spec.name}",
            runtime=lambda_.Runtime(f"python{LAMBDA_PYTHON}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64,
            handler=f"functions.{spec.name}.handler.handler",
            code=lambda_.Code.from_asset(asset),
            role=self.role,
            log_group=log_group,
            environment=self._settings(around).to_environment(),
            timeout=Duration.seconds(int(spec.timeout.total_seconds())),
            memory_size=spec.memory_mib,
            tracing=lambda_.Tracing.ACTIVE if options.tracing else None,
            reserved_concurrent_executions=self._reserved(options),
            vpc=behind_nat.vpc if behind_nat else None,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS) if behind_nat else None,
        )
        if options.tracing:
            accept_finding(self.role, "AwsSolutions-IAM5[Resource::*]", "X-Ray takes no narrower resource.")
        accept_finding(function, "AwsSolutions-L1", "The wheels are locked for this Python, and every region has it.")
        return function

    def _reserved(self, options: Options) -> int | None:
        """Give the function's own part of the account's concurrency: a door's share, or all that strangers may take."""
        if self.spec.door and options.webhook_concurrency:
            return max(1, round(options.webhook_concurrency * self.spec.door.share))
        return STACKS_AT_ONCE if self.spec.onboards and options.merchant_accounts else None

    def _settings(self, around: Surroundings) -> Settings:
        """Give the settings of this function: what it uses and nothing else."""
        spec = self.spec
        return Settings(
            table_name=around.table.table_name if spec.table_actions else "",
            queue_urls=queues_of(spec.lanes, around.queue_urls),
            history_bucket=around.history.bucket.bucket_name if spec.keeps_history else "",
            clock=_entry_name(CLOCK, around.options) if spec.rings_clock else "",
            talking_sources=around.options.talking_sources if spec.awaits_pushes else (),
            base_url=around.base_url if spec.onboards else "",
            classifier_model=around.options.classifier_model if spec.asks_model else "",
        )

    def _make_role(self, log_group: logs.ILogGroup, around: Surroundings) -> iam.Role:
        """Make the function's own role: its log group, table actions and queues, the merchants' secrets, history."""
        spec = self.spec
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        if spec.table_actions:
            around.table.grant(role, *(f"dynamodb:{action}" for action in spec.table_actions))
        if spec.lanes:
            targets = [arn for lane in spec.lanes for arn in around.queue_arns[lane]]
            role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=targets))
        if spec.rings_clock:
            clock = Stack.of(self).format_arn(
                service="lambda",
                resource="function",
                resource_name=_entry_name(CLOCK, around.options),
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[clock]))
        if spec.reads_secrets:
            allow_reading(role)
        if spec.trigger is Trigger.ALARMS:
            allow_secrets(role, f"{OPERATORS}-", "Secrets Manager adds six letters to a name.")
        if spec.onboards:
            allow_onboarding(role, around.options)
        if spec.keeps_history:
            around.history.allow_writing(role)
        if spec.asks_model and around.options.classifier_model:
            model = f"arn:{Aws.PARTITION}:bedrock:{Aws.REGION}::foundation-model/{around.options.classifier_model}"
            role.add_to_policy(iam.PolicyStatement(actions=["bedrock:InvokeModel"], resources=[model]))
        if spec.calls_vendors and around.egress:
            around.egress.allow_attachment(role)
        return role


def _name(function: str, options: Options) -> str:
    return f"{options.stack_name}-{function}"


def _entry_name(function: str, options: Options) -> str:
    """Name what triggers call, for a function that wakes another one."""
    name = _name(function, options)
    return name if options.upgrade == "at_once" else f"{name}:{ALIAS}"
