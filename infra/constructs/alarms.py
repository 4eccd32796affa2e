"""Makes the alarms of the catalog, and lets each cause speak once: by its one alarm, or by one over all of them."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.options import Options
from infra.signals import Alarm, Cause, Signal

COMPOSITE = "any"  # construct ids of alarms over alarms begin so


class Alarms(Construct):
    """All alarms by name. The emulator knows neither metric math nor alarms over alarms: there, each speaks itself."""

    def __init__(
        self, scope: Construct, construct_id: str, causes: Sequence[Cause], options: Options, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self._options = options
        self._action = actions.SnsAction(topic)
        self.made = {
            alarm.name: self._make(alarm, cause)
            for cause in causes
            for alarm in cause.alarms
            if not (alarm.minus and options.local)
        }
        self.speaking = [speaker for cause in causes for speaker in self._speakers(cause)]
        for speaker in self.speaking:
            speaker.add_alarm_action(self._action)
            speaker.add_ok_action(self._action)

    def _speakers(self, cause: Cause) -> Sequence[cloudwatch.AlarmBase]:
        """Give the alarms by which a cause is told."""
        if cause.is_composite and not self._options.local:
            return [self._combine(cause)]
        return [self.made[alarm.name] for alarm in cause.alarms if alarm.name in self.made]

    def _make(self, alarm: Alarm, cause: Cause) -> cloudwatch.Alarm:
        missing = cloudwatch.TreatMissingData
        return cloudwatch.Alarm(
            self,
            alarm.name,
            alarm_name=f"{self._options.stack_name}-{alarm.name}",
            alarm_description=self._describe(cause, alarm.zh, alarm.en),
            metric=_difference(alarm) if alarm.minus else _metric(alarm.signal, alarm),
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.periods,
            comparison_operator=cloudwatch.ComparisonOperator[_OPERATORS[alarm.breach]],
            treat_missing_data=missing.BREACHING if alarm.silence_breaks else missing.NOT_BREACHING,
        )

    def _combine(self, cause: Cause) -> cloudwatch.CompositeAlarm:
        """Make the alarm of a cause: any of its own, but none while that rings of which it is only what comes."""
        together: dict[tuple[str, ...], list[str]] = {}
        for alarm in cause.alarms:
            together.setdefault(alarm.unless, []).append(alarm.name)
        rules = (self._rings(names, unless) for unless, names in together.items())
        return cloudwatch.CompositeAlarm(
            self,
            f"{COMPOSITE}-{cause.name}",
            composite_alarm_name=f"{self._options.stack_name}-{cause.name}",
            alarm_description=self._describe(cause, cause.zh, cause.en),
            alarm_rule=cloudwatch.AlarmRule.any_of(*rules),
        )

    def _rings(self, names: Sequence[str], unless: Sequence[str] = ()) -> cloudwatch.IAlarmRule:
        ringing = (cloudwatch.AlarmRule.from_alarm(self.made[name], cloudwatch.AlarmState.ALARM) for name in names)
        rule = cloudwatch.AlarmRule.any_of(*ringing)
        return cloudwatch.AlarmRule.all_of(rule, cloudwatch.AlarmRule.not_(self._rings(unless))) if unless else rule

    def _describe(self, cause: Cause, zh: str, en: str) -> str:
        """Write what operators read; `shared/rules/paging.py` takes it apart again."""
        return " | ".join((cause.severity.label, zh, en, f"{self._options.runbooks}/{cause.runbook}.md"))


_OPERATORS = {
    "GreaterThanOrEqualToThreshold": "GREATER_THAN_OR_EQUAL_TO_THRESHOLD",
    "LessThanOrEqualToThreshold": "LESS_THAN_OR_EQUAL_TO_THRESHOLD",
    "LessThanThreshold": "LESS_THAN_THRESHOLD",
}


def _metric(signal: Signal, alarm: Alarm) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=signal.namespace,
        metric_name=signal.name,
        dimensions_map=dict(signal.dimensions) or None,
        statistic=signal.statistic,
        period=_duration(alarm),
    )


def _difference(alarm: Alarm) -> cloudwatch.MathExpression:
    """Compare sums: what came in less what is done. A queue that rests reports nothing, which is zero."""
    more, less = (alarm.signal, *alarm.plus), alarm.minus
    names = [*(f"more{n}" for n in range(len(more))), *(f"less{n}" for n in range(len(less)))]
    terms = [f"{'+' if name.startswith('more') else '-'}FILL({name},0)" for name in names]
    return cloudwatch.MathExpression(
        expression="".join(terms).removeprefix("+"),
        using_metrics={name: _metric(signal, alarm) for name, signal in zip(names, (*more, *less), strict=True)},
        period=_duration(alarm),
        label=alarm.name,
    )


def _duration(alarm: Alarm) -> Duration:
    return Duration.seconds(int(alarm.period.total_seconds()))
