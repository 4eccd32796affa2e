"""AWS's command line, as far as the documentation uses it: operations, parameters and paging are botocore's, as there.

`python -m tests.e2e.aws_command dynamodb wait table-exists --table-name huhang`. The real one would be the largest
package of all, for one test.
"""

import json
import sys
from typing import Any

import boto3
import jmespath
from botocore import xform_name


def main(service: str, operation: str, *words: str) -> str:
    """Do what the words ask for; give what the command prints."""
    client = boto3.client(service)
    if operation == "wait":
        waiter = client.get_waiter(words[0].replace("-", "_"))
        waiter.wait(**_arguments(client, waiter.config.operation, _flags(words[1:])))
        return ""
    flags, name = _flags(words), operation.replace("-", "_")
    query, output = str(flags.pop("query", "@")), flags.pop("output", "json")
    given = _arguments(client, client.meta.method_to_api_mapping[name], flags)
    pages = client.can_paginate(name)
    answer = (
        client.get_paginator(name).paginate(**given).build_full_result() if pages else getattr(client, name)(**given)
    )
    found = jmespath.search(query, answer)
    if output == "json":
        return json.dumps(found, default=str)
    return "\t".join(map(str, found)) if isinstance(found, list) else str(found)


def _flags(words: tuple[str, ...]) -> dict[str, str | bool]:
    """Give each flag its word; one without a word is a switch."""
    found: dict[str, str | bool] = {}
    for word, following in zip(words, (*words[1:], "--"), strict=True):
        if word.startswith("--"):
            found[word[2:]] = following.startswith("--") or following
    return found


def _arguments(client: Any, operation: str, flags: dict[str, str | bool]) -> dict[str, Any]:
    """Give the parameters that the flags mean."""
    members = client.meta.service_model.operation_model(operation).input_shape.members
    names = {xform_name(name, "-"): name for name in members}
    off = {f"no-{flag}": name for flag, name in names.items() if members[name].type_name == "boolean"}
    return {
        **{off[flag]: False for flag in flags if flag in off},
        **{names[flag]: _typed(members[names[flag]], value) for flag, value in flags.items() if flag not in off},
    }


def _typed(shape: Any, value: str | bool) -> Any:
    """Read a value: a text, a switch, or `Name=value,Name=value` for a structure."""
    if isinstance(value, bool) or shape.type_name == "string":
        return value
    if shape.type_name == "structure":
        pairs = [pair.split("=") for pair in value.split(",")]
        return {name: _typed(shape.members[name], text) for name, text in pairs}
    return {"true": True, "false": False}[value]


if __name__ == "__main__":
    sys.stdout.write(f"{main(*sys.argv[1:])}\n".removeprefix("\n"))
