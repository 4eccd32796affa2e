"""The people who run huhang: one topic, and every alarm that it speaks of."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.options import Options

NAMESPACE = "huhang"  # as shared/telemetry.py writes it; a test compares the two
OWN_METRICS: dict[str, tuple[str, str, float, str]] = {
    "unknown-events": (
        "EventsUnknown",
        "Sum",
        1,
        "A vendor sent a kind of event that huhang does not know: it was kept raw and nothing was decided.",
    ),
    "messages-failed": (
        "MessagesFailed",
        "Sum",
        1,
        "A function met a bug in single messages; they are retried and then kept in the dead-letter queue.",
    ),
    "sweep-lag": (
        "SweepLag",
        "Maximum",
        300,
        "Deadlines are noticed more than five minutes late, so parcels and calls wait longer than promised.",
    ),
}


class Operators(Construct):
    """A topic for alarms. Without a key: CloudWatch may not use SNS's own, and an alarm's text is no secret."""

    def __init__(self, scope: Construct, construct_id: str, options: Options) -> None:
        super().__init__(scope, construct_id)
        self._prefix = options.stack_name
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
            self.topic.add_subscription(subscriptions.EmailSubscription(options.operators_email))

    def watch(self, name: str, metric: cloudwatch.IMetric, meaning: str, threshold: float = 1) -> cloudwatch.Alarm:
        """Alarm as soon as one period of the metric reaches the threshold; `meaning` is what operators read."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=meaning,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm

    def watch_own_metrics(self) -> None:
        """Alarm on what only the functions themselves can tell."""
        for name, (metric_name, statistic, threshold, meaning) in OWN_METRICS.items():
            metric = cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=metric_name,
                dimensions_map={"service": NAMESPACE},
                statistic=statistic,
                period=Duration.minutes(5),
            )
            self.watch(name, metric, meaning, threshold)
