"""Three synthesized deployments and the questions that the infrastructure tests ask of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App

from infra.app import make_app
from infra.bundle.build import Bundles
from infra.options import read_options
from infra.stack import HuhangStack

ACCOUNT = "111122223333"
NEIGHBOUR = "444455556666"
MODEL = "vendor.small-model-v1:0"
CONTEXTS: dict[str, tuple[str, dict[str, str]]] = {
    "aws": ("us-east-1", {}),
    "aws-cn": ("cn-north-1", {"webhook_concurrency": "50", "upgrade": "canary"}),
    "nat": (
        "us-east-1",
        {
            "vendor_egress": "nat",
            "operators_email": "operators@example.com",
            "talking_sources": "douyin,zto",
            "classifier_model": MODEL,
            "upgrade": "linear",
            "merchant_accounts": NEIGHBOUR,
            "domain_name": "hooks.example.com",
            "certificate_arn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555",
        },
    ),
}
Properties = dict[str, Any]


@dataclass(frozen=True)
class Deployment:
    """One template."""

    name: str
    region: str
    app: App
    stack: HuhangStack
    path: Path
    template: dict[str, Any]

    def all(self, kind: str) -> dict[str, Properties]:
        """Give the properties of every resource of a type, by logical id."""
        resources = self.template["Resources"]
        return {key: found.get("Properties", {}) for key, found in resources.items() if found["Type"] == kind}

    def functions(self) -> dict[str, Properties]:
        """Give the functions by the name of their folder."""
        made = self.all("AWS::Lambda::Function").values()
        return {function["FunctionName"].removeprefix("huhang-"): function for function in made}

    def statements(self, role: Any) -> list[Properties]:
        """Give the policy statements of a role, which is named by a reference."""
        role_id = role["Fn::GetAtt"][0]
        policies = [p for p in self.all("AWS::IAM::Policy").values() if {"Ref": role_id} in p["Roles"]]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def mappings_of(self, function: str) -> list[Properties]:
        """Give the event source mappings of a function."""
        mappings = self.all("AWS::Lambda::EventSourceMapping").values()
        return [mapping for mapping in mappings if self.called(mapping["FunctionName"]) == f"huhang-{function}"]

    def called(self, reference: Any) -> str:
        """Give the name of the function that a trigger calls: by itself, or by its alias where upgrades are gradual."""
        found = logical_id(reference)
        aliases = self.all("AWS::Lambda::Alias")
        assert (found in aliases) == self.is_gradual, reference
        target = logical_id(aliases[found]["FunctionName"]) if found in aliases else found
        return str(self.all("AWS::Lambda::Function")[target]["FunctionName"])

    @property
    def is_gradual(self) -> bool:
        """Tell whether upgrades take over step by step."""
        return "upgrade" in CONTEXTS[self.name][1]

    def mapping_of(self, function: str) -> Properties:
        """Give the one event source mapping of a function."""
        [mapping] = self.mappings_of(function)
        return mapping

    def alarms(self) -> dict[str, Properties]:
        """Give the alarms by name."""
        return {alarm["AlarmName"]: alarm for alarm in self.all("AWS::CloudWatch::Alarm").values()}


def stub_bundles(folder: Path) -> Bundles:
    """Make code of which only the place matters."""
    stub = folder / "stub"
    stub.mkdir()
    (stub / "code.py").touch()
    return Bundles(stub, stub, stub, has_bytecode=True)


def synthesize(name: str, folder: Path, bundles: Bundles, more: Mapping[str, str] | None = None) -> Deployment:
    """Synthesize one deployment into a folder, perhaps with more options."""
    region, own = CONTEXTS[name]
    context = {**own, **(more or {})}
    app, stack = make_app(read_options(context.get, region, ACCOUNT), bundles, str(folder / name))
    assembly = app.synth().get_stack_by_name("huhang")
    return Deployment(name, region, app, stack, Path(assembly.template_full_path), assembly.template)


def listed(value: Any) -> list[Any]:
    """Give a policy's value as the list that it may or may not be."""
    return value if isinstance(value, list) else [value]


def words_in(node: Any) -> Iterator[str]:
    """Give every text in a template."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from words_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from words_in(item)
    elif isinstance(node, str):
        yield node


def variables_of(function: Properties) -> dict[str, Any]:
    """The environment that a function is given."""
    variables: dict[str, Any] = function.get("Environment", {}).get("Variables", {})
    return variables


def logical_id(reference: Any) -> str:
    """Give the resource that `Fn::GetAtt` or `Ref` names."""
    found = re.search(r"'(?:Ref|Fn::GetAtt)': \[?'(\w+)'", str(reference))
    assert found, reference
    return found[1]
