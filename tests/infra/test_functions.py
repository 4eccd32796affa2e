"""What holds for every function, whatever it does."""

from datetime import timedelta
from pathlib import Path
from typing import assert_never

from infra.catalog import FUNCTIONS, Trigger
from infra.local.home import ROOT
from shared.domain.lanes import ASIDE, Lane
from shared.settings import Settings
from tests.infra.deployments import NEIGHBOUR, Deployment, listed, logical_id, variables_of, words_in

SPECS = {spec.name: spec for spec in FUNCTIONS}
VENDOR_CALLERS = {name for name, spec in SPECS.items() if spec.calls_vendors}


def test_every_folder_in_functions_is_deployed_and_nothing_else(deployed: Deployment) -> None:
    folders = {path.parent.name for path in Path(ROOT / "functions").glob("*/handler.py")}
    assert set(deployed.functions()) == folders == set(SPECS)


def test_every_function_runs_the_handler_of_its_folder_on_one_python(deployed: Deployment) -> None:
    for name, function in deployed.functions().items():
        assert function["Handler"] == f"functions.{name}.handler.handler"
        assert function["Runtime"] == "python3.13"


def test_all_consumers_together_leave_most_of_a_new_account_to_the_doors(deployed: Deployment) -> None:
    """A backlog of every queue at once; an account has 1,000 invocations at a time unless it is asked to have fewer."""
    mappings = deployed.all("AWS::Lambda::EventSourceMapping").values()
    together = sum(one.get("ScalingConfig", {}).get("MaximumConcurrency", 1) for one in mappings)
    assert together <= 250


def test_every_function_is_bounded_in_time_and_memory(deployed: Deployment) -> None:
    for name, function in deployed.functions().items():
        spec = SPECS[name]
        longest = timedelta(minutes=5) if spec.onboards else spec.every or timedelta(seconds=30)
        assert 0 < function["Timeout"] <= min(300, longest.total_seconds()), name
        assert 256 <= function["MemorySize"] <= 512, name


def test_every_function_has_a_role_of_its_own(deployed: Deployment) -> None:
    roles = [logical_id(function["Role"]) for function in deployed.functions().values()]
    assert len(set(roles)) == len(roles)


def test_every_function_logs_to_a_group_with_its_name_that_forgets(deployed: Deployment) -> None:
    groups = deployed.all("AWS::Logs::LogGroup")
    for name, function in deployed.functions().items():
        group = groups[logical_id(function["LoggingConfig"]["LogGroup"])]
        assert group["LogGroupName"] == f"/huhang/huhang/{name}"
        assert group["RetentionInDays"] == 30


def test_every_function_has_an_alarm_on_its_errors(deployed: Deployment) -> None:
    for name, function in deployed.functions().items():
        alarm = deployed.alarms()[f"huhang-{name}-errors"]
        assert alarm["MetricName"] == "Errors"
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": function["FunctionName"]}]


def test_no_function_may_do_everything_with_anything(deployed: Deployment) -> None:
    for name, function in deployed.functions().items():
        for statement in deployed.statements(function["Role"]):
            assert not [action for action in listed(statement["Action"]) if "*" in action], name
            if "*" in listed(statement["Resource"]):
                actions = set(listed(statement["Action"]))
                attaches = name in VENDOR_CALLERS and deployed.name == "nat"
                assert actions <= {"dynamodb:ListStreams"} or (attaches and all("ec2:" in a for a in actions)), name


def test_every_function_may_touch_exactly_what_the_catalog_says(deployed: Deployment) -> None:
    for name, function in deployed.functions().items():
        statements = deployed.statements(function["Role"])
        allowed = {action for statement in statements for action in listed(statement["Action"])}
        spec = SPECS[name]
        table = {f"dynamodb:{action}" for action in spec.table_actions}
        stream = {action for action in allowed if "Stream" in action or "Record" in action or "Shard" in action}
        assert {action for action in allowed if action.startswith("dynamodb:")} - stream == table
        reads = spec.reads_secrets or spec.onboards or name == "page_operators"
        assert ("secretsmanager:GetSecretValue" in allowed) == reads
        touched = {action for action in allowed if action.startswith("secretsmanager:")}
        writes = {f"secretsmanager:{action}Secret" for action in ("Create", "Restore", "Delete")}
        writes.add("secretsmanager:PutSecretValue")
        assert touched - {"secretsmanager:GetSecretValue"} == (writes if spec.onboards else set()), name
        assert ("sqs:ReceiveMessage" in allowed) == (spec.trigger in (Trigger.QUEUE, Trigger.ALARMS))
        assert {action for action in allowed if "s3:" in action} == ({"s3:PutObject"} if spec.keeps_history else set())


