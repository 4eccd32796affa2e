"""The public front door: one HTTP API for vendors' pushes and for the merchants' desks."""

import json
from typing import cast

from aws_cdk import RemovalPolicy, Tags
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.catalog import Door
from infra.constructs.event_function import LOGS_KEPT, EventFunction
from infra.constructs.suppression import accept_finding
from infra.options import Options

LOCAL_API_ID = "a0000001"  # MiniStack takes the id from a tag, so that local addresses survive a new deployment
RATE_PER_SECOND_MAX = 1_000
BURST_MAX = 2_000
# The route, never the path: a path may carry a token.
_LOGGED = {name: f"$context.{name}" for name in ("requestId", "requestTime", "routeKey", "status", "responseLatency")}
_LOGGED["sourceIp"] = "$context.identity.sourceIp"


class WebhookApi(Construct):
    """The API, throttled and logged as a whole; who may come in is decided in the functions."""

    def __init__(self, scope: Construct, construct_id: str, options: Options) -> None:
        super().__init__(scope, construct_id)
        self.api = apigateway.HttpApi(
            self, "Api", api_name=f"{options.stack_name}-webhooks", create_default_stage=False
        )
        if options.local:
            Tags.of(self.api).add("ms-custom-id", LOCAL_API_ID)
        self._stage = self._make_stage(options)
        self._rates: dict[str, object] = {}
        self.base_url, self.domain_outputs = self.api.api_endpoint, dict[str, str]()
        if options.domain_name and options.certificate_arn:
            self._make_domain(options.domain_name, options.certificate_arn)

    def lead_to(self, function: EventFunction, door: Door) -> None:
        """Open the routes of a function, none of them for more than its rate."""
        integration = HttpLambdaIntegration(function.spec.name, function.entry)
        rate = {"ThrottlingRateLimit": door.rate_max, "ThrottlingBurstLimit": 2 * door.rate_max}
        for key in door.routes:
            method, path = key.split(" ")
            added = self.api.add_routes(path=path, methods=[apigateway.HttpMethod(method)], integration=integration)
            for route in added:
                accept_finding(route, "AwsSolutions-APIG4", door.guard)
                self._stage.node.add_dependency(route)
            self._rates[key] = rate
        resource = cast(apigateway.CfnStage, self._stage.node.default_child)
        resource.add_property_override("RouteSettings", self._rates)

    def _make_domain(self, name: str, certificate_arn: str) -> None:
        """Let the API answer under a name of its own; whoever holds the name points it at the target."""
        certificate = acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn)
        modern = apigateway.SecurityPolicy.TLS_1_2
        domain = apigateway.DomainName(
            self, "Domain", domain_name=name, certificate=certificate, security_policy=modern
        )
        apigateway.ApiMapping(self, "Mapping", api=self.api, domain_name=domain, stage=self._stage)
        self.base_url = f"https://{name}"
        self.domain_outputs = {"DomainTarget": domain.regional_domain_name, "ApiEndpoint": self.api.api_endpoint}

    def _make_stage(self, options: Options) -> apigateway.HttpStage:
        """Make the default stage, throttled and logged."""
        log_group = logs.LogGroup(
            self,
            "AccessLogs",
            log_group_name=f"/aws/vendedlogs/huhang/{options.stack_name}/webhooks",
            retention=LOGS_KEPT,
            removal_policy=RemovalPolicy.DESTROY if options.local else RemovalPolicy.RETAIN,
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=RATE_PER_SECOND_MAX, burst_limit=BURST_MAX),
        )
        resource = cast(apigateway.CfnStage, stage.node.default_child)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(_LOGGED)
        )
        return stage
