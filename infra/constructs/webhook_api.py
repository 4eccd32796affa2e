"""The public front door: one HTTP API for vendors' pushes and for the merchants' desks."""

import json
from typing import cast

from aws_cdk import RemovalPolicy, Tags
from aws_cdk import aws_apigatewayv2 as apigateway
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
        self._make_stage(options)

    def lead_to(self, function: EventFunction, door: Door) -> None:
        """Open the routes of a function."""
        integration = HttpLambdaIntegration(function.spec.name, function.function)
        for key in door.routes:
            method, path = key.split(" ")
            added = self.api.add_routes(path=path, methods=[apigateway.HttpMethod(method)], integration=integration)
            for route in added:
                accept_finding(route, "AwsSolutions-APIG4", door.guard)

    def _make_stage(self, options: Options) -> None:
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
