"""Nothing that is accepted gets lost, and everything that fails is seen."""

import json
from pathlib import Path

from infra.catalog import FUNCTIONS, Trigger
from infra.dead_letters.shelf import KINDS
from infra.merchant_template import ANSWERED_WITHIN_S
from shared.adapters.table_layout import ONLY
from shared.domain.lanes import ASIDE, INBOXES, Lane
from tests.infra.deployments import (
    ACCOUNT,
    Deployment,
    Properties,
    logical_id,
    stub_bundles,
    synthesize,
    variables_of,
    words_in,
)

FOURTEEN_DAYS_S = 14 * 24 * 3600
CONSUMERS = {spec.consumes: spec for spec in FUNCTIONS if spec.consumes}


def test_every_lane_keeps_what_failed_for_two_weeks(deployed: Deployment) -> None:
    queues = deployed.all("AWS::SQS::Queue")
    by_name = {queue["QueueName"]: queue for queue in queues.values()}
    for lane, name in ((lane, f"huhang-{lane}{end}") for lane in Lane for end in ("", ASIDE)):
        redrive = by_name[name]["RedrivePolicy"]
        dead = queues[logical_id(redrive["deadLetterTargetArn"])]
        assert dead["QueueName"] == f"huhang-{lane}-dead"
        assert dead["MessageRetentionPeriod"] == FOURTEEN_DAYS_S
        assert redrive["maxReceiveCount"] == (5 if lane in INBOXES else 8)


def test_every_queue_is_encrypted_and_refuses_plain_connections(deployed: Deployment) -> None:
    guarded = {
        logical_id(policy["Queues"])
        for policy in deployed.all("AWS::SQS::QueuePolicy").values()
        if '"aws:SecureTransport": "false"' in json.dumps(policy)
    }
    assert guarded == set(deployed.all("AWS::SQS::Queue"))
    assert all(queue["SqsManagedSseEnabled"] for queue in deployed.all("AWS::SQS::Queue").values())


def test_every_dead_letter_queue_has_an_alarm_on_its_first_message(deployed: Deployment) -> None:
    queues = deployed.all("AWS::SQS::Queue")
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in deployed.alarms().values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible" and alarm["Threshold"] == 1
    }
    assert watched == {queue["QueueName"] for queue in queues.values() if queue["QueueName"].endswith("-dead")}


def queues_and_mappings(deployed: Deployment) -> list[tuple[Properties, Properties]]:
    """Give every queue that wakes a function, with how it does."""
    queues = deployed.all("AWS::SQS::Queue")
    mappings = deployed.all("AWS::Lambda::EventSourceMapping").values()
    named = [(logical_id(mapping["EventSourceArn"]), mapping) for mapping in mappings]
    return [(queues[name], mapping) for name, mapping in named if name in queues]


def test_every_queue_but_those_of_dead_letters_wakes_a_function(deployed: Deployment) -> None:
    names = {queue["QueueName"] for queue in deployed.all("AWS::SQS::Queue").values()}
    waking = [queue["QueueName"] for queue, _ in queues_and_mappings(deployed)]
    assert sorted(waking) == sorted(name for name in names if not name.endswith("-dead"))
    lanes = {f"huhang-{lane}{end}" for lane in Lane for end in ("", ASIDE)}
    assert set(waking) == {*lanes, "huhang-pages"}


def test_a_message_stays_hidden_for_six_times_as_long_as_its_consumer_may_take_beside_what_it_waits_for(
    deployed: Deployment,
) -> None:
    for queue, mapping in queues_and_mappings(deployed):
        function = deployed.called(mapping["FunctionName"]).removeprefix("huhang-")
        timeout_s = deployed.functions()[function]["Timeout"]
        waits_s = mapping.get("MaximumBatchingWindowInSeconds", 0)
        assert queue["VisibilityTimeout"] >= 6 * timeout_s + waits_s, queue["QueueName"]


def test_every_consumer_takes_batches_reports_single_failures_and_has_a_limit(deployed: Deployment) -> None:
    for queue, mapping in queues_and_mappings(deployed):
        assert mapping["BatchSize"] <= (100 if mapping.get("MaximumBatchingWindowInSeconds") else 10), queue
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], queue
        assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 20, queue


def test_every_lane_s_queues_wake_its_one_consumer_with_as_much_as_the_catalog_says(deployed: Deployment) -> None:
    by_name = {queue["QueueName"]: mapping for queue, mapping in queues_and_mappings(deployed)}
    for lane, consumer in CONSUMERS.items():
        for mapping in (by_name[f"huhang-{lane}"], by_name[f"huhang-{lane}{ASIDE}"]):
            assert deployed.called(mapping["FunctionName"]) == f"huhang-{consumer.name}"
            assert mapping["BatchSize"] == consumer.batch_max


