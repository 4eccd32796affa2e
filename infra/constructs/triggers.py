"""Connects a function with what wakes it."""

import json
from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

from infra.catalog import Changes
from infra.constructs.event_function import EventFunction
from infra.constructs.lane_queue import DeadLetters
from infra.constructs.suppression import accept_finding
from infra.options import Options

ANSWERED_WITHIN = Duration.minutes(16)
"""After that a merchant's stack gives up: longer than three tries and the pauses between them."""


def wake_by_queues(woken: EventFunction, queues: Iterable[sqs.IQueue]) -> None:
    """Hand messages over in batches, with a limit so that a backlog leaves room for webhooks and the other queue."""
    for queue in queues:
        queue.grant_consume_messages(woken.role)
        mapping = lambda_.EventSourceMapping(
            woken,
            f"From{queue.node.id}",
            target=woken.entry,
            event_source_arn=queue.queue_arn,
            batch_size=woken.spec.batch_max,
            max_concurrency=woken.spec.concurrency_max,
            report_batch_item_failures=True,
        )
        mapping.node.add_dependency(woken.role)


def wake_by_schedule(woken: EventFunction, lost: DeadLetters) -> None:
    """Tick. A failed tick is not repeated, since the next one does its work, but it is told of."""
    every = woken.spec.every
    if every is None:
        raise ValueError(f"{woken.spec.name} has no interval in the catalog")
    events.Rule(
        woken,
        "Tick",
        schedule=events.Schedule.rate(Duration.seconds(int(every.total_seconds()))),
        targets=[
            targets.LambdaFunction(
                woken.entry, retry_attempts=0, max_event_age=Duration.minutes(1), dead_letter_queue=lost.queue
            ),
        ],
    )
    woken.entry.configure_async_invoke(
        retry_attempts=0, max_event_age=Duration.minutes(1), on_failure=destinations.SqsDestination(lost.queue)
    )


def wake_by_stacks(woken: EventFunction, failures: DeadLetters, options: Options) -> None:
    """Let CloudFormation call the function, from this account and from those of the merchants."""
    woken.function.configure_async_invoke(
        retry_attempts=2,
        max_event_age=ANSWERED_WITHIN,
        on_failure=destinations.SqsDestination(failures.queue),
    )
    for account in options.merchant_accounts:
        woken.function.add_permission(f"Merchants{account}", principal=iam.AccountPrincipal(account))


def wake_by_changes(woken: EventFunction, changes: Changes, table: dynamodb.ITable, failures: DeadLetters) -> None:
    """Hand over the changes of the table whose new image is one of the wanted; all others cost nothing.

    A change that fails is isolated, and in the end told of to `failures`: its place in the stream, not its image.
    """
    mapping = lambda_.EventSourceMapping(
        woken,
        changes.name,
        target=woken.entry,
        event_source_arn=table.table_stream_arn,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=woken.spec.batch_max,
        max_batching_window=Duration.seconds(int(changes.gathered_for.total_seconds())),
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        retry_attempts=10,
        max_record_age=Duration.seconds(int(changes.age_max.total_seconds())),
        on_failure=sources.SqsDlq(failures.queue),
        filters=[{"pattern": json.dumps({"dynamodb": {"NewImage": image}})} for image in changes.images],
    )
    table.grant_stream_read(woken.role)
    mapping.node.add_dependency(woken.role)
    accept_finding(woken.role, "AwsSolutions-IAM5[Resource::*]", "ListStreams takes no narrower resource.")
