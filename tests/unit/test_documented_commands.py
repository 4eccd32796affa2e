"""Every command that a page of the documentation names exists, with such parameters: AWS's and our own."""

import re
import runpy
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
INSIDE = re.compile(r"\$\(([^()]*)\)")
GLOBAL = {"query", "output", "max-items"}
OWN = {  # the command line's own, which no service has
    ("cloudformation", "deploy"): {"stack-name", "template-file", "no-fail-on-empty-changeset", "parameter-overrides"},
    ("logs", "tail"): {"since", "filter-pattern", "format", "follow"},
    ("s3", "ls"): {"recursive", "summarize", "human-readable"},
}


def commands_in(text: str) -> list[str]:
    """Give the lines of code blocks and what stands between backticks, unwrapped, and the commands inside of others."""
    lines = "\n".join(FENCED.findall(text)).replace("\\\n", " ").splitlines()
    spans = re.findall(r"`([^`]+)`", FENCED.sub("", text))
    whole = [re.sub(r" #.*", "", " ".join(one.split())) for one in (*lines, *spans)]
    inner = [found for one in whole for found in INSIDE.findall(one)]
    return [*(INSIDE.sub("", one) for one in whole), *inner]


def calls_of(page: Path, pattern: str) -> list[re.Match[str]]:
    """Give where the commands of a page match."""
    return [found for one in commands_in(page.read_text("utf-8")) if (found := re.search(pattern, one))]


def flags_in(text: str) -> set[str]:
    """Give the names of a command's parameters."""
    return set(re.findall(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)", text))


@cache
def parameters_of(service: str, operation: str) -> set[str]:
    """Give the parameters that AWS's command line takes."""
    if (service, operation) in OWN:
        return OWN[service, operation]
    session = Session()
    waiter = operation.removeprefix("wait ")
    if waiter != operation:
        waiters = session.get_waiter_model(service)
        names = {xform_name(name, "-"): name for name in waiters.waiter_names}
        operation = xform_name(waiters.get_waiter(names[waiter]).operation, "-")
    model = session.get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    members = model.operation_model(names[operation]).input_shape.members
    switches = {f"no-{xform_name(name, '-')}" for name, shape in members.items() if shape.type_name == "boolean"}
    return {xform_name(name, "-") for name in members} | switches | GLOBAL


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_to_aws_are_operations_with_such_parameters(page: Path) -> None:
    for found in calls_of(page, r"\baws ([a-z][a-z0-9]+) ((?:wait )?[a-z0-9-]+)\b(.*)"):
        service, operation, rest = found.groups()
        assert flags_in(rest) <= parameters_of(service, operation), (service, operation)


def test_commands_to_aws_are_found_where_they_stand() -> None:
    page = ROOT / "docs" / "deploy.md"
    found = {call[1] for call in calls_of(page, r"\baws ([a-z]+ (?:wait )?[a-z-]+)")}
    assert {"cloudformation describe-stacks", "dynamodb wait table-exists", "dynamodb delete-table"} <= found
    assert "acm request-certificate" in found


@cache
def help_of(module: str, words: tuple[str, ...]) -> str:
    """What a program of ours says of itself or of one of its commands."""
    assert find_spec(module) or find_spec(f"{module}.__main__"), module
    before, sys.argv = sys.argv, [module, *words, "--help"]
    loaded = sys.modules.pop(f"{module}.__main__", None)  # another test's
    printed: list[str] = []
    write, sys.stdout.write = sys.stdout.write, lambda text: printed.append(text) or len(text)  # type: ignore[method-assign]
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(module, run_name="__main__", alter_sys=False)
    finally:
        sys.argv, sys.stdout.write = before, write  # type: ignore[method-assign]
        if loaded:
            sys.modules[f"{module}.__main__"] = loaded
    assert ended.value.code == 0, (module, words)
    return "".join(printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_commands_of_ours(page: Path) -> None:
    for found in calls_of(page, r"python -m (infra[\w.]+)(.*)"):
        module, rest = found.groups()
        words = rest.split()
        lead = tuple(word for word in words[:2] if re.fullmatch(r"[a-z]+", word))
        commands = lead if lead[:1] == ("policy",) else lead[:1]
        said = help_of(module, commands)
        assert flags_in(rest) <= flags_in(said), (module, commands)
