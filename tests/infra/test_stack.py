"""The front door, the alarms, the network, and what every partition and rule book asks for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks

from functions.show_board.handler import DESCRIPTION
from infra.catalog import FUNCTIONS, Trigger
from infra.local.home import ROOT
from infra.options import EMULATOR_ACCOUNT, OptionRefused, read_options, require_emulator
from shared.domain.lanes import Lane
from shared.workflows.show_board import ROUTES
from tests.infra.deployments import CONTEXTS, Deployment, listed, logical_id, stub_bundles, synthesize, words_in
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
    led: dict[str, set[str]] = {}
    for route in deployed.all("AWS::ApiGatewayV2::Route").values():
        integration = integrations[logical_id(route["Target"]["Fn::Join"][1][1])]
        name = deployed.called(integration["IntegrationUri"]).removeprefix("huhang-")
        led.setdefault(name, set()).add(route["RouteKey"])
        assert integration["PayloadFormatVersion"] == "2.0"
    assert led == {spec.name: set(spec.door.routes) for spec in FUNCTIONS if spec.door}
    assert led["show_board"] == {DESCRIPTION, *ROUTES}


def test_the_front_door_is_throttled_and_never_logs_a_path_since_it_may_hold_a_token(deployed: Deployment) -> None:
    [stage] = deployed.all("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 1000, "ThrottlingBurstLimit": 2000}
    rates = {key: spec.door.rate_max for spec in FUNCTIONS if spec.door for key in spec.door.routes}
    assert stage["RouteSettings"] == {
        key: {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": 2 * rate} for key, rate in rates.items()
    }
    [resource] = [r for r in deployed.template["Resources"].values() if r["Type"] == "AWS::ApiGatewayV2::Stage"]
    assert set(resource["DependsOn"]) >= set(deployed.all("AWS::ApiGatewayV2::Route")), "a rate needs its route"
    assert "$context.routeKey" in stage["AccessLogSettings"]["Format"]
    assert "path" not in stage["AccessLogSettings"]["Format"].lower()


def test_operators_are_told_where_everything_is(deployed: Deployment) -> None:
    outputs = deployed.template["Outputs"]
    queues = {f"{lane.name.title().replace('_', '')}QueueUrl" for lane in Lane}
    assert {"WebhookBaseUrl", "TableName", "HistoryBucketName", "OperatorsTopicArn"} | queues <= set(outputs)
    if deployed.name == "nat":
        assert outputs["WebhookBaseUrl"]["Value"] == "https://hooks.example.com"
        assert outputs["DomainTarget"]["Value"]["Fn::GetAtt"][1] == "RegionalDomainName"
        assert outputs["ApiEndpoint"]["Value"]["Fn::GetAtt"][1] == "ApiEndpoint"
    else:
        assert outputs["WebhookBaseUrl"]["Value"]["Fn::GetAtt"][1] == "ApiEndpoint"
        assert "DomainTarget" not in outputs


def test_only_functions_that_call_vendors_go_through_fixed_addresses_and_only_if_asked(deployed: Deployment) -> None:
    inside = {name for name, function in deployed.functions().items() if "VpcConfig" in function}
    assert inside == (VENDOR_CALLERS if deployed.name == "nat" else set())
    assert len(deployed.all("AWS::EC2::EIP")) == (2 if inside else 0)
    assert ("VendorEgressAddresses" in deployed.template["Outputs"]) == bool(inside)


def test_nothing_depends_on_one_partition(deployed: Deployment) -> None:
    given = CONTEXTS[deployed.name][1].get("certificate_arn")
    words = [word for word in words_in(deployed.template["Resources"]) if word != given]
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


def test_the_api_answers_under_its_own_name_over_modern_tls_if_asked(deployed: Deployment) -> None:
    names = list(deployed.all("AWS::ApiGatewayV2::DomainName").values())
    assert [one["DomainName"] for one in names] == (["hooks.example.com"] if deployed.name == "nat" else [])
    assert len(deployed.all("AWS::ApiGatewayV2::ApiMapping")) == len(names)
    for one in names:
        [configuration] = one["DomainNameConfigurations"]
        assert (configuration["EndpointType"], configuration["SecurityPolicy"]) == ("REGIONAL", "TLS_1_2")


def test_a_gradual_upgrade_moves_every_function_and_back_when_one_of_its_alarms_rings(deployed: Deployment) -> None:
    groups = _upgraded_function_by_group(deployed)
    assert sorted(groups.values()) == (sorted(spec.name for spec in FUNCTIONS) if deployed.is_gradual else [])
    alarms, made = deployed.all("AWS::CloudWatch::Alarm"), deployed.all("AWS::CodeDeploy::DeploymentGroup")
    doors = {spec.name for spec in FUNCTIONS if spec.door}
    assert set(groups) == set(made)
    for key, function in groups.items():
        configured = made[key]["AlarmConfiguration"]
        rings = {alarms[logical_id(one["Name"])]["AlarmName"] for one in configured["Alarms"]}
        own = {f"huhang-{function}-errors", f"huhang-{function}-bugs"} & set(deployed.alarms())
        assert rings == own | ({"huhang-door-5xx"} if function in doors else set()), function
        assert configured["Enabled"]
        assert "DEPLOYMENT_STOP_ON_ALARM" in made[key]["AutoRollbackConfiguration"]["Events"]


def test_every_function_that_reports_failed_messages_instead_of_failing_has_an_alarm_on_them(
    deployed: Deployment,
) -> None:
    reporting = {spec.name for spec in FUNCTIONS if spec.trigger in (Trigger.QUEUE, Trigger.ALARMS, Trigger.STACKS)}
    assert {f"huhang-{name}-bugs" for name in reporting} <= set(deployed.alarms())


def _upgraded_function_by_group(deployed: Deployment) -> dict[str, str]:
    """Give for each deployment group the function whose alias it moves."""
    found = {}
    aliases = [one for one in deployed.template["Resources"].values() if one["Type"] == "AWS::Lambda::Alias"]
    for alias in aliases:
        group = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]
        function = deployed.all("AWS::Lambda::Function")[logical_id(alias["Properties"]["FunctionName"])]
        found[logical_id(group)] = function["FunctionName"].removeprefix("huhang-")
    return found


def test_nothing_that_is_only_for_one_machine_reaches_a_real_account(deployed: Deployment) -> None:
    words = list(words_in(deployed.template))
    assert not [word for word in words if "AWS_ENDPOINT_URL" in word or "sandbox" in word.lower()]
    assert not [word for word in words if "ms-custom-id" in word or "127.0.0.1" in word or "localhost" in word]


@pytest.mark.parametrize(
    ("account", "endpoint"),
    [("111122223333", "http://localhost:4566"), (EMULATOR_ACCOUNT, ""), (EMULATOR_ACCOUNT, "https://aws.example.com")],
)
def test_what_is_only_for_one_machine_is_not_even_synthesized_for_another(account: str, endpoint: str) -> None:
    options = read_options({"local": "true"}.get, "us-east-1", account)
    with pytest.raises(OptionRefused, match="local=true is only for the emulator"):
        require_emulator(options, endpoint)


def test_the_emulator_may_have_it_and_real_accounts_need_no_emulator() -> None:
    require_emulator(read_options({"local": "true"}.get, "us-east-1", EMULATOR_ACCOUNT), "http://127.0.0.1:4566")
    require_emulator(read_options({}.get, "us-east-1", "111122223333"), "")


def test_the_app_itself_asks_before_it_synthesizes(tmp_path: Path) -> None:
    environment = {**os.environ, "CDK_DEFAULT_ACCOUNT": "111122223333", "CDK_CONTEXT_JSON": '{"local":"true"}'}
    environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "CDK_OUTDIR": str(tmp_path)}
    command = [sys.executable, "-m", "infra.app"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "local=true is only for the emulator" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "mips"},
        {"vendor_egress": "vpn"},
        {"local": "maybe"},
        {"upgrade": "big bang"},
        {"domain_name": "hooks.example.com"},
        {"table_arn": "arn:aws:dynamodb:us-east-1:1:table/restored"},
        {"certificate_arn": "arn:aws:acm:us-east-1:1:certificate/1"},
        {"orders_per_day": "many"},
        {"orders_per_day": "0"},
        {"talking_sources": "douyin,taobao"},
        {"talking_sources": "jushuitan"},
        {"classifier_model": "the best one"},
        {"tracing": "sometimes"},
    ],
)
def test_an_unknown_option_is_refused_by_name(wrong: dict[str, str]) -> None:
    [key] = wrong
    with pytest.raises(OptionRefused, match=key):
        read_options(wrong.get, "us-east-1", None)


@pytest.mark.parametrize(("region", "more"), [("cn-north-1", {}), ("us-east-1", {"local": "true"})])
def test_a_model_is_refused_where_there_is_none(region: str, more: dict[str, str]) -> None:
    context = {"classifier_model": "vendor.small-model-v1:0", **more}
    with pytest.raises(OptionRefused, match=r"classifier_model: .* has no Amazon Bedrock"):
        read_options(context.get, region, None)


def test_traces_are_taken_where_they_are_wanted_and_bring_no_other_right(tmp_path: Path) -> None:
    traced = synthesize("aws", tmp_path, stub_bundles(tmp_path), {"tracing": "true"})
    for name, function in traced.functions().items():
        assert function["TracingConfig"] == {"Mode": "Active"}, name
        anything = [s for s in traced.statements(function["Role"]) if "*" in listed(s["Resource"])]
        rights = {action for statement in anything for action in listed(statement["Action"])}
        assert rights - {"dynamodb:ListStreams"} == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, name
    assert AwsSolutionsChecks(traced.app).validate_scope(traced.stack).success


def test_traces_are_refused_where_there_are_none() -> None:
    with pytest.raises(OptionRefused, match="tracing: X-Ray"):
        read_options({"tracing": "true"}.get, "cn-north-1", None)
