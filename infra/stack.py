"""The whole of huhang in one stack: a table, its history, a queue per lane, a function per trigger, all the alarms."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.alarms import causes
from infra.bundle.build import Bundles
from infra.catalog import FUNCTIONS, LOST_TICKS, UNANSWERED, Changes, Door, FunctionSpec, Trigger
from infra.constructs.alarms import Alarms
from infra.constructs.dashboard import Dashboard
from infra.constructs.event_function import EventFunction, Surroundings
from infra.constructs.gradual_upgrade import GradualUpgrade
from infra.constructs.history_bucket import HistoryBucket
from infra.constructs.lane_queue import DeadLetters, LaneQueue
from infra.constructs.operators import Operators
from infra.constructs.saved_queries import SavedQueries
from infra.constructs.triggers import wake_by_changes, wake_by_queues, wake_by_schedule, wake_by_stacks
from infra.constructs.vendor_egress import VendorEgress
from infra.constructs.webhook_api import WebhookApi
from infra.options import Options
from infra.traffic import Traffic
from infra.watched import Watched
from shared.domain.lanes import INBOXES, Lane

INBOX_RECEIVES_MAX = 5
CALL_RECEIVES_MAX = 8  # vendors are away for longer than our own table


class HuhangStack(Stack):
    """Composes the constructs; what a function is stands in `catalog.py`."""

    def __init__(self, scope: Construct, options: Options, bundles: Bundles) -> None:
        super().__init__(
            scope,
            options.stack_name,
            env=Environment(account=options.account, region=options.region),
            description="huhang escorts an online shop's orders through everything that goes wrong after payment.",
        )
        self.options = options
        self.operators = Operators(self, "Operators", options)
        self.table = self._make_table()
        self.history = HistoryBucket(self, "History", options)
        self.lanes = {lane: self._make_lane(lane) for lane in Lane}
        egress = VendorEgress(self, "VendorEgress", stack_name=options.stack_name) if self._wants_nat else None
        self.front_door = WebhookApi(self, "Webhooks", options)
        around = Surroundings(
            options=options,
            bundles=bundles,
            table=self.table,
            queue_urls={lane: made.queue.queue_url for lane, made in self.lanes.items()},
            queue_arns={lane: [queue.queue_arn for queue in made.queues] for lane, made in self.lanes.items()},
            history=self.history,
            egress=egress,
            base_url=self.front_door.base_url,
        )
        self.lost_ticks = self._make_dead_letters(LOST_TICKS)
        self.functions = {spec.name: EventFunction(self, spec, around) for spec in FUNCTIONS}
        for function in self.functions.values():
            self._wake(function)
        watched = Watched(
            options.stack_name,
            table=self.table.table_name,
            api=self.front_door.api.api_id,
            traffic=Traffic(options.orders_per_day),
            talking_sources=options.talking_sources,
            region=options.region or "",
        )
        self.alarms = Alarms(self, "Alarms", causes(watched), options, self.operators.topic)
        Dashboard(self, "Dashboard", watched, self.alarms.speaking)
        if self.options.upgrade != "at_once":
            GradualUpgrade(self, "Upgrade", self.functions.values(), self.options.upgrade, self.alarms)
        if not options.local:
            SavedQueries(self, "Queries", options.stack_name)
        self._make_outputs(egress)

    @property
    def _wants_nat(self) -> bool:
        return self.options.vendor_egress == "nat"

    def _make_table(self) -> dynamodb.ITable:
        """Make the one table, or take a restored one. (Not TableV2: MiniStack empties that one on a change.)"""
        if self.options.table_arn:
            return dynamodb.Table.from_table_attributes(
                self, "Restored", table_arn=self.options.table_arn, table_stream_arn=self.options.table_stream_arn
            )
        return dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.DESTROY if self.options.local else RemovalPolicy.RETAIN,
            deletion_protection=not self.options.local,
        )

    def _make_lane(self, lane: Lane) -> LaneQueue:
        """Make a lane's queue, patient enough for its consumer, and the place for what fails in it."""
        consumer = next(spec for spec in FUNCTIONS if spec.consumes is lane)
        receives_max = INBOX_RECEIVES_MAX if lane in INBOXES else CALL_RECEIVES_MAX
        dead = self._make_dead_letters(lane)
        return LaneQueue(
            self,
            lane,
            stack_name=self.options.stack_name,
            visibility=Duration.seconds(int(consumer.timeout.total_seconds()) * 6),  # AWS's advice for Lambda
            receives_max=receives_max,
            dead=dead,
        )

    def _make_dead_letters(self, kind: str) -> DeadLetters:
        return DeadLetters(self, kind, stack_name=self.options.stack_name)

    def _wake(self, function: EventFunction) -> None:
        """Connect a function with its trigger."""
        match function.spec:
            case FunctionSpec(trigger=Trigger.HTTP, door=Door() as door):
                self.front_door.lead_to(function, door)
            case FunctionSpec(trigger=Trigger.SCHEDULE):
                wake_by_schedule(function, self.lost_ticks)
            case FunctionSpec(trigger=Trigger.QUEUE, consumes=Lane() as lane):
                wake_by_queues(function, self.lanes[lane].queues)
            case FunctionSpec(trigger=Trigger.ALARMS):
                self.operators.wake(function)
            case FunctionSpec(trigger=Trigger.STACKS):
                wake_by_stacks(function, self._make_dead_letters(UNANSWERED), self.options)
            case FunctionSpec(trigger=Trigger.STREAM, changes=Changes() as changes):
                dead = self._make_dead_letters(changes.dead_letters)
                wake_by_changes(function, changes, self.table, dead)

    def _make_outputs(self, egress: VendorEgress | None) -> None:
        """Tell people and programs what was made. (`api_endpoint`: MiniStack's stage URL is not its own.)"""
        outputs: Mapping[str, str] = {
            "WebhookBaseUrl": self.front_door.base_url,
            **self.front_door.domain_outputs,
            "TableName": self.table.table_name,
            "HistoryBucketName": self.history.bucket.bucket_name,
            "OperatorsTopicArn": self.operators.topic.topic_arn,
            **{
                f"{lane.name.title().replace('_', '')}QueueUrl": made.queue.queue_url
                for lane, made in self.lanes.items()
            },
            **({"VendorEgressAddresses": ",".join(egress.addresses)} if egress else {}),
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
