"""The front door, the alarms, the network, and what every partition and rule book asks for."""

import subprocess
import sys
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks

from functions.show_board.handler import DESCRIPTION
from infra.catalog import FUNCTIONS
from infra.constructs.operators import NAMESPACE, OWN_METRICS
from infra.options import OptionRefused, read_options
from shared import telemetry
from shared.domain.lanes import Lane
from shared.workflows.show_board import ROUTES
from tests.infra.deployments import Deployment, logical_id, words_in
from tests.infra.test_functions import VENDOR_CALLERS

# W3005: CDK writes `DependsOn` itself. W3010: CDK puts placeholders where it would ask the account for its zones.
NOT_OURS = ["W3005", "W3010"]
ABSENT_IN_CHINA = {"AWS::Lambda::Url", "SnapStart", "TracingConfig", "ProvisionedPollerConfig", "AWS::Pipes::Pipe"}


def test_the_front_door_takes_pushes_with_and_without_a_token_and_the_desks_questions(deployed: Deployment) -> None:
    routes = {route["RouteKey"] for route in deployed.all("AWS::ApiGatewayV2::Route").values()}
    path = "POST /webhooks/{source}/{merchant_id}"
    assert routes == {path, path + "/{token}", "POST /v1/chat/{merchant_id}/route", DESCRIPTION, *ROUTES}


def test_every_route_leads_to_the_function_that_knows_it(deployed: Deployment) -> None:
    integrations = deployed.all("AWS::ApiGatewayV2::Integration")
    functions = deployed.all("AWS::Lambda::Function")
    led: dict[str, set[str]] = {}
    for route in deployed.all("AWS::ApiGatewayV2::Route").values():
        integration = integrations[logical_id(route["Target"]["Fn::Join"][1][1])]
        name = functions[logical_id(integration["IntegrationUri"])]["FunctionName"].removeprefix("huhang-")
        led.setdefault(name, set()).add(route["RouteKey"])
        assert integration["PayloadFormatVersion"] == "2.0"
    assert led == {spec.name: set(spec.door.routes) for spec in FUNCTIONS if spec.door}
    assert led["show_board"] == {DESCRIPTION, *ROUTES}


def test_the_front_door_is_throttled_and_never_logs_a_path_since_it_may_hold_a_token(deployed: Deployment) -> None:
    [stage] = deployed.all("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 1000, "ThrottlingBurstLimit": 2000}
    assert "$context.routeKey" in stage["AccessLogSettings"]["Format"]
    assert "path" not in stage["AccessLogSettings"]["Format"].lower()


def test_every_alarm_speaks_to_operators_in_a_sentence_about_one_metric(deployed: Deployment) -> None:
    [topic] = deployed.all("AWS::SNS::Topic")
    for name, alarm in deployed.alarms().items():
        assert alarm["AlarmActions"] == [{"Ref": topic}], name
        assert alarm["AlarmDescription"].endswith("."), name
        assert "Metrics" not in alarm, name
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_alarms_on_own_metrics_watch_what_the_functions_write() -> None:
    written = {value for name, value in vars(telemetry).items() if name.isupper()}
    assert {metric for metric, *_ in OWN_METRICS.values()} <= written
    assert telemetry.NAMESPACE == NAMESPACE


def test_operators_are_told_where_everything_is(deployed: Deployment) -> None:
    outputs = deployed.template["Outputs"]
    queues = {f"{lane.name.title().replace('_', '')}QueueUrl" for lane in Lane}
    assert {"WebhookBaseUrl", "TableName", "HistoryBucketName", "OperatorsTopicArn"} | queues <= set(outputs)
    assert outputs["WebhookBaseUrl"]["Value"]["Fn::GetAtt"][1] == "ApiEndpoint"


def test_only_functions_that_call_vendors_go_through_fixed_addresses_and_only_if_asked(deployed: Deployment) -> None:
    inside = {name for name, function in deployed.functions().items() if "VpcConfig" in function}
    assert inside == (VENDOR_CALLERS if deployed.name == "nat" else set())
    assert len(deployed.all("AWS::EC2::EIP")) == (2 if inside else 0)
    assert ("VendorEgressAddresses" in deployed.template["Outputs"]) == bool(inside)


def test_nothing_depends_on_one_partition(deployed: Deployment) -> None:
    words = list(words_in(deployed.template["Resources"]))
    assert not [word for word in words if "arn:aws:" in word or "arn:aws-cn:" in word]
    assert not ABSENT_IN_CHINA & set(words)


def test_the_architecture_follows_the_partition(deployments: dict[str, Deployment]) -> None:
    for name, architecture in {"aws": "arm64", "aws-cn": "x86_64"}.items():
        assert all(f["Architectures"] == [architecture] for f in deployments[name].functions().values())


def test_the_aws_solutions_rules_have_nothing_to_say(deployed: Deployment) -> None:
    report = AwsSolutionsChecks(deployed.app).validate_scope(deployed.stack)
    assert report.success, [violation.rule_name for violation in report.violations]


def test_cloudformation_lint_has_nothing_to_say(deployed: Deployment) -> None:
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--regions",
        deployed.region,
        "--ignore-checks",
        *NOT_OURS,
    ]
    linted = subprocess.run([*command, "--", str(deployed.path)], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("wrong", [{"architecture": "mips"}, {"vendor_egress": "vpn"}, {"local": "maybe"}])
def test_an_unknown_option_is_refused_by_name(wrong: dict[str, str]) -> None:
    [key] = wrong
    with pytest.raises(OptionRefused, match=key):
        read_options(wrong.get, "us-east-1", None)