def test_every_queue_that_wakes_a_function_has_an_alarm_on_the_age_of_its_oldest_message(deployed: Deployment) -> None:
    aged = [a for a in deployed.alarms().values() if a.get("MetricName") == "ApproximateAgeOfOldestMessage"]
    watched = {alarm["Dimensions"][0]["Value"] for alarm in aged}
    assert watched == {queue["QueueName"] for queue, _ in queues_and_mappings(deployed)}


def test_only_changes_with_an_outbox_and_those_that_ring_wake_the_publisher(deployed: Deployment) -> None:
    wanted = deployed.mapping_of("publish_outbox")["FilterCriteria"]["Filters"]
    images = [json.loads(one["Pattern"])["dynamodb"]["NewImage"] for one in wanted]
    assert images == [{name: {"S": [{"exists": True}]}} for name in ("outbox", "rings")]


def test_the_publisher_may_wake_the_clock_and_no_other_function(deployed: Deployment) -> None:
    clock = f"huhang-watch_deadlines{':live' if deployed.is_gradual else ''}"
    publisher = deployed.functions()["publish_outbox"]
    assert publisher["Environment"]["Variables"]["HUHANG_CLOCK"] == clock
    rings = [one for one in deployed.statements(publisher["Role"]) if one["Action"] == "lambda:InvokeFunction"]
    named = [words for one in rings for words in words_in(one["Resource"]) if "huhang" in words]
    assert [words.rpartition(":function:")[2] for words in named] == [clock]


