"""Where a deployment is: which clients reach it and what its stack made. Operators' commands ask."""

import argparse
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from infra.local.home import DEFAULT_HOME, Home

STACK = "huhang"
LOCAL_KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
Problems = (BotoCoreError, ClientError)
"""What asking AWS may raise; the texts name no secret."""


class NotDeployed(RuntimeError):
    """There is no such deployment here. The message says what to check."""


class Deployed:
    """One stack, by its name: in the account and region of the environment, or in a local cloud."""

    def __init__(self, stack: str = STACK, local: Path | None = None) -> None:
        self.stack = stack
        self._local = Home(local).read_outputs() if local else {}
        if local and not self._local:
            raise NotDeployed(f"{local}: 本机云从未启动 nothing was ever started there: make up")
        self.client: Callable[[str], Any] = cache(self._make_client)

    @property
    def table(self) -> str:
        """Give the table's name: HUHANG_TABLE, or else the stack's output."""
        return os.environ.get("HUHANG_TABLE") or self.output("TableName")

    @property
    def history_bucket(self) -> str:
        """Give the history bucket's name: HUHANG_HISTORY_BUCKET, or else the stack's output."""
        return os.environ.get("HUHANG_HISTORY_BUCKET") or self.output("HistoryBucketName")

    def output(self, name: str) -> str:
        """Give an output of the stack.

        Raises:
            NotDeployed: there is no such stack, or it does not have the output.
        """
        try:
            [stack] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            region = self.client("cloudformation").meta.region_name
            raise NotDeployed(f"no stack {self.stack!r} in {region}: another --stack, profile or AWS_REGION?") from None
        found = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        if name not in found:
            raise NotDeployed(f"stack {self.stack!r} has no output {name}")
        return str(found[name])

    def _make_client(self, service: str) -> Any:
        make: Callable[..., Any] = boto3.session.Session().client
        if not self._local:
            region = os.environ.get("AWS_REGION") or None  # boto3 itself knows AWS_DEFAULT_REGION only
            return make(service, region, config=Config(retries={"mode": "standard", "total_max_attempts": 5}))
        return make(service, endpoint_url=self._local["CloudEndpoint"], region_name=self._local["Region"], **LOCAL_KEYS)


def explained(problem: Exception) -> str:
    """Say of what asking AWS has raised what can be done about it."""
    match problem:
        case NoRegionError():
            return "没有指定区域 no region: set AWS_REGION, or give --local for the local cloud"
        case NoCredentialsError():
            return "没有 AWS 凭证 no credentials: set AWS_PROFILE, or give --local for the local cloud"
        case EndpointConnectionError():
            return (
                f"连不上 nothing answers at {problem.kwargs['endpoint_url']}; 本机云 a local cloud starts with: make up"
            )
    return str(problem)


def add_deployment_options(parser: argparse.ArgumentParser) -> None:
    """Let a command line say which deployment it means."""
    parser.add_argument("--stack", default=STACK, help=f"the stack's name (default: {STACK})")
    parser.add_argument(
        "--local",
        nargs="?",
        type=Path,
        const=DEFAULT_HOME,
        metavar="HOME",
        help="the local cloud (of this folder) in place of the account that the AWS environment names",
    )
