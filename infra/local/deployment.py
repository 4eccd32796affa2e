"""Brings the synthesized app into the emulator with the real CDK CLI, only as far as something changed."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.bundle.build import THIN_FUNCTION, build_bundles
from infra.bundle.targets import local_target
from infra.local.home import ROOT, Home
from infra.local.ministack import ACCOUNT, CREDENTIALS, REGION
from infra.local.processes import tail_of
from infra.options import is_loopback, read_options
from shared.domain.lanes import ASIDE

STACK = "huhang"
WORKERS_PER_QUEUE_MAX = 3
WORKERS_ASIDE_MAX = 2
_CONTEXT = {"local": "true", "stack_name": STACK}
_FINGERPRINT = (
    "/huhang/local/fingerprint"  # kept inside the emulator, so that it is lost together with what it describes
)


class NotLoopback(RuntimeError):
    """The endpoint is not on this machine: without this check the CLI could talk to a real account."""


class DeployFailed(RuntimeError):
    """The CDK CLI gave up. The message holds the end of its log."""


def require_loopback(endpoint: str) -> None:
    """Check that an endpoint is on this machine.

    Raises:
        NotLoopback: it is not.
    """
    if not is_loopback(endpoint):
        raise NotLoopback(f"{endpoint} is not on this machine; the local cloud never talks to another one")


@cache
def client(service: str, endpoint: str) -> Any:
    """Make a boto3 client of the emulator, once per program."""
    require_loopback(endpoint)
    make: Callable[..., Any] = boto3.session.Session(region_name=REGION).client
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return make(service, endpoint_url=endpoint, **keys)


def deploy(home: Home, endpoint: str, say: Callable[[str], None]) -> dict[str, str]:
    """Deploy the app unless the emulator holds exactly this version; give the stack's outputs.

    Raises:
        DeployFailed: synthesis, bootstrap or deployment failed.
    """
    require_loopback(endpoint)
    build_bundles(local_target())
    fingerprint = _fingerprint()
    if _deployed_fingerprint(endpoint) == fingerprint:
        say("the stack is up to date")
        return _outputs(endpoint)
    say("describing the stack (cdk synth) …")
    _run(home, [sys.executable, "-m", "infra.app"], _environment(endpoint) | {"CDK_OUTDIR": str(home.assembly)})
    if not _has_stack(endpoint, "CDKToolkit"):
        say("preparing the account (cdk bootstrap) …")
        _cdk(home, endpoint, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    say("deploying it (cdk deploy) …")
    _cdk(home, endpoint, "deploy", "--all", "--require-approval", "never")
    _finish(endpoint)
    client("ssm", endpoint).put_parameter(Name=_FINGERPRINT, Value=fingerprint, Type="String", Overwrite=True)
    return _outputs(endpoint)


def queue_depths(endpoint: str) -> dict[str, int]:
    """Count the waiting messages of every queue."""
    sqs = client("sqs", endpoint)
    wanted = ["ApproximateNumberOfMessages"]
    return {
        url.rsplit("/", 1)[-1]: int(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][wanted[0]]
        )
        for url in sqs.list_queues().get("QueueUrls", [])
    }


def _finish(endpoint: str) -> None:
    """Do what the emulator leaves out of a template: time to live and the functions' shares of workers."""
    share = read_options(_CONTEXT.get, REGION, ACCOUNT).webhook_concurrency
    client("lambda", endpoint).put_function_concurrency(
        FunctionName=f"{STACK}-{THIN_FUNCTION}", ReservedConcurrentExecutions=share
    )
    _limit_workers(endpoint)
    ttl = {"Enabled": True, "AttributeName": "expires_at"}
    try:
        client("dynamodb", endpoint).update_time_to_live(
            TableName=_outputs(endpoint)["TableName"], TimeToLiveSpecification=ttl
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":  # it is on already
            raise


def _limit_workers(endpoint: str) -> None:
    """Let each queue have a few workers: every worker is a process that unpacks the whole bundle when it starts."""
    functions = client("lambda", endpoint)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":sqs:" in mapping["EventSourceArn"]:
            most = WORKERS_ASIDE_MAX if mapping["EventSourceArn"].endswith(ASIDE) else WORKERS_PER_QUEUE_MAX
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": most})


def _outputs(endpoint: str) -> dict[str, str]:
    """Read the stack's outputs."""
    stack = client("cloudformation", endpoint).describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _has_stack(endpoint: str, name: str) -> bool:
    """Tell whether a stack was completed."""
    try:
        stack = client("cloudformation", endpoint).describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return False
    return str(stack["StackStatus"]) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def _deployed_fingerprint(endpoint: str) -> str | None:
    """Read which version the emulator holds."""
    try:
        value: str = client("ssm", endpoint).get_parameter(Name=_FINGERPRINT)["Parameter"]["Value"]
    except ClientError:
        return None
    return value if _has_stack(endpoint, STACK) else None


def _fingerprint() -> str:
    """Hash everything that the synthesized app depends on."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    """List the files behind the app; the bundle's own fingerprint stands for the functions' code."""
    yield from sorted((ROOT / "infra").glob("*.py"))
    yield from sorted((ROOT / "infra" / "constructs").glob("*.py"))
    yield ROOT / "cdk.json"
    yield ROOT / ".build" / local_target().name / "fingerprint"


def _environment(endpoint: str) -> dict[str, str]:
    """Give the CLI's environment: our Node first, the emulator as its only AWS, no profile of the developer's."""
    return CREDENTIALS | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "1",
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_CONTEXT_JSON": json.dumps(_CONTEXT),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }


def _cdk(home: Home, endpoint: str, *arguments: str) -> None:
    """Run the CDK CLI of this virtual environment."""
    program = str(Path(sys.executable).with_name("cdk"))
    assembly = ["--app", str(home.assembly), "--no-notices", "--ci"]
    _run(home, [program, *arguments, *assembly], _environment(endpoint))


def _run(home: Home, command: list[str], environment: dict[str, str]) -> None:
    """Run a step, its output going to the deployment's log.

    Raises:
        DeployFailed: it failed.
    """
    log = home.log("deploy")
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise DeployFailed(f"`{' '.join(command[:3])} …` failed; the end of {log}:\n{tail_of(log)}")