def test_a_poisonous_outbox_is_isolated_and_kept(deployed: Deployment) -> None:
    mapping = deployed.mapping_of("publish_outbox")
    failures = logical_id(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    assert deployed.all("AWS::SQS::Queue")[failures]["QueueName"] == "huhang-outbox-dead"
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["BatchSize"] == 100
    assert mapping["MaximumBatchingWindowInSeconds"] == 0
    assert mapping["MaximumRecordAgeInSeconds"] == 3600
    assert mapping["MaximumRetryAttempts"] == 10


def test_new_states_of_cases_wake_the_archive_with_few_and_large_batches(deployed: Deployment) -> None:
    mapping = deployed.mapping_of("archive_history")
    [wanted] = mapping["FilterCriteria"]["Filters"]
    image = {"body": {"S": [{"exists": True}]}, "sk": {"S": [ONLY]}}
    assert json.loads(wanted["Pattern"]) == {"dynamodb": {"NewImage": image}}
    assert mapping["BatchSize"] == 500
    assert mapping["MaximumBatchingWindowInSeconds"] == 300


def test_a_state_that_cannot_be_archived_is_tried_for_half_a_day_and_kept(deployed: Deployment) -> None:
    mapping = deployed.mapping_of("archive_history")
    failures = logical_id(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    dead = deployed.all("AWS::SQS::Queue")[failures]
    assert dead["QueueName"] == "huhang-history-dead"
    assert dead["MessageRetentionPeriod"] == FOURTEEN_DAYS_S
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["MaximumRecordAgeInSeconds"] == 12 * 3600
    assert mapping["MaximumRetryAttempts"] == 10


def test_no_more_functions_read_the_stream_than_dynamodb_lets(deployed: Deployment) -> None:
    mappings = deployed.all("AWS::Lambda::EventSourceMapping").values()
    streams = [mapping for mapping in mappings if "StartingPosition" in mapping]
    assert len(streams) == sum(spec.trigger is Trigger.STREAM for spec in FUNCTIONS) == 2
    assert all(mapping["StartingPosition"] == "TRIM_HORIZON" for mapping in streams)


def test_ticks_are_not_repeated_since_the_next_one_does_their_work(deployed: Deployment) -> None:
    rules = deployed.all("AWS::Events::Rule").values()
    assert sorted(rule["ScheduleExpression"] for rule in rules) == [
        "rate(1 hour)",
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(6 hours)",
    ]
    for invocation in deployed.all("AWS::Lambda::EventInvokeConfig").values():
        assert invocation["MaximumRetryAttempts"] == (2 if _is_of(deployed, invocation, "onboard_merchant") else 0)


def _is_of(deployed: Deployment, invocation: Properties, function: str) -> bool:
    made = deployed.all("AWS::Lambda::Function")[logical_id(invocation["FunctionName"])]
    return bool(made["FunctionName"] == f"huhang-{function}")


def test_a_merchant_s_stack_that_is_not_answered_is_answered_later_or_told_to_operators(
    deployed: Deployment,
) -> None:
    every = deployed.all("AWS::Lambda::EventInvokeConfig").values()
    [invocation] = [one for one in every if _is_of(deployed, one, "onboard_merchant")]
    tries, timeout_s = invocation["MaximumRetryAttempts"] + 1, deployed.functions()["onboard_merchant"]["Timeout"]
    pauses_s = 60 + 120  # between the tries, as Lambda makes them
    assert tries * timeout_s + pauses_s <= invocation["MaximumEventAgeInSeconds"] <= ANSWERED_WITHIN_S
    dead = deployed.all("AWS::SQS::Queue")[logical_id(invocation["DestinationConfig"]["OnFailure"]["Destination"])]
    assert dead["QueueName"] == "huhang-joining-dead"
    assert "huhang-joining-dead-letters" in deployed.alarms()


def test_a_tick_that_is_lost_is_kept_whether_it_never_came_or_failed(deployed: Deployment) -> None:
    queues = deployed.all("AWS::SQS::Queue")
    ticking = {f"huhang-{spec.name}" for spec in FUNCTIONS if spec.trigger is Trigger.SCHEDULE}
    rules = [target for rule in deployed.all("AWS::Events::Rule").values() for target in rule["Targets"]]
    assert {deployed.called(target["Arn"]) for target in rules} == ticking
    for target in rules:
        assert queues[logical_id(target["DeadLetterConfig"]["Arn"])]["QueueName"] == "huhang-ticks-dead"
    failures = deployed.all("AWS::Lambda::EventInvokeConfig").values()
    functions = deployed.all("AWS::Lambda::Function")
    assert {functions[logical_id(one["FunctionName"])]["FunctionName"] for one in failures} >= ticking
    for one in failures:
        destination = one["DestinationConfig"]["OnFailure"]["Destination"]
        assert queues[logical_id(destination)]["QueueName"].endswith("-dead")
        assert one["Qualifier"] == ("live" if deployed.is_gradual else "$LATEST") or deployed.is_gradual


def test_the_table_streams_new_images_expires_and_survives_its_stack(deployed: Deployment) -> None:
    [table] = deployed.all("AWS::DynamoDB::Table").values()
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    [resource] = [r for r in deployed.template["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table"]
    assert resource["DeletionPolicy"] == "Retain"
    assert table["DeletionProtectionEnabled"]


def test_every_queue_keeps_for_two_weeks_and_every_other_one_leads_to_dead_letters(deployed: Deployment) -> None:
    for queue in deployed.all("AWS::SQS::Queue").values():
        assert queue["MessageRetentionPeriod"] == FOURTEEN_DAYS_S, queue["QueueName"]
        assert ("RedrivePolicy" in queue) != queue["QueueName"].endswith("-dead"), queue["QueueName"]


def test_operators_have_a_command_for_every_kind_of_dead_letters(deployed: Deployment) -> None:
    names = [queue["QueueName"] for queue in deployed.all("AWS::SQS::Queue").values()]
    assert {f"huhang-{kind}-dead" for kind in KINDS} == {name for name in names if name.endswith("-dead")}


def test_every_log_group_forgets(deployed: Deployment) -> None:
    for group in deployed.all("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == 30, group["LogGroupName"]


def test_every_table_is_restorable_and_protected(deployed: Deployment) -> None:
    for table in deployed.all("AWS::DynamoDB::Table").values():
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert table["DeletionProtectionEnabled"]


def test_a_restored_table_takes_the_place_of_the_stacks_own_everywhere(tmp_path: Path) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/huhang-restored"
    context = {"table_arn": arn, "table_stream_arn": f"{arn}/stream/2026-11-30T00:00:00.000"}
    restored = synthesize("aws", tmp_path, stub_bundles(tmp_path), context)
    assert not restored.all("AWS::DynamoDB::Table")
    for name, function in restored.functions().items():
        variables = variables_of(function)
        assert variables.get("HUHANG_TABLE", "huhang-restored") == "huhang-restored", name
    streams = [m for m in restored.all("AWS::Lambda::EventSourceMapping").values() if "StartingPosition" in m]
    assert {mapping["EventSourceArn"] for mapping in streams} == {context["table_stream_arn"]}
    assert restored.template["Outputs"]["TableName"]["Value"] == "huhang-restored"
