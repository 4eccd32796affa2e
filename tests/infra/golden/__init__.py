"""What the templates hold, in sentences that change with nothing else: who may do what, what wakes whom, all bounds.

A change shows in a review as the lines that it adds and takes away. `aws.txt` has all lines, the other files only those
in which a deployment differs from it; `make golden` writes them anew. Alarms, the dashboard and
saved queries are left out: they have tests of their own.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.infra.deployments import Deployment, Properties, listed, logical_id, variables_of

FOLDER = Path(__file__).parent
FIRST = "aws"
LEFT_OUT = ("AWS::CloudWatch::", "AWS::Logs::QueryDefinition")
NAMES = ("FunctionName", "QueueName", "LogGroupName")


def text_of(name: str, deployments: dict[str, Deployment]) -> str:
    """Write what a file must hold."""
    own, usual = set(sentences(deployments[name])), set(sentences(deployments[FIRST]))
    different = (f"{'+' if line in own else '-'} {line}" for line in sorted(own ^ usual))
    lines = sorted(own) if name == FIRST else different
    return "".join(f"{line}\n" for line in lines)


def sentences(deployed: Deployment) -> Iterator[str]:
    """Say everything of a template."""
    yield from _functions(deployed)
    yield from _rights(deployed)
    yield from _triggers(deployed)
    yield from _stores(deployed)
    kinds = Counter(one["Type"] for one in deployed.template["Resources"].values())
    yield from (f"{count} × {kind}" for kind, count in kinds.items() if not kind.startswith(LEFT_OUT))


def _functions(deployed: Deployment) -> Iterator[str]:
    for one in deployed.all("AWS::Lambda::Function").values():
        name, bounds = one["FunctionName"], [f"{one['Timeout']} s", f"{one['MemorySize']} MiB"]
        if "ReservedConcurrentExecutions" in one:
            bounds.append(f"{one['ReservedConcurrentExecutions']} invocations reserved")
        if "VpcConfig" in one:
            bounds.append("a place in the network")
        yield f"functions run on {one['Architectures'][0]} and {one['Runtime']}"
        yield f"{name} has {', '.join(bounds)}"
        yield f"{name} is told {' '.join(sorted(variables_of(one))) or 'nothing'}"


def _rights(deployed: Deployment) -> Iterator[str]:
    owners = {
        one["Role"]["Fn::GetAtt"][0]: one["FunctionName"] for one in deployed.all("AWS::Lambda::Function").values()
    }
    for role, made in deployed.all("AWS::IAM::Role").items():
        owner = owners.get(role, _without_hash(role))
        for policy in made.get("ManagedPolicyArns", ()):
            yield f"{owner} may what {_said(deployed, policy)} says"
        for statement in deployed.statements({"Fn::GetAtt": [role]}):
            actions = " ".join(sorted(listed(statement["Action"])))
            resources = " ".join(sorted(_said(deployed, one) for one in listed(statement["Resource"])))
            condition = f" if {_said(deployed, statement['Condition'])}" if "Condition" in statement else ""
            may = "may" if statement["Effect"] == "Allow" else "may not"
            yield f"{owner} {may} {actions} on {resources}{condition}"
    for one in deployed.all("AWS::Lambda::Permission").values():
        yield f"{_function(deployed, one['FunctionName'])} may be called by {_said(deployed, one['Principal'])}"


def _triggers(deployed: Deployment) -> Iterator[str]:
    bounds = ("BatchSize", "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts")
    for one in deployed.all("AWS::Lambda::EventSourceMapping").values():
        said = _bounds(one, bounds, f"at once {one.get('ScalingConfig', {}).get('MaximumConcurrency', 1)}")
        yield f"{_said(deployed, one['EventSourceArn'])} wakes {_function(deployed, one['FunctionName'])}: {said}"
    for one in deployed.all("AWS::Lambda::EventInvokeConfig").values():
        said = _bounds(one, ("MaximumEventAgeInSeconds", "MaximumRetryAttempts"))
        yield f"{_function(deployed, one['FunctionName'])} is called by events: {said}"
    for one in deployed.all("AWS::Events::Rule").values():
        yield f"{one['ScheduleExpression']} wakes {_function(deployed, one['Targets'][0]['Arn'])}"
    for stage in deployed.all("AWS::ApiGatewayV2::Stage").values():
        for route, rates in stage["RouteSettings"].items():
            yield f"{route} is asked at most {rates['ThrottlingRateLimit']} times a second"


def _stores(deployed: Deployment) -> Iterator[str]:
    for one in deployed.all("AWS::SQS::Queue").values():
        redrive = one.get("RedrivePolicy")
        dead = f", then {_said(deployed, redrive['deadLetterTargetArn'])}" if redrive else ""
        receives = f", received {redrive['maxReceiveCount']} times" if redrive else ""
        hidden = f", hidden for {one['VisibilityTimeout']} s" if "VisibilityTimeout" in one else ""
        yield f"{one['QueueName']} keeps for {one['MessageRetentionPeriod']} s{hidden}{receives}{dead}"
    for one in deployed.all("AWS::Logs::LogGroup").values():
        yield f"{one['LogGroupName']} keeps for {one['RetentionInDays']} days"
    for key, one in deployed.template["Resources"].items():
        if one["Type"] in ("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
            hash_free = _without_hash(key)
            yield f"{hash_free} is left behind: {one.get('DeletionPolicy') == 'Retain'}"
            plain = {k: v for k, v in one["Properties"].items() if k not in ("Tags", "KeySchema")}
            yield from (f"{hash_free} has {k} {json.dumps(v, sort_keys=True)}" for k, v in plain.items())


def _bounds(one: Properties, names: Iterable[str], *more: str) -> str:
    return ", ".join([*(f"{name} {one[name]}" for name in names if name in one), *more])


def _function(deployed: Deployment, value: Any) -> str:
    """Name the function that a value refers to, by itself or by its alias."""
    key, aliases = logical_id(value), deployed.all("AWS::Lambda::Alias")
    return _name(deployed, logical_id(aliases[key]["FunctionName"]) if key in aliases else key)


def _said(deployed: Deployment, value: Any) -> str:
    """Name what a value of the template refers to."""
    match value:
        case str():
            return value
        case {"Fn::Join": ["", list() as parts]}:
            return "".join(_said(deployed, part) for part in parts)
        case {"Ref": str() as name} if name.startswith("AWS::"):
            return f"<{name.removeprefix('AWS::')}>"
        case {"Ref": str() as key}:
            return _name(deployed, key)
        case {"Fn::GetAtt": [str() as key, str() as attribute]}:
            return _name(deployed, key) + ("" if attribute == "Arn" else f".{attribute}")
        case dict():
            return " ".join(f"{key} {_said(deployed, inner)}" for key, inner in value.items())
    raise TypeError(value)


def _name(deployed: Deployment, key: str) -> str:
    properties = deployed.template["Resources"][key].get("Properties", {})
    return str(next((properties[name] for name in NAMES if name in properties), _without_hash(key)))


def _without_hash(logical_id: str) -> str:
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)