def test_every_function_is_told_what_it_may_touch_and_nothing_else(deployed: Deployment) -> None:
    for name, function in deployed.functions().items():
        variables = {key: str(value) for key, value in variables_of(function).items()}
        settings, spec = Settings.from_environment(variables), SPECS[name]
        assert set(settings.queue_urls) == set(spec.lanes), name
        assert bool(settings.table_name) == bool(spec.table_actions), name
        assert bool(settings.history_bucket) == spec.keeps_history, name
        assert bool(settings.talking_sources) == (spec.awaits_pushes and deployed.name == "nat"), name
        assert bool(settings.classifier_model) == (spec.asks_model and deployed.name == "nat"), name
        assert settings.to_environment() == variables, name


def test_a_function_may_send_to_the_queues_it_is_told_of(deployed: Deployment) -> None:
    queues = deployed.all("AWS::SQS::Queue")
    for name, function in deployed.functions().items():
        sends = [s for s in deployed.statements(function["Role"]) if s["Action"] == "sqs:SendMessage"]
        targets = {queues[logical_id(target)]["QueueName"] for s in sends for target in listed(s["Resource"])}
        assert targets == {f"huhang-{lane}{end}" for lane in SPECS[name].lanes for end in ("", ASIDE)}


def test_every_lane_has_exactly_one_consumer() -> None:
    assert sorted(spec.consumes for spec in FUNCTIONS if spec.consumes) == sorted(Lane)


def test_only_doors_have_capacity_of_their_own_if_asked_and_who_is_called_by_other_accounts_has_two_at_a_time(
    deployments: dict[str, Deployment],
) -> None:
    reserved = {
        deployment.name: {name: f.get("ReservedConcurrentExecutions") for name, f in deployment.functions().items()}
        for deployment in deployments.values()
    }
    doors = {"receive_webhook": 50, "route_message": 25, "show_board": 10}
    assert {name: reserved["aws-cn"].pop(name) for name in doors} == doors
    assert set(doors) == {spec.name for spec in FUNCTIONS if spec.door}
    assert reserved["nat"].pop("onboard_merchant") == 2
    assert not [value for functions in reserved.values() for value in functions.values() if value]


def test_every_function_is_bounded_in_how_often_it_runs_at_once(deployed: Deployment) -> None:
    rates = next(iter(deployed.all("AWS::ApiGatewayV2::Stage").values()))["RouteSettings"]
    rules = [deployed.called(rule["Targets"][0]["Arn"]) for rule in deployed.all("AWS::Events::Rule").values()]
    for name, spec in SPECS.items():
        match spec.trigger:
            case Trigger.HTTP:
                assert spec.door, name
                assert all(rates[key]["ThrottlingRateLimit"] <= 1_000 for key in spec.door.routes), name
            case Trigger.SCHEDULE:
                assert spec.every, name
                assert spec.timeout < spec.every, name
                assert rules.count(f"huhang-{name}") == 1, name
            case Trigger.QUEUE | Trigger.ALARMS:
                limits = [one["ScalingConfig"]["MaximumConcurrency"] for one in deployed.mappings_of(name)]
                assert limits, name
                assert max(limits) <= 20, name
            case Trigger.STREAM:
                assert deployed.mapping_of(name).get("ParallelizationFactor", 1) == 1, "one at a time per shard"
            case Trigger.STACKS:
                strangers = NEIGHBOUR in words_in(deployed.all("AWS::Lambda::Permission"))
                reserved = deployed.functions()[name].get("ReservedConcurrentExecutions")
                assert reserved == (2 if strangers else None), "of its own account, only operators may call"
            case _:
                assert_never(spec.trigger)
