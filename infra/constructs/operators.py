"""The people who run huhang: one topic, and every alarm that it speaks of."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.options import Options


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

    def watch(self, name: str, metric: cloudwatch.IMetric, meaning: str) -> cloudwatch.Alarm:
        """Alarm as soon as one period of the metric reaches one; `meaning` is the sentence that operators read."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=meaning,
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm

    def watch_unknown_events(self) -> None:
        """Alarm when a vendor sends something that no translator knows."""
        metric = cloudwatch.Metric(
            namespace="huhang", metric_name="UnknownEvents", statistic="Sum", period=Duration.minutes(5)
        )
        meaning = "A vendor sent a kind of event that huhang does not know: it was kept raw and nothing was decided."
        self.watch("unknown-events", metric, meaning)
