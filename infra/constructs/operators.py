"""The people who run huhang: one topic for alarms, an e-mail address that hears them, and a queue for their robot."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.event_function import EventFunction
from infra.constructs.lane_queue import KEPT_FOR, DeadLetters
from infra.options import Options
from infra.watched import PAGES

GATHERED_FOR_S = 20  # what breaks together is told together
RECEIVES_MAX = 8  # more than two minutes apart: longer than a robot is muted for


class Operators(Construct):
    """A topic for alarms. Without a key: CloudWatch may not use SNS's own, and an alarm's text is no secret."""

    def __init__(self, scope: Construct, construct_id: str, options: Options) -> None:
        super().__init__(scope, construct_id)
        self._stack_name = options.stack_name
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        if options.operators_email:
            only_alarms = {"NewStateValue": sns.FilterOrPolicy.filter(_is("ALARM"))}
            self.topic.add_subscription(
                subscriptions.EmailSubscription(options.operators_email, filter_policy_with_message_body=only_alarms)
            )

    def wake(self, woken: EventFunction) -> None:
        """Hand alarms to the function that tells them, those of a moment together; nothing else is on the way."""
        dead = DeadLetters(self, PAGES, stack_name=self._stack_name)
        queue = sqs.Queue(
            self,
            "Pages",
            queue_name=f"{self._stack_name}-{PAGES}",
            visibility_timeout=Duration.seconds(int(woken.spec.timeout.total_seconds()) * 6 + GATHERED_FOR_S),
            retention_period=KEPT_FOR,
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead.queue, max_receive_count=RECEIVES_MAX),
        )
        self.topic.add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True))
        woken.entry.add_event_source(
            sources.SqsEventSource(
                queue,
                batch_size=100,
                max_batching_window=Duration.seconds(GATHERED_FOR_S),
                max_concurrency=2,  # the fewest that Lambda knows
                report_batch_item_failures=True,
            )
        )


def _is(word: str) -> sns.SubscriptionFilter:
    return sns.SubscriptionFilter.string_filter(allowlist=[word])
